package table

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

var codecColumns = []string{"number", "noise", "text", "some", "list", "half"}

func foreignRows(path string) (rows []string, err error) {
	f, err := OpenForeign(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = f.Each(codecColumns, func(_ int, get func(string) parquet.Value) error {
		row := ""
		for _, column := range codecColumns {
			row += fmt.Sprintf("%x|", Text(get(column)))
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// TestCodecs: the same rows come out of every codec that pyarrow writes.
func TestCodecs(t *testing.T) {
	files, _ := filepath.Glob("testdata/codecs/*.parquet")
	if len(files) != 12 {
		t.Fatalf("%d files", len(files))
	}
	want, err := foreignRows("testdata/codecs/none-1.parquet")
	if err != nil || len(want) != 40 || !strings.HasPrefix(want[3], fmt.Sprintf("%x|", "3")) {
		t.Fatal(len(want), err)
	}
	for _, file := range files {
		got, err := foreignRows(file)
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %d rows, %v", file, len(got), err)
		}
	}
}

// TestDamagedLZ4: a file of LZ4 with any byte changed is read with the same rows, or
// refused; in a file with checksums it is never read as other rows.
func TestDamagedLZ4(t *testing.T) {
	content, err := os.ReadFile("testdata/codecs/lz4-2.parquet")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	refused := 0
	for i := 4; i < len(content)/2; i += 29 {
		damaged := bytes.Clone(content)
		damaged[i] ^= 0x40
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := foreignRows(path); err != nil {
			refused++
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	if refused < len(content)/2/29*3/4 {
		t.Errorf("%d of %d damages were found", refused, len(content)/2/29)
	}
}

func TestCodecsThatAreRefused(t *testing.T) {
	chunk := func(codec format.CompressionCodec) format.RowGroup {
		return format.RowGroup{Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{PathInSchema: []string{"image", "bytes"}, Codec: codec}}}}
	}
	for want, groups := range map[string][]format.RowGroup{
		`column "image.bytes" is compressed by the codec LZO, which is not supported: write the table with zstd or snappy`: {chunk(format.LZO)},
		`by the codec SNAPPY in one row group and by ZSTD in another`:                                                      {chunk(format.Snappy), chunk(format.Zstd)},
	} {
		if _, err := unpackedFile(nil, &format.FileMetaData{RowGroups: groups}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	for content, want := range map[string]error{
		"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n": gitlfs.Error{},
		"PARE" + strings.Repeat("x", 20) + "PARE":                            ErrDamaged,
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenForeign(path); !errors.Is(err, want) {
			t.Errorf("%q: %v", content[:4], err)
		}
	}
}

// TestUnpackHadoop: blocks with their sizes, and without as parquet-cpp wrote them.
func TestUnpackHadoop(t *testing.T) {
	plain := []byte(strings.Repeat("abc", 40))
	literal := func(text []byte) []byte { // a block of LZ4 of fewer than 15 letters as they are
		return append([]byte{byte(len(text)) << 4}, text...)
	}
	framed := func(text []byte) []byte {
		block := literal(text)
		return append([]byte{0, 0, 0, byte(len(text)), 0, 0, 0, byte(len(block))}, block...)
	}
	two := append(framed(plain[:12]), framed(plain[12:24])...)
	if got, err := unpackHadoop(two, 24); err != nil || !bytes.Equal(got, plain[:24]) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := unpackHadoop(literal(plain[:12]), 12); err != nil || !bytes.Equal(got, plain[:12]) {
		t.Errorf("%q, %v", got, err)
	}
	for _, cut := range [][]byte{nil, two[:10], framed(plain[:12])} {
		if _, err := unpackHadoop(cut, 24); err == nil {
			t.Errorf("%x is taken for whole", cut)
		}
	}
	if _, err := unpackBlock(literal(plain[:12]), 1<<30); err == nil {
		t.Error("a page that claims a gigabyte passes")
	}
}
