package faulttest

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

//go:embed testdata/world.hcl
var worldFile []byte

// World is a directory with an experiment and all that it reads, and the program that
// runs it.
type World struct {
	Plumb string // the binary
	Dir   string
}

// NewWorld writes the experiment into a directory: its file, images that are brought
// from outside, and labels of them.
func NewWorld(plumb, dir string) (*World, error) {
	w := &World{Plumb: plumb, Dir: dir}
	brought := filepath.Join(dir, "brought")
	if err := errors.Join(os.MkdirAll(brought, 0o755), os.MkdirAll(w.temporary(), 0o755), os.WriteFile(filepath.Join(dir, "world.hcl"), worldFile, 0o644)); err != nil {
		return nil, err
	}
	chance := rand.New(rand.NewPCG(1, 1))
	var captions, labels bytes.Buffer
	labels.WriteString("image_id,label,rater\n")
	for i := range 12 {
		const side = 32
		picture := image.NewRGBA(image.Rect(0, 0, side, side))
		for x := range side {
			for y := range side {
				picture.Set(x, y, color.RGBA{uint8(chance.IntN(256)), uint8(chance.IntN(256)), uint8(16 * i), 255})
			}
		}
		name := fmt.Sprintf("%02d.png", i)
		var content bytes.Buffer
		if err := errors.Join(png.Encode(&content, picture), os.WriteFile(filepath.Join(brought, name), content.Bytes(), 0o644)); err != nil {
			return nil, err
		}
		line, err := json.Marshal(map[string]string{"file_name": name, "text": []string{"a red ring", "a blue bar"}[i%2]})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&captions, "%s\n", line)
		fmt.Fprintf(&labels, "%s,%s,ann\n", name, []string{"good", "bad"}[i/2%2])
	}
	return w, errors.Join(
		os.WriteFile(filepath.Join(brought, "metadata.jsonl"), captions.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "labels.csv"), labels.Bytes(), 0o644),
	)
}

// Copy makes a world of its own of this one as it is now, links kept.
func (w *World) Copy(dir string) (*World, error) {
	if out, err := exec.Command("cp", "-a", w.Dir, dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy a world: %w: %s", err, out)
	}
	return &World{Plumb: w.Plumb, Dir: dir}, nil
}

func (w *World) temporary() string { return filepath.Join(w.Dir, "tmp") }
func (w *World) store() string     { return filepath.Join(w.Dir, "runs", "store") }

// command is a call of plumb in the world. Its temporary files and its caches are the
// world's own.
func (w *World) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.Command(w.Plumb, args...)
	c.Dir = w.Dir
	c.Env = w.environment()
	said := new(bytes.Buffer)
	c.Stdout, c.Stderr = said, said
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.WaitDelay = 10 * time.Second
	return c, said
}

func (w *World) environment() []string {
	return append(os.Environ(), "TMPDIR="+w.temporary(), "XDG_CACHE_HOME="+filepath.Join(w.Dir, "cache"))
}

func runArgs() []string { return []string{"run", "--backend", "go", "world.hcl"} }

// mostTime is how long a call may take before it counts as one that hangs.
const mostTime = 10 * time.Minute

// Do calls plumb and returns its exit code and what it said. A call that hangs is
// killed, and is an error.
func (w *World) Do(ctx context.Context, args ...string) (code int, said string, err error) {
	c, out := w.command(args...)
	if err := c.Start(); err != nil {
		return 0, "", err
	}
	return w.wait(ctx, c, out)
}

func (w *World) wait(ctx context.Context, c *exec.Cmd, out *bytes.Buffer) (code int, said string, err error) {
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-ended:
	case <-ctx.Done():
		c.Process.Kill()
		<-ended
		return 0, out.String(), ctx.Err()
	case <-time.After(mostTime):
		c.Process.Kill()
		<-ended
		return 0, out.String(), fmt.Errorf("%s hangs", strings.Join(c.Args, " "))
	}
	return c.ProcessState.ExitCode(), out.String(), nil
}

// Run runs the experiment to its end, and returns what it came to.
func (w *World) Run(ctx context.Context) (Results, string, error) {
	code, said, err := w.Do(ctx, runArgs()...)
	if err != nil {
		return nil, said, err
	}
	if code != 0 {
		return nil, said, fmt.Errorf("it ends with the exit code %d", code)
	}
	results, err := w.Results()
	return results, said, err
}

// Results are what the stages of a run made, by their names: digests of outputs and
// metrics, bit by bit; and the report's table.
type Results map[string]string

// Results reads what the world's last run came to. All outputs are read and compared
// with their digests.
func (w *World) Results() (Results, error) {
	s, err := store.Read(w.store())
	if err != nil {
		return nil, err
	}
	defer s.Close()
	listed, err := s.Runs()
	if err != nil || len(listed) != 1 || listed[0].Run == nil {
		return nil, fmt.Errorf("the list of runs has %d, %v", len(listed), err)
	}
	run := listed[0].Run
	if run.State != record.RunDone {
		return nil, fmt.Errorf("the run is %s", run.State)
	}
	all := Results{}
	for _, variant := range run.Variants {
		for _, stage := range variant.Stages {
			made, err := s.Record(stage.Key)
			if err != nil || made == nil {
				return nil, fmt.Errorf("the record of %s: %v", stage.Node, err)
			}
			text, err := json.Marshal(map[string]any{"outputs": made.Outputs, "metrics": made.Metrics, "key": made.Key})
			if err != nil {
				return nil, err
			}
			all[stage.Node] = string(text)
		}
	}
	table, err := os.ReadFile(filepath.Join(w.Dir, "runs", run.Name, "report", "tables.csv"))
	if err != nil {
		return nil, err
	}
	all["tables.csv"] = string(table)
	return all, nil
}

// Diff says where results are others than these; empty if nowhere.
func (r Results) Diff(other Results) string {
	var different []string
	for name, want := range r {
		if got, ok := other[name]; !ok {
			different = append(different, name+" is missing")
		} else if got != want {
			different = append(different, fmt.Sprintf("%s is %s in place of %s", name, got, want))
		}
	}
	for name := range other {
		if _, ok := r[name]; !ok {
			different = append(different, name+" is there, too")
		}
	}
	return strings.Join(different, "\n")
}
