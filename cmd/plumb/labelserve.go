package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/wordwrap"
	"github.com/plumb-ml/plumb/labelling/exchange"
	"github.com/plumb-ml/plumb/labelling/queue"
	"github.com/plumb-ml/plumb/labelling/server"
)

const (
	// labelLease is how long a rater holds what is shown after the last sign of life.
	labelLease = 10 * time.Minute
	// lookAgain is how often it is looked whether other processes have drawn images or
	// changed judgements.
	lookAgain = 2 * time.Second
	// servingFile is beside the judgements, and says where they are served.
	servingFile = "served"
)

// label serves what is asked, until ctx ends, or until simulated raters have answered all.
func (s *loaded) label(ctx context.Context, asked []session.Asked, flags labelFlags) (err error) {
	p := s.program
	path := s.Judgements()
	d, err := database.Open(path)
	if err != nil {
		return exit{exitFailed, err}
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	lock := flock.New(filepath.Join(filepath.Dir(path), servingFile), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	if alone, err := lock.TryLock(); err == nil && !alone {
		where, _ := os.ReadFile(lock.Path())
		return exit{exitFailed, fmt.Errorf("these judgements are served already, at %s: use that page, or stop the other `plumb label` first", strings.TrimSpace(string(where)))}
	}
	defer lock.Close()

	serving, err := s.newServing(ctx, d, flags)
	if err != nil {
		return err
	}
	if err := serving.set(ctx, asked); err != nil {
		return exit{exitFailed, err}
	}
	listener, err := flags.listen()
	if err != nil {
		return exit{exitFailed, err}
	}
	base, names := flags.base(listener)
	serving.server.Base, serving.server.Hosts = base, names
	os.WriteFile(lock.Path(), []byte(base+"\n"), 0o600) // for who tries the same: no harm if it cannot be
	defer os.Truncate(lock.Path(), 0)
	ended := make(chan error, 1)
	web := serving.server.HTTP()
	go func() {
		if flags.cert != "" {
			ended <- web.ServeTLS(listener, flags.cert, flags.key)
		} else {
			ended <- web.Serve(listener)
		}
	}()
	defer web.Close()
	if err := serving.tellBegin(ctx, asked, base, flags); err != nil {
		return err
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	simulated := make(chan error, 1)
	if serving.crowd != nil {
		defer serving.crowd.close()
		go func() { simulated <- serving.simulate(following, base) }()
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return exit{exitFailed, fmt.Errorf("the page is not served any more: %w", err)}
		case err := <-simulated:
			if err != nil && ctx.Err() == nil {
				return exit{exitFailed, err}
			}
			serving.tellProgress()
			return nil
		case <-tick.C:
			serving.follow(ctx)
			serving.tellProgress()
		case <-ctx.Done():
			polite, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
			defer cancel()
			web.Shutdown(polite)
			serving.tellProgress()
			fmt.Fprintf(p.err, "\nStopped. All answers are kept in %s. The same links hold after\n  %s\n", nearby(path), p.command("label", s.File))
			return nil
		}
	}
}

// serving is a page that is served, and what it was told.
type serving struct {
	*loaded
	database *database.Database
	queue    *queue.Queue
	server   *server.Server
	asked    []session.Asked
	crowd    *crowd // that is simulated; nil: people answer

	elsewhere int64 // database.Elsewhere, when judgements were read last
	known     map[string]people.Judgement
	complete  map[string]bool // questions of which it was told
	trouble   string          // that was told last
}

func (s *loaded) newServing(ctx context.Context, d *database.Database, flags labelFlags) (*serving, error) {
	secret, err := d.Secret(ctx)
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	v := &serving{loaded: s, database: d, complete: map[string]bool{}, known: map[string]people.Judgement{}}
	v.queue = queue.New(queue.Options{Secret: []byte(secret), Lease: labelLease, Now: time.Now})
	options := server.Options{Database: d, Queue: v.queue, Images: s.Session, Title: s.Name, Version: "plumb " + session.Version(), TLS: flags.cert != "",
		Next: func() string { return s.program.command("run", s.File) }, Exports: exportsOf(d)}
	names := flags.raters
	if flags.simulate != "" {
		if v.crowd, err = s.newCrowd(ctx, flags.simulate); err != nil {
			return nil, err
		}
		options.Notice = "A demonstration: simulated raters of " + flags.simulate + " answer here, and what is answered here counts as theirs."
		options.Version = "simulated by " + flags.simulate + ", " + options.Version
	} else if len(names) == 0 {
		if known, err := d.Raters(ctx); err != nil {
			return nil, exit{exitFailed, err}
		} else if len(known) == 0 {
			names = []string{"rater-1"}
		}
	}
	for _, name := range names {
		if _, err := d.AddRater(ctx, strings.TrimSpace(name)); err != nil {
			return nil, err
		}
	}
	if v.server, err = server.New(ctx, options); err != nil {
		return nil, exit{exitFailed, err}
	}
	return v, v.hear(ctx)
}

// exportsOf are the files of all judgements that the experimenter's page offers.
func exportsOf(d *database.Database) []server.Export {
	var all []server.Export
	for format, mediaType := range map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"} {
		all = append(all, server.Export{Name: "judgements." + format, MediaType: mediaType, Write: func(ctx context.Context, w io.Writer) error {
			judgements, err := d.Judgements(ctx)
			if err != nil {
				return err
			}
			return exchange.Encode(w, format, judgements)
		}})
	}
	slices.SortFunc(all, func(a, b server.Export) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// set tells the server what is asked.
func (v *serving) set(ctx context.Context, asked []session.Asked) error {
	v.asked = asked
	var all []queue.Asked
	for _, one := range asked {
		if len(one.Items) > 0 {
			all = append(all, queue.Asked{Question: one.Question, Items: one.Items})
		}
	}
	return v.server.Set(ctx, all)
}

// hear reads judgements, and tells the queue what has changed since they were read last.
func (v *serving) hear(ctx context.Context) (err error) {
	if v.elsewhere, err = v.database.Elsewhere(ctx); err != nil {
		return err
	}
	all, err := v.database.Judgements(ctx)
	if err != nil {
		return err
	}
	now := make(map[string]people.Judgement, len(all))
	for _, j := range all {
		if now[j.ID] = j; v.known[j.ID].ID == "" {
			v.queue.Record(j)
		}
	}
	type given struct {
		question, item, rater string
		purpose               people.Purpose
	}
	stands := map[given]bool{} // one who took an answer back may have given another
	for _, j := range all {
		stands[given{j.Question, j.Item, j.Rater, j.Purpose}] = true
	}
	for id, j := range v.known {
		if now[id].ID == "" && !stands[given{j.Question, j.Item, j.Rater, j.Purpose}] {
			v.queue.Remove(j)
		}
	}
	v.known = now
	return nil
}

// follow takes in what other processes have done: judgements that came or went, images
// that were drawn.
func (v *serving) follow(ctx context.Context) {
	err := func() error {
		elsewhere, err := v.database.Elsewhere(ctx)
		if err != nil {
			return err
		}
		changed := elsewhere != v.elsewhere
		if changed {
			if err := v.hear(ctx); err != nil {
				return err
			}
		}
		open := false // to more images
		for _, one := range v.asked {
			open = open || len(one.Undrawn) > 0 || len(one.Problems) > 0
		}
		if !open {
			if changed { // reports, too
				return v.set(ctx, v.asked)
			}
			return nil
		}
		before := map[string]int{}
		for _, one := range v.asked {
			before[one.Name] = len(one.Items)
		}
		asked, err := v.Ask(ctx)
		if err != nil {
			return err
		}
		more := changed
		for _, one := range asked {
			if len(one.Items) != before[one.Name] {
				more = true
				v.tell("%s: %s now", one.Name, count(one))
			}
		}
		v.asked = asked
		if more {
			return v.set(ctx, asked)
		}
		return nil
	}()
	told := ""
	if err != nil && ctx.Err() == nil {
		told = err.Error()
	}
	if told != v.trouble && told != "" {
		v.program.complain(fmt.Errorf("%w; what is served goes on", err))
	}
	v.trouble = told
}

// tell prints a line with the time.
func (v *serving) tell(format string, values ...any) {
	fmt.Fprintf(v.program.err, "%s  %s\n", time.Now().Format("15:04"), indent(fmt.Sprintf(format, values...), 7, 80))
}

// tellProgress says which questions have become complete, and how to go on.
func (v *serving) tellProgress() {
	progress := map[string]people.Progress{}
	counted := v.queue.Progress()
	for i, name := range v.names() {
		if i < len(counted) {
			progress[name] = counted[i]
		}
	}
	fresh, left := false, 0
	for _, one := range v.asked {
		p, asks := progress[one.Name]
		switch {
		case !asks || p.Missing > 0 || len(one.Undrawn) > 0:
			left++
			v.complete[one.Name] = false
		case !v.complete[one.Name]:
			v.complete[one.Name] = true
			fresh = true
			v.tell("%s is complete: %s.", one.Name, answered(one, p))
		}
	}
	if !fresh {
		return
	}
	if left > 0 {
		v.tell("%s left. What can go on does so with", plural(left, "question is", "questions are"))
	} else {
		v.tell("Nothing is left to be judged. Go on with")
	}
	fmt.Fprintf(v.program.err, "       %s\n", v.program.command("run", v.File))
}

// names are those of the questions that are asked, in the queue's order.
func (v *serving) names() []string {
	var names []string
	for _, one := range v.asked {
		if len(one.Items) > 0 {
			names = append(names, one.Name)
		}
	}
	return names
}

// things names what is judged at once.
func things(kind people.Kind) (one, many string) {
	switch kind {
	case people.Compare:
		return "pair", "pairs"
	case people.Rank:
		return "ranking", "rankings"
	}
	return "image", "images"
}

// count says how much a question asks.
func count(asked session.Asked) string {
	one, many := things(asked.Kind)
	return fmt.Sprintf("%s, by %s each", plural(len(asked.Items), one, many), plural(asked.Raters, "rater", "raters"))
}

func answered(asked session.Asked, p people.Progress) string {
	one, many := things(asked.Kind)
	text := fmt.Sprintf("%s judged by %s each", plural(p.Complete, one, many), plural(asked.Raters, "rater", "raters"))
	if p.Reported > 0 {
		text += fmt.Sprintf(", %d left out as unsafe", p.Reported)
	}
	return text
}

// tellBegin prints what is asked, and the links.
func (v *serving) tellBegin(ctx context.Context, asked []session.Asked, base string, flags labelFlags) error {
	p := v.program
	raters, err := v.database.Raters(ctx)
	if err != nil {
		return exit{exitFailed, err}
	}
	fmt.Fprintln(p.out, p.bold(p.out, "\nWhat is asked"))
	progress, at := v.queue.Progress(), 0
	for _, one := range asked {
		text := count(one)
		if len(one.Items) > 0 {
			if done := progress[at]; done.Missing > 0 {
				text += fmt.Sprintf("; %s to go", plural(done.Missing, "answer", "answers"))
			} else {
				text += "; all answered"
				v.complete[one.Name] = len(one.Undrawn) == 0
			}
			at++
		} else if len(one.Problems) == 0 {
			text = "no images yet"
		}
		if len(one.Undrawn) > 0 {
			text += fmt.Sprintf("; asked when %s drawn: %s", plural(len(one.Undrawn), "table of images is", "tables of images are"), strings.Join(one.Undrawn, ", "))
		}
		fmt.Fprintf(p.out, "  %s\n    %s\n", one.Name, indent(text, 4, 80))
		if len(one.Problems) > 0 {
			fmt.Fprintf(p.out, "    it cannot be asked yet: see below\n")
			p.warn(one.Problems)
		}
	}
	if !flags.loopback() {
		said := "Whoever is on the network can reach this page, and links are all that keeps them out."
		if flags.cert == "" {
			said += " What is sent is not encrypted: who listens gets links and answers. Give --tls-cert and --tls-key, or let raters come through an SSH tunnel."
		}
		fmt.Fprintf(p.err, "\nWarning: %s\n", indent(said, 0, 80))
	}
	fmt.Fprintln(p.out, p.bold(p.out, "\nLinks")+", each for one person alone")
	for _, rater := range raters {
		if rater.Revoked.IsZero() {
			p.writeLink(rater.Name, base+server.RaterPath(rater.Token))
		}
	}
	p.writeLink("yours, to watch and to invite others", base+v.server.ExperimenterPath())
	fmt.Fprintf(p.out, "\nCtrl-C ends it. Answers are in\n  %s\n", nearby(v.Judgements()))
	return nil
}

// writeLink prints whose a link is, and the link on a line of its own: a terminal that
// breaks it makes it useless.
func (p *program) writeLink(whose, link string) {
	fmt.Fprintf(p.out, "  %s\n    %s\n", strings.Join(wordwrap.Lines(whose, 76), "\n  "), link)
}

// nearby is a path as seen from the working directory, if it lies below.
func nearby(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if near, err := filepath.Rel(here, absolute); err == nil && filepath.IsLocal(near) {
		return near
	}
	return path
}
