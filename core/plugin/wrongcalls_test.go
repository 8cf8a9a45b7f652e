//go:build unix

package plugin

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// In modes that begin with inCalls a plugin lists a component of every kind with all that
// one can do, opens them, and goes wrong in whatever else it is asked.
const inCalls = "in calls it "

var ableComponents = []string{
	`{"kind":"sampler","name":"r","capabilities":["tune","precompute","check_prompts"]}`,
	`{"kind":"reward","name":"r","capabilities":["fit","fit_texts"],"reads":["pixels","text_features"]}`,
	`{"kind":"rater","name":"r","capabilities":["compare"]}`,
	`{"kind":"encoder","name":"r","capabilities":["texts"]}`,
}

// anyCall is a call of any method but those of the service Plugin.
func anyCall(mode string) grpc.ServerOption {
	return grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if !strings.HasPrefix(mode, inCalls) {
			return status.Error(codes.Unimplemented, "no such method")
		}
		var asked pb.DescribeRequest // of which any message is an extension
		if err := stream.RecvMsg(&asked); err != nil || len(asked.ProtoReflect().GetUnknown()) == 0 {
			return status.Error(codes.InvalidArgument, "no instance") // whoever asks whether the method is there
		}
		return goWrong(mode)
	})
}

func goWrong(mode string) error {
	switch strings.TrimPrefix(mode, inCalls) {
	case "crashes":
		fmt.Fprintln(stderr, "Segmentation fault in libtorch")
		os.Exit(139)
	case "hangs":
		fmt.Fprintln(stderr, "waiting for the GPU")
		time.Sleep(time.Minute)
	case "breaks":
		return status.Error(codes.Unknown, "Exception iterating responses: KeyError")
	}
	return nil
}

func (w wrong) CheckPrompts(r *pb.CheckPromptsRequest, _ pb.Plugin_CheckPromptsServer) error {
	if len(r.GetPrompts()) == 0 {
		return status.Error(codes.InvalidArgument, "no prompts")
	}
	return goWrong(w.mode)
}

// TestEveryCallMayGoWrong: whatever call it is that a plugin dies in, hangs in or breaks,
// the message names the component as the experiment calls it, the cause and the last words.
func TestEveryCallMayGoWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a plugin for every call")
	}
	none := func(sdk.Progress) error { return nil }
	opened := func(kind string, use func(ctx context.Context, in *client.Instance) error) func(ctx context.Context, h *Host) error {
		return func(ctx context.Context, h *Host) error {
			in, err := h.Open(ctx, client.OpenRequest{Kind: kind, Component: "wrong/r", Name: "mine"})
			if err != nil {
				return fmt.Errorf("open: %w", err)
			}
			return use(ctx, in)
		}
	}
	items := pngs(t, 2)
	for i := range items {
		items[i].TextVector = []float32{1}
	}
	calls := map[string]func(ctx context.Context, h *Host) error{
		"sampler CheckPrompts": func(ctx context.Context, h *Host) error {
			_, err := h.CheckPrompts(ctx, "sampler", "wrong/r", "mine", sdk.CheckPromptsRequest{Prompts: []sdk.Prompt{{Text: "a prompt"}}})
			return err
		},
		"sampler Sample": opened("sampler", func(ctx context.Context, in *client.Instance) error {
			return in.Sample(ctx, []client.Draw{{ID: "a"}}, func(int, sdk.Image) error { return nil })
		}),
		"sampler Tune": opened("sampler", func(ctx context.Context, in *client.Instance) error {
			return in.Tune(ctx, sdk.TuneRequest{Steps: 3, Output: t.TempDir()}, none)
		}),
		"sampler Precompute": opened("sampler", func(ctx context.Context, in *client.Instance) error {
			return in.Precompute(ctx, sdk.PrecomputeRequest{Images: "i", Output: t.TempDir()}, none)
		}),
		"reward Score": opened("reward", func(ctx context.Context, in *client.Instance) error {
			_, err := scores(ctx, in, items)
			return err
		}),
		"reward Fit": opened("reward", func(ctx context.Context, in *client.Instance) error {
			return in.Fit(ctx, sdk.FitRequest{Output: t.TempDir()}, none)
		}),
		"reward FitTexts": opened("reward", func(ctx context.Context, in *client.Instance) error {
			_, err := in.FitTexts(ctx, sdk.FitRequest{Output: "o"})
			return err
		}),
		"rater Rate": opened("rater", func(ctx context.Context, in *client.Instance) error {
			return in.Rate(ctx, each(items), func(int, []sdk.Label) error { return nil })
		}),
		"rater Compare": opened("rater", func(ctx context.Context, in *client.Instance) error {
			pairs := []client.Pair{{ID: "a", First: items[0].PNG, Second: items[1].PNG}}
			return in.Compare(ctx, each(pairs), func(int, []sdk.Choice) error { return nil })
		}),
		"encoder EncodeImages": opened("encoder", func(ctx context.Context, in *client.Instance) error {
			return in.EncodeImages(ctx, each(items), func(int, []float32) error { return nil })
		}),
		"encoder EncodeTexts": opened("encoder", func(ctx context.Context, in *client.Instance) error {
			return in.EncodeTexts(ctx, each([]string{"a", "b"}), func(int, []float32) error { return nil })
		}),
	}
	for name, call := range calls {
		kind, _, _ := strings.Cut(name, " ")
		subject := strings.ToUpper(kind[:1]) + kind[1:] + ` "mine" of plugin "wrong" `
		for way, words := range map[string][]string{
			"crashes": {subject + "crashed", "exited with status 139", "Segmentation fault in libtorch"},
			"hangs":   {subject + "stopped answering", "no sign of life for 2s", "waiting for the GPU"},
			"breaks":  {subject + "broke off the call", "Exception iterating responses: KeyError"},
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{wrongEntry(t, inCalls+way)} })
				says(t, call(t.Context(), h), words...)
			})
		}
	}
}
