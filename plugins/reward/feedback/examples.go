package feedback

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// example is a labelled image.
type example struct {
	image  []float32 // embedding; nil until it is read
	prompt int       // in corpus.prompts
	text   int       // of its prompt, in corpus.texts
	label  float64   // y = good / (good + bad) over its raters
}

// prompt is a text that images were drawn for.
type prompt struct {
	text   string
	slots  map[string]string
	others []int // its negatives, in corpus.texts
}

// corpus is all that a reward is fitted on.
type corpus struct {
	examples []example
	prompts  []prompt        // of the examples
	captions map[string]bool // of all images, labelled or not
	words    slotWords       // of the seen prompts among prompts

	names []string    // of texts: the prompts, then the negatives, each once
	texts [][]float32 // embeddings; nil until they are read
}

// labelCounts counts the labels of an image.
type labelCounts struct{ good, bad, skip int }

// readLabels counts the labels of each image in a table.
func readLabels(path string) (map[string]labelCounts, error) {
	counts := map[string]labelCounts{}
	for row, err := range table.Read[table.Label](path) {
		if err != nil {
			return nil, err
		}
		v := counts[row.ImageID]
		switch sdk.Label(row.Label) {
		case sdk.LabelGood:
			v.good++
		case sdk.LabelBad:
			v.bad++
		case sdk.LabelSkip:
			v.skip++
		default:
			return nil, fmt.Errorf("labels %s: rater %q gives image %q the label %q: one of good, bad, skip", path, row.Rater, row.ImageID, row.Label)
		}
		counts[row.ImageID] = v
	}
	return counts, nil
}

// readCorpus reads the labelled images of a request's sets, with the features
// that the request has. Images without a label, or with skips alone, are left out.
func readCorpus(ctx context.Context, request sdk.FitRequest) (*corpus, error) {
	c := &corpus{captions: map[string]bool{}, words: slotWords{}}
	indices := map[string]int{} // of prompts, by their texts
	skipped := 0
	for _, set := range request.Sets {
		if set.Labels == "" {
			return nil, sdk.Diagnostic{
				Summary: "The reward has no labels to learn from",
				Detail:  "Give its block labels = labels.NAME.",
			}
		}
		counts, err := readLabels(set.Labels)
		if err != nil {
			return nil, err
		}
		images, err := table.Captions(ctx, set.Images)
		if err != nil {
			return nil, err
		}
		vectors, done := featuresOf(set.ImageFeatures)
		defer done()
		for _, row := range images {
			c.captions[row.Prompt] = true
			vector, err := vectors(row.ID)
			if err != nil {
				return nil, err
			}
			v, labelled := counts[row.ID]
			delete(counts, row.ID)
			if !labelled {
				continue
			}
			if v.good+v.bad == 0 {
				skipped++
				continue
			}
			at, known := indices[row.Prompt]
			if !known {
				at = len(c.prompts)
				indices[row.Prompt] = at
				c.prompts = append(c.prompts, prompt{text: row.Prompt, slots: row.Slots})
			}
			if row.Split != "unseen" {
				c.words.add(row.Slots)
			}
			c.examples = append(c.examples, example{image: vector, prompt: at, label: float64(v.good) / float64(v.good+v.bad)})
		}
		if len(counts) > 0 {
			return nil, fmt.Errorf("labels %s: image %q is not in the table %s, nor are %d others", set.Labels, slices.Min(slices.Collect(maps.Keys(counts))), set.Images, len(counts)-1)
		}
	}
	if len(c.examples) == 0 {
		detail := "The table of labels is empty."
		if skipped > 0 {
			detail = fmt.Sprintf("All %d labelled images were skipped by everyone who saw them: there is neither good nor bad to learn from.", skipped)
		}
		return nil, sdk.Diagnostic{Summary: "There are no labels to learn from", Detail: detail}
	}
	return c, nil
}

// featuresOf reads a table of image features, whose rows are in the order of the
// images; without a table every vector is nil.
func featuresOf(path string) (vector func(imageID string) ([]float32, error), done func()) {
	if path == "" {
		return func(string) ([]float32, error) { return nil, nil }, func() {}
	}
	next, done := iter.Pull2(table.Read[table.Feature](path))
	return func(imageID string) ([]float32, error) {
		row, err, ok := next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("features %s: image %q is missing", path, imageID)
		case row.ImageID != imageID:
			return nil, fmt.Errorf("features %s: image %q stands where %q belongs", path, row.ImageID, imageID)
		}
		return row.Vector, nil
	}, done
}

// listTexts lists the prompts and, if there are to be negatives, every text that
// can become one.
func (c *corpus) listTexts(withNegatives bool) {
	indices := map[string]int{}
	at := func(text string) int {
		i, known := indices[text]
		if !known {
			i = len(c.names)
			indices[text] = i
			c.names = append(c.names, text)
		}
		return i
	}
	own := make([]int, len(c.prompts))
	for i, p := range c.prompts {
		own[i] = at(p.text)
	}
	if withNegatives {
		for i, p := range c.prompts {
			for _, text := range negatives(p.text, p.slots, c.words) {
				c.prompts[i].others = append(c.prompts[i].others, at(text))
			}
		}
	}
	for i := range c.examples {
		c.examples[i].text = own[c.examples[i].prompt]
	}
}

// readTexts finds the embeddings of the texts in tables of them.
func (c *corpus) readTexts(ctx context.Context, paths []string) error {
	vectors := map[string][]float32{}
	for _, name := range c.names {
		vectors[name] = nil
	}
	for _, path := range paths {
		for row, err := range table.Read[table.TextFeature](path) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if _, wanted := vectors[row.Text]; wanted {
				vectors[row.Text] = row.Vector
			}
		}
	}
	for _, name := range c.names {
		if len(vectors[name]) == 0 {
			return fmt.Errorf("no table of text features has %q: %q", name, paths)
		}
		c.texts = append(c.texts, vectors[name])
	}
	return nil
}

// widths are the lengths of the embeddings, which must be the same everywhere.
func (c *corpus) widths() (image, text int, err error) {
	image, text = len(c.examples[0].image), len(c.texts[0])
	for _, e := range c.examples {
		if len(e.image) == 0 || len(e.image) != image {
			return 0, 0, fmt.Errorf("features of images have %d and %d numbers", image, len(e.image))
		}
	}
	for _, t := range c.texts {
		if len(t) != text {
			return 0, 0, fmt.Errorf("features of texts have %d and %d numbers", text, len(t))
		}
	}
	return image, text, nil
}

// split holds out a share of the images, drawn by the seed: at least one if the
// share is above 0 and there are several.
func (c *corpus) split(share float64, seed uint64) (learn, validate []example) {
	held := 0
	if n := len(c.examples); share > 0 && n > 1 {
		held = max(1, int(share*float64(n)))
	}
	for position, i := range rand.New(rand.NewPCG(seed, validationStream)).Perm(len(c.examples)) {
		if position < held {
			validate = append(validate, c.examples[i])
		} else {
			learn = append(learn, c.examples[i])
		}
	}
	return learn, validate
}

// constant says what is wrong with examples that all have the same label, and
// nothing if they do not.
func constant(examples []example) error {
	first := examples[0].label
	for _, e := range examples {
		if e.label != first {
			return nil
		}
	}
	are := fmt.Sprintf("are called good by %.0f %% of their raters", 100*first)
	switch first {
	case 1:
		are = "are good"
	case 0:
		are = "are bad"
	}
	return sdk.Diagnostic{
		Summary: fmt.Sprintf("All %d images that the reward would learn from %s", len(examples), are),
		Detail: "A reward that has seen one kind of image cannot tell two kinds apart. Label more images, or images of easier or harder prompts, " +
			"so that both good and bad ones are among them; if these are many images, look at what the rater does.",
	}
}
