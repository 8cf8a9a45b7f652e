package metric

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func TestGoodShareByHand(t *testing.T) {
	labels := slices.Concat(
		labelsOf("color", "a red ring", "seen", "ggb", "gbb", "gbs", "sss"), // 1, 0, 1/2, left out
		labelsOf("count", "two rings", "unseen", "ggg", "bbb"),              // 1, 0
	)
	metrics, values, err := Alignment(AlignmentInput{Model: "full", Baseline: "base", ModelLabels: labels, Rater: "crowd"})
	if err != nil {
		t.Fatal(err)
	}
	all := find(t, metrics, "good_share", "", "")
	wantValue(t, all, 2.5/5)
	if all.N != 5 || all.Clusters != 2 || all.Subject != "full" || all.Rater != "crowd" || all.Unit != "share" || all.Better != "higher" {
		t.Errorf("got %+v", all)
	}
	if all.Protocol["raters"] != "3" {
		t.Errorf("protocol %v", all.Protocol)
	}
	wantValue(t, find(t, metrics, "good_share", "", "seen"), 0.5)
	wantValue(t, find(t, metrics, "good_share", "count", "unseen"), 0.5)
	wantValue(t, find(t, metrics, "skip_share", "", ""), 4.0/18)
	want := []dataset.PromptValue{
		{Metric: "good_share", Subject: "full", Prompt: "a red ring", Category: "color", Split: "seen", N: 3, Value: 0.5},
		{Metric: "good_share", Subject: "full", Prompt: "two rings", Category: "count", Split: "unseen", N: 2, Value: 0.5},
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Error(diff)
	}
}

func TestGoodShareWhereAllAgreeStillHasAnInterval(t *testing.T) {
	var labels []table.Label
	for i := range 12 {
		labels = append(labels, labelsOf("color", string(rune('a'+i)), "seen", "ggg", "gbg")...)
	}
	metrics, _, err := Alignment(AlignmentInput{Model: "full", Baseline: "base", ModelLabels: labels, BaselineLabels: labels})
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, metrics, "good_share", "", "")
	wantValue(t, m, 1)
	if m.Low == nil || *m.Low > 0.8 || *m.Low < 0.7 || m.Protocol["interval"] == "" {
		t.Errorf("twelve of twelve prompts: low %v, note %q", m.Low, m.Note)
	}
	// No prompt changed: what the difference could be is not to be seen.
	for _, name := range []string{"win_minus_lose", "good_share_difference"} {
		same := find(t, metrics, name, "", "")
		wantValue(t, same, 0)
		if same.Low != nil || same.Note != "no interval: no prompt changed" || same.Protocol["interval"] != "" {
			t.Errorf("%s of equal sides: %+v", name, same)
		}
	}
	if d := find(t, metrics, "win_minus_lose_detectable", "", ""); d.Value != nil {
		t.Errorf("a difference is detectable where nothing varies: %+v", d)
	}
	wantValue(t, find(t, metrics, "win_minus_lose_p", "", ""), 1)
}

func TestOneRowAndNoRows(t *testing.T) {
	metrics, _, err := Alignment(AlignmentInput{Model: "m", ModelLabels: labelsOf("c", "p", "seen", "g")})
	if err != nil {
		t.Fatal(err)
	}
	one := find(t, metrics, "good_share", "", "")
	wantValue(t, one, 1)
	if one.Low != nil || !strings.Contains(one.Note, "no interval") {
		t.Errorf("one prompt: %+v", one)
	}
	metrics, values, err := Alignment(AlignmentInput{Model: "m"})
	if err != nil || len(values) != 0 {
		t.Fatal(values, err)
	}
	wantNone(t, find(t, metrics, "good_share", "", ""))
}

func TestAlignmentRefuses(t *testing.T) {
	good := labelsOf("c", "p", "seen", "gg")
	odd := labelsOf("c", "p", "seen", "g")
	odd[0].Label = "great"
	moved := labelsOf("c", "p", "seen", "-g")
	moved[0].Prompt = "q"
	for name, c := range map[string]struct {
		labels []table.Label
		want   string
	}{
		"twice":       {append(slices.Clone(good), good[0]), `image "c/p/0" has two labels by rater "0"`},
		"word":        {odd, `image "c/p/0" has the label "great"`},
		"two prompts": {append(labelsOf("c", "p", "seen", "g"), moved...), `labels for two prompts`},
	} {
		_, _, err := Alignment(AlignmentInput{Model: "full", ModelLabels: c.labels})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "full") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestOutcomeByHand(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second []string
		result, pairs int
	}{
		{"two of three prefer the first", []string{"ggb"}, []string{"bbb"}, 1, 1},
		{"one of three is not enough", []string{"gbb"}, []string{"bbb"}, 0, 1},
		{"two of three against", []string{"bbg"}, []string{"ggg"}, -1, 1},
		{"equally good is no vote", []string{"ggg"}, []string{"ggg"}, 0, 1},
		// Rater 0 leads by 1+1-1 = 1, rater 1 by 1+0-1 = 0: one of two.
		{"more good images over the set", []string{"gg", "gg", "bb"}, []string{"bb", "bg", "gg"}, 0, 3},
		{"skips take the pair out", []string{"gss"}, []string{"bbb"}, 1, 1},
		{"nobody saw both", []string{"g-"}, []string{"-b"}, 0, 0},
		{"all skip", []string{"sss"}, []string{"bbb"}, 0, 0},
		{"six of nine decide", []string{"ggggggbbb"}, []string{"bbbbbbbbb"}, 1, 1},
		{"five of nine do not", []string{"gggggbbbb"}, []string{"bbbbbbbbb"}, 0, 1},
	} {
		first, err := byImage(labelsOf("c", "p", "seen", c.first...))
		if err != nil {
			t.Fatal(err)
		}
		second, err := byImage(labelsOf("c", "p", "seen", c.second...))
		if err != nil {
			t.Fatal(err)
		}
		d := duel{first: sets(first)[0], second: sets(second)[0]}
		if result, pairs := d.outcome(); result != c.result || pairs != c.pairs {
			t.Errorf("%s: got %d over %d pairs, want %d over %d", c.name, result, pairs, c.result, c.pairs)
		}
		back := duel{first: d.second, second: d.first}
		if result, _ := back.outcome(); result != -c.result {
			t.Errorf("%s, sides changed: got %d, want %d", c.name, result, -c.result)
		}
	}
}

// winLabels is four prompts of which the model wins two, ties one, loses one.
func winLabels() (model, baseline []table.Label) {
	model = slices.Concat(
		labelsOf("color", "p1", "seen", "ggg", "ggg"), labelsOf("color", "p2", "seen", "ggb", "bbb"),
		labelsOf("count", "p3", "unseen", "bbb", "ggg"), labelsOf("count", "p4", "unseen", "bbb", "bbb"),
	)
	baseline = slices.Concat(
		labelsOf("color", "p1", "seen", "bbb", "bbb"), labelsOf("color", "p2", "seen", "bbb", "bbb"),
		labelsOf("count", "p3", "unseen", "ggg", "bbb"), labelsOf("count", "p4", "unseen", "ggg", "bbb"),
	)
	return model, baseline
}

func TestWinRatesByHand(t *testing.T) {
	model, baseline := winLabels()
	metrics, values, err := Alignment(AlignmentInput{Model: "full", Baseline: "base", ModelLabels: model, BaselineLabels: baseline, Rater: "crowd"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"win_share": 0.5, "tie_share": 0.25, "lose_share": 0.25, "win_minus_lose": 25,
		// Outcomes 1, 1, 0, -1 sum to 1; every flip of three signs has an odd sum.
		"win_minus_lose_p": 1,
		// Good: model 2+1+1+0 of 8, baseline 0+0+1+1 of 8.
		"good_share_difference": 25,
	} {
		m := find(t, metrics, name, "", "")
		wantValue(t, m, want)
		if m.Versus != "base" || m.Subject != "full" || m.Clusters != 4 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	wantValue(t, find(t, metrics, "win_share", "", "seen"), 1)
	wantValue(t, find(t, metrics, "lose_share", "count", ""), 0.5)
	if net := find(t, metrics, "win_minus_lose", "", ""); net.Low != nil || net.Note != "no interval: fewer than 6 prompts" {
		t.Errorf("four prompts: %+v", net)
	}
	if d := find(t, metrics, "win_minus_lose_detectable", "", ""); d.Value != nil || d.Note != "fewer than 6 prompts" {
		t.Errorf("four prompts detect nothing that can be said: %+v", d)
	}
	var outcomes []float64
	for _, v := range values {
		if v.Metric == "win_minus_lose" {
			outcomes = append(outcomes, v.Value)
		}
	}
	if !slices.Equal(outcomes, []float64{1, 1, 0, -1}) {
		t.Errorf("outcomes by prompt: %v", outcomes)
	}
}

func TestWinRatesLeaveOutPromptsOfOneSide(t *testing.T) {
	model, baseline := winLabels()
	baseline = slices.DeleteFunc(baseline, func(l table.Label) bool { return l.Prompt == "p4" })
	metrics, _, err := Alignment(AlignmentInput{Model: "full", Baseline: "base", ModelLabels: model, BaselineLabels: baseline})
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, metrics, "win_share", "", "")
	wantValue(t, m, 2.0/3)
	if !strings.Contains(m.Note, "1 prompts") {
		t.Errorf("note %q", m.Note)
	}
}

func TestAlignmentIgnoresRowOrder(t *testing.T) {
	model, baseline := winLabels()
	metrics, values, err := Alignment(AlignmentInput{Model: "full", Baseline: "base", ModelLabels: model, BaselineLabels: baseline, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		again, againValues, err := Alignment(AlignmentInput{
			Model: "full", Baseline: "base", ModelLabels: shuffled(model, seed), BaselineLabels: shuffled(baseline, seed+1), Seed: 5,
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(metrics, again) + cmp.Diff(values, againValues); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSharesAddUp(t *testing.T) {
	word := rapid.StringMatching(`[gbs]{5}`)
	rapid.Check(t, func(t *rapid.T) {
		var model, baseline []table.Label
		for _, prompt := range []string{"p1", "p2", "p3"} {
			model = append(model, labelsOf("c", prompt, "seen", word.Draw(t, "m1"), word.Draw(t, "m2"))...)
			baseline = append(baseline, labelsOf("c", prompt, "seen", word.Draw(t, "b1"), word.Draw(t, "b2"))...)
		}
		metrics, _, err := Alignment(AlignmentInput{Model: "m", Baseline: "b", ModelLabels: model, BaselineLabels: baseline})
		if err != nil {
			t.Fatal(err)
		}
		value := map[string]float64{}
		for _, m := range metrics {
			if m.Category != "" || m.Split != "" {
				continue
			}
			if m.Value == nil {
				if m.Note == "" {
					t.Fatalf("%s has neither a value nor a reason", m.Name)
				}
				continue
			}
			value[m.Name] = *m.Value
			if m.Low != nil && (*m.Low > *m.Value+1e-9 || *m.High < *m.Value-1e-9) {
				t.Fatalf("%s: %v is not in [%v, %v]", m.Name, *m.Value, *m.Low, *m.High)
			}
		}
		if win, ok := value["win_share"]; ok {
			if sum := win + value["tie_share"] + value["lose_share"]; !near(sum, 1, 1e-12, 0) {
				t.Fatalf("shares add up to %v", sum)
			}
			if !near(value["win_minus_lose"], 100*(win-value["lose_share"]), 1e-9, 0) {
				t.Fatalf("win minus lose %v", value["win_minus_lose"])
			}
		}
	})
}

func TestCompareIDs(t *testing.T) {
	ids := []string{"color/10/2", "color/9/10", "color/9/2", "color/09/2", "b", ""}
	slices.SortFunc(ids, compareIDs)
	want := []string{"", "b", "color/09/2", "color/9/2", "color/9/10", "color/10/2"}
	if !slices.Equal(ids, want) {
		t.Errorf("got %v", ids)
	}
}
