package spec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
)

// subset chooses limit of the prompts at random, by the seed, and keeps their
// order. Each stratum keeps its share as nearly as whole numbers allow, and at
// least one prompt if the limit has room for every stratum.
//
// A prompt's luck depends on the seed, the salt and the prompt alone: adding a
// prompt to the list changes the subset by that prompt, not altogether.
func subset(prompts []Prompt, limit int, seed uint64, salt string, stratum func(Prompt) string) []Prompt {
	if limit >= len(prompts) {
		return prompts
	}
	type ranked struct {
		index int
		rank  [sha256.Size]byte
	}
	var order []string
	strata := map[string][]ranked{}
	for i, prompt := range prompts {
		key := stratum(prompt)
		if _, ok := strata[key]; !ok {
			order = append(order, key)
		}
		rank := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s", seed, salt, prompt.Category, prompt.Text))
		strata[key] = append(strata[key], ranked{i, rank})
	}
	sizes := make([]int, len(order))
	for i, key := range order {
		sizes[i] = len(strata[key])
	}
	chosen := make([]bool, len(prompts))
	for i, quota := range quotas(sizes, limit) {
		members := strata[order[i]]
		slices.SortFunc(members, func(a, b ranked) int {
			return cmp.Or(bytes.Compare(a.rank[:], b.rank[:]), cmp.Compare(a.index, b.index))
		})
		for _, member := range members[:quota] {
			chosen[member.index] = true
		}
	}
	drawn := make([]Prompt, 0, limit)
	for i, prompt := range prompts {
		if chosen[i] {
			drawn = append(drawn, prompt)
		}
	}
	return drawn
}

// quotas splits limit in proportion to the sizes, by largest remainder. The
// limit must be below the sum of the sizes; no quota is above its size.
func quotas(sizes []int, limit int) []int {
	total := 0
	for _, size := range sizes {
		total += size
	}
	list, rest := make([]int, len(sizes)), limit
	byRemainder := make([]int, len(sizes))
	for i, size := range sizes {
		list[i] = limit * size / total
		rest -= list[i]
		byRemainder[i] = i
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		return cmp.Compare(limit*sizes[b]%total, limit*sizes[a]%total)
	})
	for _, i := range byRemainder[:rest] {
		list[i]++
	}
	if limit >= len(sizes) {
		for i := range list {
			if list[i] == 0 {
				list[slices.Index(list, slices.Max(list))]--
				list[i]++
			}
		}
	}
	return list
}
