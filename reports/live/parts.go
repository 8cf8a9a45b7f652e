package live

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// nowPart is how far the run is.
type nowPart struct {
	Title, State, Text string
	Trouble            string
	Of, Done           int
	Left               string
	Rows               []nowRow
	Counts             []string
	Troubles           []string
	Said               string
	Hint               string
}

// nowRow is a stage at work.
type nowRow struct {
	Stage, Text string
	Done, Of    int
}

// states says of each state what it means here.
var states = map[record.RunState]string{
	record.RunRunning:     "under way",
	record.RunDone:        "done",
	record.RunFailed:      "ended: a stage failed",
	record.RunWaiting:     "waits for people",
	record.RunPartial:     "ended: what was asked for is done",
	record.RunInterrupted: "interrupted",
	record.RunKilled:      "killed",
}

func (s *Server) now() (any, error) {
	part := nowPart{Title: s.what, State: "waiting", Trouble: s.trouble}
	if s.run == nil {
		part.Text = "There is no such run yet. This page fills when it begins."
		return part, nil
	}
	b, run := s.board, s.run
	part.Title, part.State = run.FullName(), string(run.State)
	part.Done, part.Of = b.done, b.of
	if b.of == 0 { // it has no metrics.jsonl, or that is still to be read
		part.Done, part.Of = run.Finished, run.Stages
	}
	part.Text = states[run.State]
	if !b.begun.IsZero() {
		part.Text += ", begun " + b.begun.Local().Format("2006-01-02 15:04")
	}
	if run.State == record.RunRunning {
		part.Left = b.timeLeft(time.Now())
		for _, w := range b.works {
			part.Rows = append(part.Rows, w.row())
		}
	} else {
		part.Done = run.Finished
		part.Text += fmt.Sprintf(", last heard of %s", run.Updated.Local().Format("2006-01-02 15:04"))
		if run.State != record.RunDone {
			part.Hint = run.Command
		}
	}
	for _, status := range []record.Status{record.Done, record.Cached, record.Failed, record.Waiting, record.NotRun, record.Left, record.Interrupted} {
		if n := b.counts[status]; n > 0 {
			part.Counts = append(part.Counts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(status), "_", " ")))
		}
	}
	part.Troubles, part.Said = b.troubles, strings.Join(b.said, "\n")
	switch {
	case s.behind:
		part.Trouble = strings.TrimSpace(part.Trouble + " The run's files are still being read.")
	case b.last.IsZero():
		part.Trouble = strings.TrimSpace(part.Trouble + " The run has no metrics.jsonl, so there are no curves, and no stages at work.")
	}
	return part, nil
}

func (w *work) row() nowRow {
	row := nowRow{Stage: w.stage, Done: w.at.Done, Of: w.at.Of}
	text := events.Headline(w.values)
	if far := w.at.Far(); far != "" {
		text = append([]string{far}, text...)
	}
	row.Text = strings.Join(text, ", ")
	return row
}

// curvesPart is the figures of what trainings report.
type curvesPart struct {
	Figures []drawnFigure
	Empty   string
}

type drawnFigure struct {
	ID   string
	HTML template.HTML
}

func (s *Server) curves() (any, error) {
	var part curvesPart
	for _, p := range s.board.curves.sorted() {
		id := "curve-" + versionOf(string(p.kind)+" "+p.name)
		if p.drawn != p.version {
			var b bytes.Buffer
			if err := (page.Plot{Figure: p.figure(), ID: id}).Write(&b); err != nil {
				return nil, err
			}
			p.html, p.drawn = template.HTML(b.String()), p.version
		}
		part.Figures = append(part.Figures, drawnFigure{"figure-" + id, p.html})
	}
	if len(part.Figures) == 0 {
		part.Empty = "No training has reported anything yet."
	}
	return part, nil
}

// imagesPart is what stages have drawn.
type imagesPart struct {
	Stages []imagesRow
	Left   string
	Empty  string
}

type imagesRow struct {
	ID, Label string
	Part      bool // not all that it draws
	Small     bool
	Images    []imageOf
}

type imageOf struct {
	Address       string
	Prompt        string
	Width, Height int
}

func (s *Server) images() (any, error) {
	var part imagesPart
	for _, d := range s.gallery.shown {
		row := imagesRow{ID: "stage-" + d.key, Label: d.label, Part: !d.whole, Small: d.images[0].Small}
		for i, image := range d.images {
			row.Images = append(row.Images, imageOf{fmt.Sprintf("image/%s/%s/%d", d.key, versionOf(d.table), i), image.Prompt, image.Width, image.Height})
		}
		part.Stages = append(part.Stages, row)
	}
	if n := s.gallery.count - mostStages; n > 0 {
		part.Left = fmt.Sprintf("Those of %s are not shown.", counted(n, "other stage"))
	}
	if len(part.Stages) == 0 {
		part.Empty = "No stage has drawn anything yet."
	}
	return part, nil
}
