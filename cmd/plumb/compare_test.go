package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/reports"
)

// TestCompareAgreesWithOneRun: a model of one run against the baseline of another comes
// to what both come to in one run.
func TestCompareAgreesWithOneRun(t *testing.T) {
	backendstest.Only(t, backends.Go)
	tiny, err := os.ReadFile("testdata/tiny.hcl")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	alone := strings.Replace(string(tiny), `experiment "tiny"`, `experiment "alone"`, 1)
	alone = strings.Replace(alone, "[sampler.base, finetune.redder]", "[sampler.base]", 1)
	for name, text := range map[string]string{"tiny.hcl": string(tiny), "alone.hcl": alone} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	plumb := func(args ...string) []byte {
		t.Helper()
		var out, errOut bytes.Buffer
		if code := execute(args, &out, &errOut, tinyHouse()); code != exitOK {
			t.Fatalf("plumb %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), errOut.String())
		}
		return out.Bytes()
	}
	plumb("run", "tiny.hcl")
	plumb("run", "alone.hcl")
	var compared reports.SideBySide
	if err := json.Unmarshal(plumb("compare", "alone", "tiny", "--json"), &compared); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("runs/tiny/report/results.json")
	if err != nil {
		t.Fatal(err)
	}
	var results struct {
		Variants []struct {
			Metrics []struct {
				record.Metric
				Protocol int `json:"protocol"` // among those of all
			}
		}
	}
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, number := range compared.Numbers {
		for _, d := range number.Compared {
			if number.Subject != "redder" {
				t.Errorf("%s of %s is compared with something else", d.Metric, number.Subject)
			}
			for _, m := range results.Variants[0].Metrics {
				if m.Name != d.Metric || m.Subject != "redder" || m.Versus != "base" || m.Choice != record.All || m.Category != "" || m.Split != number.Split || m.Reward != number.Reward || m.Part != "" {
					continue
				}
				found[d.Metric] = true
				if !same(m.Value, d.Difference) || !same(m.Low, d.Low) || !same(m.High, d.High) || m.N != d.N {
					t.Errorf("%s, %q: %v [%v, %v] of %d in one run, %v [%v, %v] of %d between two", m.Name, m.Split, value(m.Value), value(m.Low), value(m.High), m.N, value(d.Difference), value(d.Low), value(d.High), d.N)
				}
			}
		}
	}
	for _, name := range []string{"good_share_difference", "win_minus_lose", "average_reward_difference", "fid_difference", "kid_difference", "cmmd_difference"} {
		if !found[name] {
			t.Errorf("%s was not compared", name)
		}
	}
}

func same(a, b *float64) bool { return value(a) == value(b) }

func value(of *float64) any {
	if of == nil {
		return nil
	}
	return *of
}
