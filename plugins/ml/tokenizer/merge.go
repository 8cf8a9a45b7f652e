package tokenizer

// merging is what becomes of two tokens side by side.
type merging struct {
	rank int   // the lower, the earlier
	id   int32 // the token that they become
}

// merge encodes one piece of a text. Its bytes are tokens at first, the last
// one with the mark of a word's end; then the pair of lowest rank becomes one
// token wherever it stands, until no pair of neighbours has a rank.
func (t *Tokenizer) merge(piece string) []int32 {
	ids := make([]int32, len(piece))
	for i := range len(piece) {
		ids[i] = t.inside[piece[i]]
	}
	ids[len(ids)-1] = t.last[piece[len(piece)-1]]
	for {
		var best [2]int32
		chosen := merging{rank: -1}
		for i := range len(ids) - 1 {
			pair := [2]int32{ids[i], ids[i+1]}
			if m, ok := t.merges[pair]; ok && (chosen.rank < 0 || m.rank < chosen.rank) {
				best, chosen = pair, m
			}
		}
		if chosen.rank < 0 {
			return ids
		}
		kept := 0
		for i := 0; i < len(ids); i++ {
			if i+1 < len(ids) && ids[i] == best[0] && ids[i+1] == best[1] {
				ids[kept] = chosen.id
				i++
			} else {
				ids[kept] = ids[i]
			}
			kept++
		}
		ids = ids[:kept]
	}
}
