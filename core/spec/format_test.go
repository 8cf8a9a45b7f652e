package spec

import "testing"

func TestFormat(t *testing.T) {
	got := string(Format([]byte("experiment   \"x\" {\n seed=1\n  description = \"d\" # why\n}\n")))
	want := "experiment \"x\" {\n  seed        = 1\n  description = \"d\" # why\n}\n"
	if got != want {
		t.Errorf("got:\n%s", got)
	}
	if again := string(Format([]byte(got))); again != got {
		t.Errorf("formatting twice gives:\n%s", again)
	}
}
