//go:build unix

package plugin

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// wrongDescriptions are the ways in which a component may describe itself wrongly, with
// what is said of each.
var wrongDescriptions = map[string][]string{
	"batch":             {`reward "r"`, "preferred_batch", `"wrong"`},
	"memory":            {"describes its component 1 in a way", "device_memory", `"wrong"`},
	"reading":           {`reward "r"`, `"smells"`, `"wrong"`},
	"part":              {`reward "r"`, `"Half Of It"`, `"wrong"`},
	"parts of a rater":  {`rater "r"`, "parts", `"wrong"`},
	"losses":            {`reward "r"`, "loss", `"wrong"`},
	"option's type":     {"attribute gain", `"float"`, `"wrong"`},
	"option's name":     {`"a gain"`, `"wrong"`},
	"option twice":      {"gain", "twice", `"wrong"`},
	"bounds":            {"attribute gain", "minimum", `"wrong"`},
	"default outside":   {"attribute gain", "above 1", `"wrong"`},
	"choices of a bool": {"attribute gain", "only strings are one of a list", `"wrong"`},
	"block twice":       {"extra", "twice", `"wrong"`},
	"taken option":      {`reward "r"`, `an option "encoder"`, `"wrong"`},
	"hub of no path":    {"attribute gain", "hub", `"wrong"`},
}

// wrongDescription is the component of such a mode.
func wrongDescription(mode string) (component string, is bool) {
	option := func(text string) string {
		return `{"kind":"reward","name":"r","schema":{"attributes":[` + text + `]}}`
	}
	component, is = map[string]string{
		"batch":             `{"kind":"reward","name":"r","preferred_batch":-4}`,
		"memory":            `{"kind":"reward","name":"r","device_memory":-1}`,
		"reading":           `{"kind":"reward","name":"r","reads":["smells"]}`,
		"part":              `{"kind":"reward","name":"r","parts":["Half Of It"]}`,
		"parts of a rater":  `{"kind":"rater","name":"r","parts":["half"]}`,
		"losses":            `{"kind":"reward","name":"r","losses":[{"name":"pretraining"}]}`,
		"option's type":     option(`{"name":"gain","type":"float"}`),
		"option's name":     option(`{"name":"a gain","type":"number"}`),
		"option twice":      option(`{"name":"gain","type":"number"},{"name":"gain","type":"string"}`),
		"bounds":            option(`{"name":"gain","type":"number","minimum":2,"maximum":1}`),
		"default outside":   option(`{"name":"gain","type":"number","default":2,"maximum":1}`),
		"choices of a bool": option(`{"name":"gain","type":"bool","one_of":["a"]}`),
		"block twice":       `{"kind":"reward","name":"r","schema":{"blocks":[{"type":"extra","body":{}},{"type":"extra","body":{}}]}}`,
		"taken option":      `{"kind":"reward","name":"r","reads":["image_features"],"schema":{"attributes":[{"name":"encoder","type":"string"}]}}`,
		"hub of no path":    option(`{"name":"gain","type":"string","hub":["config.json"]}`),
	}[mode]
	if strings.HasSuffix(mode, " of parts") {
		return `{"kind":"reward","name":"r","parts":["half"]}`, true
	}
	return component, is
}

// wrongParts are the parts that the reward of a mode lists.
func wrongParts(mode string) []string {
	if strings.HasSuffix(mode, " of parts") {
		return []string{"half"}
	}
	return nil
}

// wrongAnswers are the ways to be wrong once a plugin works, with what is said of each.
// Where there are no words it is no mistake.
var wrongAnswers = map[string][]string{
	"opens two":           {`Reward "mine" of plugin "wrong" opens two instances`},
	"opens without end":   {`Reward "mine" of plugin "wrong"`, "without saying that it is done"},
	"NaN facts":           {`Reward "mine" of plugin "wrong"`, `"speed"`, "NaN"},
	"unwilling":           {"no GPU", `reward "mine" of plugin "wrong"`},
	"infinite":            {`Reward "mine" of plugin "wrong" gives image "item-1" (prompt "a prompt") the score +Inf`},
	"overflow":            {`Reward "mine" of plugin "wrong" answers for position 9223372036854775808`},
	"unasked":             {`Reward "mine" of plugin "wrong" answers for position 7`},
	"done at once":        {`Reward "mine" of plugin "wrong"`},
	"lack of parts":       {`Reward "mine" of plugin "wrong" gives`, `no part "half"`},
	"NaN of parts":        {`Reward "mine" of plugin "wrong" gives`, `part "half"`, "NaN"},
	"more of parts":       {`Reward "mine" of plugin "wrong" gives`, `a part "other"`},
	"too large an answer": {`reward "mine" of plugin "wrong" is too large`},
	"exits quietly":       {`Reward "mine" of plugin "wrong" crashed`, "exited with status 0"},
	"stops itself":        {`Reward "mine" of plugin "wrong" stopped answering`, "no sign of life for 2s", "taking a nap"},
	"panics":              {`Reward "mine" of plugin "wrong" crashed`, "exited with status 2", "index out of range"},
	"canceled":            {`Reward "mine" of plugin "wrong" broke off the call`, "the plugin's own"},
	"deadline":            {`Reward "mine" of plugin "wrong" broke off the call`, "the plugin's own"},
	"unimplemented":       {`Reward "mine" of plugin "wrong" does not understand the call`, "the plugin's own"},
	"not UTF-8 words":     {`Reward "mine" of plugin "wrong" crashed`, "Gr\uFFFDe"},
	"leaves a child":      {`Reward "mine" of plugin "wrong" crashed`, "exited with status 3", "my child has the pipe"},
	"close hangs":         {`Reward "mine" of plugin "wrong" did not answer in time`},
	"close fails":         {"RuntimeError: cannot free", `reward "mine" of plugin "wrong"`},

	"backwards":   nil,
	"more behind": nil, // its end
	"right":       nil,
}

// openWrong opens an instance as a mode says, if it is about that.
func (w wrong) openWrong(stream pb.Plugin_OpenServer) (isSo bool, err error) {
	send := func(out *pb.OpenResponse) {
		if err == nil {
			err = stream.Send(out)
		}
	}
	end := &pb.OpenResponse{Signal: done()}
	switch w.mode {
	case "opens two":
		send(&pb.OpenResponse{Instance: "1"})
		send(&pb.OpenResponse{Instance: "2"})
		send(end)
	case "opens without end":
		send(&pb.OpenResponse{Instance: "1"})
	case "NaN facts":
		send(&pb.OpenResponse{Instance: "1", Facts: map[string]float64{"speed": math.NaN()}})
		send(end)
	case "unwilling":
		send(&pb.OpenResponse{Signal: failing("no GPU", "This reward needs one.")})
	default:
		return false, nil
	}
	return true, err
}

// answerWrong answers as a mode says, if it is about that: once before it has read what
// it is asked, without positions, and once with them.
func (w wrong) answerWrong(stream pb.Reward_ScoreServer, positions []uint64) (isSo bool, err error) {
	give := func(position uint64, score *pb.Score) {
		score.Position = position
		if sending := stream.Send(&pb.ScoreResponse{Score: score}); err == nil {
			err = sending
		}
	}
	end := func() (bool, error) {
		if err == nil {
			err = stream.Send(&pb.ScoreResponse{Signal: done()})
		}
		return true, err
	}
	if positions == nil {
		switch w.mode {
		case "unasked":
			give(7, &pb.Score{})
		case "done at once":
		default:
			return false, nil
		}
		return end()
	}
	if strings.HasPrefix(w.mode, changing) {
		os.Exit(3)
	}
	switch w.mode {
	case "heartbeats alone":
		for {
			time.Sleep(200 * time.Millisecond)
			if err := stream.Send(&pb.ScoreResponse{Signal: &pb.Signal{Kind: &pb.Signal_Heartbeat{Heartbeat: &pb.Heartbeat{}}}}); err != nil {
				return true, err
			}
		}
	case "infinite":
		give(1, &pb.Score{Score: math.Inf(1)})
	case "overflow":
		give(1<<63, &pb.Score{})
	case "lack of parts":
		give(0, &pb.Score{})
	case "NaN of parts":
		give(0, &pb.Score{Parts: map[string]float64{"half": math.NaN()}})
	case "more of parts":
		give(0, &pb.Score{Parts: map[string]float64{"half": 1, "other": 1}})
	case "too large an answer":
		give(0, &pb.Score{Parts: map[string]float64{strings.Repeat("x", 20<<20): 1}})
	case "exits quietly":
		os.Exit(0)
	case "stops itself":
		fmt.Fprintln(stderr, "taking a nap")
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute)
	case "panics":
		fmt.Println(positions[len(positions)])
	case "canceled":
		return true, status.Error(codes.Canceled, "the plugin's own")
	case "deadline":
		return true, status.Error(codes.DeadlineExceeded, "the plugin's own")
	case "unimplemented":
		return true, status.Error(codes.Unimplemented, "the plugin's own")
	case "not UTF-8 words":
		stderr.WriteString("Gr\xfc\xdfe\n")
		os.Exit(3)
	case "leaves a child":
		child := exec.Command("sleep", "20")
		child.Env, child.Stdout, child.Stderr = []string{}, os.Stdout, stderr
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintln(stderr, "my child has the pipe")
		os.Exit(3)
	case "backwards":
		slices.Reverse(positions)
		for _, position := range positions {
			give(position, &pb.Score{Score: float64(position)})
		}
	case "more behind":
		for _, position := range positions {
			give(position, &pb.Score{Score: float64(position)})
		}
		end()
		give(0, &pb.Score{Score: 5})
		time.Sleep(50 * time.Millisecond)
	default:
		return false, nil
	}
	return end()
}
