package spec

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What makes a spec depend on the day or the machine is not offered.
func TestFunctionsArePure(t *testing.T) {
	functions := map[string]bool{}
	for _, f := range Functions() {
		functions[f.Name] = true
	}
	for _, name := range []string{"file", "templatefile", "env", "timestamp", "uuid", "formatdate", "timeadd", "abspath"} {
		if functions[name] {
			t.Errorf("%s is offered", name)
		}
	}
}

func TestFunctionsInAnExperiment(t *testing.T) {
	spec := load(t, `
experiment "x" {
  description = join(" ", sort(distinct(flatten([["b", "a"], upper("a"), lower("A")]))))
  seed        = max(2, length(setproduct(["a", "b"], ["c"])), try(tonumber("x"), 5), min(range(3, 9)...))
}
prompts "p" {
  list = [for pair in setproduct(["a", "b"], ["c"]) : format("%s of %s", pair...) if contains(keys({ a = 1 }), pair[0])]
}
`, Options{})
	if spec.Description != "A a b" || spec.Seed != 5 {
		t.Errorf("got %q, %d", spec.Description, spec.Seed)
	}
	if got := texts(spec.Prompts[0].Prompts); len(got) != 1 || got[0] != "a of c" {
		t.Errorf("got %q", got)
	}
}

// What the reference says of a function is what it does.
func TestExamplesOfFunctions(t *testing.T) {
	value := func(text string) string {
		expression, diagnostics := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatalf("%s: %v", text, diagnostics)
		}
		value, diagnostics := NewEvaluator(t.Context()).Value(expression, nil)
		if diagnostics.HasErrors() {
			t.Fatalf("%s: %v", text, diagnostics)
		}
		plain, err := JSON(value)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		written, _ := canonicalJSON(plain)
		return string(written)
	}
	for _, f := range Functions() {
		call, result, ok := strings.Cut(f.Call, ") = ")
		if !ok || !strings.HasPrefix(call, f.Name+"(") {
			t.Errorf("%s: the example is %s", f.Name, f.Call)
			continue
		}
		if got, want := value(call+")"), value(result); got != want {
			t.Errorf("%s) is %s, and not %s", call, got, want)
		}
	}
}
