package latentcache

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// cached writes a directory as Precompute does: image i has the mean from+i, the
// deviation -i, the ID "image i" and the caption i/2 + 1; caption j has the context
// (j, j + 0.5) and the pooled vector -j.
func cached(t testing.TB, images, from int) string {
	t.Helper()
	p := &writer{sealed: map[string]string{}, layout: layout{
		Format: layoutFormat, DType: safetensors.F32, Latents: [3]int{1, 1, 1}, Images: images, Captions: images/2 + 2,
		Conditions: conditioning.Shapes{conditioning.Context: {1, 2}, "pooled": {1}},
	}}
	p.request.Output, p.request.Scratch = t.TempDir(), t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range images {
		p.mean, p.deviation = append(p.mean, float32(from+i)), append(p.deviation, float32(-i))
		p.caption, p.ids = append(p.caption, int64(i/2+1)), append(p.ids, imageDigest(fmt.Sprint("image ", i)))
		if file := i / imagesPerFile; len(p.ids) == rowsIn(file, images, imagesPerFile) {
			check(p.writeLatents(file))
		}
	}
	for file := range filesFor(p.Captions, captionsPerFile) {
		var text, pooled []float32
		for j := range rowsIn(file, p.Captions, captionsPerFile) {
			text = append(text, float32(file*captionsPerFile+j), float32(file*captionsPerFile+j)+0.5)
			pooled = append(pooled, float32(-file*captionsPerFile-j))
		}
		check(p.write(captionsFile(file), p.captionsNeed(file), map[string][]float32{conditioning.Context: text, "pooled": pooled}, nil))
	}
	check(p.finish())
	return p.request.Output
}

// room is for an example's conditions.
func room(c *Cache) conditioning.Of[[]float32] {
	out := conditioning.Of[[]float32]{}
	_, conditions := c.Size()
	for name, dims := range conditions {
		out[name] = make([]float32, safetensors.Size(dims))
	}
	return out
}

// TestTables reads several tables, one of them named twice, at random and from
// several goroutines, with fewer files open than there are.
func TestTables(t *testing.T) {
	const many, few = (openFiles + 3) * imagesPerFile, 5
	a, b := cached(t, many, 0), cached(t, few, 100000)
	p, err := Open(a, b, a)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.total != many+few {
		t.Fatalf("%d examples", p.total)
	}
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			mean, deviation, given := make([]float32, 1), make([]float32, 1), room(p)
			for n := range 400 {
				example := (n*7919 + reader*131) % p.total
				row, from := 0, 0
				if n%10 == 0 { // the small table too
					example = many + n/10%few
				}
				if row = example; example >= many {
					row, from = example-many, 100000
				}
				if err := errors.Join(p.Latents(example, mean, deviation), p.Conditions(example, given), p.Check(example, fmt.Sprint("image ", row))); err != nil {
					t.Error(err)
					return
				}
				text := given[conditioning.Context]
				if caption := float32(row/2 + 1); mean[0] != float32(from+row) || deviation[0] != float32(-row) || text[0] != caption || text[1] != caption+0.5 || given["pooled"][0] != -caption {
					t.Errorf("example %d is %v, %v, %v", example, mean, deviation, given)
					return
				}
			}
		})
	}
	readers.Wait()
	if len(p.open) != openFiles {
		t.Errorf("%d files are open", len(p.open))
	}
	empty := room(p)
	if err := p.Empty(empty); err != nil || empty[conditioning.Context][0] != 0 || empty[conditioning.Context][1] != 0.5 {
		t.Errorf("the empty caption is %v, %v", empty, err)
	}
	for want, err := range map[string]error{
		`not "image 7"`:            p.Check(3, "image 7"),
		"example -1 of":            p.Conditions(-1, empty),
		fmt.Sprint("of ", p.total): p.Conditions(p.total, empty),
		"3 numbers are asked for":  p.Conditions(0, conditioning.Of[[]float32]{conditioning.Context: make([]float32, 3), "pooled": make([]float32, 1)}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

// TestAdd goes through tables as a tuner does.
func TestAdd(t *testing.T) {
	p, err := Open(cached(t, 2, 0), cached(t, 3, 10))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	mean, deviation := make([]float32, 1), make([]float32, 1)
	for i, want := range []float32{0, 1, 10, 11} {
		number, err := p.Add(t.Context(), table.Image{ID: fmt.Sprint("image ", []int{0, 1, 0, 1}[i])})
		if err := errors.Join(err, p.Latents(number, mean, deviation)); err != nil || mean[0] != want {
			t.Errorf("image %d has the number %d and the mean %v, %v", i, number, mean, err)
		}
	}
	var named *Error
	if _, err := p.Add(t.Context(), table.Image{ID: "image 0"}); !errors.As(err, &named) || !strings.Contains(err.Error(), `not "image 0"`) {
		t.Errorf("another image: %v", err)
	}
	if _, err := p.Add(t.Context(), table.Image{ID: "image 3"}); err == nil || !strings.Contains(err.Error(), "example 5 of 5") {
		t.Errorf("one image more: %v", err)
	}
}

// TestOpenRefuses: what is cut off, foreign, or of another model has one
// kind of error, which says where.
func TestOpenRefuses(t *testing.T) {
	edit := func(change func(l *layout)) func(string) error {
		return func(directory string) error {
			path := filepath.Join(directory, layoutFile)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var l layout
			if err := json.Unmarshal(text, &l); err != nil {
				return err
			}
			change(&l)
			if text, err = json.Marshal(l); err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o644)
		}
	}
	truncated := func(name string) func(string) error {
		return func(directory string) error {
			path := filepath.Join(directory, name)
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.Truncate(path, info.Size()-1)
		}
	}
	remove := func(name string) func(string) error {
		return func(directory string) error { return os.Remove(filepath.Join(directory, name)) }
	}
	for name, test := range map[string]struct {
		change func(directory string) error
		want   string
	}{
		"no layout":          {remove(layoutFile), "there is no latentcache.json"},
		"half a layout":      {truncated(layoutFile), ""}, // without its last line feed it is whole
		"no JSON":            {func(d string) error { return os.WriteFile(filepath.Join(d, layoutFile), []byte("{"), 0o644) }, "latentcache.json: unexpected end"},
		"other format":       {edit(func(l *layout) { l.Format = "plumb latent cache 2" }), `"plumb latent cache 2"`},
		"other type":         {edit(func(l *layout) { l.DType = "I8" }), `dtype is "I8"`},
		"other dtype":        {edit(func(l *layout) { l.DType = safetensors.F16 }), "expected F16 [64 1 1 1]"},
		"negative":           {edit(func(l *layout) { l.Images = -1 }), "a size of -1"},
		"enormous":           {edit(func(l *layout) { l.Images = 1 << 40 }), "impossible"},
		"more images":        {edit(func(l *layout) { l.Images++ }), "expected I32 [3]"},
		"fewer captions":     {edit(func(l *layout) { l.Captions-- }), "expected F32 [34 1 2]"},
		"other latents":      {edit(func(l *layout) { l.Latents[2] = 4 }), "expected F32 [64 1 1 4]"},
		"truncated latents":  {truncated(latentsFile(1)), "truncated"},
		"truncated captions": {truncated(captionsFile(0)), "truncated"},
		"missing latents":    {remove(latentsFile(1)), latentsFile(1)},
		"no conditions":      {edit(func(l *layout) { l.Conditions = nil }), "no conditions"},
		"another condition": {edit(func(l *layout) {
			l.Conditions["pooled 2"] = l.Conditions["pooled"]
			delete(l.Conditions, "pooled")
		}), `"pooled 2" is`},
		"foreign captions": {func(d string) error {
			file := safetensors.File{Tensors: map[string]safetensors.Tensor{"weight": {Dims: []int{1}, Data: []float32{1}}}}
			return file.Write(filepath.Join(d, captionsFile(0)))
		}, `holds the tensors ["weight"]`},
	} {
		t.Run(name, func(t *testing.T) {
			directory := cached(t, 66, 0)
			if err := test.change(directory); err != nil {
				t.Fatal(err)
			}
			p, err := Open(directory)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				p.Close()
				return
			}
			var named *Error
			if !errors.As(err, &named) || named.Path != directory || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %s", err, test.want)
			}
		})
	}
	if _, err := Open(); err == nil {
		t.Error("nothing can be opened")
	}
	other := cached(t, 2, 0)
	if err := edit(func(l *layout) { l.Conditions[conditioning.Context] = []int{2, 1} })(other); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cached(t, 2, 0), other); err == nil || !strings.Contains(err.Error(), other) {
		t.Errorf("sets of different models: %v", err)
	}
}

// TestCaptionOutside: a file that lies about its captions is no panic.
func TestCaptionOutside(t *testing.T) {
	directory := cached(t, 1, 0)
	for _, caption := range []int64{-1, 2, math.MaxInt32} {
		file := safetensors.File{
			Tensors: map[string]safetensors.Tensor{"mean": {Dims: []int{1, 1, 1, 1}, Data: []float32{0}}, "deviation": {Dims: []int{1, 1, 1, 1}, Data: []float32{0}}},
			Integers: map[string]safetensors.Integers{
				"caption": {DType: safetensors.I32, Dims: []int{1}, Data: []int64{caption}}, "id": {DType: safetensors.I64, Dims: []int{1}, Data: []int64{0}},
			},
		}
		if err := file.Write(filepath.Join(directory, latentsFile(0))); err != nil {
			t.Fatal(err)
		}
		p, err := Open(directory)
		if err != nil {
			t.Fatal(err)
		}
		var named *Error
		if err := p.Conditions(0, room(p)); !errors.As(err, &named) || !strings.Contains(err.Error(), fmt.Sprint("caption ", caption, " of 2")) {
			t.Errorf("caption %d: %v", caption, err)
		}
		p.Close()
	}
}

// FuzzOpen: whatever the files hold, opening and reading them does not
// panic, and a failure is an Error.
func FuzzOpen(f *testing.F) {
	good := cached(f, 3, 0)
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(good, name))
		if err != nil {
			f.Fatal(err)
		}
		return content
	}
	text, latents, captions := file(layoutFile), file(latentsFile(0)), file(captionsFile(0))
	f.Add(text, latents, captions)
	f.Add(text, captions, latents)
	f.Add(text, latents[:len(latents)-1], captions)
	f.Add([]byte(`{"format":"plumb latent cache 1","dtype":"F16","latents":[1073741824,1073741824,1073741824],"conditions":{"context":[1,1]},"images":1073741824,"captions":1}`), latents, captions)
	f.Add([]byte(`null`), latents, captions)
	// In memory, where there is such a place: a disk would take nearly all of the time.
	directory, err := os.MkdirTemp("/dev/shm", "fuzz")
	if err != nil {
		directory = f.TempDir()
	}
	f.Cleanup(func() { os.RemoveAll(directory) })
	f.Fuzz(func(t *testing.T, text, latents, captions []byte) {
		for name, content := range map[string][]byte{layoutFile: text, latentsFile(0): latents, captionsFile(0): captions} {
			if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		named := func(err error) {
			t.Helper()
			var damaged *Error
			if err != nil && !errors.As(err, &damaged) {
				t.Errorf("error %v", err)
			}
		}
		p, err := Open(directory)
		if err != nil {
			named(err)
			return
		}
		defer p.Close()
		l, conditions := p.Size()
		rows := len(latents) + len(captions)
		if p.total > rows || l[0]*l[1]*l[2] > rows {
			t.Fatalf("%d bytes hold %d images of %v", rows, p.total, l)
		}
		for _, dims := range conditions {
			if safetensors.Size(dims) > rows {
				t.Fatalf("%d bytes hold captions of %v", rows, conditions)
			}
		}
		mean, deviation, given := make([]float32, l[0]*l[1]*l[2]), make([]float32, l[0]*l[1]*l[2]), room(p)
		for i := range p.total {
			named(p.Latents(i, mean, deviation))
			named(p.Conditions(i, given))
			named(p.Check(i, "image 0"))
		}
		named(p.Empty(given))
	})
}
