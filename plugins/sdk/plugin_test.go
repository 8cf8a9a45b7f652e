package sdk

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	open := func(context.Context, OpenRequest) (any, error) { return nil, nil }
	zero, one := 0.0, 1.0
	attribute := func(a Attribute) Component {
		return Component{Kind: KindReward, Name: "r", Open: open, Schema: Schema{Attributes: []Attribute{a}}}
	}
	for name, test := range map[string]struct {
		component Component
		want      string // a part of the one mistake; empty: none
	}{
		"fine":                {attribute(Attribute{Name: "a", Type: TypeNumber, Default: json.RawMessage("0.5"), Minimum: &zero, Maximum: &one}), ""},
		"list":                {attribute(Attribute{Name: "a", Type: TypeStringList, Default: json.RawMessage(`["x"]`), OneOf: []string{"x", "y"}}), ""},
		"unknown kind":        {Component{Kind: "oracle", Name: "o", Open: open}, "unknown kind"},
		"no open":             {Component{Kind: KindReward, Name: "r"}, "has no Open"},
		"capability":          {Component{Kind: KindReward, Name: "r", Open: open, Capabilities: []Capability{CapabilityTune}}, "cannot have the capability"},
		"prepare":             {Component{Kind: KindEncoder, Name: "e", Open: open, Capabilities: []Capability{CapabilityPrepare}}, "cannot have the capability"},
		"losses":              {Component{Kind: KindReward, Name: "r", Open: open, Losses: map[string]Schema{"l": {}}}, "losses without"},
		"type":                {attribute(Attribute{Name: "a", Type: "float"}), `"float" is not a type`},
		"default's type":      {attribute(Attribute{Name: "a", Type: TypeNumber, Default: json.RawMessage(`"x"`)}), "is not a number"},
		"default too large":   {attribute(Attribute{Name: "a", Type: TypeNumber, Default: json.RawMessage("2"), Maximum: &one}), "above 1"},
		"default not integer": {attribute(Attribute{Name: "a", Type: TypeInteger, Default: json.RawMessage("0.5")}), "not an integer"},
		"default not one of":  {attribute(Attribute{Name: "a", Type: TypeString, Default: json.RawMessage(`"z"`), OneOf: []string{"x"}}), "not one of"},
		"default not JSON":    {attribute(Attribute{Name: "a", Type: TypeString, Default: json.RawMessage(`z`)}), "not JSON"},
		"required default":    {attribute(Attribute{Name: "a", Type: TypeBool, Required: true, Default: json.RawMessage("true")}), "required"},
		"bounds":              {attribute(Attribute{Name: "a", Type: TypeNumber, Minimum: &one, Maximum: &zero}), "minimum is above"},
		"hub":                 {attribute(Attribute{Name: "a", Type: TypeString, Hub: []string{"config.json"}}), "hub"},
		"path":                {attribute(Attribute{Name: "a", Type: TypeNumber, Path: true}), "path"},
		"nested": {Component{Kind: KindReward, Name: "r", Open: open, Schema: Schema{Blocks: []Block{{Type: "b", Body: Schema{
			Attributes: []Attribute{{Name: "a", Type: TypeBool}, {Name: "a", Type: TypeBool}}}}}}}, "block b: a is declared twice"},
	} {
		mistakes := Plugin{Name: "p", Components: []Component{test.component}}.Validate()
		switch {
		case test.want == "" && len(mistakes) > 0:
			t.Errorf("%s: %v", name, mistakes)
		case test.want != "" && (len(mistakes) != 1 || !strings.Contains(mistakes[0].Summary, test.want)):
			t.Errorf("%s: got %v, want one mistake with %q", name, mistakes, test.want)
		}
	}

	twice := Component{Kind: KindReward, Name: "r", Open: open}
	if mistakes := (Plugin{Name: "p", Components: []Component{twice, twice}}).Validate(); len(mistakes) != 1 {
		t.Errorf("a component listed twice gives %v", mistakes)
	}
}

func TestDiagnosticsOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Diagnostics
	}{
		{Diagnostic{Summary: "s", Detail: "d"}, Diagnostics{{Summary: "s", Detail: "d"}}},
		{Errorf("weights of %d", 3), Diagnostics{{Severity: SeverityError, Summary: "weights of 3"}}},
		{Diagnostics{{Summary: "a"}, {Summary: "b"}}, Diagnostics{{Summary: "a"}, {Summary: "b"}}},
		{json.Unmarshal([]byte("{"), new(int)), Diagnostics{{Severity: SeverityError, Summary: "unexpected end of JSON input"}}},
	} {
		got := diagnosticsOf(test.err)
		if len(got) != len(test.want) {
			t.Errorf("%v gives %v, want %v", test.err, got, test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%v gives %v, want %v", test.err, got, test.want)
			}
		}
	}
}

func TestStartedByHand(t *testing.T) {
	text := startedByHand(Plugin{Name: "redness", Version: "1.2", Components: []Component{{Kind: KindReward, Name: "redness", Summary: "How red."}}}, "./bin/redness")
	for _, want := range []string{`Plumb plugin "redness"`, `source = "./bin/redness"`, "How red."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
