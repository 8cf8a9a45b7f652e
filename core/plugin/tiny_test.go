//go:build unix

package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// The test binary is its own plugin, and its own host: started with one of
// these words as its first argument it is that, and no test.
const (
	asTiny      = "serve-tiny"      // a plugin with one component of each kind, and some that are wrong on purpose
	asOther     = "serve-other"     // another plugin, with an encoder and a reward of features
	asFuture    = "serve-future"    // a plugin of a later protocol
	asMistaken  = "serve-mistaken"  // a plugin that describes itself wrongly
	asForeign   = "serve-foreign"   // a plugin without the SDK, which describes itself wrongly
	asShortLife = "serve-shortlife" // a program that ends before it says anything
	asWrong     = "serve-wrong"     // a plugin without the SDK, wrong in the way that its second argument says
	asHost      = "be-host"         // a host with a tiny plugin, which prints the plugin's process id and waits
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case asTiny:
			sdk.Serve(tinyPlugin())
		case asOther:
			sdk.Serve(otherPlugin())
		case asMistaken:
			sdk.Serve(sdk.Plugin{Name: "mistaken", Components: []sdk.Component{{Description: sdk.Description{Kind: "oracle", Name: "delphi"}}}})
		case asFuture:
			handshake := sdk.Handshake()
			goplugin.Serve(&goplugin.ServeConfig{
				HandshakeConfig:  handshake,
				VersionedPlugins: map[int]goplugin.PluginSet{99: {sdk.ServiceName: futureService{}}},
				GRPCServer:       goplugin.DefaultGRPCServer,
			})
		case asForeign:
			goplugin.Serve(&goplugin.ServeConfig{
				HandshakeConfig:  sdk.Handshake(),
				VersionedPlugins: map[int]goplugin.PluginSet{sdk.ProtocolVersion: {sdk.ServiceName: foreignService{}}},
				GRPCServer:       goplugin.DefaultGRPCServer,
			})
		case asShortLife:
			fmt.Fprintln(os.Stderr, "libcudart.so.12: cannot open shared object file")
			os.Exit(7)
		case asWrong:
			serveWrong(os.Args[2])
		case asHost:
			beHost()
		}
	}
	os.Exit(m.Run())
}

// futureService is a service that nobody will call.
type futureService struct{ connection }

func (futureService) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return nil }

// foreignService is a plugin that no SDK checks.
type foreignService struct {
	connection
	pb.UnimplementedPluginServer
}

func (s foreignService) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterPluginServer(server, s)
	return nil
}

func (foreignService) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return &pb.DescribeResponse{Name: "foreign", ComponentsJson: [][]byte{[]byte(`{"kind":"reward","name":"r","taste":"sweet"}`)}}, nil
}

// tiny implements every kind.
type tiny struct {
	config struct{ Offset float64 }
}

func openTiny(_ context.Context, r sdk.OpenRequest) (any, error) {
	t := &tiny{}
	if err := json.Unmarshal(r.Config, &t.config); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return t, nil
}

func (t *tiny) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i, draw := range draws {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h := fnv.New32a()
		fmt.Fprint(h, draw.Prompt.Text, draw.Seed)
		sum := h.Sum32()
		if err := emit(i, sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(sum), byte(sum >> 8), byte(sum >> 16)}}); err != nil {
			return err
		}
	}
	return nil
}

func (t *tiny) Precompute(_ context.Context, r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	if err := report(sdk.Progress{Step: 1, Steps: 1}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Output, "precomputed"), fmt.Appendf(nil, "%s %d %s", r.Images, r.Seed, filepath.Base(r.Scratch)), 0o600)
}

func (t *tiny) Tune(_ context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	for step := range r.Steps {
		err := report(sdk.Progress{Step: step + 1, Steps: r.Steps, Values: map[string]float64{"loss": r.Losses[0].Weight / float64(step+1)}})
		if err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(r.Output, "precomputed"), fmt.Appendf(nil, "%+v %s %d %s", r.Losses[0].Sets, r.Reference.Checkpoint, r.BatchSize, r.Optimizer), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Output, "config.json"), append(r.Losses[0].Options, r.Options...), 0o644)
}

func (t *tiny) Score(_ context.Context, item sdk.Item) (float64, error) {
	return float64(item.Image.RGB[0]) + t.config.Offset, nil
}

func (t *tiny) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	if len(r.Sets) == 0 {
		return sdk.Diagnostic{Summary: "there are no labels", Detail: "Give the reward labels to learn from."}
	}
	sdk.Warn(ctx, fmt.Sprint(r.Sets, r.TextFeatures))
	return report(sdk.Progress{Step: 1, Steps: 1})
}

func (t *tiny) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	out := make([][]sdk.Label, len(items))
	for i, item := range items {
		out[i] = []sdk.Label{sdk.LabelGood, sdk.LabelSkip}
		if item.Image.RGB[0] < 128 {
			out[i][0] = sdk.LabelBad
		}
	}
	return out, nil
}

func (t *tiny) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	out := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		out[i] = []sdk.Choice{sdk.ChooseSecond, sdk.Tie}
		if pair.First.RGB[0] > pair.Second.RGB[0] {
			out[i][0] = sdk.ChooseFirst
		}
	}
	return out, nil
}

func (t *tiny) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	out := make([][]float32, len(images))
	for i, image := range images {
		out[i] = []float32{float32(image.RGB[0]), 0.5}
	}
	return out, nil
}

func (t *tiny) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = []float32{float32(len(text)), 0.5}
	}
	return out, nil
}

// scorer is a reward of one function.
type scorer func(ctx context.Context, image sdk.Image) (float64, error)

func (s scorer) Score(ctx context.Context, item sdk.Item) (float64, error) {
	return s(ctx, item.Image)
}

// product is a reward of features: factor times their product, summed up.
type product struct{ factor float64 }

func (p product) Score(_ context.Context, item sdk.Item) (float64, error) {
	var sum float64
	for i, x := range item.ImageVector {
		sum += float64(x) * float64(item.TextVector[i])
	}
	return p.factor * sum, nil
}

func (p product) Fit(_ context.Context, _ sdk.FitRequest, report func(sdk.Progress) error) error {
	return report(sdk.Progress{Step: 1, Steps: 1})
}

func (p product) FitTexts(_ context.Context, r sdk.FitRequest) ([]string, error) {
	texts := make([]string, 1000) // more than a message holds
	for i := range texts {
		texts[i] = fmt.Sprint(r.Sets[0].Images, " ", i)
	}
	return texts, nil
}

// productOf describes a product.
func productOf(name string, factor float64) sdk.Component {
	return sdk.Component{
		Description: sdk.Description{Kind: sdk.KindReward, Name: name, CodeVersion: "1",
			Reads: []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures}, Capabilities: []sdk.Capability{sdk.CapabilityFit, sdk.CapabilityFitTexts},
		},
		Open: func(context.Context, sdk.OpenRequest) (any, error) { return product{factor}, nil },
	}
}

// otherPlugin is a third party's: an encoder of three numbers, and a reward.
func otherPlugin() sdk.Plugin {
	return sdk.Plugin{Name: "other", Version: "0.1.0", Components: []sdk.Component{
		productOf("theirs", -1),
		{
			Description: sdk.Description{Kind: sdk.KindEncoder, Name: "theirs", CodeVersion: "1", Capabilities: []sdk.Capability{sdk.CapabilityTexts}},
			Open:        func(context.Context, sdk.OpenRequest) (any, error) { return wide{}, nil },
		},
	}}
}

// wide is the encoder of otherPlugin.
type wide struct{ tiny }

func (w wide) EncodeImages(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	vectors, err := w.tiny.EncodeImages(ctx, images)
	for i := range vectors {
		vectors[i] = append(vectors[i], 100)
	}
	return vectors, err
}

func (w wide) EncodeTexts(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := w.tiny.EncodeTexts(ctx, texts)
	for i := range vectors {
		vectors[i] = append(vectors[i], 1)
	}
	return vectors, err
}

// doubling and lazy are samplers that miscount.
type doubling struct{}

func (doubling) Sample(_ context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	image := sdk.Image{Width: 1, Height: 1, RGB: make([]byte, 3)}
	return errors.Join(emit(0, image), emit(0, image))
}

type lazy struct{}

func (lazy) Sample(_ context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	return emit(1, sdk.Image{Width: 1, Height: 1, RGB: make([]byte, 3)})
}

func tinyPlugin() sdk.Plugin {
	zero := 0.0
	schema := sdk.Schema{
		Attributes: []sdk.Attribute{{Name: "offset", Type: sdk.TypeNumber, Default: json.RawMessage("0"), Minimum: &zero, Summary: "added to each score"}},
		Blocks:     []sdk.Block{{Type: "auxiliary", Labels: []string{"a", "b"}, Body: sdk.Schema{Attributes: []sdk.Attribute{{Name: "weight", Type: sdk.TypeNumber, Required: true}}}}},
	}
	components := []sdk.Component{
		{
			Description: sdk.Description{Kind: sdk.KindSampler, Name: "tiny", CodeVersion: "1", Notice: "Nothing that tiny draws is a picture.", PreferredBatch: 4, NeedsDevice: true,
				Capabilities: []sdk.Capability{sdk.CapabilityTune, sdk.CapabilityPrecompute}, Losses: []sdk.Loss{{Name: "pretraining", Schema: schema, Needs: []sdk.Need{sdk.NeedOwnImages}}},
			},
			Open: openTiny,
		},
		{
			Description: sdk.Description{Kind: sdk.KindReward, Name: "tiny", CodeVersion: "2", Schema: schema,
				Capabilities: []sdk.Capability{sdk.CapabilityFit},
			},
			Open: openTiny,
		},
		productOf("product", 1),
		{Description: sdk.Description{Kind: sdk.KindRater, Name: "tiny", Capabilities: []sdk.Capability{sdk.CapabilityCompare}}, Open: openTiny},
		{
			Description: sdk.Description{Kind: sdk.KindEncoder, Name: "tiny", Capabilities: []sdk.Capability{sdk.CapabilityTexts}, Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "weights", Type: sdk.TypeString, Path: true, Obtain: "From the hub.", Hub: []string{"config.json", "?merges.txt"}},
			}},
			},
			Open: openTiny,
		},
		{Description: sdk.Description{Kind: sdk.KindSampler, Name: "doubling"}, Open: func(context.Context, sdk.OpenRequest) (any, error) { return doubling{}, nil }},
		{Description: sdk.Description{Kind: sdk.KindSampler, Name: "lazy"}, Open: func(context.Context, sdk.OpenRequest) (any, error) { return lazy{}, nil }},
		{
			Description: sdk.Description{Kind: sdk.KindReward, Name: "unopenable"},
			Open: func(context.Context, sdk.OpenRequest) (any, error) {
				return nil, sdk.Diagnostics{{Summary: "the weights are missing", Detail: "Fetch them."}, {Summary: "the vocabulary is missing"}}
			},
		},
	}
	for name, s := range map[string]scorer{
		"pid": func(context.Context, sdk.Image) (float64, error) { return float64(os.Getpid()), nil },
		"nan": func(context.Context, sdk.Image) (float64, error) { return math.NaN(), nil },
		"inf": func(context.Context, sdk.Image) (float64, error) { return math.Inf(-1), nil },
		"panics": func(_ context.Context, image sdk.Image) (float64, error) {
			return float64(image.RGB[len(image.RGB)]), nil
		},
		"exits": func(context.Context, sdk.Image) (float64, error) {
			fmt.Fprintln(os.Stderr, "the last words of exits")
			os.Exit(3)
			return 0, nil
		},
		"killed": func(context.Context, sdk.Image) (float64, error) {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute)
			return 0, nil
		},
		"freezes": func(context.Context, sdk.Image) (float64, error) {
			syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			time.Sleep(time.Minute)
			return 0, nil
		},
		"slow": func(ctx context.Context, _ sdk.Image) (float64, error) {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(6 * time.Second):
				return 1, nil
			}
		},
		"warns": func(ctx context.Context, image sdk.Image) (float64, error) {
			sdk.Warn(ctx, "the image is small")
			if image.RGB[0] > 2 {
				sdk.Warn(ctx, "the image is bright")
			}
			return 1, nil
		},
		"patient": func(ctx context.Context, _ sdk.Image) (float64, error) {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(50 * time.Millisecond):
				return 1, nil
			}
		},
		"chatty": func(context.Context, sdk.Image) (float64, error) {
			fmt.Println("on standard output")
			for i := range 2000 {
				fmt.Fprintf(os.Stderr, "line %d %s\n", i, strings.Repeat("x", 500))
			}
			fmt.Fprintln(os.Stderr, strings.Repeat("long", 1<<18))
			return 1, nil
		},
		"allocates": func(context.Context, sdk.Image) (float64, error) { // so far
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return float64(m.TotalAlloc), nil
		},
		"eight": func(_ context.Context, image sdk.Image) (float64, error) {
			time.Sleep(60 * time.Millisecond) // the next batch has come in before this one is scored
			return float64(image.RGB[len(image.RGB)-1]), nil
		},
	} {
		batch := 2
		if name == "eight" {
			batch = 8
		}
		components = append(components, sdk.Component{
			Description: sdk.Description{Kind: sdk.KindReward, Name: name, PreferredBatch: batch},
			Open: func(ctx context.Context, _ sdk.OpenRequest) (any, error) {
				if name == "warns" {
					sdk.Warn(ctx, "opened with old weights")
				}
				return s, nil
			},
		})
	}
	return sdk.Plugin{Name: "tiny", Version: "0.1.0", Components: components}
}
