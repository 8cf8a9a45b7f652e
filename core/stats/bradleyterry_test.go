package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// puddings is example 2 of Davidson (1970), On extending the Bradley-Terry model to
// accommodate ties in paired comparison experiments: for each pair of six brands how
// often either won, and ties.
var puddings = []struct{ i, j, first, second, ties int }{
	{1, 2, 19, 22, 16}, {1, 3, 16, 19, 12}, {2, 3, 19, 19, 10}, {1, 4, 18, 23, 13}, {2, 4, 23, 19, 9},
	{3, 4, 19, 20, 15}, {1, 5, 13, 19, 18}, {2, 5, 16, 20, 12}, {3, 5, 16, 15, 17}, {4, 5, 17, 14, 16},
	{1, 6, 18, 21, 12}, {2, 6, 22, 20, 12}, {3, 6, 13, 18, 10}, {4, 6, 14, 19, 18}, {5, 6, 11, 21, 12},
}

func repeated(comparisons []Comparison, c Comparison, times int) []Comparison {
	for range times {
		c.Cluster, c.Weight = len(comparisons), 1
		comparisons = append(comparisons, c)
	}
	return comparisons
}

// TestBradleyTerryOfPuddings: strengths beside their mean, ν and standard errors as the
// vignette of R's PlackettLuce 0.4 prints them, which stops after Davidson's seven
// iterations; the paper has π 0.139, 0.173, 0.162, 0.165, 0.159, 0.202 and ν 0.747.
func TestBradleyTerryOfPuddings(t *testing.T) {
	var comparisons []Comparison
	for _, p := range puddings {
		comparisons = repeated(comparisons, Comparison{First: p.i - 1, Second: p.j - 1, Outcome: FirstWins}, p.first)
		comparisons = repeated(comparisons, Comparison{First: p.i - 1, Second: p.j - 1, Outcome: SecondWins}, p.second)
		comparisons = repeated(comparisons, Comparison{First: p.i - 1, Second: p.j - 1, Outcome: Tie}, p.ties)
	}
	s, err := BradleyTerry(6, len(comparisons), comparisons)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(s.Ties-0.7468) > 2e-4 {
		t.Errorf("ν is %.4f", s.Ties)
	}
	want := []struct{ log, err float64 }{
		{-0.176581, 0.121949}, {0.043664, 0.121818}, {-0.023617, 0.126823}, {-0.001295, 0.122003}, {-0.042726, 0.127054}, {0.200555, 0.126594},
	}
	strata := make([]int, len(comparisons))
	for i, w := range want {
		if math.Abs(s.Log[i]-w.log) > 2e-3 || math.Abs(s.ModelError(i)-w.err) > 2e-3 {
			t.Errorf("brand %d: %.4f, standard error %.4f; want %.4f, %.4f", i+1, s.Log[i], s.ModelError(i), w.log, w.err)
		}
		// Each comparison a cluster of its own: about what the model says.
		interval, err := s.Of(i, strata, Level)
		if err != nil || math.Abs((interval.High-interval.Low)/(2*1.9626)-w.err) > 0.006 {
			t.Errorf("brand %d: %+v, %v", i+1, interval, err)
		}
	}
}

// TestBradleyTerryOfJournals: citations between four journals of statistics, Agresti
// (2002), Categorical Data Analysis, page 448, whose strengths beside JRSS-B's are
// -3.218 (Communications), -0.749 (JASA), -0.269 (Biometrika).
func TestBradleyTerryOfJournals(t *testing.T) {
	cited := [][]int{{714, 730, 498, 221}, {33, 425, 68, 17}, {320, 813, 1072, 142}, {284, 276, 325, 188}}
	var comparisons []Comparison
	for i := range cited {
		for j := range cited {
			if i != j {
				comparisons = repeated(comparisons, Comparison{First: i, Second: j, Outcome: FirstWins}, cited[i][j])
			}
		}
	}
	s, err := BradleyTerry(4, len(comparisons), comparisons)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-0.269, -3.218, -0.749, 0} {
		if got := s.Log[i] - s.Log[3]; math.Abs(got-want) > 6e-4 {
			t.Errorf("journal %d: %.4f, want %v", i, got, want)
		}
	}
	if s.Ties != 0 {
		t.Errorf("ν is %v without ties", s.Ties)
	}
}

// TestBradleyTerryByHand: of two contestants the strengths differ by the log odds of
// wins, with ties by log of the wins' ratio, and ν is ties over the mean of the wins.
func TestBradleyTerryByHand(t *testing.T) {
	comparisons := repeated(repeated(repeated(nil, Comparison{Second: 1, Outcome: FirstWins}, 9), Comparison{Second: 1, Outcome: SecondWins}, 4), Comparison{First: 1, Outcome: Tie}, 3)
	s, err := BradleyTerry(2, len(comparisons), comparisons)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Log[0]-s.Log[1], math.Log(9.0/4); math.Abs(got-want) > 1e-9 {
		t.Errorf("difference %v, want %v", got, want)
	}
	if got, want := s.Ties, 3/math.Sqrt(9*4.0); math.Abs(got-want) > 1e-9 {
		t.Errorf("ν %v, want %v", got, want)
	}
}

// TestBradleyTerryWeighs: three comparisons that weigh a third each are as one, and the
// test of a difference is that of its interval.
func TestBradleyTerryWeighs(t *testing.T) {
	var whole, thirds []Comparison
	for prompt := range 12 {
		for j := 1; j < 3; j++ {
			c := Comparison{First: 0, Second: j, Outcome: Outcome((prompt*j + prompt/2) % 3), Weight: 1, Cluster: prompt}
			whole = append(whole, c)
			c.Weight = 1.0 / 3
			thirds = append(thirds, c, c, c)
		}
	}
	strata := make([]int, 12)
	one, err := BradleyTerry(3, 12, whole)
	other, err2 := BradleyTerry(3, 12, thirds)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	a, p, err := one.Difference(1, 0, strata, Level)
	b, q, err2 := other.Difference(1, 0, strata, Level)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if math.Abs(a.Low-b.Low) > 1e-9 || math.Abs(a.High-b.High) > 1e-9 || math.Abs(p-q) > 1e-9 {
		t.Errorf("%+v, p %v, and by thirds %+v, p %v", a, p, b, q)
	}
	if (p < 0.05) != (a.Low > 0 || a.High < 0) {
		t.Errorf("p is %v, the interval %+v", p, a)
	}
}

func TestBradleyTerryWithoutAMaximum(t *testing.T) {
	for name, comparisons := range map[string][]Comparison{
		"none":             nil,
		"one always wins":  {{First: 0, Second: 1}, {First: 0, Second: 2}, {First: 1, Second: 2}, {First: 2, Second: 1}},
		"nobody ever wins": {{First: 0, Second: 1, Outcome: Tie}, {First: 1, Second: 2, Outcome: Tie}},
		"two halves":       {{First: 0, Second: 1}, {First: 1, Second: 0}},
		// With ν the lead of 0 grows without bound: it wins or ties, and never loses.
		"a step and ties":  {{First: 0, Second: 1}, {First: 0, Second: 1, Outcome: Tie}, {First: 1, Second: 2, Outcome: Tie}},
		"a ladder":         {{First: 0, Second: 1}, {First: 1, Second: 2}, {First: 0, Second: 2}, {First: 0, Second: 1, Outcome: Tie}, {First: 2, Second: 1, Outcome: Tie}},
		"one always loses": {{First: 0, Second: 1}, {First: 1, Second: 0}, {First: 0, Second: 2}, {First: 1, Second: 2}},
	} {
		if _, err := BradleyTerry(3, 1, comparisons); !errors.Is(err, ErrApart) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBradleyTerryCovers: intervals over clusters whose comparisons are all alike hold
// the true difference as often as they say; those of the model alone would not.
func TestBradleyTerryCovers(t *testing.T) {
	const experiments, prompts, each = 600, 40, 6
	random := rand.New(rand.NewPCG(1, 2))
	truth := []float64{0.5, 0, -0.5}
	held, narrow, intervals := 0, 0, 0
	for range experiments {
		var comparisons []Comparison
		for prompt := range prompts {
			i := prompt % 3
			j := (i + 1) % 3
			p := 1 / (1 + math.Exp(truth[j]-truth[i]))
			outcome := SecondWins
			if random.Float64() < p {
				outcome = FirstWins
			}
			for range each { // all six raters of a prompt say the same
				comparisons = append(comparisons, Comparison{First: i, Second: j, Outcome: outcome, Weight: 1, Cluster: prompt})
			}
		}
		s, err := BradleyTerry(3, prompts, comparisons)
		if err != nil {
			continue
		}
		interval, _, err := s.Difference(0, 2, make([]int, prompts), Level)
		if err != nil {
			t.Fatal(err)
		}
		intervals++
		if interval.Low <= 1 && 1 <= interval.High {
			held++
		}
		if model := 1.96 * math.Sqrt2 * s.ModelError(0); math.Abs(interval.Value-1) <= model {
			narrow++
		}
	}
	share := float64(held) / float64(intervals)
	if intervals < experiments*9/10 || share < 0.925 || share > 0.98 {
		t.Errorf("%d of %d intervals hold the truth", held, intervals)
	}
	if float64(narrow)/float64(intervals) > 0.8 {
		t.Errorf("even those of the model alone hold it %d of %d times: the clusters are not alike", narrow, intervals)
	}
}
