package faulttest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// believerVariable names a plumb. The test binary, started again as one, believes
// what it finds: it seals what was damaged in scratch as if it were intact, and is that
// plumb then.
const believerVariable = "PLUMB_FAULTTEST_BELIEVER"

func believe(plumb string) error {
	err := filepath.WalkDir("runs/store/scratch", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if is, intact, _ := sealed.Sealed(path); is && !intact {
			plain := path[:len(path)-65]
			if err := os.Rename(path, plain); err != nil {
				return err
			}
			return sealed.Seal(plain)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return syscall.Exec(plumb, append([]string{plumb}, os.Args[1:]...), os.Environ())
}

// newCampaign is one of a plumb that was just built, on a quick disk.
func newCampaign(t *testing.T) Campaign {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("it takes a minute, and looks into /proc")
	}
	dir := quick(t)
	plumb := filepath.Join(dir, "built")
	build := exec.Command("go", "build", "-o", plumb, "github.com/plumb-ml/plumb/cmd/plumb")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	campaign := filepath.Join(dir, "campaign")
	if err := os.Mkdir(campaign, 0o755); err != nil {
		t.Fatal(err)
	}
	return Campaign{Plumb: plumb, Dir: campaign, Seed: 5, Log: testLog{t}}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// TestCampaign is the short form: a few faults of each kind. cmd/faulttest has the
// long one.
func TestCampaign(t *testing.T) {
	c := newCampaign(t)
	c.Kills, c.Damages, c.Altered, c.Pauses, c.Pause, c.Full, c.Cuts = 1, 2, 1, 1, time.Second, 1, 1
	report, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	t.Log(report.Tried)
}

// TestCampaignFinds: a plumb that believes what it finds in scratch does not pass.
func TestCampaignFinds(t *testing.T) {
	c := newCampaign(t)
	u := &campaign{Campaign: c, chance: rand.New(rand.NewPCG(1, 1)), report: &Report{Tried: map[string]int{}}}
	if err := u.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	midway, err := u.fresh("midway")
	if err != nil {
		t.Fatal(err)
	}
	p, said := midway.command(runArgs()...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(midway.store(), "scratch", "*", "plugin", "state.safetensors.*")
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if found, _ := filepath.Glob(state); len(found) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no training keeps a state: %s", said)
		}
	}
	u.strike(p.Process.Pid, "both", syscall.SIGKILL)
	if _, _, err := midway.wait(t.Context(), p, said); err != nil {
		t.Fatal(err)
	}
	const kind = "state of a training"
	if err := u.damageOf(t.Context(), midway, kind); err != nil || len(u.report.Findings) > 0 {
		t.Fatalf("a plumb that looks is found guilty: %v, %v", u.report.Findings, err)
	}

	t.Setenv(believerVariable, u.whole.Plumb)
	believer := filepath.Join(c.Dir, "believer")
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(believer, self, 0o755); err != nil {
		t.Fatal(err)
	}
	midway.Plumb = believer
	for try := 0; len(u.report.Findings) == 0; try++ {
		if try == 5 {
			t.Fatal("a plumb that takes a damaged state is not found out")
		}
		if err := u.damageOf(t.Context(), midway, kind); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(u.report.Findings[0].Wrong)
}
