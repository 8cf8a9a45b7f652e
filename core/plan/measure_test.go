package plan

import (
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
)

// Every measure can be made again from its record.
func TestDecodeMeasure(t *testing.T) {
	for _, row := range metric.Measures() {
		work, err := DecodeMeasure(string(row.Measure), []byte("{}"))
		if err != nil || work.Measure() != row.Measure {
			t.Errorf("%s: %v", row.Measure, err)
		}
	}
	if _, err := DecodeMeasure("alignment", []byte(`{"subject":"full","mood":"good"}`)); err == nil || !strings.Contains(err.Error(), "mood") {
		t.Errorf("a property of another version: %v", err)
	}
	if _, err := DecodeMeasure("mood", []byte("{}")); err == nil || !strings.Contains(err.Error(), `no measure "mood"`) {
		t.Errorf("%v", err)
	}
	work, err := DecodeMeasure("fidelity", []byte(`{"component":"clip","encoder":"judge","reference":"real","subject":"full"}`))
	if err != nil || work.(*FidelityWork).Reference != "real" || work.(*FidelityWork).Encoder != "judge" {
		t.Errorf("%+v, %v", work, err)
	}
}
