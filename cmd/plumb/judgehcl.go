package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
)

// defaultCLIP is the model whose cosine people call the CLIP score.
const defaultCLIP = "hf://openai/clip-vit-large-patch14"

// clipScore is the reward that is the default judge.
const clipScore = "clip_score"

// experiment writes the HCL that holds contestants against the first of them.
func (j judgeFlags) experiment(contestants []contestant) []byte {
	var b bytes.Buffer
	line := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }
	line("experiment \"judge\" {")
	line("  description = %s", hclText(j.about(contestants)))
	line("  seed        = %d", j.seed)
	line("}")
	for _, plugin := range j.plugins {
		name, path, _ := strings.Cut(plugin, "=")
		line("\nplugin %s {\n  source = %s\n}", hclText(name), hclText(within(path)))
	}
	line("\nprompts \"given\" {\n  path = %s\n}", hclText(within(j.prompts)))
	var models []string
	for _, c := range contestants {
		models = append(models, c.reference())
		if c.component == "" {
			line("\nimages %s {\n  path = %s", hclText(c.name), hclText(within(c.images)))
			if j.size > 0 {
				line("  width = %d", j.size)
			}
			line("}")
			continue
		}
		line("\nsampler %s %s {", hclText(c.component), hclText(c.name))
		if c.weights != "" {
			line("  weights = %s", hclText(within(c.weights)))
		}
		if c.lora != "" {
			line("  lora = %s", hclText(within(c.lora)))
		}
		if c.component == stableDiffusion {
			if j.size > 0 {
				line("  height = %d\n  width = %d", j.size, j.size)
			}
			if j.steps > 0 {
				line("  num_inference_steps = %d", j.steps)
			}
			if j.guidance >= 0 {
				line("  guidance_scale = %v", j.guidance)
			}
		}
		line("}")
	}
	rewards := j.rewards
	if len(rewards) == 0 {
		rewards = []string{clipScore}
	}
	encoder := ""
	if needs := strings.Contains(strings.Join(rewards, " "), clipScore) || j.encoder != "" || j.real != "" && j.inception == ""; needs {
		encoder = "encoder.judge"
		line("\n%s", j.encoderBlock(contestants))
	}
	var scorers []string
	for _, reward := range rewards {
		_, name, _ := cutLast(reward, "/")
		scorers = append(scorers, "reward."+nameFrom(name))
		line("\nreward %s %s {", hclText(reward), hclText(nameFrom(name)))
		if reward == clipScore {
			line("  encoder = %s", encoder)
		}
		line("}")
	}
	if j.rater != "" {
		line("\nrater %s \"judge\" {}", hclText(j.rater))
	}
	if j.real != "" {
		line("\nimages \"real_images\" {\n  path = %s", hclText(within(j.real)))
		if j.size > 0 {
			line("  width = %d", j.size)
		}
		line("}")
		if j.inception != "" {
			line("\nencoder \"inception\" \"inception\" {\n  weights = %s\n}", hclText(within(j.inception)))
		}
	}
	line("\nevaluate \"judge\" {")
	line("  models     = [%s]", strings.Join(models, ", "))
	line("  baseline   = %s", models[0])
	line("  prompts    = prompts.given")
	line("  per_prompt = %d", j.perPrompt)
	line("  rewards    = [%s]", strings.Join(scorers, ", "))
	if j.rater != "" {
		line("\n  alignment {\n    rater = rater.judge\n  }")
	}
	if j.real != "" {
		by := encoder
		if j.inception != "" {
			by = "encoder.inception"
		}
		line("\n  fidelity {\n    reference = images.real_images\n    encoder   = %s\n  }", by)
	}
	line("}")
	tidy, err := spec.Format(judgeFile, b.Bytes())
	if err != nil {
		return b.Bytes() // which says what is wrong when it is read
	}
	return tidy
}

// encoderBlock is the encoder of the CLIP score, and of distances without Inception.
func (j judgeFlags) encoderBlock(contestants []contestant) string {
	given := j.encoder
	if given == "" {
		given = defaultCLIP
		if strings.HasPrefix(contestants[0].component, "shapes") {
			given = "shapes_clip"
		}
	}
	if _, err := os.Stat(given); err == nil || strings.HasPrefix(given, "hf://") {
		return fmt.Sprintf("encoder \"clip\" \"judge\" {\n  weights = %s\n}", hclText(within(given)))
	}
	return fmt.Sprintf("encoder %s \"judge\" {}", hclText(given))
}

// about is the description of the experiment.
func (j judgeFlags) about(contestants []contestant) string {
	var others []string
	for _, c := range contestants[1:] {
		others = append(others, c.name)
	}
	return strings.Join(others, ", ") + " against " + contestants[0].name
}

// hclText writes a text as HCL does: neither quotes nor templates in it mean anything.
func hclText(text string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(text)
	return `"` + quoted + `"`
}

func cutLast(text, at string) (before, after string, found bool) {
	i := strings.LastIndex(text, at)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(at):], true
}
