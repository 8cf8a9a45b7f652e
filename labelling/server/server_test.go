package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/queue"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// pictures are images by their names: made up, each other than all others.
type pictures map[string][]byte

func (p pictures) Image(_ context.Context, id string) ([]byte, string, error) {
	content, known := p[id]
	if !known {
		return nil, "", fs.ErrNotExist
	}
	return content, "image/png", nil
}

// picture draws a disc on a ground, side pixels wide.
func picture(t *testing.T, side, n int) []byte {
	t.Helper()
	colors := [][3]byte{{220, 60, 50}, {40, 110, 200}, {240, 190, 40}, {60, 160, 80}, {140, 80, 170}, {240, 240, 235}}
	disc, ground := colors[n%5], colors[(n/5+n+2)%6]
	pixels := make([]byte, 0, 3*side*side)
	for y := range side {
		for x := range side {
			dx, dy := 2*x-side+n%7-3, 2*y-side+n%5-2
			color := ground
			if dx*dx+dy*dy < side*side*(3+n%3)/9 {
				color = disc
			}
			color[2] ^= byte(n % 8)
			pixels = append(pixels, color[:]...)
		}
	}
	content, err := imaging.EncodePNG(imaging.Image{Width: side, Height: side, RGB: pixels})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// house is a server with an experiment to judge, reached over a real connection.
type house struct {
	t        *testing.T
	database *database.Database
	queue    *queue.Queue
	server   *Server
	pictures pictures
	http     *httptest.Server
	away     atomic.Bool // no request gets an answer
}

// blind is a made-up image's name.
func blind(n int) string { return fmt.Sprintf("%032x", 0xabc000+n) }

// rated are items to rate: three images of each prompt, in two categories.
func (h *house) rated(prompts, side int) []people.Item {
	h.t.Helper()
	words := []string{"a red disc on blue", "two green rings", "a cat in the rain", "one yellow square beside a very small blue triangle at night", "three dogs"}
	var items []people.Item
	for p := range prompts {
		prompt := words[p%len(words)]
		if p >= len(words) {
			prompt = fmt.Sprintf("%s, %d", prompt, p/len(words))
		}
		for i := range 3 {
			id := blind(3*p + i)
			h.pictures[id] = picture(h.t, side, 3*p+i)
			items = append(items, people.Item{ID: id, Images: []string{id}, Prompt: prompt, Category: []string{"color", "count"}[p%2]})
		}
	}
	return items
}

// several are items of k images each.
func (h *house) several(count, k, side int) []people.Item {
	h.t.Helper()
	var items []people.Item
	for n := range count {
		var images []string
		for i := range k {
			id := blind(1000 + k*n + i)
			h.pictures[id] = picture(h.t, side, 7*n+i+3)
			images = append(images, id)
		}
		items = append(items, people.Item{ID: people.ItemID(images...), Images: images, Prompt: []string{"a red disc on blue", "two green rings"}[n%2], Category: "color"})
	}
	return items
}

// rating is the question whether images show their prompts.
func rating(items []people.Item) queue.Asked {
	return queue.Asked{Question: people.Question{Name: "labels/people", Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 2, Together: 3, Order: people.Balanced}, Items: items}
}

// open builds a house that asks nothing yet.
func open(t *testing.T, change ...func(*Options)) *house {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people", "judgements.sqlite")
	h := &house{t: t, pictures: pictures{}}
	var err error
	if h.database, err = database.Open(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.database.Close() })
	h.serve(change...)
	h.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.away.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		h.server.ServeHTTP(w, r)
	}))
	t.Cleanup(h.http.Close)
	return h
}

// serve makes the server, or makes it anew as after a restart: all that it knows is in
// the database.
func (h *house) serve(change ...func(*Options)) {
	h.t.Helper()
	ctx := h.t.Context()
	secret, err := h.database.Secret(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	h.queue = queue.New(queue.Options{Secret: []byte(secret), Lease: 10 * time.Minute, Now: time.Now})
	judgements, err := h.database.Judgements(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, j := range judgements {
		h.queue.Record(j)
	}
	options := Options{Database: h.database, Queue: h.queue, Images: h.pictures, Title: "shapes", Version: "plumb test"}
	for _, one := range change {
		one(&options)
	}
	if h.server, err = New(ctx, options); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) ask(asked ...queue.Asked) {
	h.t.Helper()
	if err := h.server.Set(h.t.Context(), asked); err != nil {
		h.t.Fatal(err)
	}
}

// link is the address that a rater is given.
func (h *house) link(name string) string {
	h.t.Helper()
	rater, err := h.database.AddRater(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	h.server.sessions.changed()
	return h.http.URL + RaterPath(rater.Token)
}

func (h *house) judgements() []people.Judgement {
	h.t.Helper()
	all, err := h.database.Judgements(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// page is a browser without a screen: it keeps cookies and knows its page's token.
type page struct {
	h      *house
	client *http.Client
	token  string
}

// visit opens a link and the page behind it.
func (h *house) visit(link, path string) *page {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	p := &page{h: h, client: &http.Client{Jar: jar}}
	if status, _, body := p.get(strings.TrimPrefix(link, h.http.URL)); status != http.StatusOK || !strings.Contains(body, `url=`+path) {
		h.t.Fatalf("%s: %d %s", link, status, body)
	}
	_, _, body := p.get(path)
	found := regexp.MustCompile(`name="plumb-page" content="([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		h.t.Fatalf("the page has no token: %s", body)
	}
	p.token = found[1]
	return p
}

func (h *house) rater(name string) *page { h.t.Helper(); return h.visit(h.link(name), "/") }

func (h *house) experimenter() *page {
	h.t.Helper()
	return h.visit(h.http.URL+h.server.ExperimenterPath(), "/experiment")
}

func (p *page) do(r *http.Request) (status int, header http.Header, body string) {
	p.h.t.Helper()
	answer, err := p.client.Do(r)
	if err != nil {
		p.h.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(content)
}

func (p *page) get(path string) (status int, header http.Header, body string) {
	p.h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.h.http.URL+path, nil)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return p.do(r)
}

// request is what the page's script sends.
func (p *page) request(path string, body any) *http.Request {
	p.h.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, p.h.http.URL+"/api/"+path, bytes.NewReader(content))
	if err != nil {
		p.h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Plumb-Page", p.token)
	r.Header.Set("Origin", p.h.http.URL)
	return r
}

// call sends it and reads the reply into to, if it is not nil; it returns the status and,
// of a refusal, its reason.
func (p *page) call(path string, body, to any) (status int, reason string) {
	p.h.t.Helper()
	status, _, content := p.do(p.request(path, body))
	if status != http.StatusOK {
		var said struct{ Error, Reason string }
		if err := json.Unmarshal([]byte(content), &said); err != nil || said.Error == "" {
			p.h.t.Errorf("%s: %d without plain words: %s", path, status, content)
		}
		return status, said.Reason
	}
	if to != nil {
		if err := json.Unmarshal([]byte(content), to); err != nil {
			p.h.t.Fatal(err)
		}
	}
	return status, ""
}

func (p *page) next(screens int) nextReply {
	p.h.t.Helper()
	var reply nextReply
	if status, reason := p.call("next", nextAsked{screens}, &reply); status != http.StatusOK {
		p.h.t.Fatalf("next: %d %s", status, reason)
	}
	return reply
}

// answer answers a task, and returns the ID that it made for that.
func (p *page) answer(task, word string) (id string, status int, reason string) {
	p.h.t.Helper()
	id = fmt.Sprintf("%032x", len(p.h.judgements())+7919*len(task)+int(time.Now().UnixNano()))
	status, reason = p.call("answer", answerAsked{id, task, people.Answers{people.Alignment: word}, 1200}, nil)
	return id, status, reason
}
