// Faulttest tries what kills, damaged files, full disks, pauses and power cuts do to
// runs of a small experiment, each followed by a run that is compared bit for bit with
// one that was left alone. The figures of docs/reliability.md are its output.
//
//	go build -o /tmp/plumb ./cmd/plumb
//	go run ./cmd/faulttest -plumb /tmp/plumb -kills 300 -damages 300
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/faulttest"
)

func main() {
	var c faulttest.Campaign
	flag.StringVar(&c.Plumb, "plumb", "", "the binary to try")
	flag.StringVar(&c.Dir, "dir", "", "a directory to work in; what shows a fault stays there (default: a new one)")
	flag.Uint64Var(&c.Seed, "seed", 1, "of chance")
	flag.IntVar(&c.Kills, "kills", 300, "kills of host, plugin or both, and double Ctrl-C")
	flag.IntVar(&c.Damages, "damages", 300, "damaged files of stores that are finished or were killed")
	flag.IntVar(&c.Altered, "altered", 20, "files of the store altered while a run goes on")
	flag.IntVar(&c.Pauses, "pauses", 5, "pauses of host, or of host and plugin")
	flag.DurationVar(&c.Pause, "pause", 70*time.Second, "how long a pause takes")
	flag.IntVar(&c.Full, "full", 100, "calls at which the disk is full, once or from then on")
	flag.IntVar(&c.Cuts, "cuts", 100, "calls after which the power is cut")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, c)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, c faulttest.Campaign) int {
	var err error
	if c.Plumb == "" {
		fmt.Fprintln(os.Stderr, "faulttest: name the binary by -plumb")
		return 2
	}
	if c.Dir == "" {
		c.Dir, err = os.MkdirTemp("", "faulttest-")
	} else if err = os.MkdirAll(c.Dir, 0o755); err == nil {
		c.Dir, err = filepath.EvalSymlinks(c.Dir)
	}
	if err == nil {
		c.Dir, err = filepath.Abs(c.Dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faulttest:", err)
		return 2
	}
	c.Log = os.Stderr
	report, err := c.Run(ctx)
	for _, kind := range slices.Sorted(maps.Keys(report.Tried)) {
		fmt.Printf("%s: %d\n", kind, report.Tried[kind])
	}
	fmt.Printf("findings: %d\ntook: %v\n", len(report.Findings), report.Took.Round(time.Second))
	for _, f := range report.Findings {
		fmt.Println(f)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "faulttest:", err)
		return 2
	case len(report.Findings) > 0:
		return 1
	}
	return 0
}
