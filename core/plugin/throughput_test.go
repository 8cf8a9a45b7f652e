package plugin

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// smooth is an image of 512 x 512 pixels with slow gradients and a little noise, as
// pictures have them.
func smooth() sdk.Image {
	const side = 512
	out := sdk.Image{Width: side, Height: side, RGB: make([]byte, 3*side*side)}
	noise := uint32(1)
	for i := range out.RGB {
		y, x, c := i/(3*side), i%(3*side)/3, i%3
		noise = noise*1664525 + 1013904223
		out.RGB[i] = byte((y*(c+1)+x)/4 + int(noise>>29))
	}
	return out
}

// BenchmarkScoreOf512 has a reward that does nothing score images of 512 x 512 pixels in
// another process: from memory, and from a table as the stages of a run read them.
func BenchmarkScoreOf512(b *testing.B) {
	pixels := smooth()
	content, err := imaging.EncodeStored(pixels)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 64
	path := filepath.Join(b.TempDir(), "images.parquet")
	images := make([]table.Image, rows)
	for i := range images {
		images[i] = table.Image{ID: fmt.Sprint(i), Prompt: "a prompt", Category: "c", Split: "seen", Image: table.File{Bytes: content}}
	}
	if err := table.WriteAll(path, images); err != nil {
		b.Fatal(err)
	}
	for name, items := range map[string]func(n int) iter.Seq2[client.Item, error]{
		"pixels": func(n int) iter.Seq2[client.Item, error] {
			return func(yield func(client.Item, error) bool) {
				for i := range n {
					if !yield(client.Item{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "a prompt"}, Pixels: pixels}, nil) {
						return
					}
				}
			}
		},
		"memory": func(n int) iter.Seq2[client.Item, error] {
			return func(yield func(client.Item, error) bool) {
				for i := range n {
					if !yield(client.Item{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "a prompt"}, PNG: content}, nil) {
						return
					}
				}
			}
		},
		"table": func(n int) iter.Seq2[client.Item, error] {
			return func(yield func(client.Item, error) bool) {
				for sent := 0; ; {
					for image, err := range table.Read[table.Image](path) {
						if sent == n || !yield(client.Item{ID: fmt.Sprint(sent), Prompt: sdk.Prompt{Text: image.Prompt}, PNG: image.Image.Bytes}, err) {
							return
						}
						sent++
					}
				}
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			host := tinyHost(b)
			in := open(b, host, "reward", "tiny")
			before, pbefore := spent(b, os.Getpid()), spent(b, pidOf(host))
			b.ResetTimer()
			if err := in.Score(b.Context(), items(b.N), func(int, sdk.Score) error { return nil }); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(spent(b, os.Getpid())-before)*10/float64(b.N), "host-ms/image")
			b.ReportMetric(float64(spent(b, pidOf(host))-pbefore)*10/float64(b.N), "plugin-ms/image")
		})
	}
}

func pidOf(h *Host) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.children {
		return c.command.Process.Pid
	}
	return 0
}

func spent(b *testing.B, pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	u, _ := strconv.Atoi(fields[11])
	s, _ := strconv.Atoi(fields[12])
	return u + s
}
