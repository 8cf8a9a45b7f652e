package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/imagefolder"
)

// ID is the identity of a variant: the first 12 hex digits of the sha256 of
// Canonical, without Answers: a variant is the same when people have said more.
func (s *Spec) ID() (string, error) {
	asked := *s
	asked.Answers = nil
	document, err := asked.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])[:12], nil
}

// Canonical returns the whole experiment as canonical JSON: what makes two
// variants the same or not.
//
// It holds values and references by name. It does not hold what changes no
// result: descriptions, places in files, variables (their effect is in the
// values), and paths, which are replaced by the digests of what they name.
func (s *Spec) Canonical() ([]byte, error) {
	c := canonical{s}
	document := map[string]any{
		"experiment": s.Name,
		"seed":       s.Seed,
		"compute":    map[string]any{"backend": s.Compute.Backend},
	}
	plugins := []any{}
	for _, plugin := range s.Plugins {
		plugins = append(plugins, plugin.Name)
	}
	document["plugins"] = plugins

	prompts := map[string]any{}
	for _, set := range s.Prompts {
		list := []any{}
		for _, p := range set.Prompts {
			list = append(list, p)
		}
		prompts[set.Name] = map[string]any{"prompts": list, "words": set.Words}
	}
	document["prompts"] = prompts

	for kind, components := range map[string][]*Component{
		"sampler": s.Samplers, "encoder": s.Encoders, "rater": s.Raters, "reward": s.Rewards,
	} {
		byName := map[string]any{}
		for _, component := range components {
			value, err := c.component(component)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", component.Kind, component.Name, err)
			}
			byName[component.Name] = value
		}
		document[kind] = byName
	}

	images := map[string]any{}
	for _, i := range s.Images {
		if i.Folder != nil {
			images[i.Name] = map[string]any{"content": i.Inventory.Digest, "folder": folderOptions(*i.Folder)}
			continue
		}
		images[i.Name] = map[string]any{"sampler": modelName(i.Sampler), "prompts": promptNames(i.Prompts), "per_prompt": i.PerPrompt}
	}
	document["images"] = images

	labels := map[string]any{}
	for _, l := range s.Labels {
		value := map[string]any{"images": l.Images.Name, "fraction": l.Fraction}
		switch {
		case l.Path != "":
			value["content"] = s.Digests[l.Path]
		case l.People != nil:
			value["people"] = c.people(l.People)
		default:
			value["rater"] = l.Rater.Name
		}
		if l.Count > 0 {
			value["count"] = l.Count
		}
		if l.Reward != nil {
			value["select"], value["reward"] = l.Select, l.Reward.Name
		}
		labels[l.Name] = value
	}
	document["labels"] = labels

	comparisons := map[string]any{}
	for _, one := range s.Comparisons {
		value := map[string]any{"images": one.Images.Name, "per_prompt": one.PerPrompt}
		switch {
		case one.Path != "":
			value = map[string]any{"images": one.Images.Name, "content": s.Digests[one.Path]}
		case one.Labels != nil:
			value["labels"] = one.Labels.Name
		case one.People != nil:
			value["people"] = c.people(one.People)
		default:
			value["rater"] = one.Rater.Name
		}
		comparisons[one.Name] = value
	}
	document["comparisons"] = comparisons

	finetunes := map[string]any{}
	for _, finetune := range s.Finetunes {
		value, err := c.finetune(finetune)
		if err != nil {
			return nil, fmt.Errorf("finetune.%s: %w", finetune.Name, err)
		}
		finetunes[finetune.Name] = value
	}
	document["finetune"] = finetunes

	evaluates := map[string]any{}
	for _, evaluate := range s.Evaluate {
		evaluates[evaluate.Name] = c.evaluate(evaluate)
	}
	document["evaluate"] = evaluates
	return canonicalJSON(document)
}

// folderOptions is what is taken of a folder and how, in JSON types.
func folderOptions(folder imagefolder.Folder) any {
	text, err := json.Marshal(folder)
	if err != nil {
		return err.Error() // of texts and numbers: it cannot fail
	}
	options, err := decodeJSON(text)
	if err != nil {
		return err.Error()
	}
	return options
}

// canonical turns parts of a Spec into JSON types.
type canonical struct{ spec *Spec }

func (c canonical) component(component *Component) (map[string]any, error) {
	config, err := decodeJSON(component.Config)
	if err != nil {
		return nil, fmt.Errorf("decode configuration: %w", err)
	}
	value := map[string]any{
		"component": component.Provided(),
		"config":    c.withoutPaths(config, component.Paths),
	}
	if component.Encoder != nil {
		value["encoder"] = component.Encoder.Name
	}
	switch labels := labelNames(component.Labels); {
	case len(labels) == 1:
		value["labels"] = labels[0]
	case len(labels) > 1:
		value["labels"] = labels
	}
	if component.Images != nil {
		value["images"] = component.Images.Name
	}
	if sum := component.Sum; sum != nil {
		members := map[string]any{}
		for _, member := range sum.Members {
			members[member.Reward.Name] = member.Weight
		}
		value["normalize"], value["members"] = sum.Normalize, members
		if sum.Over != nil {
			value["over"] = sum.Over.Name
		}
	}
	return value, nil
}

// withoutPaths replaces paths by the digests of what they name.
func (c canonical) withoutPaths(value any, paths []string) any {
	switch v := value.(type) {
	case string:
		if slices.Contains(paths, v) {
			return "sha256:" + c.spec.Digests[v]
		}
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = c.withoutPaths(element, paths)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, element := range v {
			object[key] = c.withoutPaths(element, paths)
		}
		return object
	}
	return value
}

func (c canonical) finetune(finetune *Finetune) (map[string]any, error) {
	optimizer, err := decodeJSON(finetune.Optimizer)
	if err != nil {
		return nil, fmt.Errorf("decode optimizer: %w", err)
	}
	losses := []any{}
	for _, loss := range finetune.Losses {
		options, err := decodeJSON(loss.Options)
		if err != nil {
			return nil, fmt.Errorf("decode options of loss %s: %w", loss.Name, err)
		}
		losses = append(losses, map[string]any{
			"name":    loss.Name,
			"weight":  loss.Weight,
			"images":  imageNames(loss.Images),
			"options": c.withoutPaths(options, loss.Paths),
		})
	}
	compared := []string{}
	value := map[string]any{
		"sampler":      modelName(finetune.Model),
		"from_scratch": finetune.FromScratch,
		"images":       imageNames(finetune.Images),
		"losses":       losses,
		"optimizer":    optimizer,
		"steps":        finetune.Steps,
		"batch_size":   finetune.BatchSize,
	}
	if finetune.Reward != nil {
		value["reward"] = finetune.Reward.Name
	}
	if finetune.Reference != nil {
		value["reference"] = modelName(*finetune.Reference)
	}
	for _, comparisons := range finetune.Comparisons {
		compared = append(compared, comparisons.Name)
	}
	value["labels"], value["comparisons"] = labelNames(finetune.Labels), compared
	if checkpoints := finetune.Checkpoints; checkpoints != nil {
		watched := map[string]any{
			"at":         checkpoints.At,
			"prompts":    promptNames(checkpoints.Prompts),
			"per_prompt": checkpoints.PerPrompt,
			"judge":      checkpoints.Judge.Kind + "." + checkpoints.Judge.Name,
			"keep":       checkpoints.Keep,
			"stop":       checkpoints.Stop,
			"patience":   checkpoints.Patience,
		}
		if fidelity := checkpoints.Fidelity; fidelity != nil {
			watched["fidelity"] = fidelityValue(fidelity)
		}
		value["evaluate"] = watched
	}
	if len(finetune.Options) > 0 {
		options, err := decodeJSON(finetune.Options)
		if err != nil {
			return nil, fmt.Errorf("decode options: %w", err)
		}
		value["options"] = c.withoutPaths(options, finetune.Paths)
	}
	return value, nil
}

func (c canonical) evaluate(evaluate *Evaluate) map[string]any {
	rewards := []any{}
	for _, reward := range evaluate.Rewards {
		rewards = append(rewards, reward.Name)
	}
	bestOf := []any{}
	for _, best := range evaluate.BestOf {
		bestOf = append(bestOf, map[string]any{
			"sampler": modelName(best.Model),
			"reward":  best.Reward.Name,
			"n":       best.N,
			"keep":    best.Keep,
			"against": modelNames(best.Against),
		})
	}
	value := map[string]any{
		"models":     modelNames(evaluate.Models),
		"baseline":   modelName(evaluate.Baseline),
		"prompts":    promptNames(evaluate.Prompts),
		"per_prompt": evaluate.PerPrompt,
		"rewards":    rewards,
		"best_of":    bestOf,
	}
	if card := evaluate.Card; card != nil {
		value["reward_card"] = map[string]any{"images": card.Images, "jpeg": card.JPEG, "resize": card.Resize, "bins": card.Bins}
	}
	switch alignment := evaluate.Alignment; {
	case alignment == nil:
	case alignment.Path != "":
		value["alignment"] = map[string]any{"content": c.spec.Digests[alignment.Path]}
	case alignment.People != nil:
		value["alignment"] = map[string]any{"people": c.people(alignment.People)}
	default:
		value["alignment"] = map[string]any{"rater": alignment.Rater.Name}
	}
	if preference := evaluate.Preference; preference != nil {
		compared := map[string]any{"every": preference.Every}
		switch {
		case preference.People != nil:
			compared["people"] = c.people(preference.People)
		case preference.Path != "":
			compared["content"] = c.spec.Digests[preference.Path]
		default:
			compared["rater"] = preference.Rater.Name
		}
		value["preference"] = compared
	}
	if fidelity := evaluate.Fidelity; fidelity != nil {
		value["fidelity"] = fidelityValue(fidelity)
	}
	return value
}

func fidelityValue(fidelity *Fidelity) map[string]any {
	if fidelity.Images != nil {
		return map[string]any{"images": fidelity.Images.Name, "encoder": fidelity.Encoder.Name}
	}
	return map[string]any{"sampler": fidelity.Sampler.Name, "per_prompt": fidelity.PerPrompt, "encoder": fidelity.Encoder.Name}
}

func modelName(m Model) string {
	if m.Images != nil {
		return "images." + m.Images.Name
	}
	if m.Finetune != nil {
		return "finetune." + m.Finetune.Name
	}
	return "sampler." + m.Sampler.Name
}

func modelNames(models []Model) []any {
	list := []any{}
	for _, m := range models {
		list = append(list, modelName(m))
	}
	return list
}

func imageNames(images []*Images) []any {
	list := []any{}
	for _, i := range images {
		list = append(list, i.Name)
	}
	return list
}

func labelNames(labels []*Labels) []any {
	list := []any{}
	for _, l := range labels {
		list = append(list, l.Name)
	}
	return list
}

// promptNames names prompts by category and text; what else they are stands
// in the document once, under prompts.
func promptNames(prompts []Prompt) []any {
	list := []any{}
	for _, prompt := range prompts {
		list = append(list, prompt.Category+": "+prompt.Text)
	}
	return list
}
