package diag

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteJSON(t *testing.T) {
	list := List{
		{Summary: "Unknown rater", Detail: "a < b", Subject: Range{File: "x.hcl", Start: Position{3, 2, 40}, End: Position{3, 9, 47}}},
		{Severity: Warning, Summary: "Nothing to do"},
	}
	var buffer bytes.Buffer
	if err := WriteJSON(&buffer, list); err != nil {
		t.Fatal(err)
	}
	want := `{
  "valid": false,
  "errors": 1,
  "warnings": 1,
  "diagnostics": [
    {
      "severity": "error",
      "summary": "Unknown rater",
      "detail": "a < b",
      "subject": {
        "file": "x.hcl",
        "start": {
          "line": 3,
          "column": 2,
          "byte": 40
        },
        "end": {
          "line": 3,
          "column": 9,
          "byte": 47
        }
      }
    },
    {
      "severity": "warning",
      "summary": "Nothing to do"
    }
  ]
}
`
	if diff := cmp.Diff(want, buffer.String()); diff != "" {
		t.Errorf("JSON differs (-want +got):\n%s", diff)
	}
	var back struct{ Diagnostics List }
	if err := json.Unmarshal(buffer.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, back.Diagnostics); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestWriteJSONEmpty(t *testing.T) {
	var buffer bytes.Buffer
	if err := WriteJSON(&buffer, nil); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"valid\": true,\n  \"errors\": 0,\n  \"warnings\": 0,\n  \"diagnostics\": []\n}\n"; buffer.String() != want {
		t.Errorf("got %q", buffer.String())
	}
}
