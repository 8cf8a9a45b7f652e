package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestWatch: the page is at the address that is printed, shows a run of another process,
// and ends with Ctrl-C.
func TestWatch(t *testing.T) {
	backendstest.Only(t, backends.Go)
	tiny, err := os.ReadFile("testdata/tiny.hcl")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.hcl", tiny, 0o644); err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- execute([]string{"watch", "tiny.hcl"}, writer, os.Stderr, tinyHouse())
		writer.Close()
	}()
	address := ""
	for lines := bufio.NewScanner(reader); address == "" && lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); strings.HasPrefix(line, "http://127.0.0.1:") {
			address = line
		}
	}
	go io.Copy(io.Discard, reader)
	get := func(path string) string {
		t.Helper()
		answer, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, answer.Status, err)
		}
		return string(body)
	}
	if page := get(""); !strings.Contains(page, "There is no such run yet") {
		t.Errorf("before the run the page has\n%s", page)
	}
	var said bytes.Buffer
	if code := execute([]string{"run", "tiny.hcl"}, io.Discard, &said, tinyHouse()); code != exitOK {
		t.Fatal(said.String())
	}
	var parts map[string]struct{ HTML string }
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if err := json.Unmarshal([]byte(get("parts")), &parts); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(parts["now"].HTML, "34 of 34 stages") && strings.Contains(parts["images"].HTML, "<img") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", parts)
		}
	}
	for name, words := range map[string][]string{"now": {"tiny@", ">done<"}, "curves": {"Fine-tuning: loss"}, "images": {"sample/labelled"}} {
		for _, word := range words {
			if !strings.Contains(parts[name].HTML, word) {
				t.Errorf("%s lacks %q:\n%s", name, word, parts[name].HTML)
			}
		}
	}
	image := regexp.MustCompile(`image/[0-9a-z/]+`).FindString(parts["images"].HTML)
	if content := get(image); !strings.HasPrefix(content, "\x89PNG") {
		t.Errorf("%s is %.20q", image, content)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-ended:
		if code != exitOK {
			t.Errorf("it ends with %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Ctrl-C does not end it")
	}
	if answer, err := http.Get(address); err == nil {
		answer.Body.Close()
		t.Error("the page is served after the end")
	}
}

// TestHalfDrawnImages: what a stage has drawn is seen before it ends.
func TestHalfDrawnImages(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("ab", 32)
	scratch, err := s.Scratch(key)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	w := &watched{program: &program{storeDir: dir}}
	if tables, whole, err := w.Images(key); len(tables) > 0 || whole || err != nil {
		t.Errorf("before: %v, %v, %v", tables, whole, err)
	}
	for _, name := range []string{"images-64-64.parquet", "images-64-0.parquet", "images-64-128.parquet"} {
		path := filepath.Join(scratch, name)
		if err := table.WriteAll(path, []table.Image{{ID: name}}); err != nil {
			t.Fatal(err)
		}
		if name != "images-64-128.parquet" { // which is still being written
			if err := sealed.Seal(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	tables, whole, err := w.Images(key)
	if err != nil || whole || len(tables) != 2 {
		t.Fatalf("%v, %v, %v", tables, whole, err)
	}
	for i, want := range []string{"images-64-0.parquet", "images-64-64.parquet"} {
		rows, err := table.ReadAll[table.Image](tables[i])
		if err != nil || len(rows) != 1 || rows[0].ID != want {
			t.Errorf("table %d has %v, %v; want %s", i, rows, err, want)
		}
	}
}
