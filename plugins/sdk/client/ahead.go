package client

import (
	"cmp"
	"iter"
	"runtime"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// readAhead is how many images are made ready to be sent at a time: as many as there
// are cores, and no more than the component gets at once. Two at least: one is being
// sent.
func (i *Instance) readAhead() int {
	return max(2, min(runtime.GOMAXPROCS(0), cmp.Or(i.described.PreferredBatch, sdk.DefaultBatch)))
}

// ahead makes what is in a sequence ready, several at a time, and hands it on in order.
// At most that many are being made ready, ready, or being used. An error ends the
// sequence, after what came before it. All goroutines have ended when the sequence has.
func ahead[In, Out any](in iter.Seq2[In, error], most int, ready func(In) (Out, error)) iter.Seq2[Out, error] {
	type result struct {
		out Out
		err error
	}
	return func(yield func(Out, error) bool) {
		var working sync.WaitGroup
		defer working.Wait()
		ended := make(chan struct{})
		defer close(ended)
		room := make(chan struct{}, most)
		queue := make(chan chan result, most) // in order
		working.Go(func() {
			defer close(queue)
			mayGoOn := func() bool {
				select {
				case room <- struct{}{}:
					return true
				case <-ended:
					return false
				}
			}
			if !mayGoOn() {
				return
			}
			for one, err := range in {
				made := make(chan result, 1)
				queue <- made // has room for as many as there may be
				if err != nil {
					made <- result{err: err}
					return
				}
				working.Go(func() {
					out, err := ready(one)
					made <- result{out, err}
				})
				if !mayGoOn() {
					return
				}
			}
		})
		for made := range queue {
			r := <-made
			if !yield(r.out, r.err) || r.err != nil {
				return
			}
			<-room
		}
	}
}
