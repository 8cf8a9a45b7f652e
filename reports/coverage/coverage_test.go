package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
)

// TestIntervalsCover is the simulation's short form: cells in which a percentile
// bootstrap of all prompts together, which knows no strata, covered 32 to 90 % or 99.7 %,
// and cells in which it was right. The standard error of a coverage is 1.3 points; what
// is discrete may cover more.
func TestIntervalsCover(t *testing.T) {
	const experiments = 300
	for _, c := range []struct {
		s        scenario
		estimate string
		cell
		lowest, highest float64
		half            float64 // the widest mean half width; 0: any
		without         float64 // the most experiments without an interval
	}{
		{s: good, estimate: metric.GoodShare, cell: cell{30, 0.03, 1}, lowest: 0.92, highest: 1},
		{s: good, estimate: metric.GoodShare, cell: cell{60, 0.97, 1}, lowest: 0.92, highest: 1},
		{s: good, estimate: metric.GoodShare, cell: cell{58, 0.5, 0.3}, lowest: 0.92, highest: 0.985, half: 0.095},
		{s: good, estimate: metric.GoodShareDifference, cell: cell{30, 0.3, 0.3}, lowest: 0.92, highest: 0.985},
		{s: area, estimate: metric.AUC, cell: cell{8, 0.988, 0}, lowest: 0.93, highest: 1, without: 0.3},
		{s: area, estimate: metric.AUC, cell: cell{30, 0.988, 0.3}, lowest: 0.93, highest: 1},
		{s: area, estimate: metric.AUC, cell: cell{30, 0.7, 0.3}, lowest: 0.92, highest: 0.985},
		{s: outcomes, estimate: metric.WinMinusLose, cell: cell{8, 0.08, 1}, lowest: 0.93, highest: 1, without: 0.5},
		{s: outcomes, estimate: metric.WinMinusLose, cell: cell{15, 0.08, 1}, lowest: 0.93, highest: 1, without: 0.25},
		{s: outcomes, estimate: metric.WinMinusLose, cell: cell{30, 0.03, 1}, lowest: 0.93, highest: 1, without: 0.55},
		{s: outcomes, estimate: metric.WinMinusLose, cell: cell{30, 0.2, 1}, lowest: 0.92, highest: 0.985},
		{s: pairs, estimate: metric.PairwiseAccuracy, cell: cell{30, 0.9, 0.3}, lowest: 0.92, highest: 0.985},
		{s: rewards, estimate: metric.AUCDifference, cell: cell{30, 0.85, 0}, lowest: 0.92, highest: 0.985},
		{s: agreement, estimate: metric.AgreementAlpha, cell: cell{30, 0.7, 0.3}, lowest: 0.92, highest: 0.985},
		{s: unboundedScores, estimate: metric.AverageRewardMean, cell: cell{30, 0.3, 0.95}, lowest: 0.92, highest: 0.985},
		{s: seeds, estimate: meanOfSeeds, cell: cell{3, 0.02, 0.3}, lowest: 0.93, highest: 1, without: 0.1},
		{s: seedDifferences, estimate: differenceOfSeeds, cell: cell{5, 0.3, 0.3}, lowest: 0.92, highest: 0.985},
		{s: distances, estimate: metric.KIDDifference, cell: cell{15, 1, 0.5}, lowest: 0.91, highest: 0.985},
		{s: distances, estimate: metric.FIDDifference, cell: cell{15, 0, 0.5}, lowest: 0.92, highest: 1},
		{s: diversity, estimate: metric.PairwiseDistance, cell: cell{30, 0, 0.9}, lowest: 0.92, highest: 0.985},
		{s: diversity, estimate: metric.VendiScore, cell: cell{8, 0.9, 0.3}, lowest: 0.93, highest: 1, without: 0.2},
		{s: diversity, estimate: metric.VendiScoreDifference, cell: cell{15, 0, 0.9}, lowest: 0.92, highest: 0.985},
		{s: realDistances, estimate: metric.KID, cell: cell{15, 0, 0.5}, lowest: 0.92, highest: 1},
	} {
		t.Run(fmt.Sprint(c.estimate, " ", c.size, " ", c.truth), func(t *testing.T) {
			rows, err := c.s.cell(t.Context(), c.cell, experiments, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.estimate != c.estimate {
					continue
				}
				t.Log(r)
				if r.coverage() < c.lowest || r.coverage() > c.highest {
					t.Errorf("coverage %.3f, want %.3f to %.3f", r.coverage(), c.lowest, c.highest)
				}
				if c.half > 0 && r.half > c.half {
					t.Errorf("mean half width %.4f, want at most %.4f", r.half, c.half)
				}
				if without := float64(r.without) / float64(r.experiments); without > c.without {
					t.Errorf("without an interval: %.3f, want at most %.3f", without, c.without)
				}
				return
			}
			t.Fatalf("no row of %s", c.estimate)
		})
	}
}

// Four prompts and two seeds make no interval.
func TestTooFewMakeNoInterval(t *testing.T) {
	for _, c := range []struct {
		s scenario
		cell
	}{
		{good, cell{4, 0.5, 0.3}}, {outcomes, cell{4, 0.4, 1}}, {area, cell{4, 0.7, 0}}, {pairs, cell{4, 0.7, 0}},
		{rewards, cell{4, 0.7, 0}}, {agreement, cell{4, 0.5, 0}}, {scores, cell{4, 0.5, 0}}, {unboundedScores, cell{4, 0.3, 0}},
		{seeds, cell{2, 0.5, 0.3}}, {seedDifferences, cell{2, 0.5, 0.3}}, {distances, cell{8, 1, 0.5}}, {diversity, cell{4, 0.9, 0.3}},
	} {
		rows, err := c.s.cell(t.Context(), c.cell, 20, 1)
		if err != nil || len(rows) == 0 {
			t.Fatalf("%s: %v", c.s.name, err)
		}
		for _, r := range rows {
			if r.experiments == 0 || r.shown() != 0 {
				t.Errorf("%s: %d of %d have an interval", r.estimate, r.shown(), r.experiments)
			}
		}
	}
}

// Of tables in which nothing differs at most 5 % say that something does.
func TestFalseVerdicts(t *testing.T) {
	const experiments = 150
	wrong, stood := map[string]int{}, map[string]int{}
	found, err := inParallel(t.Context(), experiments, func(i int) (map[string]bool, error) {
		return concluded(rand.New(rand.NewPCG(1, uint64(i))), 30, 0.3)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tables := range found {
		for id, is := range tables {
			stood[id]++
			if is {
				wrong[id]++
			}
		}
	}
	for _, id := range []string{"wins", "rewards", "best-of"} {
		// Of 150 experiments at 5 % more than 14 have a verdict in 1 of 100 cases.
		if stood[id] != experiments || wrong[id] > 14 {
			t.Errorf("%s: a verdict in %d of %d experiments", id, wrong[id], stood[id])
		}
	}
}

// Fidelity and diversity are among what is compared where nothing differs.
func TestFalseVerdictsOfFidelity(t *testing.T) {
	tables, err := concluded(rand.New(rand.NewPCG(1, 1)), fidelityPrompts, 0.3)
	for _, id := range []string{"fidelity", "diversity"} {
		if _, stood := tables[id]; err != nil || !stood {
			t.Errorf("tables %v, %v", tables, err)
		}
	}
}

// The result does not depend on how experiments are shared out.
func TestEachExperimentHasItsOwnSeed(t *testing.T) {
	several, err := good.cell(t.Context(), cell{8, 0.5, 0.3}, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := good.cell(t.Context(), cell{8, 0.5, 0.3}, 40, 1)
	if err != nil || fmt.Sprint(several) != fmt.Sprint(again) {
		t.Errorf("got %v, then %v (%v)", several, again, err)
	}
}

func TestDesign(t *testing.T) {
	for prompts, want := range map[int]string{4: "1 0 1 0 1 1 0 0", 8: "1 1 1 1 1 1 1 1", 30: "3 2 5 3 9 4 3 1"} {
		var got []string
		d := designOf(prompts)
		for _, s := range d {
			got = append(got, fmt.Sprint(s.prompts))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d prompts: %v, want %s", prompts, got, want)
		}
		var mean float64
		for h, share := range d.truths(0.3, 1) {
			mean += share * float64(d[h].prompts) / float64(prompts)
		}
		if mean < 0.3-1e-12 || mean > 0.3+1e-12 {
			t.Errorf("%d prompts: the mean of the strata is %v", prompts, mean)
		}
	}
}

func TestAttainable(t *testing.T) {
	var continuous, discrete []float64
	for i := range 1000 {
		continuous = append(continuous, float64(i))
		value := 0.0 // 85 %, 14 %, 1 %
		if i >= 850 {
			value = 1
		}
		if i >= 990 {
			value = 2
		}
		discrete = append(discrete, value)
	}
	if !attainable(continuous) || attainable(discrete) {
		t.Errorf("continuous %v, discrete %v", attainable(continuous), attainable(discrete))
	}
}

func TestBetween(t *testing.T) {
	document := "before\n" + begin + "old\n" + end + "after\n"
	got, err := between([]byte(document), []byte("new\n"))
	if err != nil || string(got) != "before\n"+begin+"new\n"+end+"after\n" {
		t.Errorf("got %q (%v)", got, err)
	}
	if _, err := between([]byte("no markers"), nil); err == nil {
		t.Error("no error without markers")
	}
}
