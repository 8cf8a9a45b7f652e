package quality

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/stats"
)

func checks(right, of int) []Check {
	all := make([]Check, of)
	for i := range all {
		all[i] = Check{Cluster: i, Right: i < right}
	}
	return all
}

func TestDoubts(t *testing.T) {
	durations := func(fast, slow int) (all []time.Duration) {
		for i := range fast + slow {
			d := 2 * time.Second
			if i < fast {
				d = 200 * time.Millisecond
			}
			all = append(all, d)
		}
		return all
	}
	good := Conduct{Gold: checks(38, 40), Attention: checks(10, 10), Again: checks(28, 30), Skipped: checks(2, 100), Durations: durations(1, 50)}
	for name, c := range map[string]struct {
		bad  Conduct
		want string
	}{
		"gold":         {Conduct{Gold: checks(20, 40)}, "has 20 of 40 gold items right, the others 95 %"},
		"few gold":     {Conduct{Gold: checks(2, 4)}, ""},
		"attention":    {Conduct{Attention: checks(3, 8)}, "failed 5 of 8 attention checks"},
		"one slip":     {Conduct{Attention: checks(7, 8)}, ""},
		"again":        {Conduct{Again: checks(12, 30)}, "answers the same item alike in 40 %, where the others do in 93 %"},
		"skips":        {Conduct{Skipped: checks(60, 100)}, "skips 60 %, where the others skip 2 %"},
		"speed":        {Conduct{Durations: durations(30, 30)}, "gave 30 of 60 answers in less than 0.3 s"},
		"few answers":  {Conduct{Durations: durations(10, 0)}, ""},
		"nothing done": {Conduct{}, ""},
	} {
		got := Doubts([]Conduct{good, c.bad, good}, stats.Level)
		if len(got[0]) > 0 || len(got[2]) > 0 || strings.Join(got[1], "; ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := Doubts([]Conduct{{Gold: checks(2, 20)}}, stats.Level); len(got[0]) != 1 || got[0][0] != "has 2 of 20 gold items right" {
		t.Errorf("one rater alone: %q", got)
	}
}

// TestDoubtsFewInVain: among raters who are alike, seldom is one doubted.
func TestDoubtsFewInVain(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	drawn := func(n int, p float64) []Check {
		all := make([]Check, n)
		for i := range all {
			all[i] = Check{Cluster: i, Right: random.Float64() < p}
		}
		return all
	}
	doubted := 0
	const experiments = 400
	for range experiments {
		all := make([]Conduct, 5)
		for r := range all {
			all[r] = Conduct{Gold: drawn(20, 0.85), Attention: drawn(8, 0.92), Again: drawn(20, 0.85), Skipped: drawn(100, 0.25)}
		}
		for _, doubts := range Doubts(all, stats.Level) {
			if len(doubts) > 0 {
				doubted++
				break
			}
		}
	}
	if doubted > experiments*5/100 {
		t.Errorf("somebody is doubted in %d of %d experiments in which all are alike", doubted, experiments)
	}
}

func TestCheckedBy(t *testing.T) {
	if c := CheckedBy(nil, stats.Level); c.Share != nil || c.Of != 0 {
		t.Errorf("%+v", c)
	}
	// Of independent checks, the interval of a share of as many trials.
	c := CheckedBy(checks(9, 10), stats.Level)
	if want, _ := stats.Binomial(9, 10, stats.Level); c.Right != 9 || c.Share == nil || c.Share.Value != 0.9 || c.Share.Low > want.Low+1e-9 || c.Share.High < want.Value {
		t.Errorf("%+v, %+v", c.Share, want)
	}
	// Forty checks of two prompts say no more than two.
	many := checks(40, 40)
	for i := range many {
		many[i].Cluster = i % 2
	}
	if want, _ := stats.Binomial(2, 2, stats.Level); math.Abs(CheckedBy(many, stats.Level).Share.Low-want.Low) > 1e-12 {
		t.Errorf("%+v, want %+v", CheckedBy(many, stats.Level).Share, want)
	}
}

// TestOrder: by hand. Of ten prompts whose two images stand once each way round, the left
// one wins in all of eight, and each once in two.
func TestOrder(t *testing.T) {
	var placed []Placed
	strata := make([]int, 10)
	for prompt := range strata {
		for again := range 2 {
			left := prompt < 8 || again == 0
			placed = append(placed, Placed{prompt, 0, left}, Placed{prompt, 1, !left})
		}
	}
	o, known := Order(placed, strata, stats.Level, 1)
	if !known || o.First != 0.9 || math.Abs(o.Rest-0.1) > 1e-12 || o.Answers != 20 || math.Abs(o.Difference.Value-0.8) > 1e-12 || o.Difference.Low < 0.3 {
		t.Errorf("%+v %+v", o, o.Difference)
	}
	// Eight differences of one sign: 2 of 2^8 flips are as far.
	if math.Abs(o.P-2.0/256) > 1e-12 {
		t.Errorf("p %v", o.P)
	}
	if _, known := Order([]Placed{{0, 0, true}}, []int{0}, stats.Level, 1); known {
		t.Error("the order of what stands alone")
	}
	if o, known := Order(placed[:4], []int{0}, stats.Level, 1); !known || o.Difference != nil || o.Why == "" {
		t.Errorf("%+v of one prompt", o)
	}
}

// TestWithout: of three items ann says yes to all, bob to the first alone, and to the
// last nothing.
func TestWithout(t *testing.T) {
	all, without, known := Without(votesOf("yn", "yy", "yn", "y."), 0)
	if math.Abs(all-(1+0.5+1)/3) > 1e-12 || without[0] != 0.5 || without[1] != 1 || !known[0] || !known[1] {
		t.Errorf("%v %v %v", all, without, known)
	}
	if _, _, known := Without(votesOf("yn", "y"), 0); known[0] {
		t.Error("a mean of nothing")
	}
}

func TestEffectiveRaters(t *testing.T) {
	for _, c := range []struct {
		answers []int
		want    float64
	}{{nil, 0}, {[]int{5}, 1}, {[]int{4, 4, 4}, 3}, {[]int{3, 1}, 1.6}, {[]int{0, 0}, 0}} {
		if got := EffectiveRaters(c.answers); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %v, want %v", c.answers, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]time.Duration{4, 1, 2}); got != 2 {
		t.Errorf("%v", got)
	}
	if got := Median([]time.Duration{4, 2}); got != 3 || Median(nil) != 0 {
		t.Errorf("%v", got)
	}
}
