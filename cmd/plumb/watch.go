package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/reports/live"
)

func (p *program) watchCommand() *cobra.Command {
	port, text := 0, false
	command := &cobra.Command{
		Use:   "watch [RUN]",
		Short: "Show a run while it goes on: stages, curves and new images, on a page",
		Long: "Show a run while it goes on, on a page of this machine alone: how far it is, the\n" +
			"curves of its trainings, and images of the stages that draw. The page's address\n" +
			"is printed, and holds until Ctrl-C; the run is not touched.\n\n" +
			"RUN is a name as `plumb runs` lists it, or the FILE of an experiment; without one\n" +
			"it is the run that was begun last. It may have begun in another terminal, begin\n" +
			"later, or have ended. --text prints what happens in place of the page, until the\n" +
			"run ends.\n\n" +
			"On another machine: ssh -L 8080:127.0.0.1:8080 HOST, and there --port 8080.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			w := &watched{program: p}
			defer w.close()
			if len(args) == 1 {
				if err := w.find(command.Context(), args[0]); err != nil {
					return err
				}
			}
			if text {
				return w.tell(command.Context())
			}
			return w.serve(command.Context(), port)
		},
	}
	command.Flags().IntVar(&port, "port", 0, "port of the page; 0: any that is free")
	command.Flags().BoolVar(&text, "text", false, "print what happens, until the run ends")
	return command
}

// watched is the run that is watched, as the store has it at any moment. The store is
// open only while it is looked at: who watches keeps nobody from collecting garbage.
type watched struct {
	program  *program
	word     string // what the user called the run; empty: the one that was begun last
	fullName string // once it is certain that it is this one: the word says so

	store  *store.Store
	latest string    // the full name of the latest run that the word may mean
	listed time.Time // when that was looked up
}

var _ live.Source = (*watched)(nil)

// find takes what the user calls the run. One that is not there yet is waited for.
func (w *watched) find(ctx context.Context, word string) error {
	p := w.program
	if ext := filepath.Ext(word); ext == ".hcl" || ext == ".json" {
		s, err := p.read(ctx, word)
		if err != nil {
			return err
		}
		s.Close()
		w.word = s.Name
		return nil
	}
	w.word = word
	if err := w.open(); err != nil {
		return err
	}
	defer w.close()
	found, err := p.findRun(w.store, word)
	switch {
	case err == nil && strings.Contains(word, "@"):
		w.fullName = found.FullName
	case err == nil:
		w.word = nameOf(found)
		if !strings.HasPrefix(found.FullName, word) { // by its ID
			w.fullName = found.FullName
		}
	case strings.ContainsAny(word, "@"+string(filepath.Separator)):
		return err
	default: // a name may come to be that of a run
		fmt.Fprintf(p.err, "plumb: %v. It is waited for.\n", err)
	}
	return nil
}

func (w *watched) open() error {
	if w.store != nil {
		return nil
	}
	s, err := w.program.readStore()
	w.store = s
	return err
}

func (w *watched) close() {
	if w.store != nil {
		w.store.Close()
		w.store = nil
	}
}

// listEvery is how often it is looked up whether another run has begun since: a list may
// be long.
const listEvery = 3 * time.Second

// Run implements live.Source.
func (w *watched) Run() (*record.Run, error) {
	w.close() // it may have been made anew, and its memory of what is intact is no more than that
	if err := w.open(); err != nil {
		return nil, err
	}
	defer w.close()
	if w.fullName != "" {
		run, err := w.store.Run(w.fullName)
		if run != nil || err != nil {
			return run, err
		}
		// A run that waited for people goes on under another ID.
		w.word, w.fullName = nameOf(store.ListedRun{FullName: w.fullName}), ""
	}
	if w.latest != "" && time.Since(w.listed) < listEvery {
		if run, err := w.store.Run(w.latest); run != nil && err == nil {
			return run, nil
		}
	}
	all, err := w.store.Runs()
	if err != nil {
		return nil, err
	}
	var unreadable error
	for _, one := range all { // the one that was begun last comes first
		if w.word != "" && nameOf(one) != w.word {
			continue
		}
		if one.Run != nil {
			w.latest, w.listed = one.FullName, time.Now()
			return one.Run, nil
		}
		unreadable = one.Err
	}
	return nil, unreadable
}

// Metrics implements live.Source.
func (w *watched) Metrics(run *record.Run) string {
	here := filepath.Join(w.program.runsDir, run.FullName(), session.MetricsFile)
	if _, err := os.Stat(here); err != nil && run.Dir != "" {
		return filepath.Join(run.Dir, session.MetricsFile)
	}
	return here
}

// Images implements live.Source.
func (w *watched) Images(key string) (tables []string, whole bool, err error) {
	if err := w.open(); err != nil {
		return nil, false, err
	}
	defer w.close()
	made, err := w.store.Record(key)
	if err != nil {
		return nil, false, err
	}
	if made != nil {
		path, err := w.store.File(made.Outputs[plan.Images])
		return []string{path}, true, err
	}
	scratch, err := w.store.ScratchPath(key)
	if err != nil {
		return nil, false, err
	}
	tables, err = stage.DrawnParts(scratch)
	return tables, false, err
}

// what says what is watched.
func (w *watched) what() string {
	switch {
	case w.fullName != "":
		return w.fullName
	case w.word != "":
		return "The latest run of " + w.word
	}
	return "The latest run"
}

// serve serves the page until the context ends.
func (w *watched) serve(ctx context.Context, port int) error {
	p := w.program
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return exit{exitFailed, fmt.Errorf("serve the page: %w; --port names another port, 0 any that is free", err)}
	}
	page := live.NewServer(w, w.what())
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	fmt.Fprintf(p.out, "%s is shown at\n  %s\nuntil Ctrl-C. The address is for you alone: who has it sees the run.\n", w.what(), page.Address(listener.Addr()))
	p.say = func(string) {} // there is nothing to stop in good order
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return exit{exitFailed, fmt.Errorf("serve the page: %w", err)}
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return exit{exitFailed, fmt.Errorf("end the page: %w", err)}
	}
	return nil
}

// lookEvery is how often a run is looked at that is told as text.
const lookEvery = 500 * time.Millisecond

// tell prints what happens until the run ends.
func (w *watched) tell(ctx context.Context) error {
	var follower *events.Follower
	var shown *record.Run
	waiting, last := false, false
	for {
		run, err := w.Run()
		if err != nil {
			return exit{exitFailed, err}
		}
		if run != nil && (shown == nil || shown.FullName() != run.FullName()) {
			follower = events.Follow(w.Metrics(run))
			shown = run
		}
		if run == nil && !waiting {
			waiting = true
			fmt.Fprintf(w.program.err, "There is no run yet; it is waited for.\n")
		}
		for more := follower != nil; more; {
			var all []events.Event
			if all, more, _, err = follower.Next(); err != nil {
				return exit{exitFailed, err}
			}
			w.print(all)
		}
		if run != nil && run.State != record.RunRunning && last { // its last words come after its record
			fmt.Fprintf(w.program.out, "%s: %s, %d of %s finished\n", run.FullName(), run.State, run.Finished, plural(run.Stages, "stage", "stages"))
			return nil
		}
		last = run != nil && run.State != record.RunRunning
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// print prints events as the run's log has them, without those that programs read alone.
func (w *watched) print(all []events.Event) {
	for i := 0; i < len(all); {
		end := i + 1
		for all[i].Kind == events.Progress && end < len(all) && all[end].Kind == events.Value && all[end].Stage == all[i].Stage {
			end++
		}
		if all[i].Kind != events.RunProgress {
			fmt.Fprintln(w.program.out, events.Text(all[i:end]))
		}
		i = end
	}
}
