package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
)

// board remembers what answers are worth: intervals are drawn anew many times, which is
// done at most every few seconds and never for more than a small part of the time.
type board struct {
	mu     sync.Mutex
	next   time.Time // when it may be worked out again
	status []labelling.Status
}

const (
	statusEvery = 2 * time.Second
	statusShare = 20 // of the time that it takes, how much passes between two
)

// standings is what answers to all questions are worth, not older than a few seconds.
func (b *board) standings(ctx context.Context, s *Server) ([]labelling.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Now().Before(b.next) {
		return b.status, nil
	}
	start := time.Now()
	judgements, err := s.Database.Judgements(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	questions := make([]people.Question, len(s.questions))
	for i, q := range s.questions {
		questions[i] = q.Question
	}
	s.mu.Unlock()
	b.status = labelling.StatusOf(questions, nil, judgements, nil)
	b.next = time.Now().Add(max(statusEvery, statusShare*time.Since(start)))
	return b.status, nil
}

type (
	// boardPage is what the experimenter's page says.
	boardPage struct {
		Done      *boardDone
		Questions []boardQuestion
		Raters    []boardRater
		Reported  []boardReport
	}
	boardDone     struct{ Command string }
	boardQuestion struct {
		ID, Name, Asks, Things string
		Items, Complete        int
		Given, Of              int // answers
		Missing                string
		Lines                  []boardLine
		Doubts                 []string
	}
	boardLine  struct{ Name, Value string }
	boardRater struct {
		Name, Pace, Last      string
		Judged, Open, Skipped int
		Link                  string // empty: revoked
	}
	boardReport struct{ Address, Who, Reason string }
)

// things are what a kind of question is asked about.
var things = map[people.Kind]string{people.Rate: "images", people.Compare: "pairs", people.Rank: "rankings"}

// now is the experimenter's page at this moment. base is what links begin with.
func (b *board) now(ctx context.Context, s *Server, v visitor, base string) (boardPage, error) {
	var page boardPage
	status, err := b.standings(ctx, s)
	if err != nil {
		return page, err
	}
	raters, err := s.Database.Raters(ctx)
	if err != nil {
		return page, err
	}
	reports, err := s.Database.Reports(ctx)
	if err != nil {
		return page, err
	}
	s.mu.Lock()
	questions := slices.Clone(s.questions)
	s.mu.Unlock()
	progress := s.Queue.Progress()
	complete := len(questions) > 0
	type conduct struct {
		skips   int
		seconds float64
		answers int
		last    time.Time
	}
	of := map[string]*conduct{}
	for i, q := range questions {
		if i >= len(progress) {
			break // Set is changing them just now
		}
		p := progress[i]
		one := boardQuestion{
			ID: "q" + q.key, Name: q.Name, Things: things[q.Kind], Items: p.Items, Complete: p.Complete,
			Asks: fmt.Sprintf("%s, %d %s each", strings.Join(q.Aspects, " and "), q.Raters, plural(q.Raters, "rater", "raters")), Of: p.Items * q.Raters,
		}
		one.Given = one.Of - p.Missing
		if complete = complete && p.Missing == 0; p.Missing > 0 {
			one.Missing = fmt.Sprintf("%d more %s", p.Missing, plural(p.Missing, "answer", "answers"))
		}
		if p.Reported > 0 {
			one.Missing = strings.TrimPrefix(fmt.Sprintf("%s, %d left out as unsafe", one.Missing, p.Reported), ", ")
		}
		if i < len(status) && status[i].Question == q.Name {
			one.Lines, one.Doubts = worth(status[i])
			for _, rater := range status[i].Raters {
				c := of[rater.Name]
				if c == nil {
					c = new(conduct)
					of[rater.Name] = c
				}
				c.skips += rater.Skips
				if rater.Seconds != nil {
					c.seconds += *rater.Seconds * float64(rater.Answers)
					c.answers += rater.Answers
				}
				if rater.Last.After(c.last) {
					c.last = rater.Last
				}
			}
		}
		page.Questions = append(page.Questions, one)
	}
	for _, rater := range raters {
		standing := s.Queue.Standing(rater.Name)
		row := boardRater{Name: rater.Name, Judged: standing.Answered, Open: standing.Open}
		if c := of[rater.Name]; c != nil {
			row.Skipped = c.skips
			if c.answers > 0 {
				row.Pace = fmt.Sprintf("%.1f", c.seconds/float64(c.answers))
			}
			row.Last = ago(time.Since(c.last))
		}
		if rater.Revoked.IsZero() {
			row.Link = base + RaterPath(rater.Token)
		} else {
			row.Open = 0
		}
		page.Raters = append(page.Raters, row)
	}
	for _, report := range reports {
		who := report.Rater
		if who == "" {
			who = "somebody"
		}
		page.Reported = append(page.Reported, boardReport{s.show(v, report.Image), who, report.Reason})
	}
	if complete {
		page.Done = new(boardDone)
		if s.Next != nil {
			page.Done.Command = s.Next()
		}
	}
	return page, nil
}

// worth says in words what the answers to a question are worth.
func worth(s labelling.Status) (lines []boardLine, doubts []string) {
	for _, aspect := range s.Aspects {
		of := ""
		if len(s.Aspects) > 1 {
			of = ", " + aspect.Aspect
		}
		if s.Answers > 0 {
			lines = append(lines, boardLine{"Agreement (Krippendorff's α)" + of, number(aspect.Krippendorff)})
		}
		if aspect.Judged > 0 && len(aspect.Majority) > 0 {
			var parts []string
			for _, word := range slices.Sorted(maps.Keys(aspect.Majority)) {
				parts = append(parts, fmt.Sprintf("%d %s", aspect.Majority[word], word))
			}
			if aspect.Even > 0 {
				parts = append(parts, fmt.Sprintf("%d even", aspect.Even))
			}
			lines = append(lines, boardLine{"Most raters say" + of, strings.Join(parts, ", ")})
		}
	}
	for _, check := range []struct {
		name string
		of   func(labelling.RaterStatus) *labelling.Checks
	}{
		{"Known answers", func(r labelling.RaterStatus) *labelling.Checks { return r.Gold }},
		{"Attention checks", func(r labelling.RaterStatus) *labelling.Checks { return r.Attention }},
		{"Agrees with oneself", func(r labelling.RaterStatus) *labelling.Checks { return r.Again }},
	} {
		var parts []string
		for _, rater := range s.Raters {
			if c := check.of(rater); c != nil && c.Of > 0 {
				parts = append(parts, fmt.Sprintf("%s %d of %d", rater.Name, c.Right, c.Of))
			}
		}
		if len(parts) > 0 {
			lines = append(lines, boardLine{check.name, strings.Join(parts, ", ")})
		}
	}
	doubts = slices.Clone(s.Doubts)
	for _, rater := range s.Raters {
		for _, doubt := range rater.Doubts {
			doubts = append(doubts, rater.Name+": "+doubt)
		}
	}
	return lines, doubts
}

// number is a number with its interval, or why there is none.
func number(n labelling.Number) string {
	switch {
	case n.Value == nil:
		return "not known: " + n.Note
	case n.Low == nil || n.High == nil:
		return fmt.Sprintf("%.2f, %s", *n.Value, n.Note)
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", *n.Value, *n.Low, *n.High)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// ago is how long something is ago, in words that do not change every second.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
