package metric

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Floor measures real images as if they were a model's, with as many images: what a
// distance is where nothing is wrong. Real images are held out of the reference, and
// measured against the others: as many as Features has, prompt by prompt where the
// reference has at least two of each of its prompts, else whole prompts, or images
// where nobody knows the prompts; never more than half. There is no difference from
// the baseline, which is measured against the whole reference.
func Floor(in FidelityInput) ([]record.Metric, []dataset.PromptValue, error) {
	whole := in.ReferenceFeatures
	held, rest := holdOut(whole, in.Features, in.Seed)
	in.Model, in.Choice, in.Baseline, in.BaselineFeatures = in.Reference, record.OtherDraws, "", ImageFeatures{}
	in.Features, in.ReferenceFeatures = held, rest
	if len(held.Rows) < 2 || len(rest.Rows) < 2 {
		f := fidelity{in: in}
		f.base = f.about(featureSet{}, featureSet{})
		return f.nothing(fmt.Sprintf("the reference %s has %s: too few to hold some out", in.Reference, images(len(whole.Rows)))), nil, nil
	}
	metrics, values, err := Fidelity(in)
	for i := range metrics {
		metrics[i].Protocol["held out"] = fmt.Sprintf("%d of the reference's %d images, measured against the other %d", len(held.Rows), len(whole.Rows), len(rest.Rows))
	}
	return metrics, values, err
}

// holdOut takes of the reference's images as many as the model has.
func holdOut(reference, model ImageFeatures, seed uint64) (held, rest ImageFeatures) {
	held.Images, rest.Images = reference.Images, reference.Images
	random := rand.New(rand.NewPCG(seed, 0x68656c64)) // "held"
	texts := textsOf(reference)
	rows := slices.Clone(reference.Rows)
	slices.SortFunc(rows, func(a, b table.Feature) int {
		return cmp.Or(cmp.Compare(texts[a.ImageID], texts[b.ImageID]), cmp.Compare(a.ImageID, b.ImageID))
	})
	parts := map[string][]int{} // rows of each text
	var order []string
	for i, row := range rows {
		text := texts[row.ImageID]
		if text == "" {
			text = "image " + row.ImageID // an image alone
		}
		if parts[text] == nil {
			order = append(order, text)
		}
		parts[text] = append(parts[text], i)
	}
	wanted := map[string]int{}
	modelTexts := textsOf(model)
	for _, row := range model.Rows {
		wanted[modelTexts[row.ImageID]]++
	}
	out := map[int]bool{}
	take := func(text string, n int) {
		for _, at := range random.Perm(len(parts[text]))[:n] {
			out[parts[text][at]] = true
		}
	}
	each := wanted[""] == 0
	for text := range wanted {
		each = each && len(parts[text]) >= 2
	}
	if each {
		for _, text := range order {
			take(text, min(wanted[text], len(parts[text])/2))
		}
	} else {
		for _, at := range random.Perm(len(order)) {
			n := len(parts[order[at]])
			if len(out) < len(model.Rows) && len(out)+n <= len(rows)/2 {
				take(order[at], n)
			}
		}
	}
	for i, row := range rows {
		if out[i] {
			held.Rows = append(held.Rows, row)
		} else {
			rest.Rows = append(rest.Rows, row)
		}
	}
	return held, rest
}

// textsOf is the prompt of each image, as far as anybody knows.
func textsOf(features ImageFeatures) map[string]string {
	texts := map[string]string{}
	for _, image := range features.Images {
		texts[image.ID] = image.Prompt
	}
	return texts
}
