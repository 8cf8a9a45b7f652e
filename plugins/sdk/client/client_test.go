package client

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// wild is a plugin without the SDK: it answers whatever a test wants.
type wild struct {
	pb.UnimplementedPluginServer
	pb.UnimplementedRewardServer
	pb.UnimplementedRaterServer
	pb.UnimplementedEncoderServer

	components []string // JSON
	scores     []*pb.ScoreResponse
	labels     []*pb.RateResponse
	vectors    []*pb.EncodeTextsResponse
	findings   []*pb.CheckPromptsResponse
	early      bool // answers before it has read the items
	hang       bool // says nothing more after its answers
}

func (w *wild) Score(stream pb.Reward_ScoreServer) error {
	if !w.early {
		for {
			if _, err := stream.Recv(); err == io.EOF {
				break
			} else if err != nil {
				return err
			}
		}
	}
	for _, answer := range w.scores {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	if w.hang {
		<-stream.Context().Done()
	}
	return nil
}

func (w *wild) Rate(stream pb.Rater_RateServer) error {
	for {
		if _, err := stream.Recv(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	for _, answer := range w.labels {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

func (w *wild) EncodeTexts(stream pb.Encoder_EncodeTextsServer) error {
	for {
		if _, err := stream.Recv(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	for _, answer := range w.vectors {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

func (w *wild) CheckPrompts(_ *pb.CheckPromptsRequest, stream pb.Plugin_CheckPromptsServer) error {
	for _, answer := range w.findings {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

func connect(t *testing.T, w *wild, silence time.Duration) *Instance {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	pb.RegisterPluginServer(server, w)
	pb.RegisterRewardServer(server, w)
	pb.RegisterRaterServer(server, w)
	pb.RegisterEncoderServer(server, w)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient("passthrough:///wild", append(DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return &Instance{client: New(connection, Options{Silence: silence}), id: "1"}
}

func two(yield func(Item, error) bool) {
	_ = yield(Item{ID: "first", Prompt: sdk.Prompt{Text: "a red star"}}, nil) && yield(Item{ID: "second"}, nil)
}

func score(position uint64, value float64) *pb.ScoreResponse {
	return &pb.ScoreResponse{Score: &pb.Score{Position: position, Score: value}}
}

var (
	done       = &pb.Signal{Kind: &pb.Signal_Done{Done: &pb.Done{}}}
	heartbeat  = &pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{}}}
	speechless = &pb.Signal{Kind: &pb.Signal_Failure{Failure: &pb.Failure{}}}
)

func TestScoreHoldsAnswersAgainstTheContract(t *testing.T) {
	endless := func(yield func(Item, error) bool) {
		for yield(Item{ID: "x"}, nil) {
		}
	}
	for name, test := range map[string]struct {
		wild    wild
		endless bool
		want    string // a part of the violation; empty: none
	}{
		"fine":     {wild{scores: []*pb.ScoreResponse{{Signal: heartbeat}, score(1, 5), score(0, 4), {Signal: done}}}, false, ""},
		"doubled":  {wild{scores: []*pb.ScoreResponse{score(0, 1), score(0, 1), {Signal: done}}}, false, `answers twice for image "first" (prompt "a red star")`},
		"unasked":  {wild{scores: []*pb.ScoreResponse{score(2, 1), {Signal: done}}}, false, "position 2, which was never asked: there were 2 questions"},
		"missing":  {wild{scores: []*pb.ScoreResponse{score(0, 1), {Signal: done}}}, false, `leaves 1 of 2 unanswered, the first of them image "second"`},
		"cut off":  {wild{scores: []*pb.ScoreResponse{score(0, 1), score(1, 1)}}, false, "without saying that it is done"},
		"nothing":  {wild{scores: []*pb.ScoreResponse{{}, {Signal: done}}}, false, "a message without an answer in it"},
		"NaN":      {wild{scores: []*pb.ScoreResponse{score(0, math.NaN())}}, false, `gives image "first" (prompt "a red star") the score NaN`},
		"silent":   {wild{scores: []*pb.ScoreResponse{{Signal: speechless}}}, false, "fails without saying why"},
		"too soon": {wild{scores: []*pb.ScoreResponse{{Signal: done}}, early: true}, true, "before it has been asked everything"},
	} {
		t.Run(name, func(t *testing.T) {
			in := connect(t, &test.wild, 0)
			items := two
			if test.endless {
				items = endless
			}
			err := in.Score(t.Context(), items, func(int, sdk.Score) error { return nil })
			var broken Breach
			if test.want == "" && err != nil {
				t.Errorf("error is %v", err)
			}
			if test.want != "" && (!errors.As(err, &broken) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want a breach with %q", err, test.want)
			}
		})
	}
}

func TestRateHoldsAnswersAgainstTheContract(t *testing.T) {
	labels := func(position uint64, labels ...pb.Label) *pb.RateResponse {
		return &pb.RateResponse{Labels: &pb.Labels{Position: position, Labels: labels}}
	}
	good := pb.Label_LABEL_GOOD
	for want, answers := range map[string][]*pb.RateResponse{
		`gives image "second" 1 labels, and gave 2 before`:    {labels(0, good, good), labels(1, good)},
		`gives image "first" (prompt "a red star") no labels`: {labels(0)},
		"not a label": {labels(0, 77)},
	} {
		in := connect(t, &wild{labels: answers}, 0)
		err := in.Rate(t.Context(), two, func(int, []sdk.Label) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestEncodeTextsHoldsAnswersAgainstTheContract(t *testing.T) {
	vector := func(position uint64, values ...float32) *pb.EncodeTextsResponse {
		return &pb.EncodeTextsResponse{Vector: &pb.Vector{Position: position, Values: values}}
	}
	var zero float32
	for want, answers := range map[string][]*pb.EncodeTextsResponse{
		"and gave 2 before":                      {vector(0, 1, 2), vector(1, 1)},
		`gives text "a" a vector with NaN in it`: {vector(0, zero/zero)},
		"unanswered":                             {vector(1, 1), {Signal: done}},
		"for position 99":                        {vector(99, 1)},
	} {
		texts := func(yield func(string, error) bool) { _ = yield("a", nil) && yield("b", nil) }
		err := connect(t, &wild{vectors: answers}, 0).EncodeTexts(t.Context(), texts, func(int, []float32) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestCheckPromptsHoldsAnswersAgainstTheContract(t *testing.T) {
	fault := func(position uint64, excerpt, reason string) *pb.CheckPromptsResponse {
		return &pb.CheckPromptsResponse{Findings: &pb.PromptFindings{Faults: []*pb.PromptFault{{Position: position, Excerpt: excerpt, Reason: reason}}}}
	}
	many := &pb.PromptFindings{}
	for range 2*faultsPerPrompt + 1 {
		many.Faults = append(many.Faults, &pb.PromptFault{Reason: "x"})
	}
	finished := &pb.CheckPromptsResponse{Signal: done}
	prompts := []sdk.Prompt{{Text: "a red star"}, {Text: "a comet"}}
	ask := func(w *wild, prompts []sdk.Prompt) (sdk.PromptFindings, error) {
		return connect(t, w, 0).client.CheckPrompts(t.Context(), CheckPromptsRequest{Kind: "sampler", Component: "x", CheckPromptsRequest: sdk.CheckPromptsRequest{Prompts: prompts}})
	}
	for want, answers := range map[string][]*pb.CheckPromptsResponse{
		"position 2, which was never asked":         {fault(2, "", "x"), finished},
		`refuses the prompt "a comet" without`:      {fault(1, "comet", " "), finished},
		`refuses "star" of the prompt "a comet"`:    {fault(1, "star", "x"), finished},
		"without an answer in it":                   {{}, finished},
		"without saying that it is done":            {fault(0, "", "x")},
		"more than 128 faults to report of 2 promp": {{Findings: many}, finished},
	} {
		_, err := ask(&wild{findings: answers}, prompts)
		var broken Breach
		if !errors.As(err, &broken) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want a breach with %q", err, want)
		}
	}

	words := &pb.CheckPromptsResponse{Findings: &pb.PromptFindings{Vocabulary: []string{"star"}}}
	long := make([]sdk.Prompt, promptsPerCall+2) // two calls
	long[1].Text, long[promptsPerCall+1].Text = "comet", "comet"
	found, err := ask(&wild{findings: []*pb.CheckPromptsResponse{{Signal: heartbeat}, fault(1, "comet", "does not know it"), words, finished}}, long)
	want := sdk.PromptFindings{
		Faults:     []sdk.PromptFault{{Prompt: 1, Excerpt: "comet", Reason: "does not know it"}, {Prompt: promptsPerCall + 1, Excerpt: "comet", Reason: "does not know it"}},
		Vocabulary: []string{"star"},
	}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("got %+v, %v, want %+v", found, err, want)
	}
}

// TestParts: the parts that a description lists, each of them, and no others.
func TestParts(t *testing.T) {
	with := func(parts ...map[string]float64) []*pb.ScoreResponse {
		var all []*pb.ScoreResponse
		for i, one := range parts {
			all = append(all, &pb.ScoreResponse{Score: &pb.Score{Position: uint64(i), Score: 1, Parts: one}})
		}
		return append(all, &pb.ScoreResponse{Signal: done})
	}
	right := map[string]float64{"itm": 0.5, "itc": -2}
	for name, test := range map[string]struct {
		answers []*pb.ScoreResponse
		want    string
	}{
		"fine":        {with(right, right), ""},
		"one lacks":   {with(right, map[string]float64{"itm": 1}), `gives image "second" no part "itc", which its description lists`},
		"one more":    {with(map[string]float64{"itm": 1, "itc": 2, "extra": 3}), `a part "extra", which its description does not list`},
		"NaN":         {with(map[string]float64{"itm": math.NaN(), "itc": 2}), `the part "itm" of the score NaN`},
		"none at all": {with(nil), `no part "itm"`},
	} {
		in := connect(t, &wild{scores: test.answers}, 0)
		in.described.Parts = []string{"itm", "itc"}
		var got []sdk.Score
		err := in.Score(t.Context(), two, func(_ int, s sdk.Score) error { got = append(got, s); return nil })
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error is %v, want one with %q", name, err, test.want)
		}
		if test.want == "" && (err != nil || !reflect.DeepEqual(got, []sdk.Score{{Score: 1, Parts: right}, {Score: 1, Parts: right}})) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestSilence(t *testing.T) {
	in := connect(t, &wild{scores: []*pb.ScoreResponse{score(0, 1)}, hang: true}, 100*time.Millisecond)
	slow := func(int, sdk.Score) error {
		time.Sleep(300 * time.Millisecond) // our own time is not the plugin's silence
		return nil
	}
	err := in.Score(t.Context(), two, slow)
	var silence *Silence
	if !errors.As(err, &silence) || silence.After != 100*time.Millisecond {
		t.Errorf("error is %v", err)
	}
}

func TestUnknownServiceIsTransport(t *testing.T) {
	err := connect(t, &wild{}, 0).Sample(t.Context(), make([]Draw, 1), nil)
	var broken *Transport
	if !errors.As(err, &broken) {
		t.Errorf("error is %v", err)
	}
}

// TestExplain: every error of an instance passes through it once, with the
// call that it comes from; what succeeds does not.
func TestExplain(t *testing.T) {
	in := connect(t, &wild{scores: []*pb.ScoreResponse{score(0, 1), score(1, 1), {Signal: done}}}, 0)
	in.kind, in.name = "reward", "beauty"
	var calls []Call
	explained := errors.New("explained")
	in.client.options.Explain = func(_ context.Context, call Call, _ error) error {
		calls = append(calls, call)
		return explained
	}
	if err := in.Score(t.Context(), two, func(int, sdk.Score) error { return nil }); err != nil || len(calls) != 0 {
		t.Errorf("a call that succeeds: %v, %v", err, calls)
	}
	draws := make([]Draw, drawsPerCall+1)
	if err := in.Sample(t.Context(), draws, nil); err != explained {
		t.Errorf("error is %v", err)
	}
	if want := (Call{Kind: "reward", Name: "beauty", Method: "Sample"}); len(calls) != 1 || calls[0] != want {
		t.Errorf("explained %v, want one %v", calls, want)
	}
}
