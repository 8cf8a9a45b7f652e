// Package hubtest is a hub of models on the loopback interface, for tests: the
// part of Hugging Face's that package hub speaks to, with everything that can go
// wrong there. Large files lie on another server, as they do there, which refuses
// requests that carry a token.
package hubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
)

// Large is from how many bytes on a file lies on the other server.
const Large = 1024

// Token is the one that the hub takes.
const Token = "hf_right"

// Hub is a server.
type Hub struct {
	*httptest.Server
	files *httptest.Server

	mu     sync.Mutex
	models map[string]*Model
	faults map[string][]Fault
	log    []string
}

// Model is a repository.
type Model struct {
	Gated, Private bool
	Revisions      map[string]string            // commits by branch or tag
	Commits        map[string]map[string][]byte // files by commit
}

// Fault is what goes wrong with one answer.
type Fault struct {
	Status  int           // answered in place of the file
	After   int           // bytes, then the connection breaks; 0: it does not
	Stall   time.Duration // silence after that many bytes, in place of a break
	Corrupt bool          // the last byte that is sent is another one
	Whole   bool          // the whole file is sent, whatever range was asked for
	More    bool          // a byte more than there is
	Shift   bool          // another range than was asked for
	Error   string        // X-Error-Message
}

// New starts a hub that ends with the test.
func New(t *testing.T) *Hub {
	h := &Hub{models: map[string]*Model{}, faults: map[string][]Fault{}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.front))
	h.files = httptest.NewServer(http.HandlerFunc(h.back))
	t.Cleanup(func() {
		h.CloseClientConnections()
		h.files.CloseClientConnections()
		h.Close()
		h.files.Close()
	})
	return h
}

// Commit is the commit that a number stands for.
func Commit(n int) string { return fmt.Sprintf("%040x", n) }

// Put adds a model whose branch main is at commit 1.
func (h *Hub) Put(id string, files map[string][]byte) *Model {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := &Model{Revisions: map[string]string{"main": Commit(1)}, Commits: map[string]map[string][]byte{Commit(1): files}}
	h.models[id] = m
	return m
}

// Push moves main to a new commit with other files.
func (h *Hub) Push(m *Model, files map[string][]byte) (commit string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit = Commit(len(m.Commits) + 1)
	m.Commits[commit] = files
	m.Revisions["main"] = commit
	return commit
}

// Fail lets the next answers for a file go wrong, one after the other; "" stands
// for the list of files.
func (h *Hub) Fail(file string, faults ...Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults[file] = faults
}

// Requests returns what was asked since the last call, as "GET main" for the list
// of a revision and "GET file" or "GET file from N" for files.
func (h *Hub) Requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	log := h.log
	h.log = nil
	return log
}

// Directory reads the files below a directory.
func Directory(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (h *Hub) note(format string, arguments ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, arguments...))
}

func (h *Hub) fault(file string) Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.faults[file]) == 0 {
		return Fault{}
	}
	f := h.faults[file][0]
	h.faults[file] = h.faults[file][1:]
	return f
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	if code != "" {
		w.Header().Set("X-Error-Code", code)
	}
	if strings.ContainsFunc(message, unicode.IsControl) { // no header may have those
		w.WriteHeader(status)
		fmt.Fprint(w, message)
		return
	}
	w.Header().Set("X-Error-Message", message)
	w.WriteHeader(status)
}

// front answers lists and files, as the hub does.
func (h *Hub) front(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	rest, list := strings.CutPrefix(path, "api/models/")
	words := strings.SplitN(rest, "/", 5)
	if len(words) < 4 {
		refuse(w, http.StatusNotFound, "", "Not found")
		return
	}
	id := words[0] + "/" + words[1]
	token, signed := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	h.mu.Lock()
	m := h.models[id]
	h.mu.Unlock()
	switch {
	case signed && token != Token:
		refuse(w, http.StatusUnauthorized, "", "Invalid credentials in Authorization header")
		return
	case m == nil && !signed, m != nil && m.Private && !signed:
		refuse(w, http.StatusUnauthorized, "RepoNotFound", "Invalid username or password.")
		return
	case m == nil:
		refuse(w, http.StatusNotFound, "RepoNotFound", "Repository not found")
		return
	}
	revision, err := url.PathUnescape(words[3])
	if err != nil {
		refuse(w, http.StatusBadRequest, "", "Bad revision")
		return
	}
	h.mu.Lock()
	commit := m.Revisions[revision]
	if m.Commits[revision] != nil {
		commit = revision
	}
	files := m.Commits[commit]
	h.mu.Unlock()
	if files == nil {
		refuse(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
		return
	}
	if list {
		h.note("GET %s", revision)
		if f := h.fault(""); f.Status != 0 {
			refuse(w, f.Status, "", f.Error)
			return
		}
		json.NewEncoder(w).Encode(listing(id, commit, files))
		return
	}
	if m.Gated && !signed {
		refuse(w, http.StatusUnauthorized, "GatedRepo", "Access to model "+id+" is restricted.")
		return
	}
	name, err := url.PathUnescape(words[4])
	content, ok := files[name]
	if err != nil || !ok {
		refuse(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	if len(content) >= Large {
		http.Redirect(w, r, h.files.URL+"/"+id+"/"+commit+"/"+words[4]+"?signature=secret", http.StatusFound)
		return
	}
	h.send(w, r, name, content)
}

// back answers for large files.
func (h *Hub) back(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		h.note("token sent to the other server")
		refuse(w, http.StatusBadRequest, "", "Only one way to authenticate is allowed")
		return
	}
	words := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 4)
	h.mu.Lock()
	content := h.models[words[0]+"/"+words[1]].Commits[words[2]][words[3]]
	h.mu.Unlock()
	h.send(w, r, words[3], content)
}

func (h *Hub) send(w http.ResponseWriter, r *http.Request, name string, content []byte) {
	from, ranged := 0, false
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		ranged = true
		h.note("GET %s from %d", name, from)
	} else {
		h.note("GET %s", name)
	}
	f := h.fault(name)
	if f.Status != 0 {
		refuse(w, f.Status, "", f.Error)
		return
	}
	if f.Whole {
		from, ranged = 0, false
	}
	if ranged && from >= len(content) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	if f.Shift {
		from++
	}
	part := slices.Clone(content[from:])
	if f.Corrupt {
		part[len(part)-1] ^= 1
	}
	if f.More {
		part = append(part, '!')
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(part)))
	if ranged {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if f.After == 0 {
		w.Write(part)
		return
	}
	w.Write(part[:min(f.After, len(part))])
	http.NewResponseController(w).Flush()
	if f.Stall > 0 {
		select {
		case <-time.After(f.Stall):
		case <-r.Context().Done():
		}
	}
	panic(http.ErrAbortHandler) // the connection breaks
}

// listing is what the hub says of a model.
func listing(id, commit string, files map[string][]byte) any {
	var siblings []any
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		one := map[string]any{"rfilename": name, "size": len(content), "blobId": GitBlob(content)}
		if len(content) >= Large {
			sum := sha256.Sum256(content)
			one["blobId"] = GitBlob([]byte("pointer to " + name))
			one["lfs"] = map[string]any{"sha256": hex.EncodeToString(sum[:]), "size": len(content), "pointerSize": 135}
		}
		siblings = append(siblings, one)
	}
	return map[string]any{"id": id, "modelId": id, "sha": commit, "gated": false, "siblings": siblings}
}

// GitBlob is git's name of a content.
func GitBlob(content []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...))
	return hex.EncodeToString(sum[:])
}
