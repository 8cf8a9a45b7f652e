package preference

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/embedding"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// example is a labelled image.
type example struct {
	image  []float32 // embedding
	prompt int       // in corpus.prompts
	text   int       // of its prompt, in corpus.texts
	label  float64   // y = good / (good + bad) over its raters
}

// prompt is a text that images were drawn for.
type prompt struct {
	text  string
	slots map[string]string
	// others are the texts of its negatives, in corpus.texts.
	others []int
}

// corpus is all that a reward is fitted on.
type corpus struct {
	examples []example
	prompts  []prompt
	texts    [][]float32 // embeddings
	words    slotWords   // of the seen prompts
}

// verdicts counts the labels of an image.
type verdicts struct{ good, bad, skip int }

// readLabels counts the labels of each image in a table.
func readLabels(path string) (map[string]verdicts, error) {
	counts := map[string]verdicts{}
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

// readCorpus reads the labelled images of the tables and encodes them with
// their prompts. Images without a label, or with skips alone, are left out.
// seen is called now and then with the number of images so far.
func readCorpus(ctx context.Context, encoder *embedding.Encoder, request sdk.FitRequest, seen func(images int) error) (*corpus, error) {
	if len(request.Labels) == 0 {
		return nil, sdk.Diagnostic{
			Summary: "The reward has no labels to learn from",
			Detail:  "Give its block labels = labels.NAME.",
		}
	}
	if len(request.Labels) != len(request.Images) {
		return nil, fmt.Errorf("there are %d tables of images and %d of labels", len(request.Images), len(request.Labels))
	}
	c := &corpus{words: slotWords{}}
	place := map[string]int{} // of each prompt's text
	skipped := 0
	var waiting []sdk.Image // images of the last examples, not yet encoded
	encode := func() error {
		vectors, err := encoder.Images(ctx, waiting)
		if err != nil {
			return err
		}
		for i, vector := range vectors {
			c.examples[len(c.examples)-len(waiting)+i].image = vector
		}
		waiting = waiting[:0]
		return seen(len(c.examples))
	}
	for i, path := range request.Images {
		counts, err := readLabels(request.Labels[i])
		if err != nil {
			return nil, err
		}
		for row, err := range table.Read[table.Image](path) {
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
			image, err := imaging.Decode(row.Image.Bytes, imaging.Exchanged)
			if err != nil {
				return nil, fmt.Errorf("image %q: %w", row.ID, err)
			}
			at, known := place[row.Prompt]
			if !known {
				at = len(c.prompts)
				place[row.Prompt] = at
				c.prompts = append(c.prompts, prompt{text: row.Prompt, slots: row.Slots})
			}
			if row.Split != "unseen" {
				c.words.add(row.Slots)
			}
			c.examples = append(c.examples, example{prompt: at, label: float64(v.good) / float64(v.good+v.bad)})
			if waiting = append(waiting, image); len(waiting) == encodeBatch {
				if err := encode(); err != nil {
					return nil, err
				}
			}
		}
		if len(counts) > 0 {
			return nil, fmt.Errorf("labels %s: image %q is not in the table %s, nor are %d others", request.Labels[i], slices.Min(slices.Collect(maps.Keys(counts))), path, len(counts)-1)
		}
	}
	if len(c.examples) == 0 {
		detail := "The table of labels is empty."
		if skipped > 0 {
			detail = fmt.Sprintf("All %d labelled images were skipped by everyone who saw them: there is neither good nor bad to learn from.", skipped)
		}
		return nil, sdk.Diagnostic{Summary: "There are no labels to learn from", Detail: detail}
	}
	return c, encode()
}

// encodeBatch is the number of images that are held in memory until they have
// been encoded.
const encodeBatch = 256

// encodeTexts encodes the prompts and, if there are to be negatives, every text
// that can become one.
func (c *corpus) encodeTexts(ctx context.Context, encoder *embedding.Encoder, withNegatives bool) error {
	var texts []string
	place := map[string]int{}
	at := func(text string) int {
		i, known := place[text]
		if !known {
			i = len(texts)
			place[text] = i
			texts = append(texts, text)
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
	var err error
	c.texts, err = encoder.Texts(ctx, texts)
	return err
}

// split holds out a share of the images, drawn by the seed: at least one if the
// share is above 0 and there are several.
func (c *corpus) split(share float64, seed uint64) (learn, validate []example) {
	held := 0
	if n := len(c.examples); share > 0 && n > 1 {
		held = max(1, int(share*float64(n)))
	}
	for place, i := range rand.New(rand.NewPCG(seed, validationStream)).Perm(len(c.examples)) {
		if place < held {
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
	verdict := fmt.Sprintf("are called good by %.0f %% of their raters", 100*first)
	switch first {
	case 1:
		verdict = "are good"
	case 0:
		verdict = "are bad"
	}
	return sdk.Diagnostic{
		Summary: fmt.Sprintf("All %d images that the reward would learn from %s", len(examples), verdict),
		Detail: "A reward that has seen one kind of image cannot tell two kinds apart. Label more images, or images of easier or harder prompts, " +
			"so that both good and bad ones are among them; if these are many images, look at what the rater does.",
	}
}
