package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/download"
	"github.com/plumb-ml/plumb/core/hub/hubtest"
)

// model has files that are read, and others.
func model(seed uint64) map[string][]byte {
	return map[string][]byte{
		"README.md":              []byte("# a model"),
		"config.json":            fmt.Appendf(nil, `{"seed": %d}`, seed),
		"empty.txt":              {},
		"sub dir/vocab.json":     []byte("{}"),
		"model.safetensors":      random(seed, 700_000),
		"pytorch_model.bin":      random(seed, 5000),
		"model.fp16.safetensors": random(seed+100, 300_000),
	}
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	return content
}

var entries = []string{"config.json", "model.safetensors", "?sub dir/vocab.json", "?merges.txt", "?empty.txt"}

var ref = Ref{"someone", "tiny", "main", ""}

// newClient is a client whose failures cost no time.
func newClient(t *testing.T, hub *hubtest.Hub) *Client {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hub")
	c := NewClient(Config{Cache: dir, Endpoint: hub.URL}, Cache{Dir: dir})
	c.patience = func(int) time.Duration { return 0 }
	return c
}

// fetch plans and fetches.
func fetch(ctx context.Context, c *Client, r Ref) error {
	f, err := c.Plan(ctx, r, entries)
	if err != nil {
		return err
	}
	return c.Fetch(ctx, f)
}

// check looks that what is found is what the hub has.
func check(t *testing.T, c *Client, r Ref, commit string, want map[string][]byte) string {
	t.Helper()
	found, err := c.Cache.Find(t.Context(), r, entries)
	if err != nil {
		t.Fatal(err)
	}
	if found.Commit != commit {
		t.Errorf("found commit %s, want %s", found.Commit, commit)
	}
	got := hubtest.Directory(t, found.Dir)
	for name, content := range want {
		if !bytes.Equal(got[name], content) {
			t.Errorf("%s is other than on the hub", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are %d files, want %d", len(got), len(want))
	}
	return found.Dir
}

func read(files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "sub dir/vocab.json", "empty.txt"} {
		out[name] = files[name]
	}
	return out
}

func TestFetch(t *testing.T) {
	hub := hubtest.New(t)
	files := model(1)
	hub.Put("someone/tiny", files)
	c := newClient(t, hub)
	c.Token, c.TokenOf = hubtest.Token, "HF_TOKEN"

	var absent *Absent
	if _, err := c.Cache.Find(t.Context(), ref, entries); !errors.As(err, &absent) {
		t.Fatalf("before: %v", err)
	}
	f, err := c.Plan(t.Context(), ref, entries)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for _, content := range read(files) {
		size += int64(len(content))
	}
	if len(f.Files) != 4 || len(f.Missing) != 4 || f.Bytes != size || f.ToCome != size {
		t.Errorf("to fetch: %d files, %d missing, %d of %d bytes", len(f.Files), len(f.Missing), f.ToCome, f.Bytes)
	}
	if got, err := os.ReadDir(filepath.Dir(c.Cache.Dir)); err != nil || len(got) != 0 {
		t.Errorf("planning wrote %v, %v", got, err)
	}
	var last download.Progress
	c.Progress = func(p download.Progress) { last = p }
	if err := c.Fetch(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if last.Done != last.Total || last.Total == 0 {
		t.Errorf("the last progress is %+v", last)
	}
	dir := check(t, c, ref, hubtest.Commit(1), read(files))
	want := []string{"GET main", "GET config.json", "GET model.safetensors", "GET sub dir/vocab.json"}
	got := hub.Requests()
	slices.Sort(got[1:])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}

	// A second time asks for the list, and fetches nothing; finding asks nothing.
	if err := fetch(t.Context(), c, ref); err != nil {
		t.Fatal(err)
	}
	if again := check(t, c, ref, hubtest.Commit(1), read(files)); again != dir {
		t.Errorf("the directory was %s and is %s", dir, again)
	}
	check(t, c, ref.At(hubtest.Commit(1)), hubtest.Commit(1), read(files))
	if diff := cmp.Diff([]string{"GET main"}, hub.Requests()); diff != "" {
		t.Errorf("requests of a second fetch (-want +got):\n%s", diff)
	}

	// Another variant is other weights in another directory, under the same name.
	half := ref
	half.Variant = "fp16"
	if err := fetch(t.Context(), c, half); err != nil {
		t.Fatal(err)
	}
	other := read(files)
	other["model.safetensors"] = files["model.fp16.safetensors"]
	if check(t, c, half, hubtest.Commit(1), other) == dir {
		t.Error("both variants are in one directory")
	}
	check(t, c, ref, hubtest.Commit(1), read(files))
}

// TestMovedBranch: other weights under the same name have another directory and
// another digest, and the old ones stay in use until the new ones are whole.
func TestMovedBranch(t *testing.T) {
	hub := hubtest.New(t)
	old, young := model(1), model(2)
	m := hub.Put("someone/tiny", old)
	c := newClient(t, hub)
	if err := fetch(t.Context(), c, ref); err != nil {
		t.Fatal(err)
	}
	digestOf := func(dir string) string {
		t.Helper()
		d, err := (*digest.Memory)(nil).Path(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := check(t, c, ref, hubtest.Commit(1), read(old))
	before := digestOf(first)
	commit := hub.Push(m, young)
	check(t, c, ref, hubtest.Commit(1), read(old))
	hub.Fail("model.safetensors", slices.Repeat([]hubtest.Fault{{Status: 500}}, download.Attempts)...)
	if err := fetch(t.Context(), c, ref); err == nil {
		t.Fatal("a failing hub was not noticed")
	}
	if second := check(t, c, ref, hubtest.Commit(1), read(old)); digestOf(second) != before {
		t.Error("half of a new revision has changed the old one")
	}
	if err := fetch(t.Context(), c, ref); err != nil {
		t.Fatal(err)
	}
	if second := check(t, c, ref, commit, read(young)); digestOf(second) == before {
		t.Error("other weights have the same digest")
	}
	check(t, c, ref.At(hubtest.Commit(1)), hubtest.Commit(1), read(old))
}

// TestBrokenConnections: what broke off goes on where it was.
func TestBrokenConnections(t *testing.T) {
	const file = "model.safetensors"
	fault := func(faults ...hubtest.Fault) []hubtest.Fault { return faults }
	for name, test := range map[string]struct {
		faults []hubtest.Fault
		want   []string // requests for the file
		err    string
	}{
		"breaks": {fault(hubtest.Fault{After: 100_000}, hubtest.Fault{After: 100_000}, hubtest.Fault{Status: 503}),
			[]string{"GET model.safetensors", "GET model.safetensors from 100000", "GET model.safetensors from 200000", "GET model.safetensors from 200000"}, ""},
		"stalls": {fault(hubtest.Fault{After: 100_000, Stall: time.Minute}),
			[]string{"GET model.safetensors", "GET model.safetensors from 100000"}, ""},
		"no ranges": {fault(hubtest.Fault{After: 100_000}, hubtest.Fault{Whole: true}),
			[]string{"GET model.safetensors", "GET model.safetensors from 100000"}, ""},
		"other range": {fault(hubtest.Fault{After: 100_000}, hubtest.Fault{Shift: true}),
			[]string{"GET model.safetensors", "GET model.safetensors from 100000", "GET model.safetensors"}, ""},
		"corrupt once": {fault(hubtest.Fault{Corrupt: true}), []string{"GET model.safetensors", "GET model.safetensors"}, ""},
		"corrupt":      {fault(hubtest.Fault{Corrupt: true}, hubtest.Fault{Corrupt: true}), nil, "What the hub sends is not what it lists"},
		"longer":       {slices.Repeat(fault(hubtest.Fault{More: true}), download.Attempts), nil, "more than is listed"},
		"never on":     {slices.Repeat(fault(hubtest.Fault{Whole: true, After: 100_000}), download.Attempts+1), nil, "A download broke off"},
		"unwell":       {slices.Repeat(fault(hubtest.Fault{Status: 503, Error: "over\x1b[31m capacity"}), download.Attempts), nil, `"over [31m capacity"`},
		"too many":     {slices.Repeat(fault(hubtest.Fault{Status: 429}), download.Attempts), nil, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := hubtest.New(t)
			files := model(3)
			hub.Put("someone/tiny", files)
			c := newClient(t, hub)
			c.stall = 300 * time.Millisecond
			hub.Fail(file, test.faults...)
			err := fetch(t.Context(), c, ref)
			var asked []string
			for _, request := range hub.Requests() {
				if strings.Contains(request, file) {
					asked = append(asked, request)
				}
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("got %v, want %q", err, test.err)
				}
				if _, err := c.Cache.Find(t.Context(), ref, entries); !errors.As(err, new(*Absent)) {
					t.Errorf("what is not whole was found: %v", err)
				}
				if err := fetch(t.Context(), c, ref); err != nil {
					t.Fatal(err)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if diff := cmp.Diff(test.want, asked); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			check(t, c, ref, hubtest.Commit(1), read(files))
		})
	}
}

// TestInterrupted: what has come is counted, and fetched no second time.
func TestInterrupted(t *testing.T) {
	hub := hubtest.New(t)
	files := model(4)
	hub.Put("someone/tiny", files)
	c := newClient(t, hub)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hub.Fail("model.safetensors", hubtest.Fault{After: 400_000, Stall: time.Minute})
	c.Progress = func(p download.Progress) {
		if p.Done == 400_000 {
			cancel()
		}
	}
	if err := fetch(ctx, c, ref); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	_, err := c.Cache.Find(t.Context(), ref, entries)
	var absent *Absent
	if !errors.As(err, &absent) || absent.Files != 4 || absent.Here < 400_000 || absent.Bytes <= absent.Here {
		t.Fatalf("after an interruption: %+v", err)
	}
	if text := err.Error(); !strings.Contains(text, "not whole") || !strings.Contains(text, "391 KiB of 684 KiB") {
		t.Errorf("it says %q", text)
	}
	hub.Requests()
	c.Progress = nil
	f, err := c.Plan(t.Context(), ref, entries)
	if err != nil || f.ToCome >= 300_100 {
		t.Fatalf("to come: %+v, %v", f, err)
	}
	if err := c.Fetch(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if asked := hub.Requests(); !slices.Contains(asked, "GET model.safetensors from 400000") || slices.Contains(asked, "GET config.json") {
		t.Errorf("asked %q", asked)
	}
	check(t, c, ref, hubtest.Commit(1), read(files))
}

// TestBadBeginning: what lies there of another file is not taken for the
// beginning of this one.
func TestBadBeginning(t *testing.T) {
	for name, rest := range map[string][]byte{"shorter": random(9, 1000), "longer": random(9, 900_000), "as long": random(9, 700_000)} {
		t.Run(name, func(t *testing.T) {
			hub := hubtest.New(t)
			files := model(5)
			hub.Put("someone/tiny", files)
			c := newClient(t, hub)
			f, err := c.Plan(t.Context(), ref, entries)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range f.Files {
				if file.Name != "model.safetensors" {
					continue
				}
				part := incomplete(c.repository(ref), file)
				if err := os.MkdirAll(filepath.Dir(part), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(part, rest, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Fetch(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			check(t, c, ref, hubtest.Commit(1), read(files))
		})
	}
}

// TestDamaged: a file that changed on the disk is found out, and fetched again.
func TestDamaged(t *testing.T) {
	hub := hubtest.New(t)
	files := model(6)
	hub.Put("someone/tiny", files)
	c := newClient(t, hub)
	if err := fetch(t.Context(), c, ref); err != nil {
		t.Fatal(err)
	}
	dir := check(t, c, ref, hubtest.Commit(1), read(files))
	var damaged *Damaged
	for _, name := range []string{"config.json", "model.safetensors"} {
		content := slices.Clone(files[name])
		content[7] ^= 1
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { // through the link
			t.Fatal(err)
		}
		if _, err := c.Cache.Find(t.Context(), ref, entries); !errors.As(err, &damaged) || !strings.Contains(damaged.Path, "blobs") {
			t.Fatalf("%s: got %v", name, err)
		}
		if err := fetch(t.Context(), c, ref); err != nil {
			t.Fatal(err)
		}
		check(t, c, ref, hubtest.Commit(1), read(files))
	}

	// Truncated, and gone.
	for _, spoil := range []func(string) error{func(path string) error { return os.Truncate(path, 10) }, os.Remove} {
		if err := spoil(damaged.Path); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Cache.Find(t.Context(), ref, entries); !errors.As(err, new(*Absent)) {
			t.Fatalf("got %v", err)
		}
		if err := fetch(t.Context(), c, ref); err != nil {
			t.Fatal(err)
		}
		check(t, c, ref, hubtest.Commit(1), read(files))
	}
}

func TestRefusals(t *testing.T) {
	hub := hubtest.New(t)
	hub.Put("someone/tiny", model(1))
	hub.Put("someone/gated", model(1)).Gated = true
	hub.Put("someone/private", model(1)).Private = true
	hub.Put("someone/pickle", map[string][]byte{"config.json": []byte("{}"), "pytorch_model.bin": random(1, 2000)})
	closed := hubtest.New(t)
	closed.Close()
	for name, test := range map[string]struct {
		ref    Ref
		change func(*Client)
		want   []string
	}{
		"gated":       {Ref{"someone", "gated", "main", ""}, nil, []string{"The model is gated", "Accept its conditions on http", "HF_TOKEN"}},
		"private":     {Ref{"someone", "private", "main", ""}, nil, []string{"No such model", "or it is private", "hf auth login"}},
		"missing":     {Ref{"someone", "none", "main", ""}, func(c *Client) { c.Token, c.TokenOf = hubtest.Token, "HF_TOKEN" }, []string{"No such model", "The token is from HF_TOKEN"}},
		"wrong token": {ref, func(c *Client) { c.Token, c.TokenOf = "hf_wrong", "/home/x/token" }, []string{"does not take the token", "/home/x/token", "/settings/tokens"}},
		"no revision": {ref.At("v9"), nil, []string{"No such revision", `"v9"`}},
		"no commit":   {ref.At(hubtest.Commit(77)), nil, []string{"No such revision"}},
		"pickle":      {Ref{"someone", "pickle", "main", ""}, nil, []string{"of another kind", "pytorch_model.bin can run code"}},
		"offline":     {ref, func(c *Client) { c.Offline = true }, []string{"HF_HUB_OFFLINE"}},
		"no network":  {ref, func(c *Client) { c.Endpoint = closed.URL }, []string{"cannot be reached", "HTTPS_PROXY", "HF_ENDPOINT"}},
		"no name":     {ref, func(c *Client) { c.Endpoint = "http://hub.invalid" }, []string{"cannot be reached"}},
		"no URL":      {ref, func(c *Client) { c.Endpoint = "not a\x7fURL" }, []string{"HF_ENDPOINT must be a URL"}},
		"other page":  {ref, func(c *Client) { c.Endpoint = hub.URL + "/mirror" }, []string{"/mirror answered 401", "No such model"}},
	} {
		c := newClient(t, hub)
		if test.change != nil {
			test.change(c)
		}
		err := fetch(t.Context(), c, test.ref)
		if err == nil {
			t.Errorf("%s: it was fetched", name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\ndoes not say %q", name, err, want)
			}
		}
		for _, secret := range []string{"hf_wrong", hubtest.Token, "signature=secret"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v\nsays the secret %s", name, err, secret)
			}
		}
		if _, err := c.Cache.Find(t.Context(), test.ref, entries); !errors.As(err, new(*Absent)) {
			t.Errorf("%s: found %v", name, err)
		}
	}
	// With the token, what is gated comes; it is shown to the hub alone.
	c := newClient(t, hub)
	c.Token = hubtest.Token
	hub.Requests()
	if err := fetch(t.Context(), c, Ref{"someone", "gated", "main", ""}); err != nil {
		t.Error(err)
	}
	if asked := hub.Requests(); slices.Contains(asked, "token sent to the other server") || !slices.Contains(asked, "GET model.safetensors") {
		t.Errorf("asked %q", asked)
	}
}

func TestListIsNoList(t *testing.T) {
	hub := hubtest.New(t)
	hub.Put("someone/tiny", map[string][]byte{"../x": []byte("x")})
	c := newClient(t, hub)
	if err := fetch(t.Context(), c, ref); err == nil || !strings.Contains(err.Error(), "list of files cannot be used") {
		t.Errorf("got %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	hub := hubtest.New(t)
	hub.Put("someone/tiny", model(1))
	c := newClient(t, hub)
	f, err := c.Plan(t.Context(), ref, entries)
	if err != nil {
		t.Fatal(err)
	}
	f.ToCome = 1 << 60
	if err := c.Fetch(t.Context(), f); err == nil || !strings.Contains(err.Error(), "Not enough space") || !strings.Contains(err.Error(), "1.00 EiB are to come") {
		t.Errorf("got %v", err)
	}
	if asked := hub.Requests(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	if err := c.writing(full, 5); !strings.Contains(err.Error(), "HF_HUB_CACHE") {
		t.Errorf("got %v", err)
	}
	if err := c.writing(&os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, 5); !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("got %v", err)
	}
}

// TestTwoAtOnce: of two processes one fetches.
func TestTwoAtOnce(t *testing.T) {
	hub := hubtest.New(t)
	files := model(7)
	hub.Put("someone/tiny", files)
	one := newClient(t, hub)
	other := NewClient(one.Config, one.Cache)
	var group sync.WaitGroup
	for _, c := range []*Client{one, other} {
		group.Go(func() {
			if err := fetch(t.Context(), c, ref); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	count := 0
	for _, request := range hub.Requests() {
		if strings.HasPrefix(request, "GET model.safetensors") {
			count++
		}
	}
	if count != 1 {
		t.Errorf("the file was asked for %d times", count)
	}
	check(t, one, ref, hubtest.Commit(1), read(files))
}

// TestOthersCache: what huggingface_hub fetched is found, without a list of what
// there is on the hub.
func TestOthersCache(t *testing.T) {
	dir := t.TempDir()
	files := read(model(8))
	repository := filepath.Join(dir, "models--someone--tiny")
	put := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(repository, "refs", "main"), hubtest.Commit(1))
	for name, content := range files {
		etag := hubtest.GitBlob(content)
		if len(content) >= hubtest.Large {
			etag = fmt.Sprintf("%x", sha256.Sum256(content))
		}
		put(filepath.Join(repository, "blobs", etag), string(content))
		path := filepath.Join(repository, "snapshots", hubtest.Commit(1), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		up := strings.Repeat("../", strings.Count(name, "/")+2)
		if err := os.Symlink(up+"blobs/"+etag, path); err != nil {
			t.Fatal(err)
		}
	}
	c := &Client{Cache: Cache{Dir: dir}}
	check(t, c, ref, hubtest.Commit(1), files)

	// By way of a link to the cache, and where it cannot be written to.
	linked := filepath.Join(t.TempDir(), "cache")
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	c.Cache.Dir = linked
	check(t, c, ref, hubtest.Commit(1), files)
	if err := os.RemoveAll(filepath.Join(repository, ours)); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(repository, ours), "in the way")
	if _, err := c.Cache.Find(t.Context(), ref, entries); err == nil || !strings.Contains(err.Error(), "make a directory") {
		t.Errorf("got %v", err)
	}
	c.Cache.Views = t.TempDir()
	check(t, c, ref, hubtest.Commit(1), files)

	// A file less, and a reference that is none.
	if err := os.Remove(filepath.Join(repository, "snapshots", hubtest.Commit(1), "config.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cache.Find(t.Context(), ref, entries); !errors.As(err, new(*Absent)) || !strings.Contains(err.Error(), "there is no config.json") {
		t.Errorf("got %v", err)
	}
	put(filepath.Join(repository, "refs", "main"), "../../x")
	if _, err := c.Cache.Find(t.Context(), ref, entries); err == nil || !strings.Contains(err.Error(), "does not hold a commit") {
		t.Errorf("got %v", err)
	}
}

// TestRedirectToNowhere: a hub that leads in a circle is left.
func TestRedirectToNowhere(t *testing.T) {
	hub := hubtest.New(t)
	hub.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	c := newClient(t, hub)
	if err := fetch(t.Context(), c, ref); err == nil || !strings.Contains(err.Error(), "in a circle") {
		t.Errorf("got %v", err)
	}
}
