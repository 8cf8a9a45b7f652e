package stablediffusion

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/dataset"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestEncoded compares the distributions of latents with diffusers', and counts
// how often a caption is embedded.
func TestEncoded(t *testing.T) {
	m, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if m.VAEStore, err = m.VAE.Weights(golden.Backend(t)).Read(tiny + "/vae"); err != nil {
		t.Fatal(err)
	}
	file := golden.Read(t, expected+"vae.safetensors")
	pixels := golden.ChannelsLast(file.Tensors["pixel_values"]) // [2, 48, 64, 3]
	var rows []dataset.Image
	size := len(pixels.Data) / 2
	for i, caption := range []string{"one", "one", "two"} {
		png, err := dataset.EncodePNG(64, 48, Bytes(pixels.Data[i%2*size:][:size]))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, dataset.Image{Image: dataset.File{Bytes: png}, Prompt: caption})
	}
	directory, embedded := t.TempDir(), []string{}
	request := EncodedRequest{
		Height: 48, Width: 64, Text: [2]int{2, 3}, Directory: directory, Name: "x",
		Embed: func(_ context.Context, caption string) ([]float32, error) {
			embedded = append(embedded, caption)
			return []float32{float32(len(embedded)), 0, 0, 0, 0, 9}, nil
		},
	}
	for _, want := range [][]string{{"", "one", "two"}, {"", "one", "two"}} { // the second time all are on the disk
		e, err := m.NewEncoded(t.Context(), golden.Backend(t), request)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			number, err := e.Add(t.Context(), row)
			if err != nil || number != i {
				t.Fatalf("image %d has number %d, %v", i, number, err)
			}
		}
		if !slices.Equal(embedded, want) {
			t.Errorf("embedded %q", embedded)
		}
		latents, text := e.Size()
		if latents != [3]int{6, 8, 4} || text != [2]int{2, 3} {
			t.Errorf("sizes %v and %v", latents, text)
		}
		mean, deviation := make([]float32, 6*8*4), make([]float32, 6*8*4)
		means := safetensors.Tensor{Dims: []int{2, 6, 8, 4}}
		logs := safetensors.Tensor{Dims: []int{2, 6, 8, 4}}
		for i := range 2 {
			if err := e.Latents(i, mean, deviation); err != nil {
				t.Fatal(err)
			}
			means.Data = append(means.Data, mean...)
			for _, d := range deviation {
				logs.Data = append(logs.Data, float32(2*math.Log(float64(d))))
			}
		}
		t.Logf("means differ by at most %.1e, logarithms of variances by %.1e",
			golden.Expect(t, "mean", golden.ChannelsFirst(means), file.Tensors["mean"], 2e-5),
			golden.Expect(t, "log variance", golden.ChannelsFirst(logs), file.Tensors["logvar"], 4e-5))
		out := make([]float32, 6)
		for example, want := range []float32{2, 2, 3} {
			if err := e.Text(example, out); err != nil || out[0] != want || out[5] != 9 {
				t.Errorf("example %d has embedding %v, %v", example, out, err)
			}
		}
		if err := e.Empty(out); err != nil || out[0] != 1 {
			t.Errorf("the empty caption has embedding %v, %v", out, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	request.Directory = "" // a temporary one, which is gone afterwards
	e, err := m.NewEncoded(t.Context(), golden.Backend(t), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Add(stopped, rows[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped job goes on: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(e.temporary); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind: %v", e.temporary, err)
	}
}

// TestShelf: what is damaged, and what comes after it, is dropped.
func TestShelf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shelf")
	open := func() *shelf {
		t.Helper()
		s, err := openShelf(path, 3)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for i := range 4 {
		if err := s.append([]float32{float32(i)}, []float32{5, float32(math.Inf(1))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.append([]float32{1}); err == nil {
		t.Error("a short row is kept")
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		content []byte
		rows    int
	}{
		"whole":      {content, 4},
		"cut":        {content[:len(content)-1], 3},
		"changed":    {append(append(slices.Clone(content[:17]), content[17]^1), content[18:]...), 1},
		"zeros":      {append(slices.Clone(content[:32]), make([]byte, 32)...), 2},
		"empty":      {nil, 0},
		"other file": {[]byte("what is this, and what is it doing here?"), 0},
	} {
		if err := os.WriteFile(path, test.content, 0o644); err != nil {
			t.Fatal(err)
		}
		s := open()
		if s.rows != test.rows {
			t.Errorf("%s: %d rows, want %d", name, s.rows, test.rows)
		}
		if err := s.append([]float32{7, 8, 9}); err != nil {
			t.Fatal(err)
		}
		out := make([]float32, 2)
		if err := s.read(test.rows, 1, out); err != nil || out[0] != 8 || out[1] != 9 {
			t.Errorf("%s: read %v, %v", name, out, err)
		}
		for _, wrong := range [][2]int{{-1, 0}, {test.rows + 1, 0}, {0, 2}} {
			if err := s.read(wrong[0], wrong[1], out); err == nil {
				t.Errorf("%s: row %d from %d is read", name, wrong[0], wrong[1])
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}
