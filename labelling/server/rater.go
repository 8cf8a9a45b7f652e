package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/queue"
)

func (s *Server) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /r/{token}", s.enter("rater", "/"))
	mux.HandleFunc("GET /x/{token}", s.enter("experimenter", "/experiment"))
	mux.HandleFunc("GET /assets/{version}/{name}", s.serveAsset)
	mux.HandleFunc("GET /{$}", s.rater(s.serveRater))
	mux.HandleFunc("GET /image/{handle}", s.serveImage)
	mux.HandleFunc("POST /api/next", s.rater(call(s, s.next)))
	mux.HandleFunc("POST /api/answer", s.rater(call(s, s.answer)))
	mux.HandleFunc("POST /api/undo", s.rater(call(s, s.undo)))
	mux.HandleFunc("POST /api/report", s.rater(call(s, s.report)))
	mux.HandleFunc("GET /experiment", s.experimenterOnly(s.serveExperiment))
	mux.HandleFunc("GET /experiment/now", s.experimenterOnly(s.serveNow))
	mux.HandleFunc("GET /experiment/export/{name}", s.experimenterOnly(s.serveExport))
	mux.HandleFunc("POST /api/experiment/rater", s.experimenterOnly(call(s, s.addRater)))
	mux.HandleFunc("POST /api/experiment/revoke", s.experimenterOnly(call(s, s.revoke)))
	mux.HandleFunc("POST /api/experiment/restore", s.experimenterOnly(call(s, s.restore)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNone) })
	return mux
}

// enter takes a link: the browser keeps the token and goes on to the page, whose address
// does not have it. A page of this server sends it on, not a redirect: after a click in a
// mail a redirect still counts as the mail's, and a strict cookie would be kept back.
func (s *Server) enter(of, on string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.known(r, of, r.PathValue("token"))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.remember(w, of, v.token)
		s.page(w, "message.html", map[string]string{"Title": "One moment", "On": on, "Version": pageVersion})
	}
}

func (s *Server) page(w http.ResponseWriter, name string, data any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	one, known := assets[r.PathValue("name")]
	if !known || r.PathValue("version") != pageVersion {
		s.fail(w, r, errNone)
		return
	}
	w.Header().Set("Content-Type", one.mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(one.content)
}

func (s *Server) serveRater(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.page(w, "rater.html", map[string]string{
		"Token": s.pageToken(v), "Key": s.name("kept", v.name)[:12], "Version": pageVersion, "Rater": v.name, "Notice": s.Notice,
	})
}

// serveImage answers with an image that the visitor was shown.
func (s *Server) serveImage(w http.ResponseWriter, r *http.Request) {
	for _, of := range []string{"rater", "experimenter"} {
		v, err := s.visitor(r, of)
		if err != nil {
			continue
		}
		image, shown := s.handles.image(v.token, r.PathValue("handle"))
		if !shown {
			continue
		}
		if !s.limits.allow(v.token, "images", imagesASecond, imagesAtOnce) {
			s.fail(w, r, &fault{http.StatusTooManyRequests, "rate", "These are too many images at once."})
			return
		}
		content, mediaType, err := s.Images.Image(r.Context(), image)
		if errors.Is(err, fs.ErrNotExist) {
			err = &fault{http.StatusGone, "gone", "This image is not there any more."}
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
		w.Write(content)
		return
	}
	s.fail(w, r, errNotShown)
}

var errNotShown = &fault{http.StatusForbidden, "image", "This image is not one that you were shown."}

// show is the address under which a visitor sees an image.
func (s *Server) show(v visitor, image string) string {
	handle := s.name("image", v.token, image)
	s.handles.give(v.token, handle, image)
	return "/image/" + handle
}

type (
	nextAsked struct {
		Screens int `json:"screens"`
	}
	nextReply struct {
		Screens   []screen         `json:"screens"`
		Questions map[string]asked `json:"questions"` // by screen.Question
		Standing  standing         `json:"standing"`
		Version   string           `json:"version"` // of the page
	}
	// screen is what is shown at once.
	screen struct {
		ID       string   `json:"id"`
		Question string   `json:"question"`
		Kind     string   `json:"kind"`
		Aspects  []string `json:"aspects"`
		Prompt   string   `json:"prompt"`
		Tasks    []task   `json:"tasks"`
	}
	// task is what is answered at once.
	task struct {
		ID     string         `json:"id"`
		Images []string       `json:"images"` // addresses, from left to right
		Said   people.Answers `json:"said,omitempty"`
	}
	// asked is what a rater is told of a question.
	asked struct {
		Instructions string  `json:"instructions"` // empty: the page's own
		Examples     []shown `json:"examples"`
	}
	shown struct {
		Category string `json:"category"`
		Prompt   string `json:"prompt"`
		Image    string `json:"image"`
		Answer   string `json:"answer"`
	}
	// standing is how far a rater is. What is still to come is rounded: a check adds to it
	// when it is drawn, and one who could count would know.
	standing struct {
		Answered int  `json:"answered"`
		Open     int  `json:"open"` // rounded up to fives
		Held     bool `json:"held"` // others have what comes to this rater if they leave it
	}
	standingReply struct {
		Standing standing `json:"standing"`
	}
)

// mostScreens bounds what a page may look ahead.
const mostScreens = 8

func (s *Server) next(r *http.Request, v visitor, said nextAsked) (any, error) {
	reply := nextReply{Screens: []screen{}, Questions: map[string]asked{}, Version: pageVersion}
	for _, one := range s.Queue.Next(v.name, min(max(said.Screens, 1), mostScreens)) {
		q, known := s.question(one.Question)
		if !known {
			continue
		}
		made := screen{ID: one.ID, Question: q.key, Kind: string(one.Kind), Aspects: one.Aspects, Prompt: one.Prompt}
		for _, t := range one.Tasks {
			images := make([]string, len(t.Shown))
			for i, image := range t.Shown {
				images[i] = s.show(v, image)
			}
			made.Tasks = append(made.Tasks, task{t.ID, images, t.Said})
		}
		reply.Screens = append(reply.Screens, made)
		if _, told := reply.Questions[q.key]; !told {
			of := asked{Instructions: q.Instructions, Examples: []shown{}}
			for _, e := range q.examples {
				of.Examples = append(of.Examples, shown{e.category, e.prompt, s.show(v, e.image), e.answer})
			}
			reply.Questions[q.key] = of
		}
	}
	reply.Standing = s.standing(v)
	return reply, nil
}

func (s *Server) standing(v visitor) standing {
	now := s.Queue.Standing(v.name)
	return standing{now.Answered, (now.Open + 4) / 5 * 5, now.Held > 0}
}

type answerAsked struct {
	ID           string         `json:"id"` // of the page's making: what is sent twice is one judgement
	Task         string         `json:"task"`
	Answers      people.Answers `json:"answers"`
	Milliseconds int64          `json:"milliseconds"`
}

// pageID is how a page names an answer.
var pageID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// judgementID is a judgement's own: a rater's page cannot take that of another's.
func judgementID(v visitor, id string) string {
	sum := sha256.Sum256([]byte(v.name + "\x00" + id))
	return hex.EncodeToString(sum[:16])
}

// longestDuration is what is believed of a page's clock.
const longestDuration = time.Hour

func (s *Server) answer(r *http.Request, v visitor, said answerAsked) (any, error) {
	if !pageID.MatchString(said.ID) {
		return nil, &fault{http.StatusBadRequest, "", "The answer's ID is not 32 hexadecimal digits."}
	}
	defer s.one(v.name)()
	ctx := context.WithoutCancel(r.Context()) // a page that leaves does not leave half a judgement
	id := judgementID(v, said.ID)
	duration := min(max(time.Duration(said.Milliseconds)*time.Millisecond, 0), longestDuration)
	j, err := s.Queue.Answer(v.name, said.Task, said.Answers, duration)
	if err != nil {
		// The reply to an answer may have been lost: the same one again is well.
		if _, _, found := s.Database.Judgement(ctx, id); found == nil {
			return standingReply{s.standing(v)}, nil
		}
		return nil, refusal(err)
	}
	j.ID, j.Page = id, s.judgedOn()
	if j.Time.IsZero() {
		j.Time = time.Now().UTC().Truncate(time.Millisecond)
	}
	if err := s.Database.Add(ctx, j); err != nil {
		s.Queue.Withdraw(j)
		if errors.Is(err, database.ErrAnswered) || errors.Is(err, database.ErrTaken) {
			return nil, refusal(queue.ErrAnswered)
		}
		return nil, &fault{http.StatusServiceUnavailable, "store", fmt.Sprintf("it could not be stored: %v", err)}
	}
	return standingReply{s.standing(v)}, nil
}

// judgedOn is what judgements have as the page that they came from.
func (s *Server) judgedOn() string {
	if s.Version == "" {
		return "page " + pageVersion
	}
	return s.Version + ", page " + pageVersion
}

// refusal is a plain message for what the queue does not take.
func refusal(err error) error {
	for _, one := range []struct {
		is     error
		status int
		reason string
		words  string
	}{
		{queue.ErrAnswer, http.StatusBadRequest, "answer", "This is no answer to the question: " + err.Error()},
		{queue.ErrAnswered, http.StatusConflict, "answered", "You have answered this before; the first answer stands."},
		{queue.ErrStale, http.StatusConflict, "stale", "Others have answered this meanwhile; it needs no more answers."},
		{queue.ErrWithdrawn, http.StatusConflict, "withdrawn", "This is not asked any more."},
		{queue.ErrUnknown, http.StatusConflict, "unknown", "This is not among what you are asked."},
	} {
		if errors.Is(err, one.is) {
			return &fault{one.status, one.reason, one.words}
		}
	}
	return err
}

type undoAsked struct {
	ID   string `json:"id"`
	Task string `json:"task"` // for the page's own use
}

// undo takes back an answer of the rater's own. One that never came is taken back, too.
func (s *Server) undo(r *http.Request, v visitor, said undoAsked) (any, error) {
	defer s.one(v.name)()
	ctx := context.WithoutCancel(r.Context())
	j, stands, err := s.Database.Judgement(ctx, judgementID(v, said.ID))
	switch {
	case errors.Is(err, database.ErrUnknown), err == nil && !stands:
		return standingReply{s.standing(v)}, nil
	case err != nil:
		return nil, err
	}
	if err := s.Database.Withdraw(ctx, v.name, j.ID); err != nil {
		return nil, err
	}
	s.Queue.Withdraw(j)
	return standingReply{s.standing(v)}, nil
}

type reportAsked struct {
	Image  string `json:"image"` // its address
	Reason string `json:"reason"`
}

// longestReason bounds what is kept of a report's words, in bytes.
const longestReason = 200

// report takes an image that the rater was shown out of what anybody is asked.
func (s *Server) report(r *http.Request, v visitor, said reportAsked) (any, error) {
	if len(said.Reason) > longestReason {
		return nil, &fault{http.StatusBadRequest, "", fmt.Sprintf("The reason is longer than %d bytes.", longestReason)}
	}
	image, shown := s.handles.image(v.token, strings.TrimPrefix(said.Image, "/image/"))
	if !shown {
		return nil, errNotShown
	}
	ctx := context.WithoutCancel(r.Context())
	if err := s.Database.Report(ctx, v.name, image, said.Reason); err != nil {
		return nil, err
	}
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return standingReply{s.standing(v)}, nil
}
