package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/queue"
)

// Database keeps judgements, raters and reports. It is for many goroutines.
type Database interface {
	Add(ctx context.Context, judgements ...people.Judgement) error
	Withdraw(ctx context.Context, rater, judgement string) error
	Judgement(ctx context.Context, id string) (j people.Judgement, stands bool, err error)
	Judgements(ctx context.Context) ([]people.Judgement, error)
	AddRater(ctx context.Context, name string) (database.Rater, error)
	Raters(ctx context.Context) ([]database.Rater, error)
	Revoke(ctx context.Context, name string) error
	Experimenter(ctx context.Context) (token string, err error)
	Secret(ctx context.Context) (string, error)
	Report(ctx context.Context, rater, image, reason string) error
	Reports(ctx context.Context) ([]database.Report, error)
	Unreport(ctx context.Context, image string) error
}

var _ Database = (*database.Database)(nil)

// Images has the images that are asked about, by their labels.BlindIDs. It is for many
// goroutines.
type Images interface {
	// Image is an image's file as a browser takes it, or fs.ErrNotExist.
	Image(ctx context.Context, blindID string) (content []byte, mediaType string, err error)
}

// Export is a file of judgements that the experimenter's page offers.
type Export struct {
	Name      string // of the file, such as judgements.csv
	MediaType string
	Write     func(ctx context.Context, w io.Writer) error
}

// Options are what a server is made of. Database, Queue and Images are needed.
type Options struct {
	Database Database
	Queue    *queue.Queue // nobody else sets its questions
	Images   Images
	Title    string        // of the experiment, for the experimenter's page
	Notice   string        // a line on all pages, such as that raters are simulated here
	Version  string        // of Plumb; with that of the page it is in each judgement
	Next     func() string // the command that goes on when all is judged; nil: none
	Exports  []Export
	Base     string   // of links, such as https://lab.example:8443; empty: as the experimenter's browser has it
	Hosts    []string // names under which it is asked, beside localhost and addresses in numbers
	TLS      bool     // it is reached by https
}

// Server answers browsers. It is an http.Handler.
type Server struct {
	Options
	secret       string
	experimenter string // the token
	routes       *http.ServeMux
	origins      *http.CrossOriginProtection
	sessions     *sessions
	handles      handles
	limits       limits
	board        board

	mu        sync.Mutex
	questions []question             // as Set was told
	inOrder   map[string]*sync.Mutex // by rater: answers and what takes them back, one after another
}

var _ http.Handler = (*Server)(nil)

// question is a question with what of it raters are shown as examples.
type question struct {
	queue.Asked
	key      string // its name for raters' pages
	examples []example
}

// New makes a server, which has nothing to ask until Set.
func New(ctx context.Context, options Options) (*Server, error) {
	s := &Server{Options: options, origins: http.NewCrossOriginProtection(), inOrder: map[string]*sync.Mutex{}}
	var err error
	if s.secret, err = options.Database.Secret(ctx); err != nil {
		return nil, err
	}
	if s.experimenter, err = options.Database.Experimenter(ctx); err != nil {
		return nil, err
	}
	s.sessions = newSessions(options.Database, s.experimenter)
	s.routes = s.newRoutes()
	return s, nil
}

// Set says what is asked, of which the images are there. It is called again whenever
// that changes.
func (s *Server) Set(ctx context.Context, asked []queue.Asked) error {
	questions := make([]question, len(asked))
	for i, one := range asked {
		examples, rest := splitGold(one)
		questions[i] = question{Asked: rest, key: s.name("question", one.Name)[:8], examples: examples}
	}
	s.mu.Lock()
	s.questions = questions
	s.mu.Unlock()
	return s.ask(ctx)
}

// ask tells the queue what is asked, without what was reported.
func (s *Server) ask(ctx context.Context) error {
	reports, err := s.Database.Reports(ctx)
	if err != nil {
		return err
	}
	reported := map[string]bool{}
	for _, report := range reports {
		reported[report.Image] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := make([]queue.Asked, len(s.questions))
	for i, q := range s.questions {
		asked[i] = q.Asked
	}
	s.Queue.Set(asked, reported)
	return nil
}

// question is the question of a name.
func (s *Server) question(name string) (question, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.questions {
		if q.Name == name {
			return q, true
		}
	}
	return question{}, false
}

// one holds everything else of a rater that changes judgements back until it is released.
func (s *Server) one(rater string) (release func()) {
	s.mu.Lock()
	lock := s.inOrder[rater]
	if lock == nil {
		lock = new(sync.Mutex)
		s.inOrder[rater] = lock
	}
	s.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// name is an unguessable name of something, the same whenever it is asked for: 128 bits
// in hexadecimal.
func (s *Server) name(what string, parts ...string) string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	for _, part := range append([]string{what}, parts...) {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// RaterPath is the path of a rater's link.
func RaterPath(token string) string { return "/r/" + token }

// ExperimenterPath is the path of the experimenter's link.
func (s *Server) ExperimenterPath() string { return "/x/" + s.experimenter }

// How long a browser may take. A rater's page sends and is sent little.
const (
	headerWithin = 5 * time.Second
	readWithin   = 15 * time.Second
	writeWithin  = time.Minute // exports
	idleWithin   = 2 * time.Minute
	headerBytes  = 16 << 10
)

// HTTP is an HTTP server for it that gives up on slow and talkative clients.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: headerWithin, ReadTimeout: readWithin, WriteTimeout: writeWithin,
		IdleTimeout: idleWithin, MaxHeaderBytes: headerBytes,
	}
}
