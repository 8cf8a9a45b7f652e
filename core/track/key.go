package track

import (
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Alignment is the key of the share of good images of an item's own model: the number
// that runs are sorted by, and set against FID.
const Alignment = "alignment"

// key is what a metric is called: the bare name is the number of the item's own model
// over all prompts, "alignment.color.unseen" that of a part of them, and
// "alignment/base" that of another model. The bounds of an interval end in ".low" and
// ".high". baseline is what models are compared with where nothing else is said.
func key(m record.Metric, own, baseline string) string {
	name := m.Name
	if name == metric.GoodShare {
		name = Alignment
	}
	words := []string{name}
	bin := ""
	if m.Bin > 0 {
		bin = fmt.Sprintf("bin %d", m.Bin)
	}
	for _, word := range []string{m.Reward, m.Part, string(m.Choice), m.Perturbation, bin, m.Category, m.Split} {
		if word != "" {
			words = append(words, word)
		}
	}
	// What images of an evaluation are compared with is the same for all of them.
	if m.Versus != "" && m.VersusChoice != record.Reference && (m.Versus != baseline || m.VersusChoice != "") {
		words = append(words, "vs "+strings.TrimSpace(m.Versus+" "+string(m.VersusChoice)))
	}
	joined := strings.Join(words, ".")
	if m.Subject != "" && m.Subject != own {
		joined += "/" + m.Subject
	}
	return joined
}
