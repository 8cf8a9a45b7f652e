package download

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// answer is a response with a part of a content.
func answer(status int, content []byte, contentRange string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Range": {contentRange}}, Body: io.NopCloser(bytes.NewReader(content))}
}

// TestFetch: a file that breaks off is gone on with; one that comes as another twice is
// an error, and nothing of it stays. (Package hub tests each fault of a server.)
func TestFetch(t *testing.T) {
	content := []byte("0123456789")
	dir := t.TempDir()
	var asked []int64
	var progress []int64
	f := File{
		Path: filepath.Join(dir, "file"), Part: filepath.Join(dir, "file.part"), Size: 10,
		Whole: func(_ context.Context, path string) (bool, error) {
			got, err := os.ReadFile(path)
			return bytes.Equal(got, content), err
		},
		Get: func(_ context.Context, from int64) (*http.Response, error) {
			asked = append(asked, from)
			if from == 0 {
				return answer(200, content[:4], ""), nil
			}
			return answer(206, content[from:], "bytes 4-9/10"), nil
		},
		Progress: func(have int64) { progress = append(progress, have) },
		Patience: func(int) time.Duration { return 0 },
	}
	if err := f.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q, %v", got, err)
	}
	if len(asked) != 2 || asked[1] != 4 || len(progress) != 2 || progress[1] != 10 {
		t.Errorf("asked from %v, progress %v", asked, progress)
	}

	f.Get = func(context.Context, int64) (*http.Response, error) {
		return answer(200, []byte("abcdefghij"), ""), nil
	}
	if err := os.Remove(f.Path); err != nil {
		t.Fatal(err)
	}
	if err := f.Fetch(t.Context()); !errors.Is(err, ErrDiffers) {
		t.Errorf("another file: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}

	f.Part = filepath.Join(dir, "none", "part")
	var unwritten *Unwritten
	if err := f.Fetch(t.Context()); !errors.As(err, &unwritten) || !errors.Is(err, os.ErrNotExist) || unwritten.ToCome != 10 {
		t.Errorf("no directory: %v", err)
	}
}

// TestPatience: what may pass is tried five times in a row, other errors once.
func TestPatience(t *testing.T) {
	quick := Patience(func(int) time.Duration { return 0 })
	final := errors.New("final")
	for name, test := range map[string]struct {
		work func(n int) (bool, error)
		want int
	}{
		"final":     {func(int) (bool, error) { return false, final }, 1},
		"temporary": {func(int) (bool, error) { return false, &Temporary{Err: final} }, Attempts},
		"gets on":   {func(n int) (bool, error) { return n == 3, &Temporary{Err: final} }, 3 + Attempts - 1},
	} {
		n := 0
		err := quick.Do(t.Context(), func() (bool, error) { n++; return test.work(n) })
		if err != final || n != test.want {
			t.Errorf("%s: %v after %d tries, want %d", name, err, n, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Patience(nil).Do(ctx, func() (bool, error) { return false, &Temporary{Err: final} }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
