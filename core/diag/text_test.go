package diag

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// find returns the range of the needle's first occurrence.
func find(file, text, needle string) Range {
	start := strings.Index(text, needle)
	lineStart := strings.LastIndex(text[:start], "\n") + 1
	line := strings.Count(text[:start], "\n") + 1
	return Range{
		File:  file,
		Start: Position{Line: line, Column: start - lineStart + 1, Byte: start},
		End:   Position{Line: line, Column: start - lineStart + 1 + len(needle), Byte: start + len(needle)},
	}
}

func text(t *testing.T, list List, options TextOptions) string {
	t.Helper()
	var buffer bytes.Buffer
	if err := WriteText(&buffer, list, options); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func TestWriteText(t *testing.T) {
	source := "labels \"human\" {\n  images = images.labelled\n\trater  = rater.crowed\n}\n"
	list := List{{
		Summary: "Unknown rater",
		Detail:  "There is no rater \"crowed\". Did you mean \"crowd\"?\n  rater = rater.crowd and a line that is not wrapped",
		Subject: find("x.hcl", source, "rater.crowed"),
	}, {
		Severity: Warning,
		Summary:  "Nothing to do",
	}}
	block := func(file string, content []byte, offset int) string {
		if file != "x.hcl" || string(content) != source || offset != strings.Index(source, "rater.crowed") {
			t.Errorf("asked for the block in %s at %d", file, offset)
		}
		return `labels "human"`
	}
	got := text(t, list, TextOptions{Width: 30, Sources: Sources{"x.hcl": []byte(source)}, Block: block})
	want := `Error: Unknown rater

  on x.hcl line 3, in labels "human":
   3: 	rater  = rater.crowed
      	         ^^^^^^^^^^^^

There is no rater "crowed".
Did you mean "crowd"?
  rater = rater.crowd and a line that is not wrapped

Warning: Nothing to do

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("text differs (-want +got):\n%s", diff)
	}
}

func TestWriteTextColor(t *testing.T) {
	source := "a = b\n"
	got := text(t, List{{Summary: "Wrong", Subject: find("x.hcl", source, "b")}},
		TextOptions{Color: true, Sources: Sources{"x.hcl": []byte(source)}})
	want := "\x1b[1;31mError: \x1b[0m\x1b[1mWrong\x1b[0m\n\n  on x.hcl line 1:\n   1: a = \x1b[1mb\x1b[0m\n          \x1b[1;31m^\x1b[0m\n\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A subject that the source does not hold (the file changed meanwhile, or is
// gone) costs the quotation, not the diagnostic.
func TestWriteTextWithoutSource(t *testing.T) {
	subject := Range{File: "gone.hcl", Start: Position{Line: 9, Byte: 900}, End: Position{Line: 9, Byte: 901}}
	want := "Error: Wrong\n\n  on gone.hcl line 9\n\n"
	for _, sources := range []Sources{nil, {"gone.hcl": []byte("a = 1\n")}} {
		if got := text(t, List{{Summary: "Wrong", Subject: subject}}, TextOptions{Sources: sources}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A subject of several lines is marked to the end of its first line.
func TestWriteTextSeveralLines(t *testing.T) {
	source := "unseen = {\n  object = 1\n}\n"
	subject := find("x.hcl", source, "{")
	subject.End = Position{Line: 3, Column: 2, Byte: len(source) - 1}
	got := text(t, List{{Summary: "Wrong", Subject: subject}}, TextOptions{Sources: Sources{"x.hcl": []byte(source)}})
	if !strings.Contains(got, "   1: unseen = {\n               ^\n") {
		t.Errorf("got:\n%s", got)
	}
}

func FuzzWriteText(f *testing.F) {
	f.Add("a.hcl", "a = 1\n", 0, 3)
	f.Add("a.hcl.json", `{"a": {"b": 1}}`, 8, 90)
	f.Add("", "ü\tü", -1, -5)
	f.Fuzz(func(t *testing.T, file, source string, start, end int) {
		subject := Range{File: file, Start: Position{Line: 1, Byte: start}, End: Position{Line: 1, Byte: end}}
		got := text(t, List{{Summary: "Wrong", Detail: source, Subject: subject}},
			TextOptions{Width: 20, Sources: Sources{file: []byte(source)}})
		if !strings.HasPrefix(got, "Error: Wrong\n") {
			t.Errorf("got %q", got)
		}
	})
}

// What stands in files is shown, and does nothing: escape sequences, a change of
// direction, a field of megabytes.
func TestWriteTextOfStrangers(t *testing.T) {
	source := "  label = \"\x1b[2J\u202egood\" # \x1b]0;title\x07\n"
	list := List{{
		Summary: "Wrong \x1b[31mlabel",
		Detail:  "This is \"" + strings.Repeat("x", 10_000_000) + strings.Repeat("y ", 5_000_000) + "\x1b[0m\". Write good or bad.",
		Subject: Range{File: "a\x1b[1m.hcl", Start: Position{Line: 1, Column: 11, Byte: 10}, End: Position{Line: 1, Column: 20, Byte: 23}},
	}}
	var buffer bytes.Buffer
	options := TextOptions{Width: 60, Sources: Sources{"a\x1b[1m.hcl": []byte(source)}, Block: func(string, []byte, int) string { return "labels \"\u202e\"" }}
	if err := WriteText(&buffer, list, options); err != nil {
		t.Fatal(err)
	}
	got := buffer.String()
	if strings.ContainsAny(got, "\x1b\x07\u202e") || len(got) > 5000 {
		t.Errorf("%d bytes: %.3000q", len(got), got)
	}
	for _, want := range []string{`a\u001b[1m.hcl line 1`, `label = "\u001b[2J\u202egood" # \u001b]0;title\u0007`, "or bad.", "20.0 MB left", `Wrong \u001b[31mlabel`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %.3000s", want, got)
		}
	}
	buffer.Reset()
	if err := WriteJSON(&buffer, list); err != nil || buffer.Len() > 20_000 {
		t.Errorf("JSON of %d bytes, %v", buffer.Len(), err)
	}
}
