package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
)

// TestBookNumbers: the file beside a book is JSON with the numbers that the tables
// are means of.
func TestBookNumbers(t *testing.T) {
	input := syntheticAblation(t).input()
	var written bytes.Buffer
	if err := writeBookNumbers(&written, []Input{input, input}); err != nil {
		t.Fatal(err)
	}
	var runs []struct {
		bookRun
		Variants []struct {
			bookVariant
			Numbers []bookNumber `json:"numbers"`
		} `json:"variants"`
	}
	if err := json.Unmarshal(written.Bytes(), &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs) != 2 || runs[1].Name != input.Run.Name || len(runs[0].Variants) != len(input.Run.Variants) {
		t.Fatalf("%d runs, the first with %d variants of %d", len(runs), len(runs[0].Variants), len(input.Run.Variants))
	}
	variants := variantsOf(input)
	for i, v := range runs[0].Variants {
		if v.Seed != variants[i].Seed || len(v.Numbers) == 0 {
			t.Errorf("variant %d has the seed %d and %d numbers", i, v.Seed, len(v.Numbers))
		}
		for _, number := range v.Numbers {
			if number.Category != "" && number.Name != metric.GoodShare {
				t.Errorf("%+v is not in any table", number)
			}
			if number.Name != metric.FID {
				continue
			}
			m := variants[i].evaluations[0].find(metric.FID, part{}, of(number.Subject))
			if m == nil || number.Value == nil || math.Abs(*m.Value-*number.Value) > 0 {
				t.Errorf("FID of %s is %v, measured %v", number.Subject, number.Value, m)
			}
		}
	}
}
