package reports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
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

// draw orders prompts such that any first ones of them are spread evenly over the
// categories and splits, and are drawn by the seed within each.
func (l lottery) draw(places []promptPlace) []promptPlace {
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
