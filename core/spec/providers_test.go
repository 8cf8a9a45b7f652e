package spec

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
)

// several is a catalog in which more than one plugin has a reward.
type several struct {
	fakeCatalog
	plugins []string // that have the reward beauty; the first of them is built in, if it is called so
}

func (s several) Providers(kind, name string) []Identity {
	plugin, component, qualified := strings.Cut(name, "/")
	if !qualified {
		component = name
	}
	if kind != "reward" || component != "beauty" {
		return s.fakeCatalog.Providers(kind, name)
	}
	var all []Identity
	for i, one := range s.plugins {
		if qualified && one != plugin {
			continue
		}
		identity := Identity{Plugin: one, Component: s.fakeCatalog["reward"]["clip_score"]}
		if one != Builtin {
			identity.SHA256, identity.Range = "00", diag.Range{File: "x.hcl", Start: diag.Position{Line: 10 + i}}
		}
		all = append(all, identity)
	}
	return all
}

func (s several) Component(kind, name string) (Identity, bool) {
	all := s.Providers(kind, name)
	if len(all) == 1 || len(all) > 1 && all[0].Builtin() {
		return all[0], true
	}
	return Identity{}, false
}

// TestNamesQualifiedByPlugin: a component that several plugins have is named with its
// plugin; both places are told of one that is not.
func TestNamesQualifiedByPlugin(t *testing.T) {
	text := func(reward string) string {
		return `experiment "x" {}
plugin "a" { source = "./a" }
plugin "b" { source = "./b" }
encoder "shapes_clip" "clip" {}
reward "` + reward + `" "mine" { encoder = encoder.clip }
`
	}
	for name, test := range map[string]struct {
		plugins          []string
		reward, provided string // provided: what the catalog is asked for; empty: a mistake
		words            []string
	}{
		"one":               {[]string{"a"}, "beauty", "a/beauty", nil},
		"qualified":         {[]string{"a", "b"}, "b/beauty", "b/beauty", nil},
		"built in, named":   {[]string{Builtin, "a"}, "builtin/beauty", "beauty", nil},
		"beside a built-in": {[]string{Builtin, "a"}, "a/beauty", "a/beauty", nil},
		"two":               {[]string{"a", "b"}, "beauty", "", []string{"Several plugins have this component", `plugin "a" (line 10) and plugin "b" (line 11)`, `reward "a/beauty" "mine" or reward "b/beauty" "mine"`}},
		"a built-in, too":   {[]string{Builtin, "a"}, "beauty", "", []string{`Plumb itself and plugin "a" (line 11)`, `reward "builtin/beauty" "mine"`}},
		"nobody's":          {[]string{"a"}, "c/beauty", "", []string{`No plugin block is called "c"`}},
		"another's":         {[]string{"a"}, "b/beauty", "", []string{`The plugin "b" has no reward`}},
		"a typo":            {[]string{"a"}, "a/beuty", "", []string{`Did you mean "beauty"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, text(test.reward))
			loaded, found := Load(t.Context(), path, Options{Catalog: several{catalog, test.plugins}})
			if test.provided == "" {
				for _, word := range test.words {
					if !strings.Contains(found.Error(), word) {
						t.Errorf("%v\ndoes not say %q", found, word)
					}
				}
				return
			}
			if found.HasErrors() {
				t.Fatal(found)
			}
			if got := loaded.Rewards[0]; got.Provided() != test.provided || got.Component != "beauty" || !slices.Contains(test.plugins, got.Plugin) {
				t.Errorf("it is %q of %q", got.Provided(), got.Plugin)
			}
		})
	}
}
