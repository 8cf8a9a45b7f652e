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
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
)

// memory watches how much is held: of a GPU, as nvidia-smi tells it, beyond what
// was held before; else of this process, as Linux does.
type memory struct {
	of     string // in words
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	before int64
	most   int64
}

func newMemory(backend compute.Backend) *memory {
	m := &memory{of: "this process (VmHWM)"}
	if name, _ := plumbcompute.Describe(backend); name != plumbcompute.XLACUDA {
		if m.peak() == 0 {
			m.of = "not known on this system"
		}
		return m
	}
	m.of = "the GPU (nvidia-smi), reserved by this process"
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.done = cancel, make(chan struct{})
	m.before = deviceMemory(ctx)
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			held := deviceMemory(ctx)
			m.mu.Lock()
			m.most = max(m.most, held)
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
	m.most = 0
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
		return max(0, m.most-m.before)
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

// deviceMemory is what is held of the first GPU, in bytes; 0 if nobody can tell.
func deviceMemory(ctx context.Context) int64 {
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits").Output()
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(out), "\n")
	mebibytes, _ := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	return mebibytes << 20
}
