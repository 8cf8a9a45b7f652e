//go:build unix

package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// wrong is a plugin without the SDK, which is wrong in the way that its mode says.
type wrong struct {
	connection
	pb.UnimplementedPluginServer
	pb.UnimplementedRewardServer
	mode string
}

// changing begins a mode in which a plugin crashes and then describes itself otherwise; a
// file's name follows, which notes that it was there.
const changing = "changes and "

// stderr is the process's own: go-plugin puts another in its place.
var stderr = os.Stderr

// serveWrong is the process of such a plugin.
func serveWrong(mode string) {
	switch mode {
	case "exits":
		fmt.Fprintln(stderr, "Traceback (most recent call last):\nModuleNotFoundError: No module named 'torch'")
		os.Exit(1)
	case "library":
		fmt.Fprintln(stderr, "redness: error while loading shared libraries: libcudart.so.12: cannot open shared object file")
		os.Exit(127)
	case "silent":
		fmt.Fprintln(stderr, "Downloading weights")
		time.Sleep(time.Minute)
	case "closes output":
		os.Stdout.Close()
		time.Sleep(time.Minute)
	case "segfault":
		syscall.Exec("/bin/sh", []string{"sh", "-c", "echo Loading; kill -SEGV $$"}, os.Environ())
	case "half a handshake":
		fmt.Println("1|1|unix|/nowhere/at/all|grpc|")
		time.Sleep(time.Minute)
	}
	startWrong(mode)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{sdk.ProtocolVersion: {sdk.ServiceName: wrong{mode: mode}}},
		Logger:           hclog.NewNullLogger(),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(append(options, sdk.ServerOptions()...), anyCall(mode))...)
		},
	})
}

func (w wrong) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterPluginServer(server, w)
	if w.mode != "no reward" && !strings.HasPrefix(w.mode, inCalls) {
		pb.RegisterRewardServer(server, w)
	}
	return nil
}

func (w wrong) Describe(ctx context.Context, _ *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	component := `{"kind":"reward","name":"r"}`
	out := &pb.DescribeResponse{Name: "wrong"}
	if strings.HasPrefix(w.mode, inCalls) {
		for _, able := range ableComponents {
			out.ComponentsJson = append(out.ComponentsJson, []byte(able))
		}
		return out, nil
	}
	switch w.mode {
	case "kind":
		component = `{"kind":"reword","name":"r"}`
	case "no name":
		component = `{"kind":"reward"}`
	case "slash":
		component = `{"kind":"reward","name":"a/b"}`
	case "property":
		component = `{"kind":"reward","name":"r","taste":"sweet"}`
	case "json":
		component = `{"kind":`
	case "capability":
		component = `{"kind":"reward","name":"r","capabilities":["fly"]}`
	case "capability of another":
		component = `{"kind":"reward","name":"r","capabilities":["tune"]}`
	case "default":
		component = `{"kind":"reward","name":"r","schema":{"attributes":[{"name":"gain","type":"number","default":"much"}]}}`
	default:
		if note, is := strings.CutPrefix(w.mode, changing); is {
			if _, err := os.Stat(note); err == nil {
				component = `{"kind":"reward","name":"r","code_version":"2"}`
			}
			os.WriteFile(note, nil, 0o600)
		}
		if text, is := wrongDescription(w.mode); is {
			component = text
		}
	case "absent":
		component = `{"kind":"reward","name":"r","capabilities":["fit"]}`
	case "doubled":
		out.ComponentsJson = [][]byte{[]byte(component)}
	case "name":
		out.Name = "right"
	case "nameless":
		out.Name = ""
	case "describe fails":
		return nil, status.Error(codes.Internal, "KeyError: 'reward'")
	case "describe says":
		out.Diagnostics = []*pb.Diagnostic{{Summary: "ImportError: no torch", Detail: "pip install torch"}}
	case "describe hangs":
		<-ctx.Done()
		return nil, ctx.Err()
	case "describe crashes":
		os.Exit(4)
	case "describe floods":
		component = `{"kind":"reward","name":"r","summary":"` + strings.Repeat("x", 40<<20) + `"}`
	}
	out.ComponentsJson = append(out.ComponentsJson, []byte(component))
	return out, nil
}

func done() *pb.Signal { return &pb.Signal{Kind: &pb.Signal_Done{Done: &pb.Done{}}} }

func failing(summary, detail string) *pb.Signal {
	return &pb.Signal{Kind: &pb.Signal_Failure{Failure: &pb.Failure{Diagnostics: []*pb.Diagnostic{{Summary: summary, Detail: detail}}}}}
}

func (w wrong) Open(r *pb.OpenRequest, stream pb.Plugin_OpenServer) error {
	send := func(out *pb.OpenResponse) error { return stream.Send(out) }
	switch w.mode {
	case "open hangs":
		<-stream.Context().Done()
		return nil
	case "open crashes":
		fmt.Fprintln(stderr, "CUDA error: out of memory")
		os.Exit(5)
	case "open status":
		return status.Error(codes.Unknown, "Exception calling application: weights.bin")
	case "opens nothing":
		return send(&pb.OpenResponse{Signal: done()})
	case "open floods":
		return send(&pb.OpenResponse{Signal: failing("too much", strings.Repeat("y", 12<<20))})
	case "open floods all":
		return send(&pb.OpenResponse{Signal: failing("too much", strings.Repeat("y", 200<<20))})
	default:
		if isSo, err := w.openWrong(stream); isSo {
			return err
		}
	case "warns":
		for i := range 3000 {
			text := &pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{Warnings: []string{strconv.Itoa(i) + strings.Repeat("z", 200<<10)}}}}
			if err := send(&pb.OpenResponse{Signal: text}); err != nil {
				return err
			}
		}
	}
	if r.GetComponent() == "" {
		return status.Error(codes.InvalidArgument, "no component")
	}
	if err := send(&pb.OpenResponse{Instance: "1"}); err != nil {
		return err
	}
	return send(&pb.OpenResponse{Signal: done()})
}

func (w wrong) Stop(ctx context.Context, _ *pb.StopRequest) (*pb.StopResponse, error) {
	if w.mode == "stop hangs" {
		time.Sleep(time.Minute)
	}
	return &pb.StopResponse{}, nil
}

func (w wrong) Close(ctx context.Context, _ *pb.CloseRequest) (*pb.CloseResponse, error) {
	switch w.mode {
	case "close hangs":
		<-ctx.Done()
	case "close fails":
		return &pb.CloseResponse{Diagnostics: []*pb.Diagnostic{{Summary: "RuntimeError: cannot free"}}}, nil
	}
	return &pb.CloseResponse{}, nil
}

func (w wrong) Score(stream pb.Reward_ScoreServer) error {
	first, err := stream.Recv()
	if err != nil || first.GetInstance() == "" {
		return status.Error(codes.InvalidArgument, "no instance")
	}
	if isSo, err := w.answerWrong(stream, nil); isSo {
		return err
	}
	var positions []uint64
	for {
		in, err := stream.Recv()
		if err != nil {
			break
		}
		positions = append(positions, in.GetItem().GetPosition())
	}
	if isSo, err := w.answerWrong(stream, positions); isSo {
		return err
	}
	give := func(position uint64, score float64) {
		stream.Send(&pb.ScoreResponse{Score: &pb.Score{Position: position, Score: score}})
	}
	for i, position := range positions {
		switch {
		case w.mode == "nan" && i == 1:
			give(position, math.NaN())
		case w.mode == "missing" && i == 1:
		case w.mode == "doubled answer" && i == 1:
			give(position, 1)
			give(position, 1)
		case w.mode == "foreign" && i == 1:
			give(900, 1)
		case w.mode == "empty" && i == 1:
			stream.Send(&pb.ScoreResponse{})
		case w.mode == "crashes" && i == 1:
			fmt.Fprintln(stderr, "the last words of wrong")
			os.Exit(3)
		case w.mode == "killed" && i == 1:
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case w.mode == "hangs" && i == 1:
			fmt.Fprintln(stderr, "waiting for a lock")
			time.Sleep(time.Minute)
		case w.mode == "status" && i == 1:
			return status.Error(codes.Unknown, "Exception calling application: list index out of range")
		case w.mode == "wordless" && i == 1:
			return stream.Send(&pb.ScoreResponse{Signal: &pb.Signal{Kind: &pb.Signal_Failure{Failure: &pb.Failure{}}}})
		case w.mode == "prints" && i == 1:
			for range 4000 {
				fmt.Fprintln(stderr, strings.Repeat("print", 10_000))
			}
			fmt.Fprintln(stderr, "the last line of wrong")
			os.Exit(3)
		default:
			give(position, float64(i))
		}
	}
	if w.mode == "no end" {
		return nil
	}
	return stream.Send(&pb.ScoreResponse{Signal: done()})
}

func wrongEntry(t testing.TB, mode string) Entry {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{Plugin: spec.Plugin{Name: "wrong", Command: []string{path, asWrong, mode}, Directory: t.TempDir(), Silence: 2 * time.Second}, Allowed: true}
	if words, known := wrongStarts[mode]; strings.Contains(mode, "floods") || known && words == nil {
		e.Silence = time.Minute // to put much together takes long, and what is right must not be late
	}
	e.Range.File, e.Range.Start.Line = "x.hcl", 3
	return e
}

// TestEveryWayToBeWrong: whatever a plugin does wrong ends soon, in words that name
// it and the cause, at the block that names it or at what is asked of it; the host
// stays, and what it needs of memory is bounded.
func TestEveryWayToBeWrong(t *testing.T) {
	ways := map[string][]string{
		// Before it is a plugin.
		"exits":            {`Plugin "wrong" ended before it introduced itself`, "exited with status 1", "No module named 'torch'"},
		"library":          {`Plugin "wrong" ended before it introduced itself`, "exited with status 127", "libcudart.so.12"},
		"silent":           {`Plugin "wrong" did not introduce itself`, "for 2s", "Downloading weights", `silence = "5m"`},
		"closes output":    {`Plugin "wrong"`},
		"segfault":         {`Plugin "wrong" ended before it introduced itself`, "died of a signal: segmentation fault", "Loading"},
		"half a handshake": {`Plugin "wrong" introduces itself in a way`, "/nowhere/at/all"},

		// What it says of itself.
		"kind":                  {`reword "r" is of an unknown kind`, `"wrong"`},
		"no name":               {"has no name", `"wrong"`},
		"slash":                 {`reward "a/b"`, "letters", `"wrong"`},
		"property":              {`unknown field "taste"`, `"wrong"`},
		"json":                  {"in a way that is not understood", `"wrong"`},
		"capability":            {`unknown capability, "fly"`, `"wrong"`},
		"capability of another": {`cannot have the capability "tune"`, `"wrong"`},
		"default":               {"attribute gain", "much", `"wrong"`},
		"absent":                {`Plugin "wrong" lists reward "r" with the capability "fit", and has no method`, "Trainer/Fit"},
		"no reward":             {`Plugin "wrong" lists reward "r", and has no method`, "Reward/Score"},
		"doubled":               {`reward "r" is listed twice`, `"wrong"`},
		"name":                  {`The plugin of the block "wrong" calls itself "right"`},
		"nameless":              {"has no name", `"wrong"`},
		"describe fails":        {"KeyError: 'reward'", `"wrong"`},
		"describe says":         {"ImportError: no torch", "pip install torch", `"wrong"`},
		"describe hangs":        {`Plugin "wrong" did not answer in time`},
		"describe crashes":      {`Plugin "wrong" crashed`, "exited with status 4"},
		"describe floods":       {`plugin "wrong" is too large`},

		// When it is opened.
		"open hangs":      {`Reward "mine" of plugin "wrong" stopped answering`, "no sign of life for 2s", `silence = "10m"`},
		"open crashes":    {`Reward "mine" of plugin "wrong" crashed`, "exited with status 5", "CUDA error: out of memory"},
		"open status":     {`Reward "mine" of plugin "wrong" broke off the call`, "weights.bin"},
		"opens nothing":   {`Reward "mine" of plugin "wrong" opens no instance`},
		"open floods":     {"too much", "cut: 12582912 bytes in all", `reward "mine" of plugin "wrong"`},
		"open floods all": {`reward "mine" of plugin "wrong" is too large`},

		// While it works.
		"nan":            {`Reward "mine" of plugin "wrong" gives image "item-1" (prompt "a prompt") the score NaN`},
		"missing":        {`Reward "mine" of plugin "wrong" leaves 1 of 3 unanswered`, `"item-1"`},
		"doubled answer": {`Reward "mine" of plugin "wrong" answers twice`},
		"foreign":        {`Reward "mine" of plugin "wrong" answers for position 900`},
		"empty":          {`Reward "mine" of plugin "wrong" sends a message without an answer`},
		"no end":         {"without saying that it is done"},
		"wordless":       {"fails without saying why"},
		"status":         {`Reward "mine" of plugin "wrong" broke off the call`, "list index out of range"},
		"crashes":        {`Reward "mine" of plugin "wrong" crashed`, "exited with status 3", "the last words of wrong"},
		"killed":         {`Reward "mine" of plugin "wrong" crashed`, "signal 9", "out of memory?"},
		"hangs":          {`Reward "mine" of plugin "wrong" stopped answering`, "no sign of life for 2s", "waiting for a lock"},
		"prints":         {`Reward "mine" of plugin "wrong" crashed`, "the last line of wrong", "wrong.log"},
	}
	for _, more := range []map[string][]string{wrongStarts, wrongDescriptions, wrongAnswers} {
		for mode, words := range more {
			if _, there := ways[mode]; there {
				t.Fatalf("two ways are called %q", mode)
			}
			ways[mode] = words
		}
	}
	if len(ways) < 64 {
		t.Errorf("%d ways", len(ways))
	}
	for mode, words := range ways {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{wrongEntry(t, mode)} })
			h.LogTo(t.TempDir())
			c, err := h.Catalog(t.Context())
			if err == nil {
				var in *client.Instance
				if in, err = h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine", Described: sdk.Description{Parts: wrongParts(mode)}}); err == nil {
					if _, err = scores(t.Context(), in, pngs(t, 3)); err == nil {
						err = in.Close(t.Context())
					}
				}
			} else if at := asList(err)[0].Subject; at.File != "x.hcl" || at.Start.Line != 3 {
				t.Errorf("it is said at %+v", at)
			}
			if words == nil {
				if err != nil {
					t.Errorf("it is no mistake: %v", err)
				}
				return
			}
			says(t, err, words...)
			if !utf8.ValidString(err.Error()) {
				t.Errorf("the message is no text: %q", err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			if size := len(err.Error()); size > 2<<20 {
				t.Errorf("the message has %d bytes", size)
			}
			if _, ok := c.Component("reward", "tiny"); !ok {
				t.Error("the good plugin is not in the catalog")
			}
		})
	}
}

// TestAHangCostsItsSilenceOnce, however many stages ask.
func TestAHangCostsItsSilenceOnce(t *testing.T) {
	for _, mode := range []string{"silent", "open hangs", "hangs"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{wrongEntry(t, mode)} })
			ask := func() error {
				in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
				if err == nil {
					_, err = scores(t.Context(), in, pngs(t, 3))
				}
				return err
			}
			began := time.Now()
			first := ask()
			if took := time.Since(began); took < 2*time.Second {
				t.Errorf("it was given up after %v", took)
			}
			var died Died
			if mode != "silent" && (!errors.As(first, &died) || !died.Blamed || died.Again) {
				t.Errorf("the first error is %#v", first)
			}
			began = time.Now()
			says(t, ask(), `"wrong"`)
			if took := time.Since(began); took > time.Second {
				t.Errorf("the second stage waited for %v", took)
			}
			if _, err := scores(t.Context(), open(t, h, "reward", "tiny"), pngs(t, 1)); err != nil {
				t.Errorf("another plugin: %v", err)
			}
		})
	}
}

// TestAnotherDescription: a plugin that says something else of itself when it is started
// again is refused, as its results must not mix with those from before.
func TestAnotherDescription(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{wrongEntry(t, changing+filepath.Join(t.TempDir(), "note"))} })
	ask := func() error {
		in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
		if err == nil {
			_, err = scores(t.Context(), in, pngs(t, 3))
		}
		return err
	}
	says(t, ask(), `Reward "mine" of plugin "wrong" crashed`)
	err := ask()
	says(t, err, `Plugin "wrong" does not describe itself as before`, "its components changed", "plumb plugin lock x.hcl")
	if at := asList(err)[0].Subject; at.File != "x.hcl" || at.Start.Line != 3 {
		t.Errorf("it is said at %+v", at)
	}
}

// TestAHangInStop ends with the patience of whoever stops it, and the process with it.
func TestAHangInStop(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{wrongEntry(t, "stop hangs")} })
	if _, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"}); err != nil {
		t.Fatal(err)
	}
	running := h.providers[0].process
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if err := h.Stop(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if !running.child.exited() {
		t.Error("the process is left")
	}
}

// TestSignsOfLifeWithoutAnAnswer: a model may be slow, so that they are no mistake; who
// watches is told that nothing comes.
func TestSignsOfLifeWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{wrongEntry(t, "heartbeats alone")} })
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var heard string
	_, err = scores(client.WithBusy(ctx, func(text string) {
		if text != "" {
			heard = text
			cancel()
		}
	}), in, pngs(t, 1))
	if !strings.HasPrefix(heard, "no answer for ") || !errors.Is(err, context.Canceled) {
		t.Errorf("heard %q, %v", heard, err)
	}
}

// TestPatienceEnds: signs of life alone do not keep a call alive for ever.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	entry := wrongEntry(t, "heartbeats alone")
	entry.Patience = 3 * time.Second
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{entry} })
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = scores(t.Context(), in, pngs(t, 1))
	took := time.Since(began)
	if err == nil || took < 3*time.Second || took > 20*time.Second {
		t.Fatalf("after %v: %v", took, err)
	}
	for _, want := range []string{"stopped answering", "a sign of life every few seconds, and no answer for 3s", `patience = "2h"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
	var died Died
	if !errors.As(err, &died) || !died.Blamed || died.Again {
		t.Errorf("who hung is not blamed, once: %+v", died)
	}
}

// TestWhoHangsIsBlamed: of two that use a process, who hangs ended it, and the other
// may try again.
func TestWhoHangsIsBlamed(t *testing.T) {
	entry := self(t, asTiny)
	entry.Silence = 3 * time.Second
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{entry} })
	slow, frozen := open(t, h, "reward", "slow"), open(t, h, "reward", "freezes")
	bystander := make(chan error)
	go func() {
		_, err := scores(t.Context(), slow, pngs(t, 9))
		bystander <- err
	}()
	time.Sleep(200 * time.Millisecond)
	_, err := scores(t.Context(), frozen, pngs(t, 1))
	other := <-bystander
	var one, two Died
	if !errors.As(err, &one) || !errors.As(other, &two) {
		t.Fatalf("%v\n%v", err, other)
	}
	if one.Blamed == two.Blamed && one.Again == two.Again {
		t.Errorf("both are treated alike: %+v, %+v", one, two)
	}
}

// TestFloodsLeaveMemoryFlat: what a plugin sends too much of does not come to lie in
// memory.
func TestFloodsLeaveMemoryFlat(t *testing.T) {
	for _, mode := range []string{"open floods all", "warns", "prints", "describe floods"} {
		t.Run(mode, func(t *testing.T) {
			h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{wrongEntry(t, mode)} })
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			warnings := 0
			ctx := sdk.WithWarnings(t.Context(), func(text string) {
				warnings++
				if len(text) > 65<<10 {
					t.Errorf("a warning has %d bytes", len(text))
				}
			})
			in, err := h.Open(ctx, client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
			if err == nil {
				_, err = scores(ctx, in, pngs(t, 3))
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 40<<20 {
				t.Errorf("the heap has grown by %d MiB", grown>>20)
			}
			if peak := int64(after.Sys) - int64(before.Sys); peak > 300<<20 {
				t.Errorf("the process has taken %d MiB", peak>>20)
			}
			if mode == "warns" && (err != nil || warnings != 1000) {
				t.Errorf("%d warnings, %v", warnings, err)
			}
		})
	}
}

// TestNothingSurvives: helpers in sessions of their own end with their plugin, however
// it ends, with an environment of their own as well; of those that have left its
// directory, too, whose parents lived when it was asked to end.
func TestNothingSurvives(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone")
	}
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("there is no setsid")
	}
	entry := self(t, asTiny)
	note := filepath.Join(t.TempDir(), "helpers")
	helper := fmt.Sprintf("setsid sh -c 'echo $$ >> %s; exec sleep 100'", note)
	path := script(t, fmt.Sprintf("%s &\n(%s &)\n(env -i %s &)\n[ -e %s.crash ] || (cd / && exec env -i %s) &\nsleep 0.3\nexec %s %s\n", helper, helper, helper, note, helper, entry.Command[0], asTiny))
	for name, finish := range map[string]func(h *Host){
		"stop":  func(h *Host) { h.Stop(context.Background()) },
		"kill":  func(h *Host) { h.Kill() },
		"crash": func(h *Host) { scores(context.Background(), open(t, h, "reward", "exits"), pngs(t, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(note)
			want := 4
			if name == "crash" {
				want = 3 // of the fourth nothing is known that crashed before
				put(t, filepath.Dir(note), map[string]string{"helpers.crash": ""})
				defer os.Remove(note + ".crash")
			}
			h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{named("tiny", path)} })
			open(t, h, "reward", "tiny")
			noted, err := os.ReadFile(note)
			if err != nil {
				t.Fatal(err)
			}
			pids := strings.Fields(string(noted))
			if len(pids) != want {
				t.Fatalf("%d helpers, want %d", len(pids), want)
			}
			finish(h)
			for _, text := range pids {
				pid, err := strconv.Atoi(text)
				if err != nil {
					t.Fatal(err)
				}
				ends(t, pid)
			}
		})
	}
}

// TestWhatItPrintsIsKept, in a file that messages name.
func TestWhatItPrintsIsKept(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{wrongEntry(t, "crashes")} })
	dir := filepath.Join(t.TempDir(), "logs")
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "wrong/r", Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	h.LogTo(dir)
	_, err = scores(t.Context(), in, pngs(t, 3))
	says(t, err, "All that it printed is in "+filepath.Join(dir, "wrong.log"))
	kept, err := os.ReadFile(filepath.Join(dir, "wrong.log"))
	if err != nil || !strings.Contains(string(kept), "the last words of wrong\n") {
		t.Errorf("%q, %v", kept, err)
	}
}

// TestAHostThatIsAPlugin: what was said to this process by a host of its own is not
// said to its plugins.
func TestAHostThatIsAPlugin(t *testing.T) {
	t.Setenv("PLUGIN_CLIENT_CERT", "-----BEGIN CERTIFICATE-----")
	t.Setenv("PLUGIN_MULTIPLEX_GRPC", "true")
	h := tinyHost(t)
	if _, err := scores(t.Context(), open(t, h, "reward", "tiny"), pngs(t, 1)); err != nil {
		t.Error(err)
	}
}

// TestItsSurroundings: a plugin gets a small environment and an empty directory of its
// own, which goes with it.
func TestItsSurroundings(t *testing.T) {
	entry := self(t, asTiny)
	note := filepath.Join(t.TempDir(), "note")
	path := script(t, fmt.Sprintf("pwd > %s; ls -A >> %s; env >> %s\nexec %s %s\n", note, note, note, entry.Command[0], asTiny))
	t.Setenv("HF_TOKEN", "hf_secret")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "aws_secret")
	e := named("tiny", path)
	e.Environment = []string{"HF_TOKEN"}
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{e} })
	open(t, h, "reward", "tiny")
	noted, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(noted), "aws_secret") || !strings.Contains(string(noted), "HF_TOKEN=hf_secret") || !strings.Contains(string(noted), "PATH=") {
		t.Errorf("its environment is\n%s", noted)
	}
	lines := strings.Split(string(noted), "\n")
	here, _ := os.Getwd()
	if lines[0] == here || !strings.Contains(lines[1], "=") {
		t.Errorf("it works in %s, with %q in it", lines[0], lines[1])
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lines[0]); err == nil {
		t.Errorf("%s is left", lines[0])
	}
}

// TestWhatTheDeadLeftEnds: helpers that a killed host's plugin had put into a session of
// their own end when the next host begins.
func TestWhatTheDeadLeftEnds(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone")
	}
	below, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(below)
	dead := filepath.Join(below, socketsPrefix+"dead")
	if err := errors.Join(os.Mkdir(dead, 0o700), os.WriteFile(dead+socketsLockSuffix, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	helper := exec.Command("sleep", "100")
	helper.Env = append(os.Environ(), treeVariable+"="+filepath.Join(dead, "plugin-dir7"))
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	removeSocketsOfTheDead(below)
	if err := helper.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended by itself: %v", err)
	}
}
