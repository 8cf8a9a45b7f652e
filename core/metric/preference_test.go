package metric

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// chosen are the choices of three raters about one pair of a prompt, in one letter each:
// b better, w worse, t tie, s skip; none: the two images are the same.
func chosen(aspect, prompt string, index int, choices string) (rows []table.Preference) {
	row := table.Preference{
		ImageID: fmt.Sprintf("%s/%d", prompt, index), Model: "tuned", Versus: "base", Aspect: aspect,
		Prompt: prompt, Category: "color", Split: "seen", Choice: "tie",
	}
	if choices == "" {
		return []table.Preference{row}
	}
	for rater, letter := range choices {
		row.Rater = fmt.Sprint(rater + 1)
		row.Choice = map[rune]string{'b': "better", 'w': "worse", 't': "tie", 's': "skip"}[letter]
		rows = append(rows, row)
	}
	return rows
}

func preferencesOf(aspect string, choices ...string) (rows []table.Preference) {
	for i, of := range choices {
		rows = append(rows, chosen(aspect, fmt.Sprintf("p%d", i/2), i%2, of)...)
	}
	return rows
}

// TestPreference: by hand. Two pairs a prompt, three raters: of seven pairs that somebody
// answered, bbb, bbt and bs are better by two thirds, www is worse, bwt and tt (one skips)
// and the pair of equal images are ties, and sss is left out.
func TestPreference(t *testing.T) {
	rows := preferencesOf("alignment", "bbb", "bbt", "www", "bwt", "", "bs", "tts", "sss")
	metrics, values, err := Preference(PreferenceInput{Model: "tuned", Versus: "base", Rater: "crowd", Choices: rows, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		PreferenceBetterShare: 3.0 / 7, PreferenceTieShare: 3.0 / 7, PreferenceWorseShare: 1.0 / 7,
		// Choices for less choices against: 1, 2/3, -1, 0, 0, 1, 0.
		PreferenceMean:           0.5 + (1+2.0/3-1+1)/7/2,
		PreferenceSkipShare:      5.0 / 20,
		PreferenceIdenticalShare: 1.0 / 8,
		// Of pairs of raters: 3 of 3, 1 of 3, 3 of 3, 0 of 3, none, none (one rater), 1 of 1.
		PreferenceAgreementShare: 8.0 / 13,
		// Prompts' means 5/6, -1/2, 1/2, 0: of 16 signs of flips those with a sum as far out
		// as 5/6: |+-5/6 +-1/2 +-1/2| >= 5/6 is true of 6 of 8.
		PreferenceP: 6.0 / 8,
	} {
		m := find(t, metrics, name, "", "")
		if m.Value == nil || math.Abs(*m.Value-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, m.Value, want)
		}
		if m.Aspect != "alignment" || m.Subject != "tuned" || m.Versus != "base" || m.Rater != "crowd" {
			t.Errorf("%s is of %+v", name, m)
		}
	}
	// Krippendorff's alpha for three categories, by hand: better 3+2+1, worse 3+1, tie
	// 1+1+2: N = 14; D = (2/2 + 3/2) = 2.5; E = 6*4 + 6*4 + 4*4 = 64.
	alpha := find(t, metrics, PreferenceAgreementAlpha, "", "")
	if want := 1 - 13*2.5/64; alpha.Value == nil || math.Abs(*alpha.Value-want) > 1e-12 {
		t.Errorf("alpha is %v, want %v", *alpha.Value, want)
	}
	if len(values) == 0 || values[0].Metric != "preference/alignment" || values[0].Value != 0.5+5.0/6/2 {
		t.Errorf("values %+v", values)
	}
}

// TestPreferenceOfAspects: each has its numbers, and the other's do not change them.
func TestPreferenceOfAspects(t *testing.T) {
	aligned := preferencesOf("alignment", "b", "b", "w", "t", "b", "b", "t", "b", "b", "w", "b", "b", "b", "b")
	both := append(preferencesOf("fidelity", "w", "w", "w", "w", "w", "w", "w", "w", "w", "w", "w", "w", "w", "w"), aligned...)
	one, _, err := Preference(PreferenceInput{Model: "tuned", Versus: "base", Choices: aligned, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := Preference(PreferenceInput{Model: "tuned", Versus: "base", Choices: both, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	aspects := map[string]record.Metric{}
	for _, m := range two {
		if m.Name == PreferenceMean && m.Category == "" && m.Split == "" {
			aspects[m.Aspect] = m
		}
	}
	alone := find(t, one, PreferenceMean, "", "")
	if got := aspects["alignment"]; *got.Value != *alone.Value || *got.Low != *alone.Low || *got.High != *alone.High {
		t.Errorf("alignment is %+v, alone %+v", got, alone)
	}
	// All say worse: the interval has width, and ends at 0.
	if got := aspects["fidelity"]; *got.Value != 0 || *got.Low != 0 || *got.High < 0.05 || *got.High > 0.4 {
		t.Errorf("fidelity is %v [%v, %v]", *got.Value, *got.Low, *got.High)
	}
}

// TestPreferenceWhereNothingDiffers: ties alone are 1/2, without an interval, and no
// difference is found.
func TestPreferenceWhereNothingDiffers(t *testing.T) {
	rows := preferencesOf("alignment", "t", "", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t")
	metrics, _, err := Preference(PreferenceInput{Model: "tuned", Versus: "base", Choices: rows})
	if err != nil {
		t.Fatal(err)
	}
	mean, p := find(t, metrics, PreferenceMean, "", ""), find(t, metrics, PreferenceP, "", "")
	if *mean.Value != 0.5 || mean.Low != nil || mean.Note != "no interval: no prompt prefers one of the two" || p.Value == nil || *p.Value != 1 {
		t.Errorf("mean %+v, p %+v", mean, p)
	}
}

func TestPreferenceRefuses(t *testing.T) {
	twice := append(chosen("alignment", "p", 0, "b"), chosen("alignment", "p", 0, "w")...)
	odd := chosen("alignment", "p", 0, "b")
	odd[0].Choice = "first"
	elsewhere := append(chosen("alignment", "p", 0, "b"), chosen("alignment", "p", 0, "bb")[1:]...)
	elsewhere[1].Prompt = "q"
	for what, rows := range map[string][]table.Preference{"two choices by rater": twice, "want better, worse, tie or skip": odd, "for two prompts": elsewhere} {
		if _, _, err := Preference(PreferenceInput{Model: "tuned", Versus: "base", Choices: rows}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestStrengths: three models in a circle of which each two meet eight times: by hand, a
// strength is the log odds of wins where only two models meet, and all differences of a
// circle of equals are 0.
func TestStrengths(t *testing.T) {
	between := func(model, versus, outcomes string) (rows []table.Preference) {
		for i, outcome := range outcomes {
			for _, row := range chosen("alignment", fmt.Sprintf("p%d", i), 0, string(outcome)) {
				row.Model, row.Versus = model, versus
				rows = append(rows, row)
			}
		}
		return rows
	}
	// a beats the base 6 to 2, c ties with it in wins: apart from each other, as in the
	// model with two contestants only.
	in := StrengthInput{Models: []string{"base", "a", "c"}, Baseline: "base", Rater: "crowd", Choices: [][]table.Preference{
		between("a", "base", "bbbbbbww"), between("c", "base", "bbbbwwww"),
	}}
	metrics, err := Strengths(in)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name, subject string) float64 {
		for _, m := range metrics {
			if m.Name == name && m.Subject == subject && m.Category == "" && m.Split == "" {
				if m.Value == nil {
					t.Fatalf("%s of %s: %s", name, subject, m.Note)
				}
				return *m.Value
			}
		}
		t.Fatalf("no %s of %s", name, subject)
		return 0
	}
	for subject, want := range map[string]float64{"a": math.Log(3), "c": 0} {
		if got := value(StrengthDifference, subject); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is stronger by %v, want %v", subject, got, want)
		}
	}
	if got := value(Strength, "base"); math.Abs(got+math.Log(3)/3) > 1e-9 {
		t.Errorf("the base is %v beside the mean, want %v", got, -math.Log(3)/3)
	}
	if p := value(StrengthDifferenceP, "c"); math.Abs(p-1) > 1e-6 {
		t.Errorf("p of no difference is %v", p)
	}
	in.Choices[0] = between("a", "base", "bbbbbbbb")
	if metrics, err = Strengths(in); err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		if m.Value != nil || !strings.Contains(m.Note, "no bound") {
			t.Errorf("%s of %s: %v, %s", m.Name, m.Subject, m.Value, m.Note)
		}
	}
}
