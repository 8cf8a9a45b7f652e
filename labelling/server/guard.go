package server

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// policy lets pages have their own style, scripts, images and calls, nothing of others,
// and be in nobody's frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// bodyBytes bounds what a request says.
const bodyBytes = 64 << 10

// fault is why a request is not answered: an honest status and plain words.
type fault struct {
	status int
	reason string // a word for programs, may be empty
	words  string
}

func (f *fault) Error() string { return f.words }

var (
	errLink = &fault{http.StatusUnauthorized, "link", "This link does not hold: it was mistyped, or it was taken back. Ask who sent it to you for another."}
	errNone = &fault{http.StatusNotFound, "", "There is nothing here."}
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	header.Set("Cache-Control", "no-store")
	if s.TLS {
		header.Set("Strict-Transport-Security", "max-age=86400")
	}
	if !s.here(r.Host) {
		s.fail(w, r, &fault{http.StatusMisdirectedRequest, "host", "This server does not go by that name. Use the address as plumb label prints it."})
		return
	}
	if err := s.origins.Check(r); err != nil {
		s.fail(w, r, &fault{http.StatusForbidden, "origin", "This comes from another site's page."})
		return
	}
	s.routes.ServeHTTP(w, r)
}

// here reports whether a request's host is this server's. Another site's page may send a
// browser here under a name of its own, whose address it changes: names that nobody gave
// this server are refused, addresses in numbers cannot be changed.
func (s *Server) here(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || slices.ContainsFunc(s.Hosts, func(name string) bool { return strings.EqualFold(name, host) }) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// cookie names a cookie: cookies are shared by all ports of a machine, and another
// experiment may be served beside this one.
func (s *Server) cookie(of string) string {
	name := "plumb-" + of + "-" + s.name("cookie")[:8]
	if s.TLS {
		return "__Host-" + name
	}
	return name
}

// cookieFor is how long a browser keeps a link, in seconds: ninety days.
const cookieFor = 90 * 24 * 60 * 60

func (s *Server) remember(w http.ResponseWriter, of, token string) {
	http.SetCookie(w, &http.Cookie{Name: s.cookie(of), Value: token, Path: "/", MaxAge: cookieFor, HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteStrictMode})
}

// pageToken is what a page proves with that it is this server's own, and still that of
// the visitor whose cookie the browser sends: another link may have been opened since.
func (s *Server) pageToken(v visitor) string { return s.name("page", v.token) }

// handler answers a visitor.
type handler func(w http.ResponseWriter, r *http.Request, v visitor) error

// rater lets raters through.
func (s *Server) rater(answer handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visitor(r, "rater")
		if err == nil {
			err = answer(w, r, v)
		}
		s.fail(w, r, err)
	}
}

// experimenterOnly lets the experimenter through.
func (s *Server) experimenterOnly(answer handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visitor(r, "experimenter")
		if err == nil {
			err = answer(w, r, v)
		}
		s.fail(w, r, err)
	}
}

// visitor is who a request's cookie says that it is.
func (s *Server) visitor(r *http.Request, of string) (visitor, error) {
	cookie, err := r.Cookie(s.cookie(of))
	if err != nil {
		return visitor{}, errLink
	}
	return s.known(r, of, cookie.Value)
}

// known is whose a token is.
func (s *Server) known(r *http.Request, of, token string) (visitor, error) {
	if of == "experimenter" {
		if !s.sessions.isExperimenter(token) {
			return visitor{}, errLink
		}
		return visitor{token: token, experimenter: true}, nil
	}
	name, err := s.sessions.rater(r.Context(), token)
	if err != nil {
		return visitor{}, err
	}
	if name == "" {
		return visitor{}, errLink
	}
	return visitor{name: name, token: token}, nil
}

// call is a handler of what a page's script sends: within the limits, with the page's
// token, and with JSON of a type.
func call[T any](s *Server, answer func(r *http.Request, v visitor, said T) (any, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, v visitor) error {
		if !s.limits.allow(v.token, "calls", callsASecond, callsAtOnce) {
			w.Header().Set("Retry-After", "1")
			return &fault{http.StatusTooManyRequests, "rate", "These are too many requests at once."}
		}
		if !hmac.Equal([]byte(r.Header.Get("X-Plumb-Page")), []byte(s.pageToken(v))) {
			return &fault{http.StatusForbidden, "page", "This page is not that of this browser's link any more: another link was opened in it. Open your own again."}
		}
		if mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(mediaType) != "application/json" {
			return &fault{http.StatusUnsupportedMediaType, "", "This is not JSON."}
		}
		var said T
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytes))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&said)
		if err == nil {
			if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
				err = errors.Join(errors.New("more than one value"), more)
			}
		}
		if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
			return &fault{http.StatusRequestEntityTooLarge, "", fmt.Sprintf("This is longer than %d KiB.", bodyBytes>>10)}
		}
		if err != nil {
			return &fault{http.StatusBadRequest, "", "This is not what the page sends: " + err.Error()}
		}
		reply, err := answer(r, v, said)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(reply)
	}
}

// fail says why a request is not answered, if err is not nil: to a script as JSON, to
// somebody who opens an address as a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{http.StatusServiceUnavailable, "server", err.Error()}
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(f.status)
		pages.ExecuteTemplate(w, "message.html", map[string]string{"Title": titles[f.status], "Text": f.words, "Version": pageVersion})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(map[string]string{"error": f.words, "reason": f.reason})
}

// titles are the headings of messages.
var titles = map[int]string{
	http.StatusUnauthorized: "This link does not hold", http.StatusNotFound: "Nothing here",
	http.StatusForbidden: "Not from here", http.StatusMisdirectedRequest: "Another address",
	http.StatusServiceUnavailable: "Not now",
}
