package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// tryFlags are the flags of `plumb plugin try`.
type tryFlags struct {
	component       string
	settings        []string
	prompts         []string
	promptsFile     string
	checkpoint      string
	encoder         string
	encoderSettings []string
	seed            uint64
	count           int
	out             string
}

// tryActions are what can be asked of a component, by the word for it.
var tryActions = map[string]schema.Kind{"score": schema.Reward, "rate": schema.Rater, "encode": schema.Encoder, "sample": schema.Sampler}

func (p *program) pluginTryCommand() *cobra.Command {
	var flags tryFlags
	command := &cobra.Command{
		Use:   "try BINARY | DIRECTORY | FILE.py | COMPONENT  score | rate | encode | sample  [IMAGE ...] | score | ... [IMAGE ...] -- COMMAND ...",
		Short: "Ask one component of a plugin, or a built-in one, and print what it answers",
		Long: "Ask one component of a plugin, or a built-in one, and print what it answers:\n\n" +
			"  plumb plugin try ./redness score *.png --prompt \"a red ring\"\n" +
			"  plumb plugin try redness.py score photos/ --prompts prompts.txt --json\n" +
			"  plumb plugin try shapes sample --prompt \"two red moons\" --out drawn\n" +
			"  plumb plugin try score *.png --prompt \"a red ring\" -- python3 -m redness\n\n" +
			"Every image is asked about with every prompt. It runs the plugin.",
		Args: func(command *cobra.Command, args []string) error {
			dash := command.ArgsLenAtDash()
			switch {
			case dash < 0:
				return cobra.MinimumNArgs(2)(command, args)
			case dash == 0:
				return fmt.Errorf("say what is asked before the command: %s score IMAGE ... --prompt TEXT -- COMMAND ...", command.CommandPath())
			case dash == len(args):
				return errors.New("there is no command behind --")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if dash := command.ArgsLenAtDash(); dash > 0 {
				return p.tryPlugin(command.Context(), "", args[dash:], args[0], args[1:dash], flags)
			}
			return p.tryPlugin(command.Context(), args[0], nil, args[1], args[2:], flags)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.component, "component", "", "the component, if the plugin has several of the kind")
	set.StringArrayVar(&flags.settings, "set", nil, "NAME=VALUE: set an option of the component; repeatable")
	set.StringArrayVar(&flags.prompts, "prompt", nil, "a prompt; repeatable")
	set.StringVar(&flags.promptsFile, "prompts", "", "file of prompts, one a line")
	set.StringVar(&flags.checkpoint, "checkpoint", "", "directory of weights that a fit or tuning wrote")
	set.StringVar(&flags.encoder, "encoder", "", "built-in encoder of the features that a reward reads")
	set.StringArrayVar(&flags.encoderSettings, "encoder-set", nil, "NAME=VALUE: set an option of that encoder; repeatable")
	set.Uint64Var(&flags.seed, "seed", 0, "seed")
	set.IntVarP(&flags.count, "count", "n", 1, "sample: images for each prompt")
	set.StringVar(&flags.out, "out", "", "sample: directory for the images")
	set.BoolVar(&p.json, "json", false, "print the answers as JSON")
	return command
}

// answer is what a component said of an image and a prompt.
type answer struct {
	Image  string             `json:"image,omitempty"`
	Prompt string             `json:"prompt,omitempty"`
	Score  *float64           `json:"score,omitempty"`
	Parts  map[string]float64 `json:"parts,omitempty"`
	Labels []sdk.Label        `json:"labels,omitempty"`
	Vector []float32          `json:"vector,omitempty"`
	Seed   *uint64            `json:"seed,omitempty"`
}

// tryPlugin asks what the user named, or what a command runs.
func (p *program) tryPlugin(ctx context.Context, target string, words []string, action string, files []string, flags tryFlags) error {
	kind, known := tryActions[action]
	if !known {
		return fmt.Errorf("%q is nothing to ask.%s", action, offered(action, slices.Sorted(maps.Keys(tryActions))))
	}
	prompts, err := flags.allPrompts()
	if err != nil {
		return err
	}
	images, err := readImages(files)
	if err != nil {
		return err
	}
	switch {
	case kind == schema.Sampler && len(images) > 0:
		return errors.New("sample draws images, and reads none: give prompts alone")
	case kind == schema.Sampler && flags.out == "":
		return errors.New("sample needs a directory for the images: give --out DIR")
	case kind == schema.Sampler && flags.count < 1:
		return fmt.Errorf("--count %d: it must be at least 1", flags.count)
	case kind != schema.Sampler && kind != schema.Encoder && len(images) == 0:
		return fmt.Errorf("%s needs images: name PNG, JPEG, WebP or BMP files, or directories of them", action)
	case kind == schema.Encoder && len(images)+len(prompts) == 0:
		return errors.New("encode needs images, or prompts")
	case kind != schema.Encoder && len(prompts) == 0:
		return fmt.Errorf("%s needs a prompt: give --prompt TEXT or --prompts FILE", action)
	}
	t, err := p.tried(ctx, target, words)
	if err != nil {
		return err
	}
	defer t.Kill()
	found, err := t.components(flags.component, kind)
	if err != nil {
		return err
	}
	if len(found) > 1 {
		var names []string
		for _, c := range found {
			names = append(names, c.Name)
		}
		return fmt.Errorf("the plugin has several components for this; give --component NAME, one of %s", strings.Join(names, ", "))
	}
	component := found[0]
	config, err := p.settings(ctx, "--set", flags.settings).configure(component)
	if err != nil {
		return err
	}
	if flags.checkpoint != "" {
		if flags.checkpoint, err = filepath.Abs(flags.checkpoint); err != nil {
			return err
		}
	}
	ctx = sdk.WithWarnings(ctx, func(text string) { fmt.Fprintf(p.err, "Warning: %s\n", text) })
	instance, err := t.Open(ctx, client.OpenRequest{
		Kind: string(kind), Component: component.Name, Described: component,
		OpenRequest: sdk.OpenRequest{Config: config, Checkpoint: flags.checkpoint, Seed: flags.seed, Backend: p.backend},
	})
	if err != nil {
		return failed(err)
	}
	defer instance.Close(context.WithoutCancel(ctx))

	var answers []answer
	switch kind {
	case schema.Sampler:
		answers, err = flags.sample(ctx, instance, prompts)
	case schema.Encoder:
		answers, err = encodeTried(ctx, instance, component, images, prompts)
	default:
		var items []client.Item
		items, answers = pairUp(images, prompts)
		if component.ReadsFeatures() {
			if err := p.addFeatures(ctx, component, items, images, flags.encoder, p.settings(ctx, "--encoder-set", flags.encoderSettings)); err != nil {
				return err
			}
		}
		if !component.DoesRead(schema.ReadPixels) {
			for i := range items {
				items[i].PNG = nil
			}
		}
		if kind == schema.Rater {
			err = instance.Rate(ctx, each(items), func(at int, labels []sdk.Label) error {
				answers[at].Labels = labels
				return nil
			})
			break
		}
		err = instance.Score(ctx, each(items), func(at int, score sdk.Score) error {
			answers[at].Score, answers[at].Parts = &score.Score, score.Parts
			return nil
		})
	}
	if err != nil {
		return failed(err)
	}
	if p.json {
		encoder := json.NewEncoder(p.raw)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Plugin    string             `json:"plugin"`
			Kind      schema.Kind        `json:"kind"`
			Component string             `json:"component"`
			Facts     map[string]float64 `json:"facts,omitempty"`
			Answers   []answer           `json:"answers"`
		}{t.description.Name, kind, component.Name, instance.Facts(), answers})
	}
	p.writeAnswers(component, answers, len(prompts))
	return nil
}

// allPrompts are those of --prompt and of the file of --prompts.
func (f tryFlags) allPrompts() ([]string, error) {
	prompts := slices.Clone(f.prompts)
	if f.promptsFile == "" {
		return prompts, nil
	}
	text, err := os.ReadFile(f.promptsFile)
	if err != nil {
		return nil, fmt.Errorf("read prompts: %w", err)
	}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" {
			prompts = append(prompts, line)
		}
	}
	if len(prompts) == 0 {
		return nil, fmt.Errorf("there are no prompts in %s", f.promptsFile)
	}
	return prompts, nil
}

// triedImage is an image that the user named.
type triedImage struct {
	path  string
	image sdk.Image
	png   []byte
}

// readImages reads files and directories of images.
func readImages(paths []string) ([]triedImage, error) {
	var files []string
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		if err != nil {
			files = append(files, path) // a file, or nothing: reading it tells
			continue
		}
		before := len(files)
		for _, entry := range entries {
			switch strings.ToLower(filepath.Ext(entry.Name())) {
			case ".png", ".jpg", ".jpeg", ".webp", ".bmp":
				files = append(files, filepath.Join(path, entry.Name()))
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("there are no images in %s", path)
		}
	}
	var images []triedImage
	for _, path := range files {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no image %s", path)
		} else if err != nil {
			return nil, err
		}
		one := triedImage{path: path}
		if one.image, err = imaging.Decode(content, imaging.Foreign); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if one.png, err = imaging.EncodePNG(one.image); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		images = append(images, one)
	}
	return images, nil
}

// pairUp is every image with every prompt, and where the answers go.
func pairUp(images []triedImage, prompts []string) (items []client.Item, answers []answer) {
	for _, image := range images {
		for i, prompt := range prompts {
			id := image.path
			if len(prompts) > 1 {
				id = fmt.Sprintf("%s, prompt %d", image.path, i+1)
			}
			items = append(items, client.Item{ID: id, Prompt: sdk.Prompt{Text: prompt}, PNG: image.png})
			answers = append(answers, answer{Image: image.path, Prompt: prompt})
		}
	}
	return items, answers
}

// each hands a list on as a call takes it.
func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range list {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// addFeatures gives items the vectors that a reward reads, of a built-in encoder.
func (p *program) addFeatures(ctx context.Context, reward sdk.Description, items []client.Item, images []triedImage, named string, set optionSettings) error {
	var fitting []string
	for _, c := range p.plugin.Components {
		_, err := set.configure(c.Description)
		if c.Kind == schema.Encoder && c.Has(schema.Texts) && (err == nil || c.Name == named) {
			fitting = append(fitting, c.Name)
		}
	}
	switch {
	case named == "" && len(fitting) == 1:
		named = fitting[0]
		fmt.Fprintf(p.err, "The features that %s reads are of the encoder %s.\n", reward.Name, named)
	case named == "":
		return fmt.Errorf("reward %q reads features: give --encoder NAME, one of %s", reward.Name, strings.Join(fitting, ", "))
	}
	t, err := p.tried(ctx, named, nil)
	if err != nil {
		return err
	}
	defer t.Kill()
	found, err := t.components("", schema.Encoder)
	if err != nil {
		return err
	}
	config, err := set.configure(found[0])
	if err != nil {
		return err
	}
	encoder, err := t.Open(ctx, client.OpenRequest{Kind: string(schema.Encoder), Component: found[0].Name, OpenRequest: sdk.OpenRequest{Config: config, Backend: p.backend}})
	if err != nil {
		return failed(err)
	}
	defer encoder.Close(context.WithoutCancel(ctx))
	of := len(items) / len(images) // items of each image
	pictures := make([]client.Item, len(images))
	for i, image := range images {
		pictures[i] = client.Item{ID: image.path, PNG: image.png}
	}
	err = encoder.EncodeImages(ctx, each(pictures), func(at int, vector []float32) error {
		for i := range of {
			items[at*of+i].ImageVector = vector
		}
		return nil
	})
	if err != nil || !reward.DoesRead(schema.ReadTextFeatures) {
		return failed(err)
	}
	texts := make([]string, of)
	for i := range texts {
		texts[i] = items[i].Prompt.Text
	}
	return failed(encoder.EncodeTexts(ctx, each(texts), func(at int, vector []float32) error {
		for i := range images {
			items[i*of+at].TextVector = vector
		}
		return nil
	}))
}

// encodeTried encodes images, and prompts if the encoder can.
func encodeTried(ctx context.Context, instance *client.Instance, component sdk.Description, images []triedImage, prompts []string) ([]answer, error) {
	if len(prompts) > 0 && !component.Has(schema.Texts) {
		return nil, fmt.Errorf("encoder %q encodes no texts", component.Name)
	}
	var answers []answer
	items := make([]client.Item, len(images))
	for i, image := range images {
		items[i] = client.Item{ID: image.path, PNG: image.png}
		answers = append(answers, answer{Image: image.path})
	}
	for _, prompt := range prompts {
		answers = append(answers, answer{Prompt: prompt})
	}
	if len(images) > 0 {
		if err := instance.EncodeImages(ctx, each(items), func(at int, vector []float32) error {
			answers[at].Vector = vector
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if len(prompts) == 0 {
		return answers, nil
	}
	return answers, instance.EncodeTexts(ctx, each(prompts), func(at int, vector []float32) error {
		answers[len(images)+at].Vector = vector
		return nil
	})
}

// sample draws images and writes them as PNG files.
func (f tryFlags) sample(ctx context.Context, instance *client.Instance, prompts []string) ([]answer, error) {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return nil, err
	}
	var draws []client.Draw
	var answers []answer
	for i, prompt := range prompts {
		for j := range f.count {
			seed := f.seed + uint64(j)
			path := filepath.Join(f.out, fmt.Sprintf("%03d-%d.png", i+1, seed))
			draws = append(draws, client.Draw{ID: path, Prompt: sdk.Prompt{Text: prompt}, Seed: seed})
			answers = append(answers, answer{Image: path, Prompt: prompt, Seed: &seed})
		}
	}
	return answers, instance.Sample(ctx, draws, func(at int, image sdk.Image) error {
		content, err := imaging.EncodePNG(image)
		if err != nil {
			return fmt.Errorf("write %s: %w", answers[at].Image, err)
		}
		return atomicfile.Write(answers[at].Image, content)
	})
}

// writeAnswers prints answers as a table: numbers first, then what they are of.
func (p *program) writeAnswers(component sdk.Description, answers []answer, prompts int) {
	var heads []string
	cells := func(a answer) []string { return nil }
	number := func(v float64) string { return fmt.Sprintf("%.6g", v) }
	switch component.Kind {
	case schema.Reward:
		heads = append([]string{"score"}, component.Parts...)
		cells = func(a answer) []string {
			row := []string{number(*a.Score)}
			for _, part := range component.Parts {
				row = append(row, number(a.Parts[part]))
			}
			return row
		}
	case schema.Rater:
		heads = []string{"labels"}
		cells = func(a answer) []string {
			words := make([]string, len(a.Labels))
			for i, label := range a.Labels {
				words[i] = string(label)
			}
			return []string{strings.Join(words, " ")}
		}
	case schema.Encoder:
		heads = []string{"width", "norm", "begins"}
		cells = func(a answer) []string {
			var squares float64
			for _, v := range a.Vector {
				squares += float64(v) * float64(v)
			}
			var begins []string
			for _, v := range a.Vector[:min(3, len(a.Vector))] {
				begins = append(begins, fmt.Sprintf("%.3g", v))
			}
			return []string{fmt.Sprint(len(a.Vector)), fmt.Sprintf("%.4g", math.Sqrt(squares)), strings.Join(begins, " ")}
		}
	case schema.Sampler:
		heads = []string{"seed"}
		cells = func(a answer) []string { return []string{fmt.Sprint(*a.Seed)} }
	}
	heads = append(heads, "image")
	if prompts > 1 || component.Kind == schema.Encoder && prompts > 0 || component.Kind == schema.Sampler {
		heads = append(heads, "prompt")
	}
	rows := [][]string{heads}
	for _, a := range answers {
		rows = append(rows, append(cells(a), a.Image, a.Prompt)[:len(heads)])
	}
	widths := make([]int, len(heads))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell)+2))
			}
		}
		fmt.Fprintln(p.out, strings.TrimRight(line.String(), " "))
	}
}
