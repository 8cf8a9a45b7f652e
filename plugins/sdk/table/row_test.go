package table_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// numbered writes a table of images whose pixels nothing compresses, over several row
// groups.
func numbered(tb testing.TB, images, bytesEach int) string {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(tb.TempDir(), "images.parquet")
	w, err := table.NewWriter[table.Image](path)
	if err != nil {
		tb.Fatal(err)
	}
	content := make([]byte, bytesEach)
	for i := range images {
		for n := range content {
			content[n] = byte(random.Uint32())
		}
		if err := w.Write(table.Image{ID: fmt.Sprint(i), Prompt: fmt.Sprint("prompt ", i/4), Slots: map[string]string{"n": fmt.Sprint(i)}, Image: table.File{Bytes: bytes.Clone(content)}}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestRow(t *testing.T) {
	path := numbered(t, 90, 1<<19) // 45 MiB: two row groups
	all, err := table.ReadAll[table.Image](path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []int{0, 1, 17, 63, 64, 65, 89} {
		got, err := table.Row[table.Image](path, row)
		if err != nil || got.ID != all[row].ID || got.Slots["n"] != all[row].ID || !bytes.Equal(got.Image.Bytes, all[row].Image.Bytes) {
			t.Errorf("row %d is %q, %v", row, got.ID, err)
		}
	}
	for _, row := range []int{-1, 90} {
		if _, err := table.Row[table.Image](path, row); err == nil || !strings.Contains(err.Error(), "90 rows") {
			t.Errorf("row %d: %v", row, err)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	for _, size := range []int{3 << 10, 1 << 19} {
		path := numbered(b, (30<<20)/size, size)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if _, err := table.Row[table.Image](path, (n*37)%((30<<20)/size)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
