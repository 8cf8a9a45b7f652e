package client

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Failure is a component that could not do what it was asked, in its own words.
type Failure struct {
	Diagnostics sdk.Diagnostics
}

func (f *Failure) Error() string { return f.Diagnostics.Error() }

// Silence is a plugin that gave no sign of life during a call, or nothing else.
type Silence struct {
	After time.Duration
	Alive bool // it gave signs of life, and no answer
}

func (s *Silence) Error() string {
	if s.Alive {
		return fmt.Sprintf("signs of life and no answer for %v", s.After)
	}
	return fmt.Sprintf("no sign of life for %v", s.After)
}

// Transport is a connection that failed, most often because the process at
// its other end did.
type Transport struct {
	Err error // a gRPC status
}

func (t *Transport) Error() string { return t.Err.Error() }

func (t *Transport) Unwrap() error { return t.Err }

// transport names a gRPC error: the context's own end is the context's error,
// all else is the connection's.
func transport(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if _, has := ctx.Deadline(); has && status.Code(err) == codes.DeadlineExceeded {
		return context.DeadlineExceeded // gRPC's clock was a little faster than ours
	}
	return &Transport{Err: err}
}

// failure is a response's diagnostics as an error, if there are any.
func failure(diagnostics []*pb.Diagnostic) error {
	if len(diagnostics) == 0 {
		return nil
	}
	return &Failure{Diagnostics: diagnosticsFromProto(diagnostics)}
}
