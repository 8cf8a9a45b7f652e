package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
)

func TestExitCodes(t *testing.T) {
	runs := t.TempDir()
	for _, call := range []struct {
		args []string
		want int
	}{
		{[]string{"version"}, exitOK},
		{[]string{"rum"}, exitUsage},
		{[]string{"run"}, exitUsage},
		{[]string{"validate", filepath.Join(runs, "absent.hcl")}, exitUsage},
		{[]string{"validate", "-var", "steps=many", "testdata/tiny.hcl"}, exitUsage},
		{[]string{"fmt", "-check", "testdata/tiny.hcl"}, exitOK},
		{[]string{"plugin-backend", "xla:cuda"}, exitFailed},
	} {
		var out, errOut bytes.Buffer
		if got := execute(append(call.args, "-runs", runs), &out, &errOut, tinyHouse()); got != call.want {
			t.Errorf("plumb %q exits with %d, want %d\n%s%s", call.args, got, call.want, out.String(), errOut.String())
		}
	}
}

func TestLongFlagsStandBehindOneDash(t *testing.T) {
	got := longFlags([]string{"run", "-var", "x=-1", "-w", "--json", "-check=true", "x=-y", "-", "--", "-var"})
	want := []string{"run", "--var", "x=-1", "-w", "--json", "--check=true", "x=-y", "-", "--", "-var"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTextFitsItsPlace(t *testing.T) {
	for _, s := range []struct {
		seconds float64
		want    string
	}{{0.01, "<0.1s"}, {3.14, "3.1s"}, {59.4, "59s"}, {59.7, "1m00s"}, {3599.9, "1h00m"}, {5400, "1h30m"}, {1e6, "12d"}} {
		if got := seconds(s.seconds); got != s.want {
			t.Errorf("%g seconds: %q, want %q", s.seconds, got, s.want)
		}
	}
	if got := fit("sample/main/base", 9); got != "samp…base" {
		t.Errorf("fit: %q", got)
	}
	if got := indent("one two,three,four,five,six seven", 2, 22); got != "one two,three,four,\n  five,six seven" {
		t.Errorf("indent: %q", got)
	}
}
