package people

import (
	"testing"
	"time"
)

// TestDigest: it is of what judgements say, and of nothing else. The first is the sha256
// of ["labels/people","a","ana",{"alignment":"good"}], by sha256sum.
func TestDigest(t *testing.T) {
	one := Judgement{Number: 1, ID: "1", Question: "labels/people", Item: "a", Rater: "ana", Purpose: Asked, Answers: Answers{Alignment: Good}, Shown: []string{"a", "b"}, Time: time.Unix(1, 0), Page: "1"}
	if got, want := Digest([]Judgement{one}), "sha256:320e17ce6ea49ce6db64f16965bb4d417dfa24022067b68be4c18cf3f7750458"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	other := one
	other.Number, other.ID, other.Shown, other.Time, other.Duration, other.Page = 7, "7", nil, time.Unix(9, 0), time.Second, "import"
	two := one
	two.Item = "b"
	check := two
	check.Purpose, check.Answers = Known, Answers{Alignment: Bad}
	if Digest([]Judgement{one, two}) != Digest([]Judgement{two, check, other}) {
		t.Error("order, times, pages and answers that do not count are in the digest")
	}
	for name, change := range map[string]func(*Judgement){
		"question": func(j *Judgement) { j.Question = "labels/others" },
		"item":     func(j *Judgement) { j.Item = "c" },
		"rater":    func(j *Judgement) { j.Rater = "ben" },
		"answer":   func(j *Judgement) { j.Answers = Answers{Alignment: Bad} },
		"aspect":   func(j *Judgement) { j.Answers = Answers{Fidelity: Good} },
	} {
		changed := one
		change(&changed)
		if Digest([]Judgement{changed}) == Digest([]Judgement{one}) {
			t.Errorf("another %s, and the same digest", name)
		}
	}
}

// TestItemID: an item of several images has one name, whichever stands first.
func TestItemID(t *testing.T) {
	if got := ItemID("a"); got != "a" {
		t.Error(got)
	}
	if ItemID("a", "b") != ItemID("b", "a") || ItemID("a", "b") == ItemID("a", "c") || len(ItemID("a", "b")) != 32 {
		t.Error(ItemID("a", "b"), ItemID("b", "a"), ItemID("a", "c"))
	}
}
