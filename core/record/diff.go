package record

// ChangeKind says what happened to a part of a key.
type ChangeKind string

// The kinds of change.
const (
	Changed ChangeKind = "changed"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Moved   ChangeKind = "moved" // the same parts in another order
)

// Change is one difference between two keys.
type Change struct {
	Kind ChangeKind `json:"kind"`
	Name string     `json:"name"`
	Old  string     `json:"old,omitempty"` // empty if Added or Moved
	New  string     `json:"new,omitempty"` // empty if Removed or Moved
}

// Diff says what makes the key of new another than the key of old: changed and
// added parts in the order of new, then removed ones in the order of old. Parts
// are matched by name; of several with one name, the first with the first and
// so on. Diff returns nothing exactly if the keys are equal.
func Diff(old, new []KeyPart) []Change {
	type occurrence struct {
		name string
		nth  int
	}
	occurrences := func(parts []KeyPart) []occurrence {
		seen := map[string]int{}
		list := make([]occurrence, len(parts))
		for i, p := range parts {
			list[i] = occurrence{p.Name, seen[p.Name]}
			seen[p.Name]++
		}
		return list
	}

	before, after := occurrences(old), occurrences(new)
	values := make(map[occurrence]string, len(old))
	for i, p := range before {
		values[p] = old[i].Value
	}

	var changes []Change
	for i, p := range after {
		value, had := values[p]
		delete(values, p)
		switch {
		case !had:
			changes = append(changes, Change{Kind: Added, Name: p.name, New: new[i].Value})
		case value != new[i].Value:
			changes = append(changes, Change{Kind: Changed, Name: p.name, Old: value, New: new[i].Value})
		}
	}
	for _, p := range before {
		if value, left := values[p]; left {
			changes = append(changes, Change{Kind: Removed, Name: p.name, Old: value})
		}
	}
	if len(changes) > 0 {
		return changes
	}
	for i := range after {
		if after[i] != before[i] {
			return []Change{{Kind: Moved, Name: new[i].Name}}
		}
	}
	return nil
}
