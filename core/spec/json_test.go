package spec

import (
	"math"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// Numbers of a configuration are in their shortest form, and exact.
func TestCanonicalNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "1.0": "1", "0.10": "0.1", "1e-8": "1e-8", "-0.0": "0", "1e20": "100000000000000000000",
		"9007199254740993": "9007199254740993", "18446744073709551615": "18446744073709551615", "1e300": "1e+300",
	} {
		value, err := decodeJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := canonicalJSON(value)
		if err != nil || string(got) != want {
			t.Errorf("%s becomes %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	huge, err := cty.ParseNumberVal("1e999999")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]cty.Value{
		"unknown":   cty.UnknownVal(cty.String),
		"reference": cty.CapsuleVal(referenceType, &reference{}),
		"too large": cty.ListVal([]cty.Value{huge}),
	} {
		if got, err := JSON(value); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if _, err := fromJSON(math.NaN()); err == nil {
		t.Error("NaN is JSON")
	}
}
