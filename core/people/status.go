package people

// Progress is how far a question is.
type Progress struct {
	Items    int `json:"items"`    // that are asked, without those that were reported and those whose answer is known
	Complete int `json:"complete"` // that as many distinct raters answered as are asked for
	Missing  int `json:"missing"`  // answers that are still to be given
	Reported int `json:"reported"` // items left out since an image of theirs was reported as unsafe
}

// ProgressOf counts the answers that a question's items have. An answer is good, bad, a
// choice or a skip alike: a rater who skips has seen the item. reported holds images.
// Items whose answer is known are left out: nobody is asked about them but to be checked.
func ProgressOf(question Question, items []Item, judgements []Judgement, reported map[string]bool) Progress {
	raters := map[string]map[string]bool{}
	for _, j := range judgements {
		if j.Question != question.Name || j.Purpose != Asked {
			continue
		}
		if raters[j.Item] == nil {
			raters[j.Item] = map[string]bool{}
		}
		raters[j.Item][j.Rater] = true
	}
	known := map[string]bool{}
	for _, gold := range question.Gold {
		known[gold.Item] = true
	}
	var p Progress
	for _, item := range items {
		if known[item.ID] {
			continue
		}
		if item.Reported(reported) {
			p.Reported++
			continue
		}
		p.Items++
		if missing := question.Raters - len(raters[item.ID]); missing > 0 {
			p.Missing += missing
		} else {
			p.Complete++
		}
	}
	return p
}

// Reported reports whether one of the item's images was reported as unsafe.
func (i Item) Reported(images map[string]bool) bool {
	for _, image := range i.Images {
		if images[image] {
			return true
		}
	}
	return false
}
