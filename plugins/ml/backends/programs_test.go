package backends

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gomlx/compute"
)

// counted is an executable that counts how often it is finalized.
type counted struct {
	compute.Executable
	ends atomic.Int64
}

func (c *counted) Finalize() { c.ends.Add(1) }

// TestPrograms: a program is compiled once for all its users, also at the same
// time, outlives them, and ends when many others were used since.
func TestPrograms(t *testing.T) {
	var p programs
	var compiled atomic.Int64
	made := map[string]*counted{}
	get := func(key string) compute.Executable {
		t.Helper()
		executable, err := p.get(key, func() (compute.Executable, error) {
			compiled.Add(1)
			made[key] = &counted{}
			return made[key], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return executable
	}
	var users []compute.Executable
	var wait sync.WaitGroup
	var lock sync.Mutex
	for range 8 {
		wait.Go(func() {
			one := get("first")
			lock.Lock()
			defer lock.Unlock()
			users = append(users, one)
		})
	}
	wait.Wait()
	for _, one := range users {
		one.Finalize()
		one.Finalize() // as GoMLX may
	}
	again := get("first")
	if n := compiled.Load(); n != 1 {
		t.Errorf("compiled %d times, want once", n)
	}
	for i := range 2 * idlePrograms {
		get(fmt.Sprint(i)).Finalize()
	}
	if made["first"].ends.Load() != 0 {
		t.Error("a program ends while it is in use")
	}
	if made["0"].ends.Load() != 1 || made[fmt.Sprint(2*idlePrograms-1)].ends.Load() != 0 {
		t.Error("of idle programs it is not the oldest ones that end")
	}
	again.Finalize()
	for i := range idlePrograms {
		get(fmt.Sprint("more ", i)).Finalize()
	}
	if made["first"].ends.Load() != 1 || len(p.all) != idlePrograms {
		t.Errorf("it ends %d times; %d programs are kept, want %d", made["first"].ends.Load(), len(p.all), idlePrograms)
	}
}

// TestProgramsThatFail are tried again.
func TestProgramsThatFail(t *testing.T) {
	var p programs
	for range 2 {
		_, err := p.get("bad", func() (compute.Executable, error) { return nil, errors.New("no memory") })
		if err == nil || err.Error() != "no memory" {
			t.Errorf("error %v", err)
		}
	}
	func() {
		defer func() { recover() }()
		p.get("bad", func() (compute.Executable, error) { panic("a graph") })
	}()
	if _, err := p.get("bad", func() (compute.Executable, error) { return &counted{}, nil }); !errors.Is(err, errPanicked) {
		t.Errorf("error %v", err)
	}
	good, err := p.get("bad", func() (compute.Executable, error) { return &counted{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	good.Finalize()
	if len(p.all) != 1 || len(p.idle) != 1 {
		t.Errorf("%d programs, %d idle", len(p.all), len(p.idle))
	}
}
