package conditioning

import (
	"slices"
	"testing"
)

func TestUnpack(t *testing.T) {
	shapes := Shapes{"time_ids": {6}, Context: {77, 768}, "pooled": {1280}}
	if names := shapes.Names(); !slices.Equal(names, []string{Context, "pooled", "time_ids"}) {
		t.Errorf("names %v", names)
	}
	unpacked := Unpack(shapes, []int{1, 2, 3, 7})
	if len(unpacked) != 3 || unpacked["time_ids"] != 3 || unpacked[Context] != 1 || unpacked["pooled"] != 2 {
		t.Errorf("unpacked %v", unpacked)
	}
	if got := shapes.String(); got != "context [77 768], pooled [1280], time_ids [6]" {
		t.Errorf("written %q", got)
	}
}

func TestTakes(t *testing.T) {
	want := Shapes{Context: {0, 768}}
	for _, test := range []struct {
		shapes       Shapes
		takes, equal bool
	}{
		{Shapes{Context: {77, 768}}, true, false},
		{Shapes{Context: {0, 768}}, true, true},
		{Shapes{Context: {77, 1024}}, false, false},
		{Shapes{Context: {768}}, false, false},
		{Shapes{"pooled": {77, 768}}, false, false},
		{Shapes{Context: {77, 768}, "pooled": {768}}, false, false},
		{nil, false, false},
	} {
		if Takes(want, test.shapes) != test.takes || Equal(want, test.shapes) != test.equal {
			t.Errorf("%v: %v, %v", test.shapes, Takes(want, test.shapes), Equal(want, test.shapes))
		}
	}
}
