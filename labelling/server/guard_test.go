package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// TestAssetsAreSmall: what a page loads before its images, all together.
func TestAssetsAreSmall(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	_, _, html := p.get("/")
	whole := len(html)
	for name := range assets {
		_, _, body := p.get("/assets/" + pageVersion + "/" + name)
		whole += len(body)
	}
	if whole >= 100_000 || whole < 10_000 {
		t.Errorf("pages and assets have %d bytes", whole)
	}
	if status, _, _ := p.get("/assets/00000000/rater.js"); status != http.StatusNotFound {
		t.Errorf("an asset of another version: %d", status)
	}
}

// TestHeaders: every answer forbids what no page of this server needs, whatever it is.
func TestHeaders(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	image := p.next(1).Screens[0].Tasks[0].Images[0]
	for _, address := range []string{"/", "/r/forged", "/assets/" + pageVersion + "/rater.css", image, "/nothing", "/experiment"} {
		_, header, _ := p.get(address)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": policy,
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", address, name, got, want)
			}
		}
		if header.Get("Content-Type") == "" {
			t.Errorf("%s has no type", address)
		}
	}
	for _, words := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, words) {
			t.Errorf("the policy lacks %s", words)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error("the policy lets inline code run")
	}
	if _, header, _ := p.get(image); !strings.Contains(header.Get("Cache-Control"), "private") || !strings.Contains(header.Get("Cache-Control"), "immutable") || header.Get("Content-Type") != "image/png" {
		t.Errorf("an image comes with %v", header)
	}
	if _, header, _ := p.get("/"); header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page comes with %v", header)
	}
}

// TestCookies: what scripts and other sites cannot read or have sent.
func TestCookies(t *testing.T) {
	for _, tls := range []bool{false, true} {
		h := open(t, func(o *Options) { o.TLS = tls })
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, httptest.NewRequest("GET", h.link("ana"), nil))
		cookies := w.Result().Cookies()
		if w.Code != http.StatusOK || len(cookies) != 1 {
			t.Fatalf("%d, %d cookies", w.Code, len(cookies))
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != tls || c.Path != "/" || strings.HasPrefix(c.Name, "__Host-") != tls {
			t.Errorf("TLS %v: %v", tls, c)
		}
		if hsts := w.Header().Get("Strict-Transport-Security") != ""; hsts != tls {
			t.Errorf("TLS %v: HSTS %v", tls, hsts)
		}
	}
}

// TestHosts: a name that nobody gave the server may be another site's, which has it lead
// here; an address in numbers cannot.
func TestHosts(t *testing.T) {
	h := open(t, func(o *Options) { o.Hosts = []string{"lab.example"} })
	link := strings.TrimPrefix(h.link("ana"), h.http.URL)
	for host, want := range map[string]int{
		"127.0.0.1:8017": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8017": 200, "192.168.1.7": 200, "lab.example:443": 200, "Lab.Example.": 200,
		"evil.example": 421, "lab.example.evil.example": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequest("GET", link, nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}

// TestForgeries: what is not the page's own, or not this rater's, changes nothing.
func TestForgeries(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(2, 32)))
	ana, ben, lab := h.rater("ana"), h.rater("ben"), h.experimenter()
	task := ana.next(1).Screens[0].Tasks[0]
	good := answerAsked{strings.Repeat("a1", 16), task.ID, people.Answers{people.Alignment: people.Good}, 900}
	for _, test := range []struct {
		name   string
		change func(r *http.Request)
		who    *page
		status int
	}{
		{"without a page's token", func(r *http.Request) { r.Header.Del("X-Plumb-Page") }, ana, 403},
		{"with another's token", func(r *http.Request) { r.Header.Set("X-Plumb-Page", ben.token) }, ana, 403},
		{"with the experimenter's token", func(r *http.Request) { r.Header.Set("X-Plumb-Page", lab.token) }, ana, 403},
		{"from another origin", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, ana, 403},
		{"from another port", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, ana, 403},
		{"from another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, ana, 403},
		{"as a form", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, ana, 415},
		{"without a cookie", func(r *http.Request) { r.Header.Set("X-No-Cookie", "1") }, &page{h: h, client: http.DefaultClient, token: ana.token}, 401},
		{"by an experimenter", func(*http.Request) {}, lab, 401},
		{"of another's task", func(*http.Request) {}, ben, 409},
	} {
		r := test.who.request("answer", good)
		test.change(r)
		if status, _, body := test.who.do(r); status != test.status || !strings.Contains(body, `"error":`) {
			t.Errorf("%s: %d %s", test.name, status, body)
		}
	}
	if n := len(h.judgements()); n != 0 {
		t.Fatalf("%d judgements came of forgeries", n)
	}
	// A rater is no experimenter.
	for _, path := range []string{"/experiment", "/experiment/now", "/experiment/export/judgements.csv"} {
		if status, _, _ := ana.get(path); status != http.StatusUnauthorized {
			t.Errorf("%s is open to a rater: %d", path, status)
		}
	}
	for _, path := range []string{"experiment/rater", "experiment/revoke"} {
		if status, _ := ana.call(path, raterNamed{"ben"}, nil); status != http.StatusUnauthorized {
			t.Errorf("%s is open to a rater: %d", path, status)
		}
	}
	// Nor does anybody see images that were shown to others.
	if status, _, _ := ben.get(task.Images[0]); status != http.StatusForbidden {
		t.Errorf("an image that was shown to another: %d", status)
	}
	if status, reason := ben.call("report", reportAsked{task.Images[0], ""}, nil); status != http.StatusForbidden {
		t.Errorf("a report of an image that was shown to another: %d %s", status, reason)
	}
	if status, _ := ana.call("answer", good, nil); status != http.StatusOK {
		t.Errorf("the real one: %d", status)
	}
	// Taking back another's answer takes back nothing.
	if status, _ := ben.call("undo", undoAsked{ID: good.ID}, nil); status != http.StatusOK || len(h.judgements()) != 1 {
		t.Errorf("another's answer is taken back: %d, %d judgements", status, len(h.judgements()))
	}
}

// TestBodies: what is too long or no JSON of the page is refused, and says why.
func TestBodies(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	task := p.next(1).Screens[0].Tasks[0].ID
	id := strings.Repeat("0f", 16)
	for _, test := range []struct {
		path, body string
		status     int
	}{
		{"answer", `{"id": "` + strings.Repeat("x", bodyBytes) + `"}`, 413},
		{"answer", `{"id": `, 400},
		{"answer", `{} {}`, 400},
		{"answer", `{"purpose": "gold"}`, 400},
		{"answer", `[]`, 400},
		{"answer", fmt.Sprintf(`{"id": "short", "task": %q, "answers": {"alignment": "good"}}`, task), 400},
		{"answer", fmt.Sprintf(`{"id": %q, "task": %q, "answers": {"alignment": "splendid"}}`, id, task), 400},
		{"answer", fmt.Sprintf(`{"id": %q, "task": %q, "answers": {"fidelity": "good"}}`, id, task), 400},
		{"answer", fmt.Sprintf(`{"id": %q, "task": %q, "answers": {}}`, id, task), 400},
		{"answer", fmt.Sprintf(`{"id": %q, "task": "../../etc/passwd", "answers": {"alignment": "good"}}`, id), 409},
		{"next", `{"screens": -3}`, 200},
		{"next", `{"screens": 1000000}`, 200},
		{"report", `{"image": "/image/../../../etc/passwd"}`, 403},
		{"report", fmt.Sprintf(`{"image": "/image/x", "reason": %q}`, strings.Repeat("a", 300)), 400},
		{"nothing", `{}`, 404},
	} {
		r := p.request(test.path, nil)
		r.Body, r.ContentLength = http.NoBody, 0
		fresh, err := http.NewRequest(http.MethodPost, r.URL.String(), strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		fresh.Header = r.Header
		status, _, said := p.do(fresh)
		if status != test.status || status != 200 && !strings.Contains(said, `"error":`) {
			t.Errorf("%s %.60s: %d %.200s, want %d", test.path, test.body, status, said, test.status)
		}
	}
	if n := len(h.judgements()); n != 0 {
		t.Errorf("%d judgements", n)
	}
}

// TestPaths: no path of a request is one of the file system.
func TestPaths(t *testing.T) {
	h := open(t)
	p := h.rater("ana")
	for _, address := range []string{
		"/assets/" + pageVersion + "/..%2f..%2fserver.go", "/assets/" + pageVersion + "/page", "/assets/" + pageVersion + "/rater.html",
		"/image/..%2f..%2fetc%2fpasswd", "/image/" + blind(0), "/page/rater.js", "/../server.go", "/.git/config", "/favicon.ico", "/assets/../../go.mod",
	} {
		if status, _, body := p.get(address); status/100 != 4 || strings.Contains(body, "package server") {
			t.Errorf("%s: %d %.80s", address, status, body)
		}
	}
	for name := range assets {
		if path.Clean(name) != name || strings.Contains(name, "/") {
			t.Errorf("asset %q", name)
		}
	}
}

// TestLimits: one rater who asks without end is told to wait, and holds up nobody else.
func TestLimits(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	ana, ben := h.rater("ana"), h.rater("ben")
	held := 0
	for range callsAtOnce + 40 {
		w := httptest.NewRecorder()
		r := ana.request("next", nextAsked{1})
		for _, c := range ana.client.Jar.Cookies(r.URL) {
			r.AddCookie(c)
		}
		r.Host = r.URL.Host
		h.server.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests {
			held++
			if w.Header().Get("Retry-After") == "" {
				t.Error("it is not said when to come again")
			}
		}
	}
	if held == 0 {
		t.Error("nothing holds a rater up who asks without end")
	}
	ben.next(1)
}

// TestSlowClients: a client that does not finish its request is let go, and the longest
// header is bounded.
func TestSlowClients(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for some seconds")
	}
	h := open(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := h.server.HTTP()
	go server.Serve(listener)
	defer server.Close()
	says := func(request string, within time.Duration) string {
		t.Helper()
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(within))
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		reply, err := io.ReadAll(conn)
		if err != nil {
			t.Errorf("the connection is held: %v", err)
		}
		return string(reply)
	}
	says("GET / HTTP/1.1\r\nHost: localhost\r\n", headerWithin+10*time.Second)
	if reply := says("GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 2*headerBytes)+"\r\n\r\n", headerWithin+10*time.Second); !strings.HasPrefix(reply, "HTTP/1.1 431") {
		t.Errorf("a long header gets %.80q", reply)
	}
}

// TestLinks: one that was forged, and one that was taken back, get plain words.
func TestLinks(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	link := h.link("ana")
	says := func(address string, want int) {
		t.Helper()
		r, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html,application/xhtml+xml")
		status, header, body := p.do(r)
		if status != want || !strings.Contains(header.Get("Content-Type"), "html") || !strings.Contains(body, "This link does not hold") {
			t.Errorf("%s: %d %s", address, status, body)
		}
	}
	says(h.http.URL+"/r/AAAAAAAAAAAAAAAAAAAAAAAAAA", 401)
	says(h.http.URL+"/x/AAAAAAAAAAAAAAAAAAAAAAAAAA", 401)
	says(strings.Replace(link, "/r/", "/x/", 1), 401)
	lab := h.experimenter()
	if status, _ := lab.call("experiment/revoke", raterNamed{"ana"}, nil); status != http.StatusOK {
		t.Fatalf("revoke: %d", status)
	}
	says(link, 401)
	says(h.http.URL+"/", 401)
	if status, reason := p.call("next", nextAsked{1}, nil); status != http.StatusUnauthorized || reason != "link" {
		t.Errorf("next after the link was taken back: %d %s", status, reason)
	}
	if status, _ := lab.call("experiment/revoke", raterNamed{"nobody"}, nil); status != http.StatusNotFound {
		t.Errorf("revoke nobody: %d", status)
	}
	var made linkReply
	if status, _ := lab.call("experiment/rater", raterNamed{" ana "}, &made); status != http.StatusOK || made.Link == link {
		t.Errorf("a new link: %d %s", status, made.Link)
	}
	if status, _ := lab.call("experiment/rater", raterNamed{""}, nil); status != http.StatusBadRequest {
		t.Errorf("a rater without a name: %d", status)
	}
	h.visit(made.Link, "/").next(1)
	if _, err := h.database.Raters(context.Background()); err != nil {
		t.Fatal(err)
	}
}
