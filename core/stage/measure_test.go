package stage

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// labelTable writes labels of images of two prompts; good says how many of
// each prompt's images are.
func labelTable(t *testing.T, images, good int) string {
	t.Helper()
	var labels []table.Label
	for prompt := range 2 {
		for image := range images {
			for _, rater := range []string{"1", "2", "3"} {
				label := "bad"
				if image < good {
					label = "good"
				}
				labels = append(labels, table.Label{
					ImageID: fmt.Sprintf("color/%04d/%03d", prompt, image), Prompt: fmt.Sprint("prompt ", prompt),
					Category: "color", Split: "seen", Rater: rater, Label: label,
				})
			}
		}
	}
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := table.WriteAll(path, labels); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMeasureAlignment(t *testing.T) {
	b := newBench(t)
	node := &plan.Node{Name: "measure/main/alignment/full", Kind: record.KindMeasure,
		Work: &plan.AlignmentWork{Subject: "full", Baseline: "base", Rater: "crowd"}}
	result := b.run(node, tile{}, map[string]string{
		plan.Labels: labelTable(t, 4, 3), "baseline labels": labelTable(t, 4, 1),
	})
	found := map[string]float64{}
	for _, m := range result.Metrics {
		if m.Category == "" && m.Split == "" && m.Value != nil && m.Subject == "full" {
			found[m.Name] = *m.Value
		}
	}
	if found["good_share"] != 0.75 || found["win_share"] != 1 {
		t.Errorf("got %v", found)
	}
	if values := rows[dataset.PromptValue](b, result.Outputs[plan.Values]); len(values) == 0 {
		t.Error("no per-prompt values")
	}
}
