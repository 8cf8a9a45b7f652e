package scripted

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/queue"
	"github.com/plumb-ml/plumb/labelling/server"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// The long form of TestLoad is
//
//	go test ./labelling/scripted -run TestLoad -v -load 2m -raters 50 -pace 1s
//
// and is held to the goal for how long requests take. The short one is not: it runs
// beside other tests.
var (
	loadFor    = flag.Duration("load", 0, "long form of the load test: for how long")
	loadRaters = flag.Int("raters", 12, "raters of the load test")
	loadPace   = flag.Duration("pace", 250*time.Millisecond, "time from one answer of a rater to the next")
)

// goal is what 99 % of the requests take at most.
const goal = 100 * time.Millisecond

// The test binary, started again, serves the database of serverVariable at the address
// of addressVariable until it is killed.
const (
	serverVariable  = "PLUMB_LOAD_SERVER"
	addressVariable = "PLUMB_LOAD_ADDRESS"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if path := os.Getenv(serverVariable); path != "" {
		fmt.Println(serve(path, os.Getenv(addressVariable)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// asked are two questions about made-up images: to rate them, by three raters each, and to
// compare them.
func asked() []queue.Asked {
	rate := queue.Asked{Question: people.Question{Name: "labels/people", Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 3, Together: 3, Order: people.Balanced, Repeated: 0.05, Attention: 0.02}}
	compare := queue.Asked{Question: people.Question{Name: "comparisons/people", Kind: people.Compare, Aspects: []string{people.Alignment, people.Fidelity}, Raters: 9, Order: people.Random}}
	colors, things := strings.Fields("red green blue orange white black purple yellow"), strings.Fields("ring moon star cross heart bar dog cat fox owl")
	image := func(n int) string { return fmt.Sprintf("%032x", n) }
	for n := range 2400 {
		prompt := n / 6
		one := people.Item{ID: image(n), Images: []string{image(n)}, Category: []string{"count", "color"}[prompt%2], Prompt: fmt.Sprintf("%d %s %s", prompt, colors[prompt%len(colors)], things[prompt/len(colors)%len(things)])}
		if rate.Items = append(rate.Items, one); n%2 == 1 {
			one.Images = []string{image(n - 1), image(n)}
			one.ID = people.ItemID(one.Images...)
			compare.Items = append(compare.Items, one)
		}
	}
	return []queue.Asked{rate, compare}
}

// pictures draws an image of 32 pixels for every name.
type pictures struct{}

func (pictures) Image(_ context.Context, id string) ([]byte, string, error) {
	var n int
	if _, err := fmt.Sscanf(id, "%x", &n); err != nil {
		return nil, "", fs.ErrNotExist
	}
	pixels := imaging.Image{Width: 32, Height: 32, RGB: make([]byte, 3*32*32)}
	for i := range pixels.RGB {
		pixels.RGB[i] = byte(i*n + i/96*n/7)
	}
	content, err := imaging.EncodePNG(pixels)
	return content, "image/png", err
}

// serve is what plumb label does, without an experiment.
func serve(path, address string) error {
	ctx := context.Background()
	d, err := database.Open(path)
	if err != nil {
		return err
	}
	secret, err := d.Secret(ctx)
	if err != nil {
		return err
	}
	known, err := d.Judgements(ctx)
	if err != nil {
		return err
	}
	q := queue.New(queue.Options{Secret: []byte(secret), Lease: 10 * time.Minute, Now: time.Now})
	for _, j := range known {
		q.Record(j)
	}
	s, err := server.New(ctx, server.Options{Database: d, Queue: q, Images: pictures{}, Version: "load test"})
	if err != nil {
		return err
	}
	if err := s.Set(ctx, asked()); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return s.HTTP().Serve(l)
}

// serving is a server in a process of its own.
type serving struct {
	path, address string
	process       *exec.Cmd
}

func (s *serving) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command(os.Args[0])
	s.process.Env = append(os.Environ(), serverVariable+"="+s.path, addressVariable+"="+s.address)
	s.process.Stdout, s.process.Stderr = os.Stderr, os.Stderr
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
}

func (s *serving) kill() {
	s.process.Process.Kill()
	s.process.Wait()
}

func newServing(t *testing.T, raters ...string) (s *serving, links []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = &serving{path: filepath.Join(t.TempDir(), "load.people", "judgements.sqlite"), address: l.Addr().String()}
	l.Close()
	d, err := database.Open(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range raters {
		rater, err := d.AddRater(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, "http://"+s.address+server.RaterPath(rater.Token))
	}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	return s, links
}

// judgements are those that the database has.
func (s *serving) judgements(t *testing.T) []people.Judgement {
	t.Helper()
	d, err := database.Read(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	all, err := d.Judgements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// good says good, left, or the order in which the images are shown.
func good(screen Screen, images int) people.Answers {
	answers := people.Answers{}
	for _, aspect := range screen.Aspects {
		answers[aspect] = map[people.Kind]string{people.Rate: people.Good, people.Compare: queue.Left}[screen.Kind]
	}
	return answers
}

// load is what raters did.
type load struct {
	mu       sync.Mutex
	took     map[string][]time.Duration // by kind of request, of those that were replied to
	stored   map[string]string          // tasks that were acknowledged, by rater and task, with the rater
	lost     int                        // answers that came to nothing, as others had answered
	failures []error
}

// judge lets a rater answer at a pace, as the page does: screens are asked for ahead, and
// their images are loaded at once.
func (l *load) judge(ctx context.Context, rater, link string, pace time.Duration, until time.Time) error {
	r, err := Enter(ctx, link)
	if err != nil {
		return err
	}
	defer r.Leave()
	r.Heard = func(path string, took time.Duration) {
		if strings.HasPrefix(path, "/image/") {
			path = "/image"
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.took[path] = append(l.took[path], took)
	}
	loaded := map[string]bool{}
	next := time.Now()
	for {
		screens, _, err := r.Next(ctx, ahead)
		if err != nil {
			return err
		}
		if len(screens) == 0 {
			return errors.New("nothing is left to be judged")
		}
		for _, screen := range screens {
			for _, task := range screen.Tasks {
				for _, image := range task.Images {
					if loaded[image] {
						continue
					}
					if _, err := r.Image(ctx, image); err != nil && !moot(err) {
						return err
					}
					loaded[image] = true
				}
			}
		}
		for _, task := range screens[0].Tasks {
			if task.Said != nil {
				continue
			}
			next = next.Add(pace)
			if wait := time.Until(next); wait > 0 {
				time.Sleep(wait)
			} else {
				next = time.Now() // the server was away: nobody makes up for it
			}
			if time.Now().After(until) {
				return nil
			}
			err := r.Answer(ctx, NewID(), task.ID, good(screens[0], len(task.Images)), pace)
			if err != nil && !moot(err) {
				return err
			}
			l.mu.Lock()
			if err != nil {
				l.lost++
			} else {
				l.stored[rater+" "+task.ID] = rater
			}
			l.mu.Unlock()
		}
	}
}

// TestLoad: many raters answer at once; the server is killed in the middle and started
// again. Nothing that was acknowledged is lost, nothing is there twice, no item has more
// raters than are asked for, and all raters go on by themselves.
func TestLoad(t *testing.T) {
	long := *loadFor > 0
	duration := *loadFor
	if !long {
		duration = 5 * time.Second
	}
	var names []string
	for n := range *loadRaters {
		names = append(names, fmt.Sprintf("rater %02d", n+1))
	}
	s, links := newServing(t, names...)
	l := &load{took: map[string][]time.Duration{}, stored: map[string]string{}}
	ctx := t.Context()
	until := time.Now().Add(duration)
	var wait sync.WaitGroup
	for i, link := range links {
		wait.Go(func() {
			time.Sleep(time.Duration(i) * *loadPace / time.Duration(len(links))) // people do not answer in step
			if err := l.judge(ctx, names[i], link, *loadPace, until); err != nil {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.failures = append(l.failures, fmt.Errorf("%s: %w", names[i], err))
			}
		})
	}
	time.Sleep(duration / 2)
	s.kill()
	before := len(s.judgements(t))
	time.Sleep(time.Second)
	s.start(t)
	wait.Wait()
	for _, err := range l.failures {
		t.Error(err)
	}
	there, items, given := map[string]int{}, map[string]int{}, map[string]int{}
	all := s.judgements(t)
	raters := map[string]int{}
	for _, j := range all {
		there[j.ID]++
		raters[j.Rater]++
		given[fmt.Sprint(j.Rater, j.Question, j.Item, j.Purpose, j.Prompt)]++
		if j.Purpose == people.Asked {
			items[j.Question+" "+j.Item]++
		}
	}
	for what, n := range given {
		if n != 1 {
			t.Errorf("%s is there %d times", what, n)
		}
	}
	acknowledged := map[string]int{}
	for _, rater := range l.stored {
		acknowledged[rater]++
	}
	for _, rater := range names {
		if acknowledged[rater] > raters[rater] {
			t.Errorf("%s: %d answers were acknowledged, and %d are there", rater, acknowledged[rater], raters[rater])
		}
		if acknowledged[rater] < raters[rater] {
			t.Errorf("%s: %d answers were acknowledged, and %d are there", rater, acknowledged[rater], raters[rater])
		}
	}
	most := map[string]int{}
	for _, one := range asked() {
		most[one.Name] = one.Raters
	}
	for what, n := range items {
		if question, _, _ := strings.Cut(what, " "); n > most[question] {
			t.Errorf("%s has %d answers", what, n)
		}
	}
	if before == 0 || len(all) <= before {
		t.Errorf("%d judgements before the server was killed, %d in the end", before, len(all))
	}
	var together []time.Duration
	report := func(what string, took []time.Duration) {
		slices.Sort(took)
		at := func(share float64) time.Duration {
			return took[min(int(share*float64(len(took))), len(took)-1)].Round(100 * time.Microsecond)
		}
		t.Logf("%-12s %6d requests: median %v, 99 %% within %v, longest %v", what, len(took), at(0.5), at(0.99), at(1))
	}
	for _, what := range []string{"/api/answer", "/api/next", "/image"} {
		if len(l.took[what]) == 0 {
			t.Fatalf("no request of %s", what)
		}
		report(what, l.took[what])
		together = append(together, l.took[what]...)
	}
	report("all", together)
	t.Logf("%d raters, an answer each %v, for %v: %d judgements, %d of them before the server was killed; %d answers came too late", len(names), *loadPace, duration, len(all), before, l.lost)
	if took := together[int(0.99*float64(len(together)))]; long && took > goal {
		t.Errorf("99 %% of the requests took up to %v, and the goal is %v", took, goal)
	}
}

// TestWork: raters who are programs answer all that is asked, each in a way of their own,
// take an answer back, and are told when nothing is left.
func TestWork(t *testing.T) {
	serving, links := newServing(t, "ana", "ben")
	ctx := t.Context()
	ana, err := Enter(ctx, links[0])
	if err != nil {
		t.Fatal(err)
	}
	screens, standing, err := ana.Next(ctx, 2)
	if err != nil || len(screens) != 2 || len(screens[0].Tasks) != 3 || standing.Answered != 0 || standing.Open == 0 {
		t.Fatalf("%v, %v, %v", screens, standing, err)
	}
	image, err := ana.Image(ctx, screens[0].Tasks[0].Images[0])
	if err != nil || !strings.HasPrefix(string(image), "\x89PNG") {
		t.Errorf("an image: %.20q, %v", image, err)
	}
	id := NewID()
	answer := people.Answers{people.Alignment: people.Bad}
	for range 2 { // the reply may have been lost
		if err := ana.Answer(ctx, id, screens[0].Tasks[0].ID, answer, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if all := serving.judgements(t); len(all) != 1 || all[0].Rater != "ana" || all[0].Answers[people.Alignment] != people.Bad || all[0].Duration != time.Second {
		t.Errorf("stored: %v", all)
	}
	if err := ana.Undo(ctx, id); err != nil {
		t.Fatal(err)
	}
	if all := serving.judgements(t); len(all) != 0 {
		t.Errorf("taken back, and there is %v", all)
	}
	ben, err := Enter(ctx, links[1])
	if err != nil {
		t.Fatal(err)
	}
	var refused *Refused
	if err := ben.Answer(ctx, NewID(), screens[0].Tasks[0].ID, answer, 0); !errors.As(err, &refused) || refused.Status != http.StatusConflict || !moot(err) {
		t.Errorf("another's task: %v", err)
	}
	if err := ana.Answer(ctx, NewID(), screens[0].Tasks[0].ID, people.Answers{people.Alignment: "great"}, 0); !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || moot(err) {
		t.Errorf("a word that is none: %v", err)
	}
	stop := errors.New("enough")
	seen := map[people.Kind]int{}
	stored, err := ana.Work(ctx, func(_ context.Context, screen Screen, images [][]byte) (people.Answers, error) {
		if seen[screen.Kind]++; seen[screen.Kind] > 20 {
			return nil, stop
		}
		return good(screen, len(images)), nil
	})
	if !errors.Is(err, stop) || stored != 20 || len(serving.judgements(t)) != 20 {
		t.Errorf("%d answers stored, %v", stored, err)
	}
	if _, err := Enter(ctx, links[0]+"x"); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("a forged link: %v", err)
	}
}
