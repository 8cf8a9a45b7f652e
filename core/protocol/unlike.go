package protocol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Weight is what a difference between two protocols does to a comparison.
type Weight string

// The weights.
const (
	// Refuse: the numbers are of different things, and are not shown side by side.
	Refuse Weight = "refuse"
	// Unpaired: the numbers may stand side by side, but their images do not belong
	// together one by one, and no paired test is made.
	Unpaired Weight = "unpaired"
	// Remark: a reader has to know it; the numbers are compared.
	Remark Weight = "remark"
)

// Difference is something that two protocols do not have in common.
type Difference struct {
	Name   string `json:"name"` // such as "image size"
	First  string `json:"first"`
	Second string `json:"second"`
	Weight Weight `json:"weight"`
}

// String reads "image size: 512 x 512 against 64 x 64".
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s against %s", d.Name, cmp.Or(d.First, notRecorded), cmp.Or(d.Second, notRecorded))
}

const notRecorded = "not recorded"

// Unlike lists what two protocols do not have in common. What one of them does not
// record is a remark: nobody knows whether it differs.
func Unlike(first, second Protocol) []Difference {
	var all []Difference
	differ := func(name, a, b string, weight Weight) {
		if a == b {
			return
		}
		if (a == "" || b == "") && weight == Refuse {
			weight = Remark
		}
		all = append(all, Difference{name, a, b, weight})
	}
	differ("metric version", first.Metric, second.Metric, Refuse)
	unlikeImages("", first.Images, second.Images, differ)
	a, b := first.Reference, second.Reference
	switch {
	case a == nil && b == nil:
	case a == nil || b == nil:
		all = append(all, Difference{"reference", given(a != nil), given(b != nil), Refuse})
	default:
		unlikeImages("reference ", *a, *b, differ)
		if len(all) == 0 || !slices.ContainsFunc(all, func(d Difference) bool { return strings.HasPrefix(d.Name, "reference ") }) {
			differ("reference images", sha(a.Content), sha(b.Content), Refuse)
		}
	}
	paired := 0
	for _, one := range first.Instruments {
		at := slices.IndexFunc(second.Instruments, func(other Instrument) bool { return other.Kind == one.Kind && other.Name == one.Name })
		if at < 0 {
			at = slices.IndexFunc(second.Instruments, func(other Instrument) bool { return other.Kind == one.Kind })
		}
		if at < 0 {
			all = append(all, Difference{one.Kind, one.Name, "none", Refuse})
			continue
		}
		paired++
		unlikeInstruments(one, second.Instruments[at], differ)
	}
	if paired < len(second.Instruments) {
		for _, other := range second.Instruments {
			if !slices.ContainsFunc(first.Instruments, func(one Instrument) bool { return one.Kind == other.Kind }) {
				all = append(all, Difference{other.Kind, "none", other.Name, Refuse})
			}
		}
	}
	return all
}

func given(is bool) string {
	if is {
		return "given"
	}
	return "none"
}

func unlikeImages(of string, a, b ImageSet, differ func(name, a, b string, weight Weight)) {
	if a.PromptsID != b.PromptsID {
		differ(of+"prompts", prompts(a), prompts(b), Refuse)
	}
	differ(of+"images (n)", number(a.Images), number(b.Images), Refuse)
	differ(of+"images of each prompt", number(a.PerPrompt), number(b.PerPrompt), Refuse)
	differ(of+"image size", a.Size, b.Size, Refuse)
	if a.Resizing != b.Resizing {
		differ(of+"resizing", cmp.Or(a.Resizing, "none"), cmp.Or(b.Resizing, "none"), Refuse)
	}
	if a.Seeds != b.Seeds {
		differ(of+"seeds", cmp.Or(a.Seeds, "none"), cmp.Or(b.Seeds, "none"), Unpaired)
	}
}

func prompts(s ImageSet) string {
	if s.PromptsID == "" {
		return ""
	}
	return fmt.Sprintf("%d (%s)", s.Prompts, Short(s.PromptsID))
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func unlikeInstruments(a, b Instrument, differ func(name, a, b string, weight Weight)) {
	kind := a.Kind + " "
	differ(a.Kind, a.Component, b.Component, Refuse)
	if !slices.Equal(a.Weights, b.Weights) {
		differ(kind+"weights", weights(a), weights(b), Refuse)
	} else if a.Component == b.Component {
		differ(kind+"settings", a.Settings, b.Settings, Refuse)
	}
	if a.Resizing != b.Resizing {
		differ(kind+"resizing", a.Resizing, b.Resizing, Refuse)
	}
	differ(kind+"number", a.Raters, b.Raters, Refuse)
	differ(kind+"arithmetic", a.DType, b.DType, Refuse)
	differ(kind+"backend", a.Backend, b.Backend, Remark)
	differ(kind+"compiler", a.Compiler, b.Compiler, Remark)
}

func weights(i Instrument) string {
	var all []string
	for _, one := range i.Weights {
		kind, hex, _ := strings.Cut(one, " ")
		all = append(all, kind+" "+Short(hex))
	}
	return cmp.Or(strings.Join(all, ", "), "the component's own")
}

func sha(digest string) string {
	if digest == "" {
		return ""
	}
	return "sha256 " + Short(digest)
}

// Worst is the gravest weight of some differences; empty if there are none.
func Worst(differences []Difference) Weight {
	for _, weight := range []Weight{Refuse, Unpaired, Remark} {
		if slices.ContainsFunc(differences, func(d Difference) bool { return d.Weight == weight }) {
			return weight
		}
	}
	return ""
}
