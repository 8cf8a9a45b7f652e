package python

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestWheel(t *testing.T) {
	name, content, err := Wheel()
	if err != nil {
		t.Fatal(err)
	}
	if name != "plumb_plugin-0.1.0-py3-none-any.whl" {
		t.Errorf("the wheel is called %s", name)
	}
	if _, again, _ := Wheel(); !bytes.Equal(content, again) {
		t.Error("the wheel is not the same twice")
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, file := range archive.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[file.Name], err = io.ReadAll(opened); err != nil {
			t.Fatal(err)
		}
	}

	// Everything of the source folder, and nothing else.
	const folder = "src/plumb_plugin"
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, entry := range entries {
		if entry.IsDir() {
			if entry.Name() != "__pycache__" {
				t.Errorf("the folder %s is not in the wheel", entry.Name())
			}
			continue
		}
		want, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if have, ok := files["plumb_plugin/"+entry.Name()]; !ok || !bytes.Equal(have, want) {
			t.Errorf("%s is not in the wheel as it is", entry.Name())
		}
		count++
	}
	if len(files) != count+3 {
		t.Errorf("the wheel has %d files, want %d", len(files), count+3)
	}

	const information = "plumb_plugin-0.1.0.dist-info/"
	for line := range strings.Lines(string(files[information+"RECORD"])) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ",")
		digest, size, _ := strings.Cut(rest, ",")
		if name == information+"RECORD" {
			continue
		}
		have := sha256.Sum256(files[name])
		if digest != "sha256="+base64.RawURLEncoding.EncodeToString(have[:]) || size != strconv.Itoa(len(files[name])) {
			t.Errorf("RECORD is wrong about %s: %s", name, line)
		}
	}
	head, _, _ := strings.Cut(string(files[information+"METADATA"]), "\n\n")
	want := `Metadata-Version: 2.1
Name: plumb-plugin
Version: 0.1.0
Summary: Write rewards, raters, samplers and encoders for Plumb in Python
Requires-Python: >=3.10
Requires-Dist: grpcio>=1.51
Requires-Dist: protobuf>=4.21
Requires-Dist: numpy>=1.24
Requires-Dist: pillow>=9.4
Provides-Extra: tables
Requires-Dist: pyarrow>=14; extra == 'tables'
Description-Content-Type: text/markdown`
	if head != want {
		t.Errorf("METADATA is\n%s\nwant\n%s", head, want)
	}
}

func TestMetadataRefuses(t *testing.T) {
	if _, _, err := metadata("name = \"x\"\n"); err == nil || !strings.Contains(err.Error(), "no version") {
		t.Errorf("says %v", err)
	}
}
