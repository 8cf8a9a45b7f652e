package bench

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// memory watches how much is held: of a GPU, as nvidia-smi tells it, since go-xla
// v0.4.1 hands on nothing of what PJRT knows; else of this process, as Linux does.
type memory struct {
	of     string // in words
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	own, all int64 // the most that this process, and that all have held
}

func newMemory(backend compute.Backend) *memory {
	m := &memory{of: "this process (VmHWM)"}
	if name, _ := backends.Describe(backend); name != backends.XLACUDA {
		if m.peak() == 0 {
			m.of = "not known on this system"
		}
		return m
	}
	m.of = "the GPU (nvidia-smi), with what the allocator and CUDA itself hold"
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.done = cancel, make(chan struct{})
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			own, all := deviceMemory(ctx)
			m.mu.Lock()
			m.own, m.all = max(m.own, own), max(m.all, all)
			m.mu.Unlock()
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return m
}

func (m *memory) close() {
	if m.cancel != nil {
		m.cancel()
		<-m.done
	}
}

// reset begins anew.
func (m *memory) reset() {
	m.mu.Lock()
	m.own, m.all = 0, 0
	m.mu.Unlock()
	if m.cancel == nil {
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where there is none, the peak is that of the whole run
	}
}

// peak is the most that was held since reset, in bytes; 0 if it is not known.
func (m *memory) peak() int64 {
	if m.cancel != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.own == 0 && m.all > 0 {
			m.of = "the GPU (nvidia-smi), by all processes, with what allocators and CUDA itself hold"
			return m.all
		}
		return m.own
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

// deviceMemory is what is held of the GPU, in bytes, by this process and by all:
// processes cannot be told apart in many containers. 0 is what nobody can tell.
func deviceMemory(ctx context.Context) (own, all int64) {
	if out, err := smi(ctx, "--query-compute-apps=pid,used_memory"); err == nil {
		own = heldBy(out, os.Getpid())
	}
	if out, err := smi(ctx, "--query-gpu=memory.used"); err == nil {
		first, _, _ := strings.Cut(out, "\n")
		mebibytes, _ := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
		all = mebibytes << 20
	}
	return own, all
}

// heldBy sums up what a process holds: of lines "pid, mebibytes".
func heldBy(list string, process int) (bytes int64) {
	for line := range strings.Lines(list) {
		pid, size, _ := strings.Cut(line, ",")
		if mebibytes, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64); err == nil && strings.TrimSpace(pid) == strconv.Itoa(process) {
			bytes += mebibytes << 20
		}
	}
	return bytes
}

// smi asks nvidia-smi, about the GPU that CUDA would take first.
func smi(ctx context.Context, query string) (string, error) {
	args := []string{query, "--format=csv,noheader,nounits"}
	if first, _, _ := strings.Cut(os.Getenv("CUDA_VISIBLE_DEVICES"), ","); first != "" {
		args = append(args, "--id="+first)
	}
	out, err := exec.CommandContext(ctx, "nvidia-smi", args...).Output()
	return string(out), err
}
