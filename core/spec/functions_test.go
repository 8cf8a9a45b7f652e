package spec

import "testing"

// What makes a spec depend on the day or the machine is not offered.
func TestFunctionsArePure(t *testing.T) {
	functions := Functions()
	for _, name := range []string{"file", "templatefile", "env", "timestamp", "uuid", "formatdate", "timeadd", "abspath"} {
		if _, ok := functions[name]; ok {
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
