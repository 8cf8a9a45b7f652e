package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

func sampleOf(prompts ...string) *plan.Node {
	work := &plan.SampleWork{PerPrompt: 3}
	for _, text := range prompts {
		work.Prompts = append(work.Prompts, spec.Prompt{Text: text, Category: "words"})
	}
	return &plan.Node{Name: "sample/x", Kind: record.KindSample, Work: work}
}

func tooLong(draw sdk.Draw) string { return draw.Prompt.Text + " is too long" }

func TestComponentsWarnOnce(t *testing.T) {
	b := newBench(t)
	result := b.run(sampleOf("a", "b"), tile{warn: tooLong}, nil)
	if want := []string{"a is too long", "b is too long"}; !slices.Equal(result.Warnings, want) {
		t.Errorf("got %q, want %q", result.Warnings, want)
	}
}

// A stage that is asked again after a kill draws only what is missing, and
// still knows what was warned of before.
func TestWarningsSurviveAKill(t *testing.T) {
	b := newBench(t)
	scratch := t.TempDir()
	if err := os.WriteFile(filepath.Join(scratch, "warnings.jsonl"), append(sealed.Line([]byte(`"a is too long"`)), sealed.Line([]byte(`"b is too long"`))[:20]...), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time everything is in scratch, and nothing is drawn
		result, err := b.try(sampleOf("b"), tile{warn: tooLong}, scratch, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"a is too long", "b is too long"}; !slices.Equal(result.Warnings, want) {
			t.Errorf("got %q, want %q", result.Warnings, want)
		}
	}
}

func TestManyWarningsAreCounted(t *testing.T) {
	b := newBench(t)
	var prompts []string
	for i := range maxWarnings + 7 {
		prompts = append(prompts, fmt.Sprint(i, strings.Repeat(" very", 1000)))
	}
	result := b.run(sampleOf(prompts...), tile{warn: tooLong}, nil)
	if n := len(result.Warnings); n != maxWarnings+1 || result.Warnings[maxWarnings] != "There were 7 more warnings like these." {
		t.Errorf("%d warnings, the last %q", n, result.Warnings[n-1])
	}
	for _, warning := range result.Warnings {
		if len([]rune(warning)) > maxWarningLength+1 {
			t.Errorf("a warning of %d characters", len([]rune(warning)))
		}
	}
}
