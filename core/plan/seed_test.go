package plan

import "testing"

// The numbers are pinned: other ones would change every result there is.
func TestSeedsArePinned(t *testing.T) {
	if got := DeriveSeed(1, "evaluate/main"); got != seedPin {
		t.Errorf("DeriveSeed: %#x", got)
	}
	if got := ImageSeed(1, "a red circle", 2); got != imagePin {
		t.Errorf("ImageSeed: %#x", got)
	}
	if got := SubsetPriority(1, "color/0000/000"); got != drawPin {
		t.Errorf("SubsetPriority: %#x", got)
	}
}

func TestImageSeedsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for stage := uint64(0); stage < 10; stage++ {
		for index := 0; index < 100; index++ {
			for _, prompt := range []string{"a red circle", "a red circl", ""} {
				seed := ImageSeed(stage, prompt, index)
				if seen[seed] {
					t.Fatalf("seed %#x twice", seed)
				}
				seen[seed] = true
			}
		}
	}
}

const (
	seedPin  = 0xff15e7a8bff35f8b
	imagePin = 0xbef3f7166c3ce2e8
	drawPin  = 0xc4dff0547a69bea8
)
