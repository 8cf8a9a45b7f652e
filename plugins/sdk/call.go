package sdk

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// heartbeatInterval is how often a call says that it lives.
const heartbeatInterval = 2 * time.Second

// serveCall does the work of one streaming call: it keeps the heartbeat going,
// and ends the stream with Done, with a Failure, or with a status if the host
// has gone away. The send that work gets may be called from any goroutine.
func (t *instances) serveCall(ctx context.Context, send func(*pb.Signal) error, work func(ctx context.Context, lock sync.Locker) error) error {
	host := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var sending sync.Mutex
	ended := false // guarded by sending: nothing may be sent any more
	warned := map[string]bool{}
	ctx = WithWarnings(ctx, func(text string) {
		sending.Lock()
		defer sending.Unlock()
		text = cut(text, maxWarningBytes)
		if ended || warned[text] || len(warned) == maxWarnings {
			return
		}
		warned[text] = true
		// A host that is gone is noticed elsewhere.
		_ = send(&pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{Warnings: []string{text}}}})
	})

	repaired := func(text string) {
		sending.Lock()
		defer sending.Unlock()
		if !ended {
			_ = send(&pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{Repairs: []string{text}}}})
		}
	}
	ctx = WithRepairs(ctx, repaired)
	tellRepairs := func() {
		for _, text := range t.plugin.repairs() {
			repaired(text)
		}
	}

	var heart sync.WaitGroup
	finished := make(chan struct{})
	heart.Go(func() {
		beat := time.NewTicker(heartbeatInterval)
		defer beat.Stop()
		for {
			select {
			case <-finished:
				return
			case <-t.stopped:
				cancel()
				<-finished
				return
			case <-beat.C:
				tellRepairs()
				sending.Lock()
				err := send(&pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{Busy: t.plugin.busy()}}})
				sending.Unlock()
				if err != nil {
					cancel() // the host is gone
				}
			}
		}
	})
	err := work(ctx, &sending)
	close(finished)
	heart.Wait()
	tellRepairs()
	sending.Lock()
	ended = true
	sending.Unlock()

	switch {
	case err == nil:
		return send(&pb.Signal{Kind: &pb.Signal_Done{Done: &pb.Done{}}})
	case host.Err() != nil:
		return status.FromContextError(host.Err()).Err()
	case ctx.Err() != nil && t.isStopped():
		err = errStopping
	}
	return send(&pb.Signal{Kind: &pb.Signal_Failure{Failure: &pb.Failure{Diagnostics: diagnosticsToProto(DiagnosticsOf(err))}}})
}

func (t *instances) isStopped() bool {
	select {
	case <-t.stopped:
		return true
	default:
		return false
	}
}

// batch is what a component gets at once.
type batch[T any] struct {
	positions []uint64
	items     []T
	err       error // why there is none; io.EOF at the end
}

// batches reads a stream ahead of the component: while it works on a batch,
// the next one is received, and decoded on all cores. All batches but the last
// are full, so that the same items always meet the same batches.
func batches[W, T any](ctx context.Context, size int, next func() (position uint64, wire W, err error), decode func(W) (T, error)) func() batch[T] {
	ready := make(chan batch[T])
	go func() {
		for {
			received := batch[T]{}
			var wires []W
			for len(wires) < size && received.err == nil {
				position, wire, err := next()
				if err != nil {
					received.err = err
					break
				}
				received.positions = append(received.positions, position)
				wires = append(wires, wire)
			}
			end := received.err
			if len(wires) > 0 && (end == nil || errors.Is(end, io.EOF)) {
				received.err = nil
				received.items = make([]T, len(wires))
				failures := make([]error, len(wires))
				var group errgroup.Group
				group.SetLimit(runtime.GOMAXPROCS(0))
				for i, wire := range wires {
					group.Go(func() error {
						received.items[i], failures[i] = decode(wire)
						return nil
					})
				}
				group.Wait()
				received.err = cmp.Or(failures...) // of the first item, whichever failed first
				select {
				case ready <- received:
				case <-ctx.Done():
					return
				}
			}
			if end != nil {
				select {
				case ready <- batch[T]{err: end}:
				case <-ctx.Done():
				}
				return
			}
		}
	}()
	return func() batch[T] {
		select {
		case b := <-ready:
			return b
		case <-ctx.Done():
			return batch[T]{err: ctx.Err()}
		}
	}
}

// eachBatch calls work for every batch until the stream ends.
func eachBatch[T any](next func() batch[T], work func(positions []uint64, items []T) error) error {
	for {
		b := next()
		if b.err == io.EOF {
			return nil
		}
		if b.err != nil {
			return b.err
		}
		if err := work(b.positions, b.items); err != nil {
			return err
		}
		if pixelBytes(b.items) >= collectedBytes {
			b = batch[T]{}
			runtime.GC()
		}
	}
}

// collectedBytes is the size from which on a batch's memory is given back before the
// next one but one comes in. Left to itself, Go would let the memory double first.
const collectedBytes = 32 << 20

// pixelBytes is the size of all images.
func pixelBytes[T any](items []T) int {
	size := 0
	for _, item := range items {
		switch item := any(item).(type) {
		case Item:
			size += len(item.Image.RGB)
		case Pair:
			size += len(item.First.RGB) + len(item.Second.RGB)
		}
	}
	return size
}
