package scripted

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// Rater is somebody who has opened a link. It is for one goroutine at a time.
type Rater struct {
	// Heard is told how long each request took that the server replied to; nil: nobody is.
	Heard func(path string, took time.Duration)
	// Patience is how long the server may be away before the rater gives up.
	Patience time.Duration

	http *http.Client
	link string
	base string // scheme and host
	page string // the page's token
}

// Screen is what the page shows at once.
type Screen struct {
	ID       string      `json:"id"`
	Question string      `json:"question"`
	Kind     people.Kind `json:"kind"`
	Aspects  []string    `json:"aspects"`
	Prompt   string      `json:"prompt"`
	Tasks    []Task      `json:"tasks"`
}

// Task is what is answered at once.
type Task struct {
	ID     string         `json:"id"`
	Images []string       `json:"images"` // addresses for Image, from left to right
	Said   people.Answers `json:"said"`   // nil: open
}

// Standing is how far the rater is, as the page tells it.
type Standing struct {
	Answered int  `json:"answered"`
	Open     int  `json:"open"`
	Held     bool `json:"held"` // others have what comes to this rater if they leave it
}

// Refused is a reply that asking again does not change.
type Refused struct {
	Status  int
	Reason  string `json:"reason"` // a word, such as stale; may be empty
	Message string `json:"error"`
}

func (r *Refused) Error() string {
	return fmt.Sprintf("the server answers %d: %s", r.Status, r.Message)
}

// away says that there was no reply, or one that says to ask again.
type away struct{ err error }

func (a *away) Error() string { return a.err.Error() }
func (a *away) Unwrap() error { return a.err }

const (
	patience  = 30 * time.Second
	giveUp    = 15 * time.Second // on one request, as the page does
	firstWait = 100 * time.Millisecond
	mostWait  = 2 * time.Second
	mostReply = 64 << 20 // bytes
)

// Enter opens a rater's link and the page behind it.
func Enter(ctx context.Context, link string) (*Rater, error) {
	at, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	r := &Rater{Patience: patience, link: link, base: at.Scheme + "://" + at.Host}
	r.http = &http.Client{Jar: jar, Timeout: giveUp, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	return r, r.again(ctx, func() error { return r.open(ctx) })
}

// Leave closes the connections.
func (r *Rater) Leave() { r.http.CloseIdleConnections() }

var pageToken = regexp.MustCompile(`<meta name="plumb-page" content="([^"]+)">`)

// open loads the page.
func (r *Rater) open(ctx context.Context) error {
	if _, err := r.send(ctx, http.MethodGet, r.link, nil); err != nil {
		return err
	}
	page, err := r.send(ctx, http.MethodGet, r.base+"/", nil)
	if err != nil {
		return err
	}
	found := pageToken.FindSubmatch(page)
	if found == nil {
		return errors.New("the page has no token: is this a rater's link?")
	}
	r.page = string(found[1])
	return nil
}

// send makes a request, once.
func (r *Rater) send(ctx context.Context, method, address string, body any) (reply []byte, err error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", r.base)
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		request.Header.Set("X-Plumb-Page", r.page)
	}
	start := time.Now()
	response, err := r.http.Do(request)
	if err != nil {
		return nil, &away{err}
	}
	defer response.Body.Close()
	if reply, err = io.ReadAll(io.LimitReader(response.Body, mostReply)); err != nil {
		return nil, &away{err}
	}
	if response.StatusCode == http.StatusOK {
		if r.Heard != nil {
			r.Heard(request.URL.Path, time.Since(start))
		}
		return reply, nil
	}
	refused := &Refused{Status: response.StatusCode}
	if json.Unmarshal(reply, refused) != nil {
		refused.Message = strings.TrimSpace(string(reply))
	}
	if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests {
		return nil, &away{refused}
	}
	return nil, refused
}

// again does something until the server replies, or the rater's patience ends.
func (r *Rater) again(ctx context.Context, do func() error) error {
	start, wait := time.Now(), firstWait
	for {
		err := do()
		var missing *away
		if !errors.As(err, &missing) || ctx.Err() != nil {
			return err
		}
		if time.Since(start) > r.Patience {
			return fmt.Errorf("no answer for %v: %w", r.Patience, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, mostWait)
	}
}

func (r *Rater) post(ctx context.Context, path string, body, reply any) error {
	var content []byte
	err := r.again(ctx, func() (err error) {
		content, err = r.send(ctx, http.MethodPost, r.base+path, body)
		return err
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(content, reply)
}

// Next asks for up to so many screens, and how far the rater is.
func (r *Rater) Next(ctx context.Context, screens int) ([]Screen, Standing, error) {
	var reply struct {
		Screens  []Screen `json:"screens"`
		Standing Standing `json:"standing"`
	}
	err := r.post(ctx, "/api/next", map[string]int{"screens": screens}, &reply)
	return reply.Screens, reply.Standing, err
}

// NewID names an answer: what is sent twice under one name is stored once.
func NewID() string {
	id := make([]byte, 16)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// Answer answers a task, in words of what is shown, and returns when the answer is
// stored. It is a *Refused where that will never be.
func (r *Rater) Answer(ctx context.Context, id, task string, answers people.Answers, took time.Duration) error {
	var reply struct{}
	return r.post(ctx, "/api/answer", map[string]any{"id": id, "task": task, "answers": answers, "milliseconds": took.Milliseconds()}, &reply)
}

// Undo takes an answer back.
func (r *Rater) Undo(ctx context.Context, id string) error {
	var reply struct{}
	return r.post(ctx, "/api/undo", map[string]string{"id": id}, &reply)
}

// Image loads an image of a task.
func (r *Rater) Image(ctx context.Context, address string) (content []byte, err error) {
	err = r.again(ctx, func() (err error) {
		content, err = r.send(ctx, http.MethodGet, r.base+address, nil)
		return err
	})
	return content, err
}
