package sdk

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	open := func(context.Context, OpenRequest) (any, error) { return nil, nil }
	fine := Component{Description: Description{Kind: KindReward, Name: "r"}, Open: open}
	unopened, odd := fine, fine
	unopened.Open = nil
	odd.Capabilities = []Capability{CapabilityTune}
	promising, silent := fine, fine
	promising.Capabilities = []Capability{CapabilityCheckPrompts}
	silent.CheckPrompts = func(context.Context, CheckPromptsRequest) (PromptFindings, error) { return PromptFindings{}, nil }
	for name, test := range map[string]struct {
		plugin Plugin
		want   string // a part of the one mistake; empty: none
	}{
		"fine":        {Plugin{Name: "p", Components: []Component{fine}}, ""},
		"no name":     {Plugin{Components: []Component{fine}}, "the plugin has no name"},
		"no open":     {Plugin{Name: "p", Components: []Component{unopened}}, `reward "r" has no Open`},
		"twice":       {Plugin{Name: "p", Components: []Component{fine, fine}}, `reward "r" is listed twice`},
		"promise":     {Plugin{Name: "p", Components: []Component{promising}}, `reward "r" declares the capability "check_prompts" and has no CheckPrompts`},
		"silent":      {Plugin{Name: "p", Components: []Component{silent}}, `reward "r" has CheckPrompts and does not declare the capability "check_prompts"`},
		"description": {Plugin{Name: "p", Components: []Component{odd}}, `reward "r" cannot have the capability "tune"`},
	} {
		mistakes := test.plugin.Validate()
		switch {
		case test.want == "" && len(mistakes) > 0:
			t.Errorf("%s: %v", name, mistakes)
		case test.want != "" && (len(mistakes) != 1 || !strings.Contains(mistakes[0].Summary, test.want)):
			t.Errorf("%s: got %v, want one mistake with %q", name, mistakes, test.want)
		}
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
		got := DiagnosticsOf(test.err)
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
	text := startedByHand(Plugin{Name: "redness", Version: "1.2", Components: []Component{{Description: Description{Kind: KindReward, Name: "redness", Summary: "How red."}}}}, "./bin/redness")
	for _, want := range []string{`Plumb plugin "redness"`, `source = "./bin/redness"`, "How red."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
