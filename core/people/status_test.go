package people

import "testing"

func TestProgressOf(t *testing.T) {
	question := Question{Name: "labels/people", Raters: 2, Gold: []Gold{{Item: "gold"}}}
	var items []Item
	for _, id := range []string{"a", "b", "c", "gold", "unsafe"} {
		items = append(items, Item{ID: id, Images: []string{id}})
	}
	said := func(item, rater string, purpose Purpose) Judgement {
		return Judgement{Question: question.Name, Item: item, Rater: rater, Purpose: purpose, Answers: Answers{Alignment: Skip}}
	}
	other := said("c", "ana", Asked)
	other.Question = "labels/others"
	judgements := []Judgement{
		said("a", "ana", Asked), said("a", "ben", Asked), said("a", "cleo", Asked), // more than is asked for
		said("b", "ana", Asked), said("b", "ana", Again), said("b", "ben", Attentive), // one that counts
		said("gold", "ana", Known), said("unsafe", "ana", Asked), said("nowhere", "ana", Asked), other,
	}
	got := ProgressOf(question, items, judgements, map[string]bool{"unsafe": true})
	if want := (Progress{Items: 3, Complete: 1, Missing: 3, Reported: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := ProgressOf(question, nil, judgements, nil); got != (Progress{}) {
		t.Errorf("of no items: %+v", got)
	}
}
