//go:build unix

package plugin

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// own is what this process has computed.
func own(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkScoreOf512 has a reward that does nothing score images of 512 x 512 pixels:
// in another process, from pixels in memory, from PNGs in memory, and from a table as
// the stages of a run read them; and in this process, from the table.
func BenchmarkScoreOf512(b *testing.B) {
	const rows = 64
	path := filepath.Join(b.TempDir(), "images.parquet")
	pixels, images := make([]sdk.Image, rows), make([]table.Image, rows)
	for i := range images {
		pixels[i] = plugintest.Picture(i)
		content, err := imaging.EncodeStored(pixels[i])
		if err != nil {
			b.Fatal(err)
		}
		images[i] = table.Image{ID: fmt.Sprint(i), Prompt: "a prompt", Category: "c", Split: "seen", Image: table.File{Bytes: content}}
	}
	if err := table.WriteAll(path, images); err != nil {
		b.Fatal(err)
	}
	item := func(i int) client.Item { return client.Item{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "a prompt"}} }
	counted := func(of func(i int) client.Item) func(n int) iter.Seq2[client.Item, error] {
		return func(n int) iter.Seq2[client.Item, error] {
			return func(yield func(client.Item, error) bool) {
				for i := range n {
					if !yield(of(i), nil) {
						return
					}
				}
			}
		}
	}
	fromTable := func(n int) iter.Seq2[client.Item, error] {
		return func(yield func(client.Item, error) bool) {
			for sent := 0; ; {
				for image, err := range table.Read[table.Image](path) {
					one := item(sent)
					one.PNG = image.Image.Bytes
					if sent == n || !yield(one, err) {
						return
					}
					sent++
				}
			}
		}
	}
	for _, source := range []struct {
		name  string
		items func(n int) iter.Seq2[client.Item, error]
	}{
		{"pixels", counted(func(i int) client.Item {
			one := item(i)
			one.Pixels = pixels[i%rows]
			return one
		})},
		{"PNG", counted(func(i int) client.Item {
			one := item(i)
			one.PNG = images[i%rows].Image.Bytes
			return one
		})},
		{"table", fromTable},
	} {
		b.Run("plugin/"+source.name, func(b *testing.B) {
			host := tinyHost(b)
			in := open(b, host, "reward", "tiny")
			process := pidOf(host)
			host0, plugin0 := own(b), plugintest.ProcessorTime(process)
			b.ResetTimer()
			if err := in.Score(b.Context(), source.items(b.N), func(int, sdk.Score) error { return nil }); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric((own(b)-host0).Seconds()*1000/float64(b.N), "host-ms/image")
			b.ReportMetric((plugintest.ProcessorTime(process)-plugin0).Seconds()*1000/float64(b.N), "plugin-ms/image")
		})
	}
	b.Run("process/table", func(b *testing.B) {
		reward := &tiny{}
		before := own(b)
		b.ResetTimer()
		for item, err := range fromTable(b.N) {
			if err != nil {
				b.Fatal(err)
			}
			image, err := imaging.Decode(item.PNG, imaging.Exchanged)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := reward.Score(b.Context(), sdk.Item{ID: item.ID, Prompt: item.Prompt, Image: image}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		b.ReportMetric((own(b)-before).Seconds()*1000/float64(b.N), "host-ms/image")
	})
}

// pidOf is the process of the one plugin that a host has running.
func pidOf(h *Host) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.children {
		return c.command.Process.Pid
	}
	return os.Getpid()
}
