package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/plumb-ml/plumb/core/people/database"
)

// base is what links begin with: as the experimenter's browser has it, or as was said.
func (s *Server) base(r *http.Request) string {
	switch {
	case s.Base != "":
		return strings.TrimSuffix(s.Base, "/")
	case s.TLS:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) serveExperiment(w http.ResponseWriter, r *http.Request, v visitor) error {
	now, err := s.board.now(r.Context(), s, v, s.base(r))
	if err != nil {
		return err
	}
	return s.page(w, "experiment.html", map[string]any{
		"Token": s.pageToken(v), "Version": pageVersion, "Title": s.Title, "Notice": s.Notice, "Exports": s.Exports, "Now": now,
	})
}

// serveNow answers with what of the page changes.
func (s *Server) serveNow(w http.ResponseWriter, r *http.Request, v visitor) error {
	now, err := s.board.now(r.Context(), s, v, s.base(r))
	if err != nil {
		return err
	}
	return s.page(w, "now", now)
}

func (s *Server) serveExport(w http.ResponseWriter, r *http.Request, _ visitor) error {
	for _, export := range s.Exports {
		if export.Name != r.PathValue("name") {
			continue
		}
		var b bytes.Buffer // what fails half way is no file
		if err := export.Write(r.Context(), &b); err != nil {
			return err
		}
		w.Header().Set("Content-Type", export.MediaType)
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", export.Name))
		_, err := w.Write(b.Bytes())
		return err
	}
	return errNone
}

type raterNamed struct {
	Name string `json:"name"`
}

type linkReply struct {
	Link string `json:"link"`
}

func (s *Server) addRater(r *http.Request, _ visitor, said raterNamed) (any, error) {
	rater, err := s.Database.AddRater(r.Context(), strings.TrimSpace(said.Name))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "name", err.Error()}
	}
	s.sessions.changed()
	return linkReply{s.base(r) + RaterPath(rater.Token)}, nil
}

type nothing struct{}

// revoke ends a link; what the rater was leased goes to others.
func (s *Server) revoke(r *http.Request, _ visitor, said raterNamed) (any, error) {
	err := s.Database.Revoke(r.Context(), said.Name)
	if errors.Is(err, database.ErrUnknown) {
		err = &fault{http.StatusNotFound, "name", err.Error()}
	}
	if err != nil {
		return nil, err
	}
	s.sessions.changed()
	s.Queue.Release(said.Name)
	return nothing{}, nil
}

type imageShown struct {
	Image string `json:"image"` // its address
}

// restore lets people be asked about a reported image again.
func (s *Server) restore(r *http.Request, v visitor, said imageShown) (any, error) {
	image, known := s.handles.image(v.token, strings.TrimPrefix(said.Image, "/image/"))
	if !known {
		return nil, errNotShown
	}
	if err := s.Database.Unreport(r.Context(), image); err != nil && !errors.Is(err, database.ErrUnknown) {
		return nil, err
	}
	return nothing{}, s.ask(r.Context())
}
