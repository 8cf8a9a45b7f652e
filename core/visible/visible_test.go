package visible

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext\nof two lines":         "plain\ttext\nof two lines",
		"\x1b[2J\x1b]0;title\x07":           `\u001b[2J\u001b]0;title\u0007`,
		"red\u202eder":                      `red\u202eder`,
		"\u2066isolated\u2069":              `\u2066isolated\u2069`,
		"\u009b2J":                          `\u009b2J`,
		"8 bits: \x9b2J":                    `8 bits: \x9b2J`,
		"back\b\rspace\x7f\x00":             `back\u0008\u000dspace\u007f\u0000`,
		"tags \U000e0041":                   `tags \udb40\udc41`,
		"a\u3000wide space, é, 猫, 👩\u200d🎨": "a\u3000wide space, é, 猫, 👩\u200d🎨",
		"\ufffd stays":                      "\ufffd stays",
		"":                                  "",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

// However what is written is cut, the same comes out.
func TestWriter(t *testing.T) {
	const text = "\x1b[1mbold\x1b[0m \x1b[31mred 猫 \u202e\x9b \x1b[1;3"
	const want = "\x1b[1mbold\x1b[0m \\u001b[31mred 猫 \\u202e\\x9b \\u001b[1;3"
	for step := 1; step <= len(text); step++ {
		var out bytes.Buffer
		w := NewWriter(&out, func() bool { return true })
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			if wrote, err := w.Write([]byte(rest[:n])); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		w.Flush()
		if out.String() != want {
			t.Errorf("in steps of %d: %q, want %q", step, out.String(), want)
		}
	}
	var out bytes.Buffer
	NewWriter(&out, nil).Write([]byte("\x1b[1mbold"))
	if got := out.String(); got != `\u001b[1mbold` {
		t.Errorf("without colours: %q", got)
	}
}

// JSON stays JSON, and means the same.
func TestWriterJSON(t *testing.T) {
	const text = "a\u202eb\u009b\x7f\U000e0041"
	var out bytes.Buffer
	w := NewWriter(&out, nil)
	if err := json.NewEncoder(w).Encode(text); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != text || strings.Contains(out.String(), "\u202e") {
		t.Errorf("%q is %q, %v", out.String(), back, err)
	}
}

func TestBrief(t *testing.T) {
	if got := Brief("short", 100); got != "short" {
		t.Error(got)
	}
	long := "The field " + strings.Repeat("é", 10_000_000) + " is too long. Cut it."
	got := Brief(long, 1000)
	if len(got) > 1000 || !strings.HasPrefix(got, "The field é") || !strings.HasSuffix(got, "is too long. Cut it.") || !strings.Contains(got, "(20.0 MB left out)") {
		t.Errorf("%d bytes: %.80s ... %s", len(got), got, got[len(got)-80:])
	}
}
