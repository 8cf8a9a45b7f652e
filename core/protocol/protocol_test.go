package protocol

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
)

// stages are the records behind the FID and the good share of a model.
func stages() (all []*record.Record, fidelity, alignment *record.Record) {
	in := func(role, digest string) record.KeyPart {
		return record.KeyPart{Name: "input " + role, Value: digest, Input: true}
	}
	sample := func(subject, content, seed string) *record.Record {
		return &record.Record{
			Stage: record.Stage{Kind: record.KindSample, Subject: subject},
			KeyParts: []record.KeyPart{{Name: "stage", Value: "sample 2"},
				{Name: "config", Value: `{"per_prompt":4,"prompts":[{"text":"a"},{"text":"b"}]}`}, {Name: "seed", Value: seed}},
			Outputs: map[string]record.Output{"images": {Digest: content, Rows: 8, Size: "64 x 64"}},
		}
	}
	encode := func(images, features string) *record.Record {
		return &record.Record{
			Stage: record.Stage{Kind: record.KindEncode}, Component: "clip", Resizing: "bicubic",
			KeyParts: []record.KeyPart{{Name: "stage", Value: "encode 2"}, {Name: "config", Value: `{"texts":true}`},
				{Name: "encoder", Value: "builtin clip version 4"}, {Name: "encoder config", Value: `{"weights":"sha256:abcdef0123456789"}`},
				in("images", images), {Name: "dtype", Value: "float32"}, {Name: "compute", Value: "go cpu"}},
			Outputs: map[string]record.Output{"features": {Digest: features, Rows: 8}},
		}
	}
	rate := &record.Record{
		Stage: record.Stage{Kind: record.KindRate, Subject: "tuned"}, Component: "eyes",
		KeyParts: []record.KeyPart{{Name: "stage", Value: "rate 2"}, {Name: "rater", Value: "builtin eyes version 1"},
			{Name: "rater config", Value: "{}"}, {Name: "rater seed", Value: "77"}, in("images", "i1"), {Name: "dtype", Value: "float32"}, {Name: "compute", Value: "go cpu"}},
		Outputs: map[string]record.Output{"labels": {Digest: "l1", Rows: 24}},
	}
	fidelity = &record.Record{
		Stage: record.Stage{Kind: record.KindMeasure, Measure: "fidelity", Subject: "tuned"},
		KeyParts: []record.KeyPart{{Name: "stage", Value: "measure 5"}, in("features", "f1"), in("images", "i1"),
			in("reference features", "f2"), in("reference images", "i2"), in("baseline features", "f3"), in("baseline images", "i3")},
	}
	alignment = &record.Record{
		Stage:    record.Stage{Kind: record.KindMeasure, Measure: "alignment", Subject: "tuned"},
		KeyParts: []record.KeyPart{{Name: "stage", Value: "measure 5"}, in("labels", "l1"), in("baseline labels", "l3")},
	}
	all = []*record.Record{nil, sample("tuned", "i1", "s1"), sample("real", "i2", "s2"), sample("base", "i3", "s1"), encode("i1", "f1"), encode("i2", "f2"), rate, fidelity, alignment}
	return all, fidelity, alignment
}

func TestProtocol(t *testing.T) {
	all, fidelity, alignment := stages()
	trace := NewTrace(all)
	p := trace.Protocol(fidelity, &record.Metric{Name: "fid", Subject: "tuned", Versus: "real", Encoder: "eye"})
	if p.Metric != "fidelity 5" || p.Images.Images != 8 || p.Images.PerPrompt != 4 || p.Images.Prompts != 2 || p.Images.Seeds != "s1" || p.Images.Size != "64 x 64" {
		t.Errorf("images: %+v", p)
	}
	if p.Reference == nil || p.Reference.Seeds != "s2" || p.Reference.Content != "i2" {
		t.Errorf("reference: %+v", p.Reference)
	}
	want := Instrument{Kind: "encoder", Name: "eye", Component: "builtin clip version 4", Weights: []string{"sha256 abcdef0123456789"},
		Settings: `{"weights":"sha256:abcdef0123456789"}`, Resizing: "bicubic", DType: "float32", Backend: "go cpu"}
	if len(p.Instruments) != 1 || !equal(p.Instruments[0], want) {
		t.Errorf("%+v instead of %+v", p.Instruments, want)
	}
	line := p.String()
	for _, words := range []string{"metric: fidelity 5", "8, 4 of each of 2 prompts", "seed s1", "64 x 64 pixels", "weights sha256 abcdef012345,", "resizing: bicubic", "float32, on go cpu"} {
		if !strings.Contains(line, words) {
			t.Errorf("no %q in %q", words, line)
		}
	}
	p = trace.Protocol(alignment, &record.Metric{Name: "good_share", Subject: "tuned", Rater: "eyes", Protocol: map[string]string{"raters": "3"}})
	if p.Reference != nil || len(p.Instruments) != 1 || p.Instruments[0].Kind != "rater" || p.Instruments[0].Raters != "3" || p.Instruments[0].Name != "eyes" || p.Images.Seeds != "s1" {
		t.Errorf("alignment: %+v", p)
	}
}

func equal(a, b Instrument) bool {
	weights := slices.Equal(a.Weights, b.Weights)
	a.Weights, b.Weights = nil, nil
	return weights && a.Kind == b.Kind && a.Name == b.Name && a.Component == b.Component && a.Settings == b.Settings && a.Resizing == b.Resizing && a.DType == b.DType && a.Backend == b.Backend
}

// TestUnlike: whatever part of a protocol is another is named, with both values and
// what follows from it.
func TestUnlike(t *testing.T) {
	for _, test := range []struct {
		name   string
		weight Weight
		change func(*Protocol)
	}{
		{"metric version", Refuse, func(p *Protocol) { p.Metric = "fidelity 6" }},
		{"prompts", Refuse, func(p *Protocol) { p.Images.PromptsID = "other" }},
		{"images (n)", Refuse, func(p *Protocol) { p.Images.Images = 9 }},
		{"images of each prompt", Refuse, func(p *Protocol) { p.Images.PerPrompt = 3 }},
		{"image size", Refuse, func(p *Protocol) { p.Images.Size = "32 x 32" }},
		{"image size", Remark, func(p *Protocol) { p.Images.Size = "" }},
		{"resizing", Refuse, func(p *Protocol) { p.Images.Resizing = "resized" }},
		{"seeds", Unpaired, func(p *Protocol) { p.Images.Seeds = "s9" }},
		{"reference", Refuse, func(p *Protocol) { p.Reference = nil }},
		{"reference images", Refuse, func(p *Protocol) { p.Reference.Content = "i9" }},
		{"reference images (n)", Refuse, func(p *Protocol) { p.Reference.Images = 9 }},
		{"encoder", Refuse, func(p *Protocol) { p.Instruments[0].Component = "builtin clip version 5" }},
		{"encoder weights", Refuse, func(p *Protocol) { p.Instruments[0].Weights = []string{"sha256 ff"} }},
		{"encoder settings", Refuse, func(p *Protocol) { p.Instruments[0].Settings = "{}" }},
		{"encoder resizing", Refuse, func(p *Protocol) { p.Instruments[0].Resizing = "bilinear" }},
		{"encoder resizing", Remark, func(p *Protocol) { p.Instruments[0].Resizing = "" }},
		{"encoder arithmetic", Refuse, func(p *Protocol) { p.Instruments[0].DType = "bfloat16" }},
		{"encoder backend", Remark, func(p *Protocol) { p.Instruments[0].Backend = "xla:cuda NVIDIA H200" }},
		{"encoder", Refuse, func(p *Protocol) { p.Instruments = nil }},
		{"rater", Refuse, func(p *Protocol) { p.Instruments = append(p.Instruments, Instrument{Kind: "rater", Name: "crowd"}) }},
	} {
		all, fidelity, _ := stages()
		m := &record.Metric{Name: "fid", Subject: "tuned", Versus: "real", Encoder: "eye"}
		first, second := NewTrace(all).Protocol(fidelity, m), NewTrace(all).Protocol(fidelity, m)
		if found := Unlike(first, second); found != nil {
			t.Fatalf("equal ones differ: %v", found)
		}
		test.change(&second)
		for _, found := range [][]Difference{Unlike(first, second), Unlike(second, first)} {
			if len(found) != 1 || found[0].Name != test.name || found[0].Weight != test.weight || Worst(found) != test.weight {
				t.Errorf("%s, %s: %v", test.name, test.weight, found)
			}
		}
	}
}
