package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An encoder with weights of its own: it is only planned here, so they need not
// be any.
const withWeights = `
experiment "e" {}

prompts "p" { list = ["a ring"] }

sampler "shapes_scenes" "world" {}

encoder "clip" "clip" { weights = "weights" }

images "real" {
  sampler = sampler.world
  prompts = prompts.p
}

reward "clip_score" "score" { encoder = encoder.clip }

evaluate "main" {
  models  = [sampler.world]
  prompts = prompts.p
  rewards = [reward.score]

  fidelity {
    reference = images.real
    encoder   = encoder.clip
  }
}
`

// TestWeightsAreInTheKey: other weights of the encoder clip at the same path
// are another encoder, and the same ones elsewhere are not.
func TestWeightsAreInTheKey(t *testing.T) {
	t.Chdir(t.TempDir()) // where runs are put
	explain := func(directory, weights string) string {
		if err := os.MkdirAll(filepath.Join(directory, "weights"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"x.hcl": withWeights, "weights/config.json": "{}", "weights/model.safetensors": weights} {
			if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var all strings.Builder
		own := builtinHouse()
		for _, stage := range []string{"encode/real/clip", "encode/main/world/clip"} {
			var out, errOut bytes.Buffer
			if code := execute([]string{"explain", filepath.Join(directory, "x.hcl"), stage}, &out, &errOut, own); code != exitOK {
				t.Fatalf("exit %d\n%s%s", code, out.String(), errOut.String())
			}
			all.WriteString(out.String())
		}
		return all.String()
	}
	here := t.TempDir()
	first := explain(here, "one")
	if second := explain(here, "two"); second == first {
		t.Errorf("other weights have the same key:\n%s", first)
	}
	if elsewhere := explain(t.TempDir(), "one"); elsewhere != first {
		t.Errorf("the same weights at another path have another key:\n%s\n%s", first, elsewhere)
	}
}
