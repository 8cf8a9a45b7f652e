package track

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// imagesOfAPrompt is how many images of a prompt are sent.
const imagesOfAPrompt = 4

// Pictures are the images that a model drew for an evaluation, and how each prompt was
// judged.
type Pictures struct {
	Version string // another whenever the images or the judgements are
	At      time.Time

	images, values *record.Output
	prompts        int
	model          string
	open           func(record.Output) (string, error)
}

// Picture is one of them.
type Picture struct {
	Prompt string
	Index  int // among the images of its prompt
	PNG    []byte
}

// Judged is a prompt with the share of its images that raters called good.
type Judged struct {
	Prompt, Category, Split string
	Images                  int
	Good                    *float64 // nil: nobody judged them
}

// pictures finds the images that a model drew for an evaluation; nil if it did not yet.
func (d *describer) pictures(v record.Variant, about models, model string) *Pictures {
	if d.Open == nil || d.options.Prompts == 0 || model == "" {
		return nil
	}
	p := &Pictures{prompts: d.options.Prompts, model: model, open: d.Open}
	for _, s := range v.Stages {
		made := d.Records[s.Key]
		if made == nil || s.Evaluation != about.evaluation || s.Subject != model || s.Choice != record.All {
			continue
		}
		switch {
		case s.Kind == record.KindSample && s.Measure == "":
			if output, ok := made.Outputs["images"]; ok {
				p.images, p.At = &output, endOf(made)
			}
		case s.Kind == record.KindMeasure && s.Measure == string(metric.MeasureAlignment):
			if output, ok := made.Outputs["values"]; ok {
				p.values = &output
			}
		}
	}
	if p.images == nil {
		return nil
	}
	p.Version = fmt.Sprintf("%d %s", p.prompts, p.images.Digest)
	if p.values != nil {
		p.Version += " " + p.values.Digest
	}
	return p
}

// Read reads the images of some prompts, which are the same for every model that drew
// for the same ones, and lists all prompts, in the order of the table.
func (p *Pictures) Read(ctx context.Context) ([]Picture, []Judged, error) {
	path, err := p.open(*p.images)
	if err != nil {
		return nil, nil, fmt.Errorf("open the images of %s: %w", p.model, err)
	}
	var prompts []*Judged
	found := map[string]*Judged{}
	for row, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the images of %s: %w", p.model, err)
		}
		if found[row.Prompt] == nil {
			found[row.Prompt] = &Judged{Prompt: row.Prompt, Category: row.Category, Split: row.Split}
			prompts = append(prompts, found[row.Prompt])
		}
		found[row.Prompt].Images++
	}
	shown := choose(prompts, p.prompts)
	var pictures []Picture
	for row, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the images of %s: %w", p.model, err)
		}
		if shown[row.Prompt] && row.Index < imagesOfAPrompt {
			pictures = append(pictures, Picture{Prompt: row.Prompt, Index: int(row.Index), PNG: row.Image.Bytes})
		}
	}
	if err := p.judge(found); err != nil {
		return nil, nil, err
	}
	judged := make([]Judged, len(prompts))
	for i, prompt := range prompts {
		judged[i] = *prompt
	}
	return pictures, judged, nil
}

// judge adds how each prompt was judged.
func (p *Pictures) judge(prompts map[string]*Judged) error {
	if p.values == nil {
		return nil
	}
	path, err := p.open(*p.values)
	if err != nil {
		return fmt.Errorf("open what was measured of %s: %w", p.model, err)
	}
	rows, err := table.ReadAll[dataset.PromptValue](path)
	if err != nil {
		return fmt.Errorf("read what was measured of %s: %w", p.model, err)
	}
	for _, row := range rows {
		if prompt := prompts[row.Prompt]; prompt != nil && row.Metric == metric.GoodShare && row.Subject == p.model {
			prompt.Good = &row.Value
		}
	}
	return nil
}

// choose picks prompts to show, in turn of each category and split. Which of them is
// decided by their texts alone, and not by eye: models that drew for the same prompts
// show the same ones.
func choose(prompts []*Judged, n int) map[string]bool {
	type part struct{ category, split string }
	byPart := map[part][]*Judged{}
	var parts []part
	for _, prompt := range prompts {
		p := part{prompt.Category, prompt.Split}
		if byPart[p] == nil {
			parts = append(parts, p)
		}
		byPart[p] = append(byPart[p], prompt)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.split, b.split)) })
	for _, p := range parts {
		slices.SortFunc(byPart[p], func(a, b *Judged) int { return cmp.Compare(lot(a.Prompt), lot(b.Prompt)) })
	}
	shown := map[string]bool{}
	for turn := 0; len(shown) < min(n, len(prompts)); turn++ {
		for _, p := range parts {
			if turn < len(byPart[p]) && len(shown) < n {
				shown[byPart[p][turn].Prompt] = true
			}
		}
	}
	return shown
}

// lot is a prompt's place in a draw.
func lot(prompt string) string {
	sum := sha256.Sum256([]byte(prompt))
	return string(sum[:])
}
