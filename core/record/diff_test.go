package record

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var anyParts = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) KeyPart {
	return KeyPart{
		Name:  rapid.SampledFrom([]string{"input", "seed", "config"}).Draw(t, "name"),
		Value: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value"),
	}
}), 0, 5)

func TestDiffIsEmptyExactlyForEqualKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := anyParts.Draw(t, "old"), anyParts.Draw(t, "new")
		changes := Diff(old, new)
		if (len(changes) == 0) != (KeyOf(old) == KeyOf(new)) {
			t.Fatalf("Diff(%v, %v) = %v", old, new, changes)
		}
	})
}

func TestDiff(t *testing.T) {
	old := []KeyPart{{Name: "stage", Value: "tune 1"}, {Name: "input images", Value: "aa"}, {Name: "input images", Value: "bb"}, {Name: "dtype", Value: "f32"}}
	new := []KeyPart{{Name: "stage", Value: "tune 2"}, {Name: "input images", Value: "aa"}, {Name: "input images", Value: "cc"}, {Name: "input images", Value: "dd"}}
	want := []Change{
		{Kind: Changed, Name: "stage", Old: "tune 1", New: "tune 2"},
		{Kind: Changed, Name: "input images", Old: "bb", New: "cc"},
		{Kind: Added, Name: "input images", New: "dd"},
		{Kind: Removed, Name: "dtype", Old: "f32"},
	}
	if got := Diff(old, new); !slices.Equal(got, want) {
		t.Errorf("Diff = %v\nwant   %v", got, want)
	}
	moved := []KeyPart{old[3], old[0], old[1], old[2]}
	if got := Diff(old, moved); len(got) != 1 || got[0].Kind != Moved || got[0].Name != "dtype" {
		t.Errorf("Diff of another order = %v", got)
	}
}
