package server

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"
)

// visitor is who sends a request.
type visitor struct {
	name         string // the rater's; empty: the experimenter
	token        string
	experimenter bool
}

// ratersFor is how long the list of raters is believed: another process may add one.
const ratersFor = time.Second

// sessions knows whose a token is. A token is all that there is of a session: it is in
// the link and in the cookie, outlasts the server, and ends when it is revoked.
type sessions struct {
	database     Database
	experimenter string

	mu    sync.Mutex
	read  time.Time
	names map[string]string // by token, those that hold
}

func newSessions(database Database, experimenter string) *sessions {
	return &sessions{database: database, experimenter: experimenter}
}

// rater is whose link has a token; "" if it is nobody's, or does not hold any more.
func (s *sessions) rater(ctx context.Context, token string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.read) > ratersFor {
		all, err := s.database.Raters(context.WithoutCancel(ctx))
		if err != nil {
			return "", err
		}
		s.names, s.read = map[string]string{}, time.Now()
		for _, rater := range all {
			if rater.Revoked.IsZero() {
				s.names[rater.Token] = rater.Name
			}
		}
	}
	return s.names[token], nil
}

// changed lets the list of raters be read anew.
func (s *sessions) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = time.Time{}
}

func (s *sessions) isExperimenter(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.experimenter)) == 1
}
