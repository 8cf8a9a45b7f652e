package reports

import (
	"cmp"
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// pictured is one model's images in an evaluation, with what was said of them.
type pictured struct {
	title, model string
	baseline     bool
	images       record.Output
	labels       *record.Output // nil: nobody judged them
	scores       []scoredImages
	values       []record.Output // metrics by prompt
	seed         uint64          // of the variant
}

// scoredImages is a reward's numbers for a model's images.
type scoredImages struct {
	reward  string
	learned bool
	output  record.Output
}

// picturedModels finds the images that each model drew for an evaluation, of an ablation
// those under every variant's first seed, each model that no variant touches once. No
// more than most are listed, with how many there are.
func picturedModels(c across, most int) (models []pictured, count int) {
	seen := map[string]bool{} // digests
	for _, g := range c.groups {
		v := g.seeds[0]
		e, _ := c.of(v)
		for _, model := range e.models {
			found := pictured{title: model, model: model, baseline: model == e.baseline, seed: v.Seed}
			if len(c.groups) > 1 && !found.baseline {
				found.title = labelled(model, g.label)
			}
			drawn := false
			for _, s := range v.stages {
				if s.record == nil || s.Evaluation != e.name || s.Subject != model || s.Choice != record.All || s.Kind != record.KindMeasure && s.Measure != "" {
					continue
				}
				switch s.Kind {
				case record.KindSample, record.KindImport, record.KindMatch:
					found.images, drawn = s.record.Outputs["images"]
				case record.KindRate:
					if output, ok := s.record.Outputs["labels"]; ok {
						found.labels = &output
					}
				case record.KindScore, record.KindBlend:
					if output, ok := s.record.Outputs["scores"]; ok && s.Reward != "" {
						found.scores = append(found.scores, scoredImages{s.Reward, v.learned(s.Reward), output})
					}
				case record.KindMeasure:
					if output, ok := s.record.Outputs["values"]; ok && (s.Measure == string(metric.MeasureAlignment) || s.Measure == string(metric.MeasureReward)) {
						found.values = append(found.values, output)
					}
				}
			}
			if !drawn || seen[found.images.Digest] {
				continue
			}
			seen[found.images.Digest] = true
			if count++; len(models) < most {
				models = append(models, found)
			}
		}
	}
	return models, count
}

// promptPlace is a prompt of an evaluation.
type promptPlace struct{ Category, Prompt, Split string }

func comparePlaces(a, b promptPlace) int {
	return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Split, b.Split), cmp.Compare(a.Prompt, b.Prompt))
}

// imageKey is an images table's row without its image, which is most of the file.
type imageKey struct {
	ID       string `parquet:"image_id"`
	Prompt   string `parquet:"prompt,dict"`
	Category string `parquet:"category,dict"`
	Split    string `parquet:"split,dict"`
	Index    int32  `parquet:"index"`
	Seed     uint64 `parquet:"seed"`
	Slots    string `parquet:"slots,optional"` // JSON: the words that filled the template
}

func (k imageKey) place() promptPlace { return promptPlace{k.Category, k.Prompt, k.Split} }

// rowsOf reads a table of a model.
func rowsOf[T any](input Input, p pictured, output record.Output, what string, each func(T)) error {
	path, err := input.Open(output)
	if err != nil {
		return fmt.Errorf("open the %s of %s: %w", what, p.title, err)
	}
	for row, err := range table.Read[T](path) {
		if err != nil {
			return fmt.Errorf("read the %s of %s: %w", what, p.title, err)
		}
		each(row)
	}
	return nil
}
