package record

import "testing"

func TestKeyIsPinned(t *testing.T) {
	// A change here makes every stage of every user run again.
	const want = "c66b423dbde2c8724616c8b1808020978168d290963979bf09a5c7bfd51f9df6"
	if got := KeyOf([]KeyPart{{Name: "stage", Value: "sample 1"}, {Name: "seed", Value: "7"}}); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

func TestKeysAreUnambiguous(t *testing.T) {
	lists := [][]KeyPart{
		nil,
		{{Name: "", Value: ""}},
		{{Name: "a", Value: "b"}},
		{{Name: "ab", Value: ""}},
		{{Name: "", Value: "ab"}},
		{{Name: "a", Value: "b"}, {Name: "", Value: ""}},
		{{Name: "a", Value: "b"}, {Name: "c", Value: "d"}},
		{{Name: "c", Value: "d"}, {Name: "a", Value: "b"}},
		{{Name: "a", Value: "bc"}, {Name: "d", Value: ""}},
	}
	seen := map[string]int{}
	for i, parts := range lists {
		key := KeyOf(parts)
		if j, twice := seen[key]; twice {
			t.Errorf("%v and %v have one key", lists[j], parts)
		}
		seen[key] = i
	}
}
