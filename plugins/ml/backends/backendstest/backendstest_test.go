package backendstest

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// TestSelected: what is named must open, and nothing else is tested.
func TestSelected(t *testing.T) {
	for list, want := range map[string]struct {
		open  []string
		wrong string
	}{
		"go":           {[]string{"go"}, ""},
		"go,xla:maybe": {[]string{"go"}, Variable + " names xla:maybe"},
		"gone":         {nil, Variable + " names gone"},
	} {
		t.Setenv(Variable, list)
		open, err := selected()
		if !slices.Equal(open, want.open) || (err == nil) != (want.wrong == "") || err != nil && !strings.Contains(err.Error(), want.wrong) {
			t.Errorf("%s: %q, %v", list, open, err)
		}
	}
}

// TestOnly: a test that is about one backend runs where that is named, and where none
// is.
func TestOnly(t *testing.T) {
	for list, want := range map[string]bool{"": true, "go": true, "xla:cpu,go": true, "xla:cpu": false} {
		t.Setenv(Variable, list)
		ran := false
		t.Run(list, func(t *testing.T) {
			Only(t, backends.Go)
			ran = true
		})
		if ran != want {
			t.Errorf("%s = %q: a test of go runs: %v", Variable, list, ran)
		}
	}
}

// TestEach names its subtests after the backends.
func TestEach(t *testing.T) {
	t.Setenv(Variable, "go")
	var names []string
	Each(t, func(t *testing.T, backend string) { names = append(names, backend, t.Name()) })
	if want := []string{"go", "TestEach/go"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// TestLong: on go nothing takes long.
func TestLong(t *testing.T) {
	defer func(was string) { current = was }(current)
	for _, test := range []struct {
		backend, set string
		long         bool
	}{{backends.Go, "", true}, {backends.XLACPU, "", false}, {backends.XLACPU, "1", true}} {
		current = test.backend
		t.Setenv(LongVariable, test.set)
		if Long() != test.long {
			t.Errorf("on %s with %s=%s: %v", test.backend, LongVariable, test.set, Long())
		}
	}
}
