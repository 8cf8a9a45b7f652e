package quality

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/stats"
)

// votesOf has each word be the answers to an item, a letter a rater; a dot is none. Each
// item is a cluster.
func votesOf(categories string, items ...string) Votes {
	v := Votes{Items: len(items), Categories: len(categories)}
	for item, answers := range items {
		for rater, answer := range answers {
			if category := strings.IndexRune(categories, answer); category >= 0 {
				v.All = append(v.All, Vote{item, rater, category})
			}
			v.Raters = max(v.Raters, rater+1)
		}
		v.Clusters = append(v.Clusters, item)
	}
	v.Strata = make([]int, len(items))
	return v
}

func times(word string, n int) []string { return strings.Fields(strings.Repeat(word+" ", n)) }

func joined(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// TestAgreement: worked examples from the literature.
func TestAgreement(t *testing.T) {
	cohen := Cohen(0, 1)
	for _, c := range []struct {
		name                    string
		of                      Measure
		votes                   Votes
		value, observed, chance float64
	}{
		// 50 proposals, both yes 20, both no 15, 5 and 10 apart: agreement 0.7, by chance 0.5.
		{"Cohen, two categories", cohen, votesOf("yn", joined(times("yy", 20), times("yn", 5), times("ny", 10), times("nn", 15))...), 0.4, 0.3, 0.5},
		// Cohen (1960), table 1: of 200 diagnoses 0.29 by chance alike of 0.41 in three
		// categories with the marginals 0.60, 0.30, 0.10 and 0.50, 0.30, 0.20.
		{"Cohen 1960", cohen, votesOf("abc", joined(
			times("aa", 88), times("ab", 14), times("ac", 18), times("ba", 10), times("bb", 40), times("bc", 10), times("ca", 2), times("cb", 6), times("cc", 12))...),
			0.492, 0.3, 0.59},
		// Ten items, fourteen raters, five categories, the example by which Fleiss' kappa is
		// mostly taught: mean agreement 0.378, by chance 0.213.
		{"Fleiss", Fleiss, votesOf("abcde",
			"eeeeeeeeeeeeee", "bbccccccddddee", "cccdddddeeeeee", "bbbcccccccccdd", "aabbccccccccde",
			"aaaaaaabbbbbbb", "aaabbccccccddd", "aabbbbbcccddee", "aaaaaabbbbbccd", "bbccdddeeeeeee"), 0.210, 1 - 0.378, 1 - 0.213},
		// Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, part A.
		{"Krippendorff, binary", Krippendorff, votesOf("01", "01", "11", "01", "00", "00", "01", "00", "00", "10", "00"), 0.095, math.NaN(), math.NaN()},
		// Part C of the same: four observers, five categories, missing answers: 0.743.
		{"Krippendorff, four observers", Krippendorff, votesOf("12345", "11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11", ".3.."), 0.743, math.NaN(), math.NaN()},
	} {
		got, err := c.of.Of(c.votes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for what, pair := range map[string][2]float64{"value": {got.Value, c.value}, "observed": {got.Observed, c.observed}, "chance": {got.Chance, c.chance}} {
			if !math.IsNaN(pair[1]) && math.Abs(pair[0]-pair[1]) > 6e-4 {
				t.Errorf("%s: %s %.4f, want %.4f", c.name, what, pair[0], pair[1])
			}
		}
	}
}

func TestAgreementThatCannotBeHad(t *testing.T) {
	for name, c := range map[string]struct {
		votes Votes
		want  error
	}{
		"one answer an item": {votesOf("yn", "y.", ".n", "y."), ErrAlone},
		"one category":       {votesOf("yn", "yy", "yy"), ErrOneCategory},
		"nothing":            {votesOf("yn"), ErrAlone},
	} {
		for of, err := range map[string]error{
			"Cohen": second(Cohen(0, 1).Of(c.votes)), "Fleiss": second(Fleiss.Of(c.votes)), "Krippendorff": second(Krippendorff.Of(c.votes)),
		} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s of %s: %v", of, name, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// anaesthetists are the data of Dawid and Skene.
func anaesthetists(t *testing.T) Votes {
	t.Helper()
	text, err := os.ReadFile("testdata/anaesthetists.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := Votes{Raters: 5, Categories: 4}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for rater, answers := range strings.Fields(line) {
			for _, answer := range answers {
				v.All = append(v.All, Vote{v.Items, rater, int(answer - '1')})
			}
		}
		v.Items++
	}
	return v
}

// TestDawidSkene: the shares are those of the paper, 0.40, 0.42, 0.11, 0.07; the
// likelihood, the errors of the first observer and the two patients in doubt are those of
// an EM in numpy, written apart from this one.
func TestDawidSkene(t *testing.T) {
	c, err := DawidSkene(anaesthetists(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want []float64, by float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > by {
				t.Errorf("%s: %.4f, want %.4f", what, got, want)
				return
			}
		}
	}
	near("shares", c.Shares, []float64{0.40, 0.42, 0.11, 0.07}, 0.005)
	near("log likelihood", []float64{c.LogLikelihood}, []float64{-190.7310}, 1e-4)
	for j, want := range [][]float64{{0.907, 0.093, 0, 0}, {0.070, 0.877, 0.053, 0}, {0, 0.339, 0.661, 0}, {0, 0, 0.556, 0.444}} {
		near("errors of the first", c.Errors[0][j], want, 6e-4)
	}
	near("patient 35", c.Items[34], []float64{0, 0.948, 0.052, 0}, 6e-4)
	near("patient 38", c.Items[37], []float64{0, 0.021, 0.979, 0}, 6e-4)
	near("accuracy of the first", []float64{c.Accuracy(0)}, []float64{0.40*0.9074 + 0.4216*0.8772 + 0.1118*0.6613 + 0.0667*0.4444}, 1e-3)
}

// TestDawidSkeneFindsTheBadRater: three good raters, one at random and one who says the
// contrary: the consensus is better than the majority, and their accuracies come out.
func TestDawidSkeneFindsTheBadRater(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	right := []float64{0.9, 0.85, 0.8, 0.5, 0.1}
	v := Votes{Items: 600, Raters: len(right), Categories: 2}
	truth := make([]int, v.Items)
	for item := range truth {
		truth[item] = random.IntN(2)
		for rater, p := range right {
			answer := truth[item]
			if random.Float64() > p {
				answer = 1 - answer
			}
			v.All = append(v.All, Vote{item, rater, answer})
		}
	}
	c, err := DawidSkene(v, 1)
	if err != nil {
		t.Fatal(err)
	}
	byModel, byMajority := 0, 0
	for item, counts := range v.counts() {
		if (c.Items[item][1] > 0.5) == (truth[item] == 1) {
			byModel++
		}
		if (counts[1] > counts[0]) == (truth[item] == 1) {
			byMajority++
		}
	}
	if byModel <= byMajority || float64(byModel)/600 < 0.92 {
		t.Errorf("right on %d, the majority on %d of 600", byModel, byMajority)
	}
	for rater, p := range right {
		if math.Abs(c.Accuracy(rater)-p) > 0.05 {
			t.Errorf("rater %d: accuracy %.3f, is %.2f", rater, c.Accuracy(rater), p)
		}
	}
}

// TestIntervalCovers: over prompts whose images are nearly alike, intervals of kappa and
// alpha hold the truth as often as they say.
func TestIntervalCovers(t *testing.T) {
	const experiments, prompts, images, raters = 300, 30, 3, 4
	random := rand.New(rand.NewPCG(5, 6))
	draw := func(prompts int) Votes {
		v := Votes{Raters: raters, Categories: 2, Strata: make([]int, prompts)}
		for prompt := range prompts {
			kind := random.IntN(2) // of the whole prompt
			for range images {
				for rater := range raters {
					answer := kind
					if random.Float64() < 0.2 {
						answer = 1 - answer
					}
					v.All = append(v.All, Vote{v.Items, rater, answer})
				}
				v.Clusters = append(v.Clusters, prompt)
				v.Items++
			}
		}
		return v
	}
	// Two answers agree in 0.8² + 0.2² = 0.68 of all cases, by chance in half of them.
	const truth = 1 - 0.32/0.5
	for name, of := range map[string]Measure{"Fleiss": Fleiss, "Krippendorff": Krippendorff, "Cohen": Cohen(0, 1)} {
		held := 0
		for range experiments {
			interval, err := of.Interval(draw(prompts), stats.Level)
			if err != nil {
				t.Fatal(err)
			}
			if interval.Low <= truth && truth <= interval.High {
				held++
			}
		}
		if share := float64(held) / experiments; share < 0.92 || share > 0.985 {
			t.Errorf("%s: %d of %d intervals hold the truth", name, held, experiments)
		}
	}
}

// BenchmarkInterval is of 1,000 prompts with four images, each judged by nine raters.
func BenchmarkInterval(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 8))
	v := Votes{Raters: 9, Categories: 2}
	for prompt := range 1000 {
		v.Strata = append(v.Strata, prompt%4)
		for range 4 {
			for rater := range v.Raters {
				v.All = append(v.All, Vote{v.Items, rater, random.IntN(2)})
			}
			v.Clusters = append(v.Clusters, prompt)
			v.Items++
		}
	}
	for b.Loop() {
		if _, err := Krippendorff.Interval(v, stats.Level); err != nil {
			b.Fatal(err)
		}
	}
}
