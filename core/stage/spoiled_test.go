package stage

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// spoil has a server send what bend makes of its messages, which it gets with
// their number in the stream, from 0. An error ends the stream.
func spoil(bend func(number int, message any) ([]any, error)) grpc.ServerOption {
	return grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		bent := &bentStream{ServerStream: stream, bend: bend}
		err := handle(server, bent)
		if bent.err != nil {
			return bent.err
		}
		return err
	})
}

type bentStream struct {
	grpc.ServerStream
	bend   func(number int, message any) ([]any, error)
	mu     sync.Mutex
	number int
	err    error
}

func (s *bentStream) SendMsg(message any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	messages, err := s.bend(s.number, message)
	s.number++
	for _, message := range messages {
		if err := s.ServerStream.SendMsg(message); err != nil {
			return err
		}
	}
	s.err = err
	return err
}

// inGroups turns answers around in groups of a size.
func inGroups(size int) grpc.ServerOption {
	return grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		var waiting []any
		return handle(server, &bentStream{ServerStream: stream, bend: func(_ int, message any) ([]any, error) {
			if signalled(message) || size <= 1 {
				all := append(waiting, message)
				waiting = nil
				return all, nil
			}
			waiting = slices.Insert(waiting, 0, message)
			if len(waiting) < size {
				return nil, nil
			}
			all := waiting
			waiting = nil
			return all, nil
		}})
	})
}

// signalled reports whether a message is a signal, such as Done, and no answer.
func signalled(message any) bool {
	with, ok := message.(interface{ GetSignal() *pb.Signal })
	return !ok || with.GetSignal() != nil || isOpened(message)
}

func isOpened(message any) bool {
	_, ok := message.(*pb.OpenResponse)
	return ok
}

// behaviours are the ways to be wrong: what becomes of the third answer, or of
// a signal. A nil function of one leaves it alone. Answers that a behaviour
// cannot spoil, such as the numbers of a label, make it return nil.
var behaviours = []struct {
	name   string
	answer func(message any) ([]any, error)
	done   func(message any) ([]any, error)
}{
	{name: "NaN", answer: number(math.NaN())},
	{name: "infinity", answer: number(math.Inf(1))},
	{name: "missing", answer: func(any) ([]any, error) { return []any{}, nil }},
	{name: "doubled", answer: func(message any) ([]any, error) { return []any{message, message}, nil }},
	{name: "unasked", answer: func(message any) ([]any, error) {
		*positionOf(message) = 99
		return []any{message}, nil
	}},
	{name: "longer", answer: func(message any) ([]any, error) {
		switch m := message.(type) {
		case *pb.RateResponse:
			m.Labels.Labels = append(m.Labels.Labels, pb.Label_LABEL_BAD)
		case *pb.CompareResponse:
			m.Choices.Choices = append(m.Choices.Choices, pb.Choice_CHOICE_TIE)
		case *pb.EncodeImagesResponse:
			m.Vector.Values = append(m.Vector.Values, 1)
		default:
			return nil, nil
		}
		return []any{message}, nil
	}},
	{name: "empty", answer: func(message any) ([]any, error) {
		switch m := message.(type) {
		case *pb.RateResponse:
			m.Labels.Labels = nil
		case *pb.CompareResponse:
			m.Choices.Choices = nil
		case *pb.EncodeImagesResponse:
			m.Vector.Values = nil
		case *pb.SampleResponse:
			m.Image.Image = nil
		default:
			return nil, nil
		}
		return []any{message}, nil
	}},
	{name: "nothing", answer: func(message any) ([]any, error) {
		switch m := message.(type) {
		case *pb.RateResponse:
			m.Labels = nil
		case *pb.CompareResponse:
			m.Choices = nil
		case *pb.EncodeImagesResponse:
			m.Vector = nil
		case *pb.SampleResponse:
			m.Image = nil
		case *pb.ScoreResponse:
			m.Score = nil
		}
		return []any{message}, nil
	}},
	{name: "unreadable", answer: func(message any) ([]any, error) {
		switch m := message.(type) {
		case *pb.RateResponse:
			m.Labels.Labels[1] = 77
		case *pb.CompareResponse:
			m.Choices.Choices[1] = 77
		case *pb.SampleResponse:
			m.Image.Image.Data = m.Image.Image.Data[:2]
		default:
			return nil, nil
		}
		return []any{message}, nil
	}},
	{name: "cut off", done: func(any) ([]any, error) { return []any{}, nil }},
	{name: "speechless", done: func(message any) ([]any, error) {
		message.(interface{ GetSignal() *pb.Signal }).GetSignal().Kind = &pb.Signal_Failure{Failure: &pb.Failure{}}
		return []any{message}, nil
	}},
	{name: "gRPC error", answer: func(any) ([]any, error) { return []any{}, status.Error(codes.Internal, "no such thing") }},
}

func number(value float64) func(message any) ([]any, error) {
	return func(message any) ([]any, error) {
		switch m := message.(type) {
		case *pb.ScoreResponse:
			m.Score.Score = value
		case *pb.EncodeImagesResponse:
			m.Vector.Values[1] = float32(value)
		default:
			return nil, nil
		}
		return []any{message}, nil
	}
}

func positionOf(message any) *uint64 {
	switch m := message.(type) {
	case *pb.ScoreResponse:
		return &m.Score.Position
	case *pb.RateResponse:
		return &m.Labels.Position
	case *pb.CompareResponse:
		return &m.Choices.Position
	case *pb.EncodeImagesResponse:
		return &m.Vector.Position
	case *pb.SampleResponse:
		return &m.Image.Position
	}
	panic(fmt.Sprintf("%T has no position", message))
}

// TestWhatUsersReadOfWrongAnswers goes through all ways to be wrong and all
// capabilities that answer image by image. Nothing of a wrong stage is kept,
// and its instance is closed.
func TestWhatUsersReadOfWrongAnswers(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 2)}
	several := map[string]string{plan.Images: b.images(2, 3)} // three pairs of each prompt
	fitted := scoreNode()
	fitted.Inputs = []plan.Input{{Role: "reward checkpoint", Node: &plan.Node{Label: "fit/beauty"}, Output: plan.Checkpoint}}
	var said strings.Builder
	for _, behaviour := range behaviours {
		for _, kind := range []struct {
			name string
			node *plan.Node
			in   map[string]string
		}{{"sample", sampleNode(2, 2), in}, {"score", fitted, in}, {"rate", rateNode(1, 1), in}, {"compare", compareNode(3), several}, {"encode", encodeNode(), in}} {
			answers, applies, closed := 0, false, false
			bend := func(_ int, message any) ([]any, error) {
				change := behaviour.answer
				switch {
				case isOpened(message):
					return []any{message}, nil
				case signalled(message):
					change = behaviour.done
				default:
					if answers++; answers != 3 {
						return []any{message}, nil
					}
				}
				if change == nil {
					return []any{message}, nil
				}
				changed, err := change(message)
				if changed == nil {
					return []any{message}, nil
				}
				applies = true
				return changed, err
			}
			wrong := tile{score: byID, choose: byPixels, closed: &closed}
			_, err := b.over(wrong.connect(t, spoil(bend)), kind.node, "", kind.in)
			if !applies {
				continue // a label is no number, an image has no length
			}
			if !closed {
				t.Errorf("%s, %s: the instance was left open", behaviour.name, kind.name)
			}
			fmt.Fprintf(&said, "== %s, %s\n%s\n", behaviour.name, kind.name, words(err))
		}
	}
	golden(t, "testdata/wrong_answers.txt", said.String())
}

// TestAPanicOfAComponent is a diagnostic like any other failure.
func TestAPanicOfAComponent(t *testing.T) {
	b := newBench(t)
	_, err := b.try(scoreNode(), tile{score: func(sdk.Item) float64 { panic("no such tensor") }}, "", map[string]string{plan.Images: b.images(2, 2)})
	var list diag.List
	if !errors.As(err, &list) || !strings.Contains(list[0].Summary, "panicked") || !strings.Contains(err.Error(), "no such tensor") {
		t.Errorf("got %v", err)
	}
}

// words are an error as users read it.
func words(err error) string {
	var list diag.List
	switch {
	case err == nil:
		return "nothing is wrong\n"
	case !errors.As(err, &list):
		return "(no diagnostic) " + err.Error() + "\n"
	}
	var out strings.Builder
	for _, d := range list {
		fmt.Fprintf(&out, "%s\n  %s\n", d.Summary, d.Detail)
	}
	return out.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (rewrite it with -update): got\n%s", path, got)
	}
}
