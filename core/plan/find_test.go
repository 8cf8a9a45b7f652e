package plan

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	a, b := experiment(1), experiment(1)
	b.Rewards[1].Config = json.RawMessage(`{"weight":2}`)
	p := build(t, Source{Name: "weight=0.5", Spec: a}, Source{Name: "weight=2", Spec: b})
	for name, want := range map[string][]string{
		"rate/human":             {"rate/human"},
		"rate/h":                 {"rate/human"},                                           // the only one that begins so
		"fit/with_aux":           {"fit/with_aux [weight=0.5]", "fit/with_aux [weight=2]"}, // one name, two variants
		"fit/":                   {"fit/with_aux [weight=0.5]", "fit/with_aux [weight=2]"},
		"rate/human [weight=2]":  {"rate/human"}, // the variant has it, with all others
		"fit/with_aux [weight=2": {"fit/with_aux [weight=2]"},
	} {
		var got []string
		found, err := p.Find(name)
		for _, node := range found {
			got = append(got, node.Label)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Find(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"sample/main": `"sample/main" begins the names of`,
		"tune/ful1":   `no stage is called "tune/ful1". Did you mean "tune/full"?`,
		"with_aux":    "Did you mean one of these?",
		"zzzzzzzz":    "`plumb plan` lists all",
		"":            "`plumb plan` lists all",
	} {
		found, err := p.Find(name)
		var missed *NotFound
		if found != nil || !errors.As(err, &missed) || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q) = %v, %v", name, found, err)
		}
	}
}
