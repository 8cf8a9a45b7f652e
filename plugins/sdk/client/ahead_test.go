package client

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What is made ready several at a time comes in order, the first ones last or not.
func TestAheadInOrder(t *testing.T) {
	var now, highest atomic.Int32
	numbers := func(yield func(int, error) bool) {
		for i := range 50 {
			if !yield(i, nil) {
				return
			}
		}
	}
	var got []int
	for n, err := range ahead(numbers, 4, func(i int) (int, error) {
		if n := now.Add(1); n > highest.Load() {
			highest.Store(n)
		}
		defer now.Add(-1)
		time.Sleep(time.Duration(4-i%4) * time.Millisecond)
		return 10 * i, nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if len(got) != 50 || !slices.IsSorted(got) || got[49] != 490 {
		t.Errorf("got %v", got)
	}
	if highest.Load() > 4 || highest.Load() < 2 {
		t.Errorf("%d at a time, of 4 that may be", highest.Load())
	}
}

// No more is taken than may be on its way: what waits to be used counts.
func TestAheadIsBounded(t *testing.T) {
	var taken atomic.Int32
	numbers := func(yield func(int, error) bool) {
		for i := 0; ; i++ {
			taken.Add(1)
			if !yield(i, nil) {
				return
			}
		}
	}
	used := int32(0)
	for range ahead(numbers, 3, func(i int) (int, error) { return i, nil }) {
		time.Sleep(5 * time.Millisecond) // time enough to take all that may be taken
		if n := taken.Load(); n > used+3 {
			t.Fatalf("%d are taken when %d have been used", n, used)
		}
		if used++; used == 20 {
			break
		}
	}
}

// An error, of the sequence or of one in it, comes after what was before it and ends
// everything; so does whoever wants no more. No goroutine is left.
func TestAheadEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	broken := errors.New("broken")
	var closed sync.WaitGroup
	for name, test := range map[string]struct {
		fails func(i int) (atSource, atWork bool)
		want  int // how many come before the error
		stop  int
	}{
		"the sequence": {func(i int) (bool, bool) { return i == 7, false }, 7, 100},
		"the work":     {func(i int) (bool, bool) { return false, i == 7 || i == 9 }, 7, 100},
		"the first":    {func(i int) (bool, bool) { return i == 0, false }, 0, 100},
		"no more":      {func(int) (bool, bool) { return false, false }, 5, 5},
	} {
		closed.Add(1)
		numbers := func(yield func(int, error) bool) {
			defer closed.Done()
			for i := 0; ; i++ {
				var err error
				if fails, _ := test.fails(i); fails {
					err = broken
				}
				if !yield(i, err) || err != nil {
					return
				}
			}
		}
		came := 0
		var failed error
		for n, err := range ahead(numbers, 4, func(i int) (int, error) {
			time.Sleep(time.Millisecond)
			if _, fails := test.fails(i); fails {
				return 0, broken
			}
			return i, nil
		}) {
			if failed = err; err != nil {
				break
			}
			if n != came {
				t.Errorf("%s: %d in the place of %d", name, n, came)
			}
			if came++; came == test.stop {
				break
			}
		}
		if came != test.want || (failed == nil) != (test.stop == test.want) {
			t.Errorf("%s: %d came, and then %v", name, came, failed)
		}
	}
	closed.Wait()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
