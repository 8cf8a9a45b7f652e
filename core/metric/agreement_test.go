package metric

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAgreementByHand(t *testing.T) {
	labels := slices.Concat(
		labelsOf("color", "p1", "seen", "gg", "gb", "bb"),
		labelsOf("color", "p2", "seen", "bb", "gs", "--g"), // one vote each: not pairable
	)
	metrics, values, err := Agreement(AgreementInput{Subject: "base", Rater: "crowd", Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	// Four images with two labels: G = 3, B = 5; only the second disagrees, 1·1/(2-1) = 1.
	// alpha = 1 - (8-1)/(3·5) · 1
	alpha := find(t, metrics, "agreement_alpha", "", "")
	wantValue(t, alpha, 1-7.0/15)
	if alpha.N != 4 || alpha.Clusters != 2 || alpha.Subject != "base" {
		t.Errorf("%+v", alpha)
	}
	wantValue(t, find(t, metrics, "agreement_share", "", ""), 3.0/4)
	if len(values) != 2 {
		t.Errorf("values %+v", values)
	}
	again, _, _ := Agreement(AgreementInput{Subject: "base", Rater: "crowd", Labels: shuffled(labels, 1)})
	if diff := cmp.Diff(metrics, again); diff != "" {
		t.Error(diff)
	}
}

// The binary example of Krippendorff (2011), Computing Krippendorff's
// Alpha-Reliability, part A: two observers, ten units, alpha 0.095.
func TestAgreementOfKrippendorffsExample(t *testing.T) {
	first, second := "bgbbbbbbgb", "gggbbgbbbb"
	var images []string
	for i := range first {
		images = append(images, first[i:i+1]+second[i:i+1])
	}
	metrics, _, err := Agreement(AgreementInput{Labels: labelsOf("c", "p", "seen", images...)})
	if err != nil {
		t.Fatal(err)
	}
	if m := find(t, metrics, "agreement_alpha", "", ""); m.Value == nil || !near(*m.Value, 0.095, 5e-4, 0) {
		t.Errorf("got %+v, want 0.095", m)
	}
}

func TestAgreementThatIsUndefined(t *testing.T) {
	metrics, _, err := Agreement(AgreementInput{Labels: labelsOf("c", "p", "seen", "gg", "ggg")})
	if err != nil {
		t.Fatal(err)
	}
	wantNone(t, find(t, metrics, "agreement_alpha", "", ""))
	wantValue(t, find(t, metrics, "agreement_share", "", ""), 1)
	metrics, _, _ = Agreement(AgreementInput{Labels: labelsOf("c", "p", "seen", "g", "b")})
	wantNone(t, find(t, metrics, "agreement_alpha", "", ""))
	wantNone(t, find(t, metrics, "agreement_share", "", ""))
}
