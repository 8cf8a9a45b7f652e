package diag

import "testing"

func TestSuggest(t *testing.T) {
	candidates := []string{"guidance_scale", "num_inference_steps", "solver", "eta"}
	for given, want := range map[string]string{
		"guidance_scal":      "guidance_scale",
		"guidence_scale":     "guidance_scale",
		"slover":             "solver", // neighbours swapped
		"SOLVER":             "solver",
		"etta":               "eta",
		"num_inference_step": "num_inference_steps",
		"temperature":        "",
		"x":                  "",
		"":                   "",
		"solver":             "", // not a mistake
	} {
		if got := Suggest(given, candidates); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", given, got, want)
		}
	}
	if got, want := DidYouMean("etta", candidates), ` Did you mean "eta"?`; got != want {
		t.Errorf("DidYouMean = %q, want %q", got, want)
	}
}
