package live

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	_ "embed" // the style, the script and the templates
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// Source is where the run that is watched is found. Its methods are called by one
// goroutine at a time.
type Source interface {
	// Run is the run as it is now; nil if there is none yet. Which run it is may change.
	Run() (*record.Run, error)
	// Metrics is the path of a run's metrics.jsonl.
	Metrics(run *record.Run) string
	// Images are the images tables that a stage with this key has finished, in order: one
	// if the stage has ended and the table is whole, else those parts that there are.
	Images(key string) (tables []string, whole bool, err error)
}

// refreshEvery is how often the run is looked at, at most.
const refreshEvery = 400 * time.Millisecond

// readAtMost is how many pieces of metrics.jsonl are read at once.
const readAtMost = 8

// Server answers the page's requests. It is an http.Handler.
type Server struct {
	source Source
	what   string // that is waited for, in words
	token  string

	mu       sync.Mutex
	looked   time.Time
	run      *record.Run
	trouble  string // why the run cannot be read
	follower *events.Follower
	board    *board
	gallery  *gallery
	behind   bool // not all is read yet
	parts    map[string]part
}

var _ http.Handler = (*Server)(nil)

// part is a part of the page as it is now.
type part struct {
	HTML    string `json:"html"`
	Version string `json:"version"`
}

// NewServer makes a server with an address of its own. what says what it shows, where
// there is nothing yet: "a run of quickstart".
func NewServer(source Source, what string) *Server {
	token := make([]byte, 16)
	rand.Read(token)
	return &Server{source: source, what: what, token: hex.EncodeToString(token), board: newBoard(), gallery: newGallery()}
}

// Address is the page's, of a server that listens on the loopback at a port.
func (s *Server) Address(listener net.Addr) string {
	return fmt.Sprintf("http://%s/%s/", listener, s.token)
}

var (
	//go:embed live.html
	html string
	//go:embed live.css
	style string
	//go:embed live.js
	script string

	templates = template.Must(template.New("live").Parse(html))
)

// policy lets the page have its own style, script, images and numbers.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	path, ok := s.within(r)
	if !ok {
		http.Error(w, "There is nothing here. The whole address is in the terminal in which plumb watch runs.", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "This page is only read.", http.StatusMethodNotAllowed)
		return
	}
	switch path {
	case "":
		s.servePage(w)
	case "page.css":
		header.Set("Content-Type", "text/css; charset=utf-8")
		fmt.Fprint(w, page.Style(), style)
	case "live.js":
		header.Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprint(w, script)
	case "parts":
		s.serveParts(w, r)
	default:
		s.serveImage(w, path)
	}
}

// within is the part of the path behind the token. Another site's page may send a
// browser here under a name of its own: only those of this machine count.
func (s *Server) within(r *http.Request) (path string, ok bool) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if host != "127.0.0.1" && host != "localhost" && host != "::1" {
		return "", false
	}
	token, path, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return path, found && subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

func (s *Server) servePage(w http.ResponseWriter) {
	parts := s.refresh()
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, "page", map[string]template.HTML{
		"Now": template.HTML(parts["now"].HTML), "Curves": template.HTML(parts["curves"].HTML), "Images": template.HTML(parts["images"].HTML),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// serveParts answers with those parts of the page that are others than the asker has.
func (s *Server) serveParts(w http.ResponseWriter, r *http.Request) {
	fresh := map[string]part{}
	for name, part := range s.refresh() {
		if r.URL.Query().Get(name) != part.Version {
			fresh[name] = part
		}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(fresh)
}

// serveImage answers image/KEY/TABLE/NUMBER.
func (s *Server) serveImage(w http.ResponseWriter, path string) {
	words := strings.Split(path, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(words) == 4 && words[0] == "image" {
		d := s.gallery.stages[words[1]]
		n, err := strconv.Atoi(words[3])
		if d != nil && err == nil && n >= 0 && n < len(d.images) && words[2] == versionOf(d.table) {
			w.Header().Set("Content-Type", d.images[n].Type)
			w.Header().Set("Cache-Control", "private, max-age=3600, immutable")
			w.Write(d.images[n].Content)
			return
		}
	}
	http.Error(w, "There is no such image.", http.StatusNotFound)
}

// versionOf is a short name of a content.
func versionOf(content string) string {
	h := fnv.New64a()
	h.Write([]byte(content))
	return strconv.FormatUint(h.Sum64(), 36)
}

// refresh looks at the run, if that was not done just now, and returns the page's parts.
func (s *Server) refresh() map[string]part {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts != nil && time.Since(s.looked) < refreshEvery {
		return s.parts
	}
	s.look()
	s.looked = time.Now()
	s.parts = map[string]part{}
	for name, content := range map[string]func() (any, error){"now": s.now, "curves": s.curves, "images": s.images} {
		var b bytes.Buffer
		data, err := content()
		if err == nil {
			err = templates.ExecuteTemplate(&b, name, data)
		}
		if err != nil {
			b.Reset()
			fmt.Fprintf(&b, "<p class=\"troubles\">%s</p>", template.HTMLEscapeString(err.Error()))
		}
		s.parts[name] = part{b.String(), versionOf(b.String())}
	}
	return s.parts
}

// look reads what is new of the run.
func (s *Server) look() {
	run, err := s.source.Run()
	s.trouble = ""
	if err != nil {
		s.trouble = err.Error()
		return
	}
	if run == nil || s.run == nil || run.FullName() != s.run.FullName() {
		s.board, s.gallery, s.follower = newBoard(), newGallery(), nil
	}
	s.run = run
	if run == nil {
		return
	}
	if path := s.source.Metrics(run); s.follower == nil {
		s.follower = events.Follow(path)
	}
	s.behind = true
	for range readAtMost {
		all, more, anew, err := s.follower.Next()
		if err != nil {
			s.trouble, s.behind = err.Error(), false
			break
		}
		if anew {
			s.board = newBoard()
		}
		s.board.take(all)
		if s.behind = more; !more {
			break
		}
	}
	if s.gallery.update(s.source, run, s.board) {
		s.behind = true
	}
}
