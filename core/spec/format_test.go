package spec

import "testing"

func TestFormat(t *testing.T) {
	format := func(text string) string {
		laidOut, err := Format("x.hcl", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return string(laidOut)
	}
	got := format("experiment   \"x\" {\n seed=1\n  description = \"d\" # why\n}\n")
	want := "experiment \"x\" {\n  seed        = 1\n  description = \"d\" # why\n}\n"
	if got != want {
		t.Errorf("got:\n%s", got)
	}
	if again := format(got); again != got {
		t.Errorf("formatting twice gives:\n%s", again)
	}
}
