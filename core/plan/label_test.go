package plan

import (
	"slices"
	"testing"
)

func TestLabels(t *testing.T) {
	node := func(name string, variants ...string) *Node { return &Node{Name: name, Variants: variants} }
	p := &Plan{Nodes: []*Node{
		node("sample/shared", "rate=1,seed=1", "rate=2,seed=1", "rate=1,seed=2", "rate=2,seed=2"),
		node("sample/base", "rate=1,seed=1", "rate=2,seed=1"),
		node("sample/base", "rate=1,seed=2", "rate=2,seed=2"),
		node("tune/full", "rate=1,seed=1"),
		node("tune/full", "rate=2,seed=1"),
		node("tune/full", "rate=1,seed=2"),
		node("tune/full", "rate=2,seed=2"),
		node("fit/one", "rate=1,seed=1", "rate=2,seed=1", "rate=1,seed=2"), // no value in common
		node("fit/one", "rate=2,seed=2"),
		node("fit/words", `words=["a,b",2],seed=1`),
		node("fit/words", `words=["a,c",2],seed=1`),
	}}
	p.label()
	want := []string{
		"sample/shared",
		"sample/base [seed=1]", "sample/base [seed=2]",
		"tune/full [rate=1,seed=1]", "tune/full [rate=2,seed=1]", "tune/full [rate=1,seed=2]", "tune/full [rate=2,seed=2]",
		"fit/one [rate=1,seed=1 +2]", "fit/one [rate=2,seed=2]",
		`fit/words [words=["a,b",2]]`, `fit/words [words=["a,c",2]]`,
	}
	var got []string
	for _, n := range p.Nodes {
		got = append(got, n.Label)
	}
	if !slices.Equal(got, want) {
		t.Errorf("labels\n%q\nwant\n%q", got, want)
	}
}
