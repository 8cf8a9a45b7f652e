package faulttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/plumb-ml/plumb/core/faulttest/syscalls"
)

// Campaign is how many faults of each kind to try, and with what.
type Campaign struct {
	Plumb string // the binary
	Dir   string // an empty directory; what shows a fault stays in it
	Seed  uint64
	Log   io.Writer

	Kills   int // of host, plugin or both, and double Ctrl-C, at any time of a run
	Damages int // of files of a finished store, or of one whose run was killed
	Altered int // files of the store that are altered while a run goes on
	Pauses  int // of host, plugin or both
	Pause   time.Duration
	Full    int // calls at which the disk is full, once or from then on
	Cuts    int // calls after which the power is cut
}

// Finding is a fault after which something was not as it should be.
type Finding struct {
	Fault string // what was done
	Wrong string
	Dir   string // where it can be looked at
}

func (f Finding) String() string { return fmt.Sprintf("%s\n  %s\n  in %s", f.Fault, f.Wrong, f.Dir) }

// Report is what a campaign came to.
type Report struct {
	Tried    map[string]int // faults by kind
	Findings []Finding
	Took     time.Duration
}

// campaign is one under way.
type campaign struct {
	Campaign
	chance *rand.Rand
	whole  *World // that was left alone
	want   Results
	took   time.Duration
	killed []*World // as they were right after a kill
	report *Report
	copies int
}

// Run tries the faults one after another. The error is of what keeps the campaign from
// going on; what is wrong with Plumb is in the report.
func (c Campaign) Run(ctx context.Context) (*Report, error) {
	if c.Log == nil {
		c.Log = io.Discard
	}
	begin := time.Now()
	u := &campaign{Campaign: c, chance: rand.New(rand.NewPCG(c.Seed, 7)), report: &Report{Tried: map[string]int{}}}
	err := u.run(ctx)
	u.report.Took = time.Since(begin)
	return u.report, err
}

func (c *campaign) run(ctx context.Context) error {
	// A binary of its own tells its processes from others.
	plumb := filepath.Join(c.Dir, "plumb")
	content, err := os.ReadFile(c.Plumb)
	if err == nil {
		err = os.WriteFile(plumb, content, 0o755)
	}
	if err != nil {
		return err
	}
	if c.whole, err = NewWorld(plumb, filepath.Join(c.Dir, "whole")); err != nil {
		return err
	}
	begin := time.Now()
	var said string
	if c.want, said, err = c.whole.Run(ctx); err != nil {
		return fmt.Errorf("the run that is left alone: %w\n%s", err, said)
	}
	c.took = time.Since(begin)
	fmt.Fprintf(c.Log, "left alone, the run takes %v and makes %d stages\n", c.took.Round(time.Millisecond), len(c.want)-1)
	for _, part := range []struct {
		times int
		try   func(context.Context) error
	}{{c.Kills, c.kills}, {c.Damages, c.damage}, {c.Altered, c.alter}, {c.Pauses, c.pause}, {c.Full, c.full}, {c.Cuts, c.cut}} {
		if part.times > 0 {
			if err := part.try(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh is a world that nothing was run in.
func (c *campaign) fresh(what string) (*World, error) {
	c.copies++
	return NewWorld(c.whole.Plumb, filepath.Join(c.Dir, fmt.Sprintf("%s-%d", what, c.copies)))
}

func (c *campaign) copyOf(w *World, what string) (*World, error) {
	c.copies++
	return w.Copy(filepath.Join(c.Dir, fmt.Sprintf("%s-%d", what, c.copies)))
}

func (c *campaign) find(w *World, fault, wrong string, values ...any) {
	f := Finding{Fault: fault, Wrong: fmt.Sprintf(wrong, values...), Dir: w.Dir}
	c.report.Findings = append(c.report.Findings, f)
	fmt.Fprintf(c.Log, "FOUND after %s\n", f)
}

// tail is the end of what a program said.
func tail(said string) string {
	const most = 2000
	if len(said) > most {
		said = "…" + said[len(said)-most:]
	}
	return strings.ReplaceAll(said, "\n", "\n    ")
}

// settle runs a world to its end after a fault, compares it with the one that was left
// alone, and removes it if all is well.
func (c *campaign) settle(ctx context.Context, w *World, fault string, before int) error {
	results, said, err := w.Run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.find(w, fault, "the next run: %v\n    %s", err, tail(said))
	} else if difference := c.want.Diff(results); difference != "" {
		c.find(w, fault, "it made something else:\n%s", difference)
	}
	if left := c.leftovers(w); len(left) > 0 {
		c.find(w, fault, "temporary files are left: %v", left)
	}
	if code, said, err := w.Do(ctx, "store", "verify"); err != nil || code != 0 {
		// Damage that nobody has come to yet is still there: verify tells it once.
		if again, _, err := w.Do(ctx, "store", "verify"); err != nil || again != 0 {
			c.find(w, fault, "verify ends with %d, %v, and again with %d: %s", code, err, again, said)
		}
	}
	if len(c.report.Findings) == before {
		return os.RemoveAll(w.Dir)
	}
	return nil
}

// leftovers lists what a run has left outside of its store and its report.
func (c *campaign) leftovers(w *World) []string {
	var left []string
	for _, dir := range []string{w.temporary(), filepath.Join(w.Dir, "runs")} {
		filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if path == w.store() {
				return fs.SkipDir
			}
			if name := e.Name(); dir == w.temporary() && path != dir || strings.HasPrefix(name, ".") {
				left = append(left, path)
			}
			return nil
		})
	}
	return left
}

// processes are those that run the campaign's binary.
func (c *campaign) processes() []int {
	entries, _ := os.ReadDir("/proc")
	var all []int
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe")); err == nil && exe == c.whole.Plumb {
			all = append(all, id)
		}
	}
	return all
}

// orphans waits for the plugins of a host that was killed to go, and returns those
// that stay.
func (c *campaign) orphans() []int {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := c.processes()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// strike sends a signal to the host, to its plugins, or to all of them.
func (c *campaign) strike(host int, whom string, signal syscall.Signal) {
	for _, id := range c.processes() {
		if whom == "both" || (id == host) == (whom == "host") {
			syscall.Kill(id, signal)
		}
	}
}

// kills runs worlds that are killed once to three times each.
func (c *campaign) kills(ctx context.Context) error {
	for left := c.Kills; left > 0; {
		w, err := c.fresh("killed")
		if err != nil {
			return err
		}
		var faults []string
		before := len(c.report.Findings)
		for range min(left, 1+c.chance.IntN(3)) {
			left--
			after := time.Duration(c.chance.Int64N(int64(c.took)))
			how := []string{"host", "host", "host", "both", "plugin", "Ctrl-C twice"}[c.chance.IntN(6)]
			fault := fmt.Sprintf("kill of %s after %v", how, after.Round(time.Millisecond))
			faults = append(faults, fault)
			p, said := w.command(runArgs()...)
			if err := p.Start(); err != nil {
				return err
			}
			timer := time.AfterFunc(after, func() {
				if how != "Ctrl-C twice" {
					c.strike(p.Process.Pid, how, syscall.SIGKILL)
					return
				}
				p.Process.Signal(os.Interrupt)
				time.Sleep(time.Duration(c.chance.IntN(300)) * time.Millisecond)
				p.Process.Signal(os.Interrupt)
			})
			_, _, err := w.wait(ctx, p, said)
			timer.Stop()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				c.find(w, fault, "%v: %s", err, tail(said.String()))
			}
			if orphans := c.orphans(); len(orphans) > 0 {
				c.find(w, fault, "processes stay: %v", orphans)
				for _, id := range orphans {
					syscall.Kill(id, syscall.SIGKILL)
				}
			}
			c.report.Tried["kills"]++
			if len(c.killed) < 12 && how == "host" {
				kept, err := c.copyOf(w, "after-kill")
				if err != nil {
					return err
				}
				c.killed = append(c.killed, kept)
			}
		}
		if err := c.settle(ctx, w, strings.Join(faults, ", "), before); err != nil {
			return err
		}
		fmt.Fprintf(c.Log, "%s\n", strings.Join(faults, ", "))
	}
	return nil
}

// damage damages a file each of worlds that are finished, or were killed.
func (c *campaign) damage(ctx context.Context) error {
	for range c.Damages {
		base := c.whole
		if len(c.killed) > 0 && c.chance.IntN(2) == 0 {
			base = c.killed[c.chance.IntN(len(c.killed))]
		}
		if err := c.damageOf(ctx, base, ""); err != nil {
			return err
		}
	}
	return nil
}

// damageOf damages a file of a kind in a copy of a world.
func (c *campaign) damageOf(ctx context.Context, base *World, kind string) error {
	w, err := c.copyOf(base, "damaged")
	if err != nil {
		return err
	}
	d, err := w.Damage(kind, c.chance)
	if err != nil {
		os.RemoveAll(w.Dir)
		if base != c.whole { // it was killed before there was anything
			return nil
		}
		return err
	}
	fault := "damage of " + d.String()
	said, before := "", len(c.report.Findings)
	if c.chance.IntN(3) == 0 {
		fault += ", and store verify"
		var code int
		if code, said, err = w.Do(ctx, "store", "verify"); err != nil || code > 1 {
			c.find(w, fault, "verify ends with %d, %v: %s", code, err, tail(said))
		}
	}
	results, more, err := w.Run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		if difference := c.want.Diff(results); difference != "" {
			c.find(w, fault, "it made something else:\n%s", difference)
		} else if w.untold(d, said+more) {
			c.find(w, fault, "nothing was said of it: %s", tail(said+more))
		}
	}
	c.report.Tried["damages"]++
	fmt.Fprintln(c.Log, fault)
	return c.settle(ctx, w, fault, before)
}

// alter alters files of the store while a run goes on.
func (c *campaign) alter(ctx context.Context) error {
	for range c.Altered {
		before := len(c.report.Findings)
		w, err := c.fresh("altered")
		if err != nil {
			return err
		}
		after := time.Duration(c.chance.Int64N(int64(c.took)))
		p, said := w.command(runArgs()...)
		if err := p.Start(); err != nil {
			return err
		}
		done := make(chan string, 1)
		timer := time.AfterFunc(after, func() {
			d, err := w.Damage([]string{"blobs", "views", "records"}[c.chance.IntN(3)], c.chance)
			if err != nil {
				done <- "nothing, as there was nothing yet"
				return
			}
			done <- d.String()
		})
		code, _, err := w.wait(ctx, p, said)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fault := "nothing"
		if !timer.Stop() {
			fault = <-done
		}
		fault = fmt.Sprintf("%s is altered after %v of a run", fault, after.Round(time.Millisecond))
		if err != nil {
			c.find(w, fault, "%v: %s", err, tail(said.String()))
		} else if code > 1 {
			c.find(w, fault, "it ends with %d: %s", code, tail(said.String()))
		}
		c.report.Tried["altered"]++
		fmt.Fprintln(c.Log, fault)
		if err := c.settle(ctx, w, fault, before); err != nil {
			return err
		}
	}
	return nil
}

// pause stops processes for a while.
func (c *campaign) pause(ctx context.Context) error {
	for range c.Pauses {
		before := len(c.report.Findings)
		w, err := c.fresh("paused")
		if err != nil {
			return err
		}
		after := time.Duration(c.chance.Int64N(int64(c.took)))
		whom := []string{"host", "both"}[c.chance.IntN(2)]
		fault := fmt.Sprintf("a pause of %s for %v after %v", whom, c.Pause, after.Round(time.Millisecond))
		p, said := w.command(runArgs()...)
		if err := p.Start(); err != nil {
			return err
		}
		timer := time.AfterFunc(after, func() {
			c.strike(p.Process.Pid, whom, syscall.SIGSTOP)
			time.Sleep(c.Pause)
			c.strike(p.Process.Pid, whom, syscall.SIGCONT)
		})
		code, _, err := w.wait(ctx, p, said)
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || code != 0 {
			c.find(w, fault, "it ends with %d, %v: %s", code, err, tail(said.String()))
		}
		c.report.Tried["pauses"]++
		fmt.Fprintln(c.Log, fault)
		if err := c.settle(ctx, w, fault, before); err != nil {
			return err
		}
	}
	return nil
}

// trace runs a world to its end under a tracer.
func (c *campaign) trace(w *World, op func(syscalls.Op), fail func(syscalls.Call) int) (code int, said string, err error) {
	if op == nil {
		op = func(syscalls.Op) {}
	}
	out := filepath.Join(c.Dir, fmt.Sprintf("said-%d", c.copies))
	defer os.Remove(out)
	code, err = syscalls.Trace(syscalls.Options{
		Command: append([]string{w.Plumb}, runArgs()...), Env: w.environment(), Dir: w.Dir, Watch: w.Dir, Stdout: out, Op: op, Fail: fail,
	})
	text, _ := os.ReadFile(out)
	return code, string(text), err
}

// full lets calls that need space fail.
func (c *campaign) full(ctx context.Context) error {
	w, err := c.fresh("counted")
	if err != nil {
		return err
	}
	var calls []syscalls.Call
	if _, _, err := c.trace(w, nil, func(call syscalls.Call) int { calls = append(calls, call); return 0 }); errors.Is(err, syscalls.ErrUnsupported) {
		fmt.Fprintf(c.Log, "full disks are SKIPPED: %v\n", err)
		return nil
	} else if err != nil {
		return err
	}
	if err := os.RemoveAll(w.Dir); err != nil {
		return err
	}
	fmt.Fprintf(c.Log, "a run makes %d calls that need space\n", len(calls))
	for range c.Full {
		before := len(c.report.Findings)
		w, err := c.fresh("full")
		if err != nil {
			return err
		}
		at, once := 1+c.chance.IntN(len(calls)), c.chance.IntN(3) == 0
		errno := []syscall.Errno{syscall.ENOSPC, syscall.ENOSPC, syscall.EDQUOT}[c.chance.IntN(3)]
		var first syscalls.Call
		code, said, err := c.trace(w, nil, func(call syscalls.Call) int {
			// Renames and cuts of a file free no space, and need next to none.
			if call.N == at || call.N > at && !once && call.Name != "rename" {
				if first.N == 0 {
					first = call
				}
				return int(errno)
			}
			return 0
		})
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		how := "from then on"
		if once {
			how = "once"
		}
		fault := fmt.Sprintf("%v at call %d, %s %s, %s", errno, at, first.Name, strings.TrimPrefix(first.Path, w.Dir), how)
		if code != 0 && code != 1 && code != 2 {
			c.find(w, fault, "it ends with %d: %s", code, tail(said))
		}
		if code != 0 && !strings.Contains(said, "no space") && !strings.Contains(said, "disk is full") && !strings.Contains(said, errno.Error()) && !strings.Contains(said, "holds no more files") {
			c.find(w, fault, "it does not say why it ends with %d: %s", code, tail(said))
		}
		c.report.Tried["full disks"]++
		fmt.Fprintln(c.Log, fault)
		if err := c.settle(ctx, w, fault, before); err != nil {
			return err
		}
	}
	return nil
}

// cut cuts the power after calls of a run, and runs what is left on the disk to the end.
func (c *campaign) cut(ctx context.Context) error {
	w, err := c.fresh("traced")
	if err != nil {
		return err
	}
	var ops []syscalls.Op
	code, said, err := c.trace(w, func(op syscalls.Op) { ops = append(ops, op) }, nil)
	if errors.Is(err, syscalls.ErrUnsupported) {
		fmt.Fprintf(c.Log, "power cuts are SKIPPED: %v\n", err)
		return nil
	}
	if err != nil || code != 0 {
		return fmt.Errorf("trace a run: it ends with %d, %w: %s", code, err, tail(said))
	}
	if err := os.RemoveAll(w.Dir); err != nil {
		return err
	}
	fmt.Fprintf(c.Log, "a run makes %d calls that change its directory\n", len(ops))
	after := make([]int, c.Cuts)
	for i := range after {
		after[i] = c.chance.IntN(len(ops))
	}
	slices.Sort(after)
	disk, done := NewDisk(), 0
	disk.mkdir("tmp", "brought") // the world was there before
	for _, at := range after {
		for ; done <= at; done++ {
			if err := disk.Apply(ops[done]); err != nil {
				return fmt.Errorf("call %d of a traced run: %w", done, err)
			}
		}
		before := len(c.report.Findings)
		w, err := c.fresh("cut")
		if err != nil {
			return err
		}
		loss := Losses[c.chance.IntN(len(Losses))]
		left := filepath.Join(c.Dir, "left")
		err = errors.Join(os.RemoveAll(left), disk.WriteTo(left, loss, c.chance))
		if err == nil && exists(filepath.Join(left, "runs")) {
			err = os.Rename(filepath.Join(left, "runs"), filepath.Join(w.Dir, "runs"))
		}
		if err != nil {
			return err
		}
		op := ops[at]
		fault := fmt.Sprintf("a power cut after call %d, %s %s %s, with the loss of %s", at, op.Kind, op.Path, op.Other, loss)
		if code, said, err := w.Do(ctx, "store", "verify"); err != nil || code != 0 && exists(w.store()) {
			c.find(w, fault, "verify ends with %d, %v: %s", code, err, tail(said))
		}
		c.report.Tried["power cuts"]++
		fmt.Fprintln(c.Log, fault)
		if err := c.settle(ctx, w, fault, before); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
