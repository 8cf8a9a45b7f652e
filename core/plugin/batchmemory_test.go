//go:build unix

package plugin

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// slope is a square image that zstd makes small.
func slope(side int) sdk.Image {
	image := sdk.Image{Width: side, Height: side, RGB: make([]byte, 3*side*side)}
	for i := range image.RGB {
		image.RGB[i] = byte(i >> 4)
	}
	return image
}

// resident is how many bytes of memory a process has, and had at most since the last
// call.
func resident(t *testing.T, pid int) (now, most int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) int {
		found := regexp.MustCompile(name + `:\s+([0-9]+) kB`).FindSubmatch(text)
		kib, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		return kib << 10
	}
	now, most = in("VmRSS"), in("VmHWM")
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil { // begins VmHWM anew
		t.Fatal(err)
	}
	return now, most
}

// A batch never costs more than twice its bytes: in the plugin, one is scored and one
// comes in; in the host, there are a few images, and what Go has not cleared away yet.
// The images on their way come on top.
func TestBatchMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counted by Linux's /proc")
	}
	const side, batch, images = 2048, 8, 24
	const size = 3 * side * side
	path := filepath.Join(t.TempDir(), "images.parquet")
	content, err := imaging.EncodeStored(slope(side))
	if err != nil {
		t.Fatal(err)
	}
	w, err := table.NewWriter[table.Image](path)
	for i := 0; i < images && err == nil; i++ {
		err = w.Write(table.Image{ID: fmt.Sprint(i), Prompt: "p", Category: "c", Split: "seen", Image: table.File{Bytes: content}})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	content = nil

	h := tinyHost(t)
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "eight", Described: sdk.Description{PreferredBatch: batch}})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	pid := pidOf(h)
	runtime.GC()
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() int { metrics.Read(sample); return int(sample[0].Value.Uint64()) }
	before := heap()
	pluginBefore, _ := resident(t, pid)
	ended, most := make(chan struct{}), make(chan int)
	go func() {
		highest := 0
		for {
			select {
			case <-ended:
				most <- highest
				return
			case <-time.After(time.Millisecond):
				highest = max(highest, heap())
			}
		}
	}()
	var items iter.Seq2[client.Item, error] = func(yield func(client.Item, error) bool) {
		for row, err := range table.Read[table.Image](path) {
			if !yield(client.Item{ID: row.ID, PNG: row.Image.Bytes}, err) {
				return
			}
		}
	}
	err = in.Score(t.Context(), items, func(int, sdk.Score) error { return nil })
	close(ended)
	host := <-most - before
	if err != nil {
		t.Fatal(err)
	}
	_, pluginMost := resident(t, pid)
	const mib = 1 << 20
	plugin := pluginMost - pluginBefore
	t.Logf("a batch has %d MiB; the host took %d, the plugin %d", batch*size/mib, host/mib, plugin/mib)
	const onTheWay = 4 * size
	if host > 2*batch*size+onTheWay || plugin > 2*batch*size+onTheWay {
		t.Errorf("a batch of %d MiB cost %d MiB in the host and %d in the plugin", batch*size/mib, host/mib, plugin/mib)
	}
}

// An image is put into memory once on its way: in the plugin, where it arrives. In the
// host, its pixels are where they were decoded, and that memory is used again.
func TestImageIsNotCopied(t *testing.T) {
	const side, images = 1024, 60
	const size = 3 * side * side
	content, err := imaging.EncodeStored(slope(side))
	if err != nil {
		t.Fatal(err)
	}
	in := open(t, tinyHost(t), "reward", "allocates")
	items := func(yield func(client.Item, error) bool) {
		for i := range images {
			if !yield(client.Item{ID: fmt.Sprint(i), PNG: content}, nil) {
				return
			}
		}
	}
	var first, last float64 // of what the plugin allocated
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = in.Score(t.Context(), items, func(position int, score sdk.Score) error {
		if position == 0 {
			first = score.Score
		}
		last = max(last, score.Score)
		return nil
	})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	host := float64(after.TotalAlloc-before.TotalAlloc) / images / size
	plugin := (last - first) / images / size
	t.Logf("allocated for an image, in its sizes: %.2f in the host, %.2f in the plugin", host, plugin)
	if host > 0.7 {
		t.Errorf("the host allocates %.2f times an image's size for it", host)
	}
	if plugin > 1.5 {
		t.Errorf("the plugin allocates %.2f times an image's size for it", plugin)
	}
}
