package plan

import (
	"testing"

	"github.com/plumb-ml/plumb/core/record"
)

// Stages of one pace differ in settings, seeds, versions and images; not in
// components, weights or device.
func TestPace(t *testing.T) {
	parts := func(change, value string) []record.KeyPart {
		all := []record.KeyPart{
			{Name: "stage", Value: "score 1"},
			{Name: "config", Value: `{"images":"sha256:00"}`},
			{Name: "reward", Value: "builtin preference version 3"},
			{Name: "reward config", Value: `{"hidden_units":64}`},
			{Name: "reward seed", Value: "12"},
			{Name: "reward.encoder", Value: "builtin clip version 1 sha256 12"},
			{Name: "reward.encoder config", Value: `{"batch":8,"weights":"sha256:aa"}`},
			{Name: "input images", Value: "77"},
			{Name: "compute", Value: "go cpu"},
		}
		for i := range all {
			if all[i].Name == change {
				all[i].Value = value
			}
		}
		return all
	}
	usual := Pace(parts("", ""))
	for name, value := range map[string]string{
		"stage": "score 2", "config": `{"images":"sha256:11"}`, "reward": "builtin preference version 4", "reward config": `{"hidden_units":8}`,
		"reward seed": "13", "reward.encoder": "builtin clip version 2 sha256 13", "reward.encoder config": `{"batch":1,"weights":"sha256:aa"}`, "input images": "78",
	} {
		if got := Pace(parts(name, value)); got != usual {
			t.Errorf("%s: %q\nwant %q", name, got, usual)
		}
	}
	for name, value := range map[string]string{
		"reward": "builtin clip_score version 3", "reward.encoder": "builtin shapes_clip version 1",
		"reward.encoder config": `{"batch":8,"weights":"sha256:bb"}`, "compute": "xla:cuda NVIDIA H100",
	} {
		if Pace(parts(name, value)) == usual {
			t.Errorf("%s: the same with %q", name, value)
		}
	}
	if missing := Pace(parts("reward.encoder config", `{"batch":8,"weights":"sha256:missing: clip"}`)); missing == usual {
		t.Error("weights that are not there are as fast as those that are")
	}
}
