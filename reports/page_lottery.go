package reports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// lottery puts prompts into an order that depends on a seed and on nothing that came
// out.
type lottery struct{ seed uint64 }

func (l lottery) ticket(p promptPlace) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d\x00%q\x00%q\x00%q", l.seed, p.Category, p.Split, p.Prompt))
}

func (l lottery) compare(a, b promptPlace) int {
	x, y := l.ticket(a), l.ticket(b)
	return bytes.Compare(x[:], y[:])
}

// spreadOver is how many prompts of a category and split are spread over their words.
const spreadOver = 60

// draw orders prompts such that any first ones of them are spread evenly over the
// categories and splits, and within each over the words that fill the templates' slots;
// the rest is the seed's. Slots are a prompt's words as JSON, or empty.
func (l lottery) draw(places []promptPlace, slots func(promptPlace) string) []promptPlace {
	byPart := map[part][]promptPlace{}
	for _, p := range places {
		of := part{p.Category, p.Split}
		byPart[of] = append(byPart[of], p)
	}
	var parts []part
	longest := 0
	for of, all := range byPart {
		parts = append(parts, of)
		longest = max(longest, len(all))
		slices.SortFunc(all, l.compare)
		spreadWords(all, slots)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.split, b.split)) })
	var order []promptPlace
	for turn := range longest {
		for _, of := range parts {
			if all := byPart[of]; turn < len(all) {
				order = append(order, all[turn])
			}
		}
	}
	return order
}

// spreadWords puts first, of prompts in the order of their tickets, those whose words were
// shown least before them.
func spreadWords(all []promptPlace, slots func(promptPlace) string) {
	words := make([][]string, len(all))
	for i, p := range all {
		filled, err := table.ParseSlots(slots(p))
		if err != nil { // its words are not known: it is as good as any
			continue
		}
		for slot, word := range filled {
			words[i] = append(words[i], slot+"="+word)
		}
	}
	shown := map[string]int{}
	for at := range all[:min(len(all), spreadOver)] {
		best, least := at, math.MaxInt
		for i := at; i < len(all); i++ {
			count := 0
			for _, word := range words[i] {
				count += shown[word]
			}
			if count < least {
				best, least = i, count
			}
		}
		// The others keep their order.
		place, of := all[best], words[best]
		copy(all[at+1:best+1], all[at:best])
		copy(words[at+1:best+1], words[at:best])
		all[at], words[at] = place, of
		for _, word := range of {
			shown[word]++
		}
	}
}
