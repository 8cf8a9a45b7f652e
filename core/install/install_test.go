package install

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/download"
)

const platform = "linux/amd64"

// random content does not shrink in a zip, so a wheel is as large as what is in it.
func random(seed, n int) []byte {
	content := make([]byte, 0, n+32)
	for i := 0; len(content) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, i))
		content = append(content, sum[:]...)
	}
	return content[:n]
}

// wheel makes a wheel with a list of its files. Those in bin may be run.
func wheel(t *testing.T, name, version, tag string, files map[string][]byte) (Wheel, []byte) {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	info := strings.ReplaceAll(name, "-", "_") + "-" + version
	record, unpacked := "", int64(0)
	add := func(name string, content []byte) {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o644)
		if path.Base(path.Dir(name)) == "bin" {
			header.SetMode(0o755)
		}
		file, err := archive.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
		unpacked += int64(len(content))
	}
	for name, content := range files {
		add(name, content)
		record += fmt.Sprintf("%s,sha256=x,%d\n", name, len(content))
	}
	add(info+".dist-info/RECORD", []byte(record+info+".dist-info/RECORD,,\n"))
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	return Wheel{name, version, info + "-py3-none-" + tag + ".whl", int64(out.Len()), unpacked, hex.EncodeToString(sum[:])}, out.Bytes()
}

const pluginFile = "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"

// release is one of two wheels, with their contents.
func release(t *testing.T) (Release, map[string][]byte) {
	t.Helper()
	plugin, pluginText := wheel(t, "xla-cpu-pjrt", "0.0.1", "manylinux_2_27_x86_64", map[string][]byte{pluginFile: random(1, 300_000)})
	library, libraryText := wheel(t, "some-library", "2.0", "manylinux_2_27_x86_64", map[string][]byte{"nvidia/lib.so": random(2, 50_000), "nvidia/bin/ptxas": []byte("#!")})
	return Release{Backend: "xla:cpu", Platform: platform, Version: "0.0.1", Plugin: pluginFile, Wheels: []Wheel{plugin, library}},
		map[string][]byte{plugin.File: pluginText, library.File: libraryText}
}

// server is a package index. What it answers for a path can be replaced.
type server struct {
	*httptest.Server
	release Release
	files   map[string][]byte
	html    bool

	mu      sync.Mutex
	replace map[string]http.HandlerFunc // by the path's last part
	asked   []string
}

func newServer(t *testing.T, r Release, files map[string][]byte) *server {
	s := &server{release: r, files: files, replace: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(name+" "+r.Header.Get("Range")))
	instead := s.replace[name]
	s.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	if content, ok := s.files[name]; ok {
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		return
	}
	for _, wheel := range s.release.Wheels {
		if wheel.Package != name {
			continue
		}
		if s.html { // with addresses relative to the page's, as mirrors give them
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<!DOCTYPE html><html><body><a href=\"../../files/old-0.0.0.tar.gz\">old</a>\n<a href=\"../../files/%s#sha256=%s\">%s</a></body></html>", wheel.File, wheel.SHA256, wheel.File)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		fmt.Fprintf(w, `{"files": [{"filename": "old.whl", "url": "old.whl"}, {"filename": %q, "url": "/files/%s", "hashes": {"sha256": %q}}], "name": %q}`, wheel.File, wheel.File, wheel.SHA256, name)
		return
	}
	http.NotFound(w, r)
}

// installer is one whose failures cost no time.
func (s *server) installer(t *testing.T, root string) *Installer {
	t.Helper()
	index, err := NewIndex(Pip{Index: s.URL + "/simple", From: "the test"})
	if err != nil {
		t.Fatal(err)
	}
	index.patience = func(int) time.Duration { return 0 }
	index.stall = 500 * time.Millisecond
	return &Installer{Root: root, Variable: "PLUMB_BACKENDS", Index: index, Say: func(text string) { t.Log(text) }}
}

// left are the names in a directory, those of the lock and of downloads apart.
func left(t *testing.T, root string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != lockName && entry.Name() != downloadsName {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestInstall(t *testing.T) {
	for _, html := range []bool{false, true} {
		r, files := release(t)
		s := newServer(t, r, files)
		s.html = html
		root := filepath.Join(t.TempDir(), "a [place]") // a pattern, if it is taken for one
		in := s.installer(t, root)
		var last download.Progress
		in.Progress = func(p download.Progress) { last = p }
		done, isNew, err := in.Install(t.Context(), r, nil)
		if err != nil || !isNew {
			t.Fatal(isNew, err)
		}
		if last.Done != last.Total || last.File != "unpacking" {
			t.Errorf("the last progress is %+v", last)
		}
		_, unpacked := r.Size()
		if done.Bytes != unpacked || done.Path() != filepath.Join(root, "xla-cpu", "0.0.1", filepath.FromSlash(pluginFile)) {
			t.Errorf("%d bytes in %s", done.Bytes, done.Path())
		}
		if content, err := os.ReadFile(done.Path()); err != nil || !bytes.Equal(content, random(1, 300_000)) {
			t.Errorf("the plugin is another: %v", err)
		}
		if info, err := os.Stat(filepath.Join(done.Dir, "nvidia", "bin", "ptxas")); err != nil || info.Mode().Perm()&0o100 == 0 {
			t.Errorf("ptxas cannot be run: %v, %v", info, err)
		}
		if from := done.Wheels[1].From; from != s.URL+"/files/"+r.Wheels[1].File {
			t.Errorf("from %s", from)
		}
		listed := List(root)
		if len(listed) != 1 || listed[0].Check(t.Context()) != nil {
			t.Fatalf("listed: %+v", listed)
		}
		if diff := cmp.Diff(done, listed[0]); diff != "" {
			t.Error(diff)
		}
		if got := left(t, root); len(got) != 1 {
			t.Errorf("left: %v", got)
		}
		if _, err := os.Stat(filepath.Join(root, downloadsName)); err == nil {
			t.Error("the wheels are still there")
		}
		s.asked = nil
		if _, isNew, err := in.Install(t.Context(), r, nil); err != nil || isNew || len(s.asked) > 0 {
			t.Errorf("again: %v, %v, %v", isNew, err, s.asked)
		}
		removed, err := in.Uninstall(t.Context(), "xla:cpu")
		if err != nil || len(removed) != 1 || len(left(t, root)) != 0 {
			t.Errorf("uninstalled %v, %v; left %v", removed, err, left(t, root))
		}
		if _, err := in.Uninstall(t.Context(), "xla:cpu"); err == nil || !strings.Contains(err.Error(), "not installed") {
			t.Errorf("uninstalled twice: %v", err)
		}
	}
}

// TestNewVersion: the one before is removed when the next one is there.
func TestNewVersion(t *testing.T) {
	r, files := release(t)
	root := t.TempDir()
	in := newServer(t, r, files).installer(t, root)
	if _, _, err := in.Install(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	next := r
	next.Version = "0.0.2"
	if _, _, err := in.Install(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	if got := List(root); len(got) != 1 || got[0].Version != "0.0.2" {
		t.Errorf("installed: %+v", got)
	}
}

// TestDamaged: what is here and not whole is not taken for installed.
func TestDamaged(t *testing.T) {
	for name, harm := range map[string]func(dir string) error{
		"a bit": func(dir string) error {
			path := filepath.Join(dir, filepath.FromSlash(pluginFile))
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content[1234] ^= 1
			return os.WriteFile(path, content, 0o644)
		},
		"cut off":  func(dir string) error { return os.Truncate(filepath.Join(dir, "nvidia", "lib.so"), 7) },
		"missing":  func(dir string) error { return os.Remove(filepath.Join(dir, "nvidia", "bin", "ptxas")) },
		"manifest": func(dir string) error { return os.Truncate(filepath.Join(dir, manifestName), 30) },
		"no list":  func(dir string) error { return os.RemoveAll(filepath.Join(dir, "some_library-2.0.dist-info")) },
	} {
		t.Run(name, func(t *testing.T) {
			r, files := release(t)
			in := newServer(t, r, files).installer(t, t.TempDir())
			done, _, err := in.Install(t.Context(), r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(done.Dir); err != nil {
				t.Fatal(err)
			}
			here := List(in.Root)
			if len(here) != 1 || here[0].Version != done.Version || here[0].Backend != done.Backend || here[0].Check(t.Context()) == nil {
				t.Errorf("it is found to be whole, or not found: %+v", here)
			}
			again, isNew, err := in.Install(t.Context(), r, nil)
			if err != nil || !isNew || again.Check(t.Context()) != nil {
				t.Errorf("%v, %v, %v", isNew, err, again.Check(t.Context()))
			}
		})
	}
}

// TestKilled: what a killed call leaves is nothing installed; the next one removes
// what was unpacked, and goes on with what came.
func TestKilled(t *testing.T) {
	r, files := release(t)
	s := newServer(t, r, files)
	root := t.TempDir()
	in := s.installer(t, root)
	plugin, downloads := r.Wheels[0], filepath.Join(root, downloadsName)
	for path, content := range map[string][]byte{
		filepath.Join(root, ".new-123", "xla_plugins", "x.so"):   random(3, 100),
		filepath.Join(downloads, plugin.File+partSuffix):         files[plugin.File][:100_000],
		filepath.Join(downloads, "of_an_older_plumb-1.whl.part"): random(4, 100),
		filepath.Join(root, "xla-cpu", "0.0.1", "half.so"):       random(5, 100), // without a manifest: nobody made it
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := List(root); len(got) != 0 {
		t.Fatalf("installed: %+v", got)
	}
	// The release of this test is not in the table, so its part would be cleaned away.
	defer func(before []Release) { releases = before }(releases)
	releases = []Release{r}
	done, isNew, err := in.Install(t.Context(), r, nil)
	if err != nil || !isNew || done.Check(t.Context()) != nil {
		t.Fatal(isNew, err)
	}
	if want := plugin.File + " bytes=100000-"; s.asked[1] != want {
		t.Errorf("asked %q, want %q", s.asked[1], want)
	}
	if got := left(t, root); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

// TestCancelled: an interrupted call installs nothing and keeps what came.
func TestCancelled(t *testing.T) {
	r, files := release(t)
	for _, at := range []string{"xla-cpu-pjrt 0.0.1", "unpacking"} {
		root := t.TempDir()
		in := newServer(t, r, files).installer(t, root)
		ctx, cancel := context.WithCancel(t.Context())
		in.Progress = func(p download.Progress) {
			if p.File == at {
				cancel()
			}
		}
		if _, _, err := in.Install(ctx, r, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("at %s: %v", at, err)
		}
		if got := left(t, root); len(got) != 0 {
			t.Errorf("at %s: left %v", at, got)
		}
		cancel()
	}
}

// TestBadIndex: each way in which an index is not what it should be says so and what to do.
func TestBadIndex(t *testing.T) {
	r, files := release(t)
	plugin := r.Wheels[0]
	page := func(kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, text)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	const login = "<html><body>Please log in: <a href=\"/login\">here</a></body></html>"
	for name, test := range map[string]struct {
		path string
		with http.HandlerFunc
		want []string
	}{
		"a page for the index":   {plugin.Package, page("text/html", login), []string{"no package index", "Please log in", "PIP_INDEX_URL"}},
		"no JSON":                {plugin.Package, page("application/json", "<html>"), []string{"no package index", "JSON"}},
		"other JSON":             {plugin.Package, page("application/json", `{"error": 1}`), []string{"no package index", "list of files"}},
		"no such package":        {plugin.Package, status(404), []string{"404", "the test", "PIP_INDEX_URL"}},
		"a password":             {plugin.Package, status(401), []string{"401", "NAME:PASSWORD"}},
		"unwell":                 {plugin.Package, status(503), []string{"503", "Try again"}},
		"without the file":       {plugin.Package, page("application/json", `{"files": []}`), []string{"does not have the wheel", plugin.File, "--from"}},
		"another digest listed":  {plugin.Package, page("application/json", fmt.Sprintf(`{"files": [{"filename": %q, "url": "x", "hashes": {"sha256": "00"}}]}`, plugin.File)), []string{"lists another file", plugin.SHA256}},
		"a page for the wheel":   {plugin.File, page("text/html; charset=utf-8", login), []string{"A page came", "Please log in", "proxy"}},
		"no wheel":               {plugin.File, status(404), []string{"404"}},
		"another file":           {plugin.File, page("application/octet-stream", string(random(9, int(plugin.Size)))), []string{"not the wheel", plugin.SHA256, "nothing of it was kept"}},
		"less than there is":     {plugin.File, page("application/octet-stream", "PK"), []string{"broke off", "goes on"}},
		"silent":                 {plugin.File, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, []string{"silent"}},
		"the connection is shut": {plugin.Package, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []string{"cannot be reached", "--dry-run"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, r, files)
			s.replace[test.path] = test.with
			root := t.TempDir()
			_, _, err := s.installer(t, root).Install(t.Context(), r, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if got := left(t, root); len(got) != 0 || len(List(root)) != 0 {
				t.Errorf("left: %v", got)
			}
			delete(s.replace, test.path)
			if _, _, err := s.installer(t, root).Install(t.Context(), r, nil); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestPassword: a password goes to the index and its files, and into nothing that is
// written or printed.
func TestPassword(t *testing.T) {
	r, files := release(t)
	s := newServer(t, r, files)
	real := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, word, _ := r.BasicAuth(); name != "ann" || word != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		real.ServeHTTP(w, r)
	})
	in := s.installer(t, t.TempDir())
	in.Index.pip.Index = strings.Replace(s.URL, "http://", "http://ann:secret@", 1) + "/simple"
	done, _, err := in.Install(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(done.Dir, manifestName)); err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("%s, %v", text, err)
	}
	in.Index.pip.Index = strings.Replace(s.URL, "http://", "http://ann:wrong-one@", 1) + "/simple"
	in.Root = t.TempDir()
	if _, _, err := in.Install(t.Context(), r, nil); err == nil || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("%v", err)
	}
}

// TestFrom: wheels from files, in any order and under any name, and from a directory;
// all that is wrong with one is told from the others.
func TestFrom(t *testing.T) {
	r, files := release(t)
	other, otherText := wheel(t, "xla-cpu-pjrt", "0.0.1", "manylinux_2_27_aarch64", map[string][]byte{pluginFile: random(7, 1000)})
	defer func(before []Release) { releases = before }(releases)
	releases = []Release{r, {Backend: "xla:cpu", Platform: "linux/arm64", Version: "0.0.1", Plugin: pluginFile, Wheels: []Wheel{other}}}
	newer, newerText := wheel(t, "xla-cpu-pjrt", "0.0.9", "manylinux_2_27_x86_64", map[string][]byte{"x": {}})
	stranger, strangerText := wheel(t, "numpy", "2.0", "manylinux_2_27_x86_64", map[string][]byte{"x": {}})

	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plugin, library := write("renamed.zip", files[r.Wheels[0].File]), write("b/"+r.Wheels[1].File, files[r.Wheels[1].File])
	write("b/"+r.Wheels[0].File, files[r.Wheels[0].File])
	write("b/"+stranger.File, strangerText)

	for name, test := range map[string]struct {
		from []string
		want []string // in the error; none: there is no error
	}{
		"files":           {[]string{library, plugin}, nil},
		"a directory":     {[]string{filepath.Join(dir, "b")}, nil},
		"one is missing":  {[]string{plugin}, []string{"Wheels are missing", r.Wheels[1].File}},
		"no such file":    {[]string{filepath.Join(dir, "none.whl")}, []string{"cannot be read", "none.whl"}},
		"another machine": {[]string{write(other.File, otherText), library}, []string{"linux/arm64", platform, r.Wheels[0].File}},
		"another version": {[]string{write(newer.File, newerText), library}, []string{"version 0.0.9", "0.0.1"}},
		"another package": {[]string{write(stranger.File, strangerText), library}, []string{"none of the wheels of xla:cpu"}},
		"a page":          {[]string{write("page/"+r.Wheels[0].File, []byte("\n <!DOCTYPE html>")), library}, []string{"page of the web"}},
		"empty":           {[]string{write("empty.whl", nil), library}, []string{"is empty"}},
		"text":            {[]string{write("text.whl", []byte("hello")), library}, []string{"not a wheel"}},
		"cut off":         {[]string{write("cut/"+r.Wheels[0].File, files[r.Wheels[0].File][:1000]), library}, []string{"damaged, or not whole"}},
		"two things":      {[]string{filepath.Join(dir, "none.whl"), filepath.Join(dir, "text.whl")}, []string{"none.whl", "text.whl"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			in := &Installer{Root: root, Say: func(text string) { t.Log(text) }}
			done, _, err := in.Install(t.Context(), r, test.from)
			if len(test.want) == 0 {
				if err != nil || done.Check(t.Context()) != nil || !filepath.IsAbs(done.Wheels[0].From) {
					t.Errorf("%+v, %v", done, err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if got := left(t, root); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// TestUnsafeNames: a wheel that would write elsewhere is not unpacked.
func TestUnsafeNames(t *testing.T) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	if _, err := archive.Create("../outside"); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x.whl")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "inside")
	if _, err := unzip(t.Context(), path, inside, func(int64) {}); err == nil {
		t.Error("it is unpacked")
	}
	if _, err := os.Stat(filepath.Join(dir, "outside")); err == nil {
		t.Error("there is a file outside")
	}
}

// TestTwoAtOnce: one installs, the other one waits, says so, and finds it installed.
func TestTwoAtOnce(t *testing.T) {
	r, files := release(t)
	s := newServer(t, r, files)
	root := t.TempDir()
	begun, goOn := make(chan struct{}), make(chan struct{})
	real := s.Config.Handler
	var once sync.Once
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(begun); <-goOn })
		real.ServeHTTP(w, r)
	})
	first := make(chan error)
	go func() {
		_, isNew, err := s.installer(t, root).Install(t.Context(), r, nil)
		if err == nil && !isNew {
			err = errors.New("it was there")
		}
		first <- err
	}()
	<-begun
	second := s.installer(t, root)
	waited := ""
	second.Say = func(text string) { waited = text; close(goOn) }
	_, isNew, err := second.Install(t.Context(), r, nil)
	if err != nil || isNew || !strings.Contains(waited, "waiting") {
		t.Errorf("the second: %v, %v; it said %q", isNew, err, waited)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// TestNoPlace: a place that cannot be written to, and one that is too small.
func TestNoPlace(t *testing.T) {
	r, files := release(t)
	s := newServer(t, r, files)
	dir := t.TempDir()
	if os.Getuid() != 0 { // root may write everywhere
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		in := s.installer(t, filepath.Join(dir, "backends"))
		if _, _, err := in.Install(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "PLUMB_BACKENDS") {
			t.Errorf("read-only: %v", err)
		}
	}
	in := s.installer(t, t.TempDir())
	large := r
	large.Wheels = append([]Wheel(nil), r.Wheels...)
	large.Wheels[0].Unpacked = 1 << 60
	if _, _, err := in.Install(t.Context(), large, nil); err == nil || !strings.Contains(err.Error(), "Not enough space") || len(s.asked) > 0 {
		t.Errorf("too small: %v; asked %v", err, s.asked)
	}
}
