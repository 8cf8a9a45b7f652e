package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// contents returns the files below a directory.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		relative, _ := filepath.Rel(dir, path)
		files[relative] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var checkpoint = map[string]string{
	"config.json":             `{"width": 32}`,
	"unet/model.safetensors":  "weights",
	"unet/model2.safetensors": "weights",
	"unet/empty":              "",
}

func TestDirectoryRoundTrip(t *testing.T) {
	s := openStore(t, t.TempDir())
	name := rapid.StringMatching(`[ab]{1,2}(/[cd]{1,2}){0,2}`)
	rapid.Check(t, func(rt *rapid.T) {
		files := rapid.MapOfN(name, rapid.String(), 0, 6).Draw(rt, "files")
		for a := range files { // a name cannot be both a file and a directory
			for b := range files {
				if relative, err := filepath.Rel(a, b); a != b && err == nil && filepath.IsLocal(relative) {
					rt.Skip("no tree")
				}
			}
		}
		o := putDir(t, s, files)
		dir, err := s.Directory(o)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(files, contents(t, dir)); diff != "" {
			rt.Fatalf("files (-put +got):\n%s", diff)
		}
	})
}

func TestDirectory(t *testing.T) {
	s := openStore(t, t.TempDir())
	o := putDir(t, s, checkpoint)
	if again := putDir(t, s, checkpoint); again != o {
		t.Errorf("the same directory is %v and %v", o, again)
	}
	if !o.Dir || o.Bytes != int64(len(`{"width": 32}`)+2*len("weights")) {
		t.Errorf("output %v", o)
	}
	if blobs, _, _ := s.Usage(); blobs != 4 { // three contents and a listing
		t.Errorf("%d blobs", blobs)
	}
	if _, err := s.File(o); err == nil {
		t.Error("a directory passes as a file")
	}
	if other := putDir(t, s, map[string]string{"config.json": "weights"}); other.Digest == o.Digest {
		t.Error("another directory has the same digest")
	}
}

func TestDamagedDirectories(t *testing.T) {
	setUp := func(t *testing.T) (*Store, string, func() (string, error)) {
		s := openStore(t, t.TempDir())
		o := putDir(t, s, checkpoint)
		dir, err := s.Directory(o)
		if err != nil {
			t.Fatal(err)
		}
		return s, dir, func() (string, error) { return s.Directory(o) }
	}
	// Whatever happens to the view alone is made good.
	for name, damage := range map[string]func(dir string){
		"file removed":  func(dir string) { os.Remove(filepath.Join(dir, "unet/model.safetensors")) },
		"file added":    func(dir string) { os.WriteFile(filepath.Join(dir, "new"), nil, 0o644) },
		"all removed":   func(dir string) { os.RemoveAll(dir) },
		"became a file": func(dir string) { os.RemoveAll(dir); os.WriteFile(dir, nil, 0o644) },
		"file replaced": func(dir string) {
			p := filepath.Join(dir, "config.json")
			os.Remove(p)
			os.WriteFile(p, []byte("{}"), 0o644)
		},
		"same size": func(dir string) {
			p := filepath.Join(dir, "config.json")
			os.Remove(p)
			os.WriteFile(p, []byte(`{"width": 33}`), 0o644)
		},
		"link elsewhere": func(dir string) { p := filepath.Join(dir, "config.json"); os.Remove(p); os.Symlink("/etc/passwd", p) },
	} {
		t.Run(name, func(t *testing.T) {
			_, dir, get := setUp(t)
			damage(dir)
			if _, err := get(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(checkpoint, contents(t, dir)); diff != "" {
				t.Errorf("files (-put +got):\n%s", diff)
			}
		})
	}
	t.Run("good copy instead of link", func(t *testing.T) {
		_, dir, get := setUp(t)
		path := filepath.Join(dir, "config.json")
		os.Remove(path)
		if err := os.WriteFile(path, []byte(checkpoint["config.json"]), 0o644); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(path)
		if _, err := get(); err != nil {
			t.Fatal(err)
		}
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("a good view was replaced: %v", err)
		}
	})
	// What happens to the blobs themselves is not.
	t.Run("written through", func(t *testing.T) {
		_, dir, get := setUp(t)
		alter(t, filepath.Join(dir, "config.json"))
		_, err := get()
		wantCorrupt(t, err, "other content", true)
	})
	t.Run("listing altered", func(t *testing.T) {
		s, dir, get := setUp(t)
		alter(t, s.blobPath(filepath.Base(dir)))
		_, err := get()
		wantCorrupt(t, err, filepath.Base(dir), true)
	})
}

func TestDirectoryFromManyAtOnce(t *testing.T) {
	root := t.TempDir()
	o := putDir(t, openStore(t, root), checkpoint)
	var wait sync.WaitGroup
	for range 4 {
		s := openStore(t, root)
		for range 4 {
			wait.Go(func() {
				dir, err := s.Directory(o)
				if err != nil {
					t.Error(err)
					return
				}
				for name, want := range checkpoint {
					if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
						t.Errorf("%s: %q, %v", name, b, err)
					}
				}
			})
		}
	}
	wait.Wait()
}

func TestParseListingRefusesWayOut(t *testing.T) {
	for _, path := range []string{"../x", "/etc/passwd", "a/../../x", "", ".", "a//b"} {
		b := []byte(`{"format":"plumb directory 1","files":[{"path":"` + path + `","bytes":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}`)
		if _, err := parseListing(b); err == nil {
			t.Errorf("a listing with %q was taken", path)
		}
	}
}

func FuzzParseListing(f *testing.F) {
	f.Add([]byte(`{"format":"plumb directory 1","files":[{"path":"a/b","bytes":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseListing(b)
		if err != nil {
			return
		}
		for _, e := range l.Files {
			if !filepath.IsLocal(filepath.FromSlash(e.Path)) || checkDigest(e.SHA256) != nil {
				t.Errorf("entry %v was taken", e)
			}
		}
	})
}
