package diag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErr(t *testing.T) {
	warnings := List{{Severity: Warning, Summary: "Odd"}}
	if err := warnings.Err(); err != nil {
		t.Errorf("warnings alone are an error: %v", err)
	}
	err := append(warnings, Diagnostic{Summary: "Wrong", Detail: "Do it right."}).Err()
	if want := "Odd\nWrong: Do it right."; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSorted(t *testing.T) {
	at := func(file string, offset int) Range { return Range{File: file, Start: Position{Byte: offset}} }
	list := List{
		{Summary: "d", Subject: at("b", 1)},
		{Summary: "c", Subject: at("a", 10)},
		{Summary: "b", Subject: at("a", 9)},
		{Summary: "b", Subject: at("a", 9)},
		{Summary: "a"},
	}
	var got []string
	for _, d := range list.Sorted() {
		got = append(got, d.Summary)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
		t.Error(diff)
	}
	if list[0].Summary != "d" {
		t.Error("Sorted changed its receiver")
	}
}
