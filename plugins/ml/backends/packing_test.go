package backends

import (
	"testing"
)

// TestWithoutPacking: XNNPACK is off unless the user says otherwise, and where it may
// be on nothing is overwritten in place.
func TestWithoutPacking(t *testing.T) {
	knows, old := Library{Flags: ourFlags}, Library{}
	for name, test := range map[string]struct {
		library   Library
		variables map[string]string
		flags     string
		inPlace   bool
	}{
		"by itself":        {knows, nil, "--xla_cpu_use_xnnpack=false", true},
		"beside others":    {knows, map[string]string{flagsVariable: " --xla_dump_to=x "}, "--xla_dump_to=x  --xla_cpu_use_xnnpack=false", true},
		"again":            {knows, map[string]string{flagsVariable: "--xla_cpu_use_xnnpack=false"}, "--xla_cpu_use_xnnpack=false", true},
		"the user's word":  {knows, map[string]string{flagsVariable: "--xla_cpu_use_xnnpack=true"}, "--xla_cpu_use_xnnpack=true", false},
		"no such flag":     {old, nil, "", false},
		"a file of flags":  {knows, map[string]string{flagsVariable: "flags.txt"}, "flags.txt", false},
		"options in whole": {knows, map[string]string{debugVariable: "x"}, "", false},
	} {
		t.Setenv(flagsVariable, test.variables[flagsVariable])
		flags, inPlace, err := withoutPacking(test.library, func(name string) string { return test.variables[name] })
		if err != nil || flags != test.flags || inPlace != test.inPlace {
			t.Errorf("%s: %q, in place %v, %v", name, flags, inPlace, err)
		}
	}
}
