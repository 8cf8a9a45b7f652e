package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/core/track/mlflow"
	"github.com/plumb-ml/plumb/reports"
)

// interruptedPatience is how long an interrupted run takes to tell its tracker so.
const interruptedPatience = 3 * time.Second

// tracking is the tracking of a run that goes on; nil: it is not tracked.
type tracking struct {
	program  *program
	sender   *track.Sender
	settings spec.Tracking
	fullName string
	place    string // that runs go to, without secrets; empty: nowhere yet
	store    *store.Store
}

// trackingConfig is where runs go: what the environment says wins over the file, since
// the user and password that it has belong to the address that it has.
func trackingConfig(block *spec.Tracking, getenv func(string) string) (config mlflow.Config, settings spec.Tracking, asked bool) {
	config, settings = mlflow.Environment(getenv), spec.DefaultTracking()
	if block != nil {
		settings = *block
		if config.URI == "" {
			config.URI = block.URI
		}
		if config.Experiment == "" {
			config.Experiment = block.Experiment
		}
	}
	return config, settings, settings.Enabled && (block != nil || config.URI != "")
}

// openTracker opens the tracker of a configuration. Without one that can be used, the
// error says why.
func openTracker(config mlflow.Config, dir string) (track.Tracker, *track.State, error) {
	state := track.ReadState(dir).At(mlflow.Name, config.Address(), config.Experiment)
	tracker, err := mlflow.Open(config, &state)
	if err != nil {
		return nil, &state, err
	}
	return tracker, &state, nil
}

// startTracking begins to track the run of a session, if files or environment ask for
// it. No trouble keeps the run from going on.
func (s *loaded) startTracking() *tracking {
	p := s.program
	config, settings, asked := trackingConfig(s.Tracking, os.Getenv)
	if !asked || p.noTracking {
		return nil
	}
	about, err := s.About()
	if err != nil {
		return nil // the run says so
	}
	warn := func(text string) {
		text = fmt.Sprintf("plumb: tracking: %s; what is to be sent stays in %s", text, filepath.Join(p.runDir(about), track.QueueFile))
		if p.say != nil {
			p.say(text)
		} else {
			fmt.Fprintln(p.err, text)
		}
	}
	t := &tracking{program: p, settings: settings, fullName: about.FullName(), place: config.Address()}
	var tracker track.Tracker
	var state *track.State
	switch {
	case config.URI == "":
		state = &track.State{}
		warn("the file asks for it, and no address is given: set uri in the tracking block, or MLFLOW_TRACKING_URI")
	default:
		if tracker, state, err = openTracker(config, p.runDir(about)); err != nil {
			warn(err.Error())
			t.place, tracker = "", nil
		}
	}
	records := map[string]*record.Record{}
	t.sender = track.Start(track.SenderOptions{
		Dir: p.runDir(about), Tracker: tracker, State: state, Places: placesOf(s), Warn: warn,
		Describe: func() (*track.Run, error) { return t.soFar(records) },
	})
	return t
}

// placesOf says in which of a tracker's runs each training shows: one that all variants
// of an ablation share in that of the ablation itself.
func placesOf(s *loaded) track.Places {
	places := track.Places{}
	variants := s.Plan.Variants
	for _, node := range s.Plan.Nodes {
		var within []track.Place
		for _, variant := range variants {
			for _, one := range variant.Stages {
				if one.Node == node {
					within = append(within, track.Place{Item: track.VariantID(variant.Name), Stage: one.Name})
					break
				}
			}
		}
		if len(within) > 0 && (!s.Ablation || len(within) == len(variants) && len(variants) > 1) {
			within = []track.Place{{Item: track.Whole, Stage: within[0].Stage}}
		}
		places[node.Label] = within
	}
	return places
}

// soFar describes the run as the list of runs has it by now. It is called from the
// sender's goroutine alone.
func (t *tracking) soFar(records map[string]*record.Record) (*track.Run, error) {
	if t.store == nil {
		opened, err := store.Read(t.program.storePath())
		if err != nil {
			return nil, err
		}
		t.store = opened
	}
	made, err := t.store.Run(t.fullName)
	if err != nil || made == nil {
		return nil, err
	}
	for _, variant := range made.Variants {
		for _, stage := range variant.Stages {
			if stage.Key == "" || records[stage.Key] != nil || stage.Status != record.Done && stage.Status != record.Cached {
				continue
			}
			if found, err := t.store.Record(stage.Key); err == nil && found != nil {
				records[stage.Key] = found
			}
		}
	}
	// The report of an earlier try is not this one's.
	return track.Describe(t.program.trackSource(t.store, reports.Input{Run: made, Records: records}, ""), t.options()), nil
}

func (t *tracking) options() track.Options { return trackOptions(t.settings) }

func trackOptions(settings spec.Tracking) track.Options {
	return track.Options{Prompts: settings.Images, CheckpointBytes: int64(settings.CheckpointMegabytes) * 1e6}
}

// trackSource is what a run is described to a tracker from.
func (p *program) trackSource(s *store.Store, input reports.Input, report string) track.Source {
	return track.Source{
		Run: input.Run, Records: input.Records, Report: report, Open: s.File,
		Members: func(o record.Output) (map[string]string, error) {
			members, err := s.Members(o)
			if err != nil {
				return nil, err
			}
			files := map[string]string{}
			for _, member := range members {
				files[member.Path] = member.File
			}
			return files, nil
		},
	}
}

// concluded adds to a source what the run came to.
func concluded(source track.Source, input reports.Input) track.Source {
	verdict := reports.VerdictOf(input)
	source.Verdict = verdict.Text
	found := map[string][]reports.Concluded{} // by item
	for _, one := range verdict.Concluded {
		if !track.IsAblation(input.Run) {
			id := track.ModelID(one.Model)
			found[id] = append(found[id], one)
			continue
		}
		for _, variant := range input.Run.Variants {
			matches := len(one.Values) > 0
			for name, value := range one.Values {
				matches = matches && fmt.Sprint(variant.Values[name]) == value
			}
			if id := track.VariantID(variant.Name); matches {
				found[id] = append(found[id], one)
			}
		}
	}
	source.Conclusions = map[string]string{}
	for id, all := range found {
		source.Conclusions[id] = inAWord(all)
	}
	return source
}

// inAWord is what several comparisons came to: a word if it is the same for all, or
// what each word is about.
func inAWord(all []reports.Concluded) string {
	var words []string
	about := map[reports.Conclusion][]string{}
	for _, one := range all {
		if about[one.Conclusion] == nil {
			words = append(words, string(one.Conclusion))
		}
		what := one.Quantity
		if len(one.Values) > 0 {
			what += " of " + one.Model
		}
		about[one.Conclusion] = append(about[one.Conclusion], what)
	}
	if len(words) == 1 {
		return words[0]
	}
	for i, word := range words {
		words[i] = word + ": " + strings.Join(about[reports.Conclusion(word)], ", ")
	}
	return strings.Join(words, "; ")
}

// sink hears of the run for the tracker.
func (t *tracking) sink() run.Sink {
	if t == nil {
		return run.Silent{}
	}
	return run.Events(t.sender.Receive)
}

// finish sends what is left of a run that has ended, and says what could not be sent.
func (t *tracking) finish(ctx context.Context, result *run.Result) {
	if t == nil {
		return
	}
	p := t.program
	opened, err := store.Read(p.storePath())
	if err != nil {
		return // the run has told
	}
	defer opened.Close()
	input := reports.Input{Run: result.Run, Records: result.Records, Open: opened.File}
	source := concluded(p.trackSource(opened, input, filepath.Join(p.runDir(result.Run), reportDir)), input)
	if result.Stopped {
		source.Report = ""
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), interruptedPatience)
		defer cancel()
		ctx = stopping
	}
	ended := t.sender.Finish(ctx, track.Describe(source, t.options()))
	if t.store != nil {
		t.store.Close()
	}
	for _, note := range ended.Notes {
		fmt.Fprintf(p.err, "plumb: tracking: %s\n", note)
	}
	if ended.Err != nil {
		again := p.command("track", result.Run.FullName())
		if t.place == "" {
			fmt.Fprintf(p.err, "\nNothing is sent to MLflow. Send it with\n  %s -mlflow http://HOST:PORT\n", again)
			return
		}
		fmt.Fprintf(p.err, "\nNot all is sent to MLflow (%v): %s left. Send it with\n  %s\n", ended.Err, amount(ended.Unsent), again)
		return
	}
	if ended.Link == "" {
		return
	}
	if p.json { // what is printed there is for programs
		fmt.Fprintf(p.err, "mlflow:  %s\n", ended.Link)
		return
	}
	fmt.Fprintf(p.out, "mlflow:  %s\n", ended.Link)
}

// abandon ends the tracking of a run that did not come about.
func (t *tracking) abandon() {
	if t != nil {
		t.sender.Stop()
	}
}

// amount counts what is, or was, to be sent.
func amount(a track.Amount) string {
	var words []string
	for _, one := range []struct {
		n            int
		single, many string
	}{{a.Runs, "run", "runs"}, {a.Values, "value", "values"}, {a.Points, "point of curves", "points of curves"}, {a.Files, "file", "files"}} {
		if one.n > 0 {
			words = append(words, plural(one.n, one.single, one.many))
		}
	}
	if words == nil {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
