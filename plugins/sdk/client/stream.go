package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
	"github.com/plumb-ml/plumb/plugins/sdk/wire"
)

// receive calls open and then each for every answer, until the stream says
// Done. An error of each ends the call and is returned as it is.
func receive[A any](
	ctx context.Context,
	silence time.Duration,
	open func(context.Context) (grpc.ServerStreamingClient[A], error),
	signal func(*A) *pb.Signal,
	each func(*A) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := open(ctx)
	if err != nil {
		return transport(ctx, err)
	}
	return listen(ctx, cancel, silence, stream.Recv, signal, each)
}

// sender sends a question. The pixels in it are lent, if not nil: they are used again
// when they have been written.
type sender[Q any] func(question *Q, lent *[]byte) error

// exchange is receive for calls that take a stream: feed sends it, on a
// goroutine of its own that has ended when exchange returns.
func exchange[Q, A any](
	ctx context.Context,
	c *Client,
	open func(context.Context, ...grpc.CallOption) (grpc.BidiStreamingClient[Q, A], error),
	feed func(send sender[Q]) error,
	signal func(*A) *pb.Signal,
	each func(*A) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := open(ctx)
	if err != nil {
		return transport(ctx, err)
	}
	fed := make(chan struct{})
	var asked atomic.Bool // everything has been sent
	go func() {
		defer close(fed)
		err := feed(func(question *Q, lent *[]byte) error {
			if message, ok := any(question).(proto.Message); ok && lent != nil {
				return stream.SendMsg(wire.Lent{Request: message, Pixels: lent, From: &c.pixels})
			}
			return stream.Send(question)
		})
		if err == nil {
			asked.Store(true)
			err = stream.CloseSend()
		}
		if err != nil && !errors.Is(err, io.EOF) { // io.EOF: the receiver learns why
			cancel(err)
		}
	}()
	err = listen(ctx, cancel, c.options.Silence, stream.Recv, signal, each)
	if err == nil && !asked.Load() {
		err = violation("says that it is done before it has been asked everything")
	}
	cancel(err) // frees a feeder that waits to send
	<-fed
	return err
}

// idleness is how long a call has given signs of life and no answer. That is no
// mistake, as a model may be slow; but whoever watches is told.
type idleness struct {
	since   time.Time
	silence time.Duration
}

// busy is what keeps a call from getting on: the plugin's own words, or else that
// there was no answer for long.
func (i *idleness) busy(words string) string {
	waited := time.Since(i.since).Round(time.Second)
	if words != "" || waited < i.silence/2 {
		return words
	}
	return fmt.Sprintf("no answer for %v", waited)
}

// listen receives answers and watches over the silence between them. The time
// that each takes does not count.
func listen[A any](
	ctx context.Context,
	cancel context.CancelCauseFunc,
	silence time.Duration,
	receive func() (*A, error),
	signal func(*A) *pb.Signal,
	each func(*A) error,
) error {
	watch := newWatch(silence, func() { cancel(&Silence{After: silence}) })
	defer watch.close()
	idle := &idleness{since: time.Now(), silence: silence}
	warned := 0
	for {
		watch.begin()
		answer, err := receive()
		watch.stop()
		if errors.Is(err, io.EOF) {
			return violation("ends a stream of answers without saying that it is done")
		}
		if err != nil {
			return transport(ctx, err)
		}
		switch s := signal(answer); s.GetKind().(type) {
		case *pb.Signal_Heartbeat:
			for _, text := range s.GetHeartbeat().GetWarnings() {
				if warned++; warned <= maxWarnings {
					sdk.Warn(ctx, cut(text, maxWarningBytes))
				}
			}
			for _, text := range s.GetHeartbeat().GetRepairs() {
				sdk.Repaired(ctx, text)
			}
			if len(s.GetHeartbeat().GetWarnings())+len(s.GetHeartbeat().GetRepairs()) == 0 { // one with any is sent between the others
				Busy(ctx, idle.busy(cut(s.GetHeartbeat().GetBusy(), maxSummaryBytes)))
			}
		case *pb.Signal_Done:
			return nil
		case *pb.Signal_Failure:
			if err := failure(s.GetFailure().GetDiagnostics()); err != nil {
				return err
			}
			return violation("fails without saying why")
		default:
			if err := each(answer); err != nil {
				return err
			}
			idle.since = time.Now() // not before: what each does is not the plugin's time
		}
	}
}
