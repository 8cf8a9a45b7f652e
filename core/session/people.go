package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Where the judgements of people lie in the directory of runs: in that of the
// experiment's name and PeopleSuffix, which all of its runs and ablations share.
const (
	PeopleSuffix   = ".people"
	JudgementsFile = "judgements.sqlite"
)

// Judgements is the database of what people say of the experiment's images: it need not
// be there yet. It is empty where the options name no directory of runs.
func (s *Session) Judgements() string {
	if s.options.Runs == "" {
		return ""
	}
	return filepath.Join(s.options.Runs, s.Variants[0].Spec.Name+PeopleSuffix, JudgementsFile)
}

// asking lists what the variants ask people, each question once.
func (s *Session) asking() []*spec.People {
	var all []*spec.People
	add := func(asked *spec.People) {
		if asked != nil && !slices.ContainsFunc(all, func(other *spec.People) bool { return other.Question == asked.Question }) {
			all = append(all, asked)
		}
	}
	for _, variant := range s.Variants {
		for _, labels := range variant.Spec.Labels {
			add(labels.People)
		}
		for _, comparisons := range variant.Spec.Comparisons {
			add(comparisons.People)
		}
		for _, evaluate := range variant.Spec.Evaluate {
			if evaluate.Alignment != nil {
				add(evaluate.Alignment.People)
			}
			if evaluate.Preference != nil {
				add(evaluate.Preference.People)
			}
		}
	}
	return all
}

// hear reads what people have said so far. Judgements and the digests that stand for
// them in keys come from this one read. It reports whether anything is new.
func (s *Session) hear(ctx context.Context) (news bool, err error) {
	asking := s.asking()
	if len(asking) == 0 {
		return false, nil
	}
	heard, err := heardOf(ctx, s.Judgements())
	if err != nil {
		return false, diag.Errorf(asking[0].Range, "The judgements cannot be read", "%v.", err)
	}
	answers := map[string]string{}
	for _, asked := range asking {
		answers[asked.Question] = heard.Digest(asked.Question)
	}
	news = !maps.Equal(answers, s.Variants[0].Spec.Answers)
	for i := range s.Variants {
		s.Variants[i].Spec.Answers, s.Variants[i].Heard = answers, heard
	}
	return news, nil
}

// heardOf reads a database. Where there is none, nobody has said anything.
func heardOf(ctx context.Context, path string) (heard *plan.Heard, err error) {
	heard = &plan.Heard{Judgements: map[string][]people.Judgement{}}
	if path == "" {
		return heard, nil
	}
	opened, err := database.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return heard, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	all, err := opened.Judgements(ctx)
	if err != nil {
		return nil, err
	}
	for _, judgement := range all {
		heard.Judgements[judgement.Question] = append(heard.Judgements[judgement.Question], judgement)
	}
	heard.Reported, err = opened.Reported(ctx)
	return heard, err
}

// Asked is a question to people, and what it is asked about.
type Asked struct {
	people.Question // of variants that ask for different numbers of people, the largest; Gold is what the block's file knows
	// Items are what is asked about: what is drawn, each once, in the order of the tables.
	// Of an evaluation there are none before the images of all models are drawn: they are
	// judged mixed, or whoever is tired by the end is so of one model.
	Items []people.Item
	// Names are the labels.BlindIDs of the images by their IDs in their tables, without
	// those that mean another image in another table.
	Names    map[string]string
	Undrawn  []string  // stages whose images are to be made first, by their labels
	Problems diag.List // why it cannot be asked, such as a file of known answers that nobody has written yet; Items is empty then
	Complete bool      // all images are there, and none of the items waits for an answer

	several map[string]bool // IDs that mean several images
}

// Ask says what the experiment asks people, and about what, as far as the images are
// drawn: the questions of all variants, in the plan's order, those of one name as one.
// It looks at the store and at the judgements anew; where somebody has said something
// since, the session is planned anew.
func (s *Session) Ask(ctx context.Context) ([]Asked, error) {
	news, err := s.hear(ctx)
	if err != nil {
		return nil, err
	}
	if news {
		if err := s.plan(); err != nil {
			return nil, err
		}
	}
	forecast, err := s.Forecast()
	if err != nil {
		return nil, err
	}
	var all []Asked
	heard := map[string]*plan.Asking{}
	for _, node := range s.Plan.Nodes {
		asking := node.Asks()
		if asking == nil {
			continue
		}
		at := slices.IndexFunc(all, func(a Asked) bool { return a.Name == asking.Question.Name })
		if at < 0 {
			at = len(all)
			all = append(all, Asked{Question: asking.Question})
			heard[asking.Question.Name] = asking
		}
		if err := s.askAboutNode(ctx, node, asking, forecast, &all[at]); err != nil {
			return nil, err
		}
	}
	for i := range all {
		all[i].finish(heard[all[i].Name])
	}
	return all, nil
}

// askAboutNode adds what a stage asks about.
func (s *Session) askAboutNode(ctx context.Context, node *plan.Node, asking *plan.Asking, forecast *run.Forecast, to *Asked) error {
	to.Raters = max(to.Raters, asking.Question.Raters)
	undrawn := false
	var tables [][]stage.Picture // one, or two whose images stand side by side
	for _, role := range []string{plan.Images, plan.OtherImages} {
		input, reads := node.Input(role)
		if !reads {
			continue
		}
		made := forecast.Nodes[input.Node].Record
		if made == nil {
			if undrawn = true; !slices.Contains(to.Undrawn, input.Node.Label) {
				to.Undrawn = append(to.Undrawn, input.Node.Label)
			}
			continue
		}
		pictures, err := s.pictures(ctx, made.Outputs[input.Output])
		if err != nil {
			return fmt.Errorf("images of %s: %w", input.Node.Label, err)
		}
		to.name(pictures)
		tables = append(tables, pictures)
	}
	if undrawn {
		return nil
	}
	pictures, beside := tables[0], []stage.Picture(nil)
	if len(tables) > 1 {
		beside = tables[1]
	}
	known, err := stage.Known(asking, pictures)
	var problems diag.List
	if errors.As(err, &problems) {
		for _, one := range problems {
			if !slices.Contains(to.Problems, one) {
				to.Problems = append(to.Problems, one)
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	scores := ""
	if input, ok := node.Input(plan.Scores); ok { // they say which of the images are asked about
		scored := forecast.Nodes[input.Node].Record
		if scored == nil {
			to.Undrawn = append(to.Undrawn, input.Node.Label)
			return nil
		}
		if scores, err = s.pathOf(scored.Outputs[input.Output]); err != nil {
			return fmt.Errorf("scores of %s: %w", input.Node.Label, err)
		}
	}
	items, err := stage.Items(ctx, node, stage.About{Pictures: pictures, Beside: beside, Scores: scores, Known: known})
	if err != nil {
		return err
	}
	if asking.Scores != nil {
		if scored := forecast.Nodes[asking.Scores].Record; scored != nil {
			if err := s.prioritise(items, pictures, scored.Outputs[plan.Scores]); err != nil {
				return fmt.Errorf("scores of %s: %w", asking.Scores.Label, err)
			}
		}
	}
	to.Items = append(to.Items, items...)
	to.Gold = append(to.Gold, known...)
	return nil
}

// name adds the names of a table's images.
func (a *Asked) name(pictures []stage.Picture) {
	if a.Names == nil {
		a.Names, a.several = map[string]string{}, map[string]bool{}
	}
	for _, picture := range pictures {
		if other, known := a.Names[picture.ID]; known && other != picture.Blind {
			a.several[picture.ID] = true
		}
		a.Names[picture.ID] = picture.Blind
	}
}

// pathOf is where the store has an output.
func (s *Session) pathOf(of record.Output) (string, error) {
	opened, err := s.Reader()
	if err != nil {
		return "", err
	}
	return opened.File(of)
}

// prioritise puts first what a reward is least sure of.
func (s *Session) prioritise(items []people.Item, pictures []stage.Picture, scores record.Output) error {
	path, err := s.pathOf(scores)
	if err != nil {
		return err
	}
	rows, err := table.ReadAll[table.Score](path)
	if err != nil {
		return err
	}
	stage.Prioritise(items, pictures, rows)
	return nil
}

// finish leaves out what several stages have in common, and says whether all is
// answered.
func (a *Asked) finish(asking *plan.Asking) {
	seen := map[string]bool{}
	a.Items = slices.DeleteFunc(a.Items, func(item people.Item) bool {
		before := seen[item.ID]
		seen[item.ID] = true
		return before
	})
	known := map[string]bool{}
	a.Gold = slices.DeleteFunc(a.Gold, func(gold people.Gold) bool {
		other := known[gold.Item] || !seen[gold.Item]
		known[gold.Item] = true
		return other
	})
	maps.DeleteFunc(a.Names, func(id, _ string) bool { return a.several[id] })
	if len(a.Problems) > 0 || asking.Blind && len(a.Undrawn) > 0 {
		a.Items, a.Gold = nil, nil
		return
	}
	progress := people.ProgressOf(a.Question, a.Items, asking.Judgements(), asking.Heard.Reported)
	a.Complete = len(a.Undrawn) == 0 && progress.Missing == 0
}

// gallery finds images by what they show, in the tables of the store. It holds where they
// are, and no pixels.
type gallery struct {
	mu     sync.RWMutex
	tables map[string][]stage.Picture // by the digest of the table
	places map[string]place           // by labels.BlindID
}

// place is a row of a table.
type place struct {
	path string
	row  int
}

// pictures lists the images of a table. A table is read once.
func (s *Session) pictures(ctx context.Context, of record.Output) ([]stage.Picture, error) {
	s.gallery.mu.RLock()
	pictures, known := s.gallery.tables[of.Digest]
	s.gallery.mu.RUnlock()
	if known {
		return pictures, nil
	}
	path, err := s.pathOf(of)
	if err != nil {
		return nil, err
	}
	if pictures, err = stage.Pictures(ctx, path); err != nil {
		return nil, err
	}
	s.gallery.mu.Lock()
	defer s.gallery.mu.Unlock()
	if s.gallery.tables == nil {
		s.gallery.tables, s.gallery.places = map[string][]stage.Picture{}, map[string]place{}
	}
	s.gallery.tables[of.Digest] = pictures
	for _, picture := range pictures {
		s.gallery.places[picture.Blind] = place{path, picture.Row}
	}
	return pictures, nil
}

// Image returns an image of what Ask has listed by its labels.BlindID, as a PNG, or
// fs.ErrNotExist. It may be called from several goroutines, and beside Ask.
func (s *Session) Image(_ context.Context, blindID string) (content []byte, mediaType string, err error) {
	s.gallery.mu.RLock()
	at, known := s.gallery.places[blindID]
	s.gallery.mu.RUnlock()
	if !known {
		return nil, "", fmt.Errorf("image %s: %w", blindID, fs.ErrNotExist)
	}
	image, err := table.Row[table.Image](at.path, at.row)
	if err != nil {
		return nil, "", err
	}
	pixels, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return nil, "", fmt.Errorf("image %s: %w", blindID, err)
	}
	content, err = imaging.EncodePNG(pixels)
	return content, "image/png", err
}
