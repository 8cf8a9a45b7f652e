package metric

import (
	"cmp"
	"slices"
)

// promptKey says which prompt a row belongs to: what it is counted with and
// reported under.
type promptKey struct {
	category, prompt, split string
}

func comparePromptKeys(a, b promptKey) int {
	return cmp.Or(
		cmp.Compare(a.category, b.category),
		cmp.Compare(a.prompt, b.prompt),
		cmp.Compare(a.split, b.split),
	)
}

// scope is a part of the prompts that a metric is reported for. Empty fields
// hold everything.
type scope struct {
	category, split string
}

func (s scope) holds(p promptKey) bool {
	return (s.category == "" || s.category == p.category) && (s.split == "" || s.split == p.split)
}

// scopes lists the parts that the prompts fall into: everything first, then each
// split, then each category with its splits.
func scopes(keys []promptKey) []scope {
	var splits, categories []string
	present := map[scope]bool{}
	for _, p := range keys {
		if p.split != "" {
			splits = append(splits, p.split)
		}
		if p.category != "" {
			categories = append(categories, p.category)
		}
		present[scope{p.category, p.split}] = true
	}
	slices.Sort(splits)
	slices.Sort(categories)
	splits, categories = slices.Compact(splits), slices.Compact(categories)

	all := []scope{{}}
	for _, split := range splits {
		all = append(all, scope{split: split})
	}
	for _, category := range categories {
		all = append(all, scope{category: category})
		for _, split := range splits {
			if present[scope{category, split}] {
				all = append(all, scope{category, split})
			}
		}
	}
	return all
}

// within keeps the items that belong to a scope.
func within[T any](items []T, s scope, at func(T) promptKey) []T {
	var kept []T
	for _, item := range items {
		if s.holds(at(item)) {
			kept = append(kept, item)
		}
	}
	return kept
}

// promptKeysOf lists the prompt of every item.
func promptKeysOf[T any](items []T, at func(T) promptKey) []promptKey {
	keys := make([]promptKey, len(items))
	for i, item := range items {
		keys[i] = at(item)
	}
	return keys
}
