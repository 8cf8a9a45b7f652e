package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/queue"
)

// TestAnswers: an answer is stored with all that it came from, before it is acknowledged;
// sent again it is the same; another one to the same is refused; taken back it is open.
func TestAnswers(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	first := p.next(4)
	if len(first.Screens) != 1 || len(first.Screens[0].Tasks) != 3 || first.Screens[0].Prompt != "a red disc on blue" {
		t.Fatalf("%+v", first)
	}
	task := first.Screens[0].Tasks[1]
	said := answerAsked{strings.Repeat("5a", 16), task.ID, people.Answers{people.Alignment: people.Bad}, 2345}
	var reply standingReply
	for range 2 { // the second as if the reply was lost
		if status, reason := p.call("answer", said, &reply); status != http.StatusOK {
			t.Fatalf("%d %s", status, reason)
		}
	}
	if reply.Standing.Answered != 1 {
		t.Errorf("%+v", reply)
	}
	all := h.judgements()
	if len(all) != 1 {
		t.Fatalf("%d judgements", len(all))
	}
	j := all[0]
	if j.Rater != "ana" || j.Question != "labels/people" || j.Answers[people.Alignment] != people.Bad || j.Duration != 2345*time.Millisecond ||
		j.Page != "plumb test, page "+pageVersion || j.Prompt != "a red disc on blue" || j.Purpose != people.Asked || time.Since(j.Time) > time.Minute {
		t.Errorf("%+v", j)
	}
	// Reload: the same screen, with what was said of it.
	again := p.next(4).Screens[0]
	if again.ID != first.Screens[0].ID || again.Tasks[1].Said[people.Alignment] != people.Bad || again.Tasks[0].Said != nil || !slices.Equal(again.Tasks[0].Images, first.Screens[0].Tasks[0].Images) {
		t.Errorf("after a reload %+v", again)
	}
	if _, status, reason := p.answer(task.ID, people.Good); status != http.StatusConflict || reason != "answered" {
		t.Errorf("another answer to the same: %d %s", status, reason)
	}
	for range 2 {
		if status, _ := p.call("undo", undoAsked{ID: said.ID}, &reply); status != http.StatusOK || reply.Standing.Answered != 0 {
			t.Errorf("undo: %d %+v", status, reply)
		}
	}
	if n := len(h.judgements()); n != 0 {
		t.Errorf("%d judgements stand", n)
	}
	if back := p.next(1).Screens[0]; back.ID != first.Screens[0].ID || back.Tasks[1].Said != nil {
		t.Errorf("after undo %+v", back)
	}
	if _, status, reason := p.answer(task.ID, people.Good); status != http.StatusOK {
		t.Errorf("after undo: %d %s", status, reason)
	}
}

// TestRestart: an answer whose reply a restart swallowed is found, one that never came is
// taken, and the page goes on where it was.
func TestRestart(t *testing.T) {
	h := open(t)
	asked := rating(h.rated(2, 32))
	h.ask(asked)
	p := h.rater("ana")
	before := p.next(2)
	stored := answerAsked{strings.Repeat("01", 16), before.Screens[0].Tasks[0].ID, people.Answers{people.Alignment: people.Good}, 800}
	if status, _ := p.call("answer", stored, nil); status != http.StatusOK {
		t.Fatal(status)
	}
	h.serve()
	h.ask(asked)
	fresh := answerAsked{strings.Repeat("02", 16), before.Screens[0].Tasks[1].ID, people.Answers{people.Alignment: people.Bad}, 800}
	for _, said := range []answerAsked{stored, fresh, fresh} {
		if status, reason := p.call("answer", said, nil); status != http.StatusOK {
			t.Errorf("after a restart: %d %s", status, reason)
		}
	}
	if n := len(h.judgements()); n != 2 {
		t.Errorf("%d judgements, want 2", n)
	}
	p.next(2) // with the token and the cookie of before
}

// broken is a database whose disk is full for a while.
type broken struct {
	Database
	mu   sync.Mutex
	full bool
}

func (b *broken) Add(ctx context.Context, judgements ...people.Judgement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return fmt.Errorf("judgements.sqlite: %w: nothing was stored; make room", syscall.ENOSPC)
	}
	return b.Database.Add(ctx, judgements...)
}

// TestFullDisk: what cannot be stored is not acknowledged, and is taken when it can be.
func TestFullDisk(t *testing.T) {
	b := &broken{full: true}
	h := open(t, func(o *Options) { b.Database = o.Database; o.Database = b })
	h.ask(rating(h.rated(1, 32)))
	p := h.rater("ana")
	said := answerAsked{strings.Repeat("ee", 16), p.next(1).Screens[0].Tasks[0].ID, people.Answers{people.Alignment: people.Good}, 800}
	status, _, body := p.do(p.request("answer", said))
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "no space left") {
		t.Errorf("%d %s", status, body)
	}
	b.mu.Lock()
	b.full = false
	b.mu.Unlock()
	if status, reason := p.call("answer", said, nil); status != http.StatusOK || len(h.judgements()) != 1 {
		t.Errorf("with room: %d %s, %d judgements", status, reason, len(h.judgements()))
	}
}

// TestReports: a reported image leaves at once what anybody is asked, and the experimenter
// brings it back.
func TestReports(t *testing.T) {
	h := open(t)
	h.ask(rating(h.rated(1, 32)))
	ana, ben := h.rater("ana"), h.rater("ben")
	ana.next(1)
	theirs := ben.next(1).Screens[0].Tasks[0]
	if status, reason := ben.call("report", reportAsked{theirs.Images[0], "violent"}, nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, reason)
	}
	reports, err := h.database.Reports(t.Context())
	if err != nil || len(reports) != 1 || reports[0].Rater != "ben" || reports[0].Reason != "violent" {
		t.Fatalf("%+v %v", reports, err)
	}
	for _, p := range []*page{ana, ben} {
		if n := len(p.next(1).Screens[0].Tasks); n != 2 {
			t.Errorf("a screen has %d images, want 2", n)
		}
	}
	// Whoever has it before the eyes is told.
	if _, status, reason := ben.answer(theirs.ID, people.Good); status != http.StatusConflict || reason != "withdrawn" {
		t.Errorf("an answer to what was withdrawn: %d %s", status, reason)
	}
	lab := h.experimenter()
	_, _, body := lab.get("/experiment")
	found := regexp.MustCompile(`data-restore="([^"]+)"`).FindStringSubmatch(body)
	if found == nil || !strings.Contains(body, "ben: violent") {
		t.Fatalf("the experimenter is not told: %s", body)
	}
	if status, _, _ := lab.get(found[1]); status != http.StatusOK {
		t.Errorf("the experimenter does not see the image: %d", status)
	}
	if status, _ := lab.call("experiment/restore", imageShown{found[1]}, nil); status != http.StatusOK {
		t.Errorf("restore: %d", status)
	}
	if n := len(ana.next(8).Screens); n == 0 {
		t.Error("nothing is asked")
	}
	if p := h.queue.Progress()[0]; p.Items != 3 || p.Reported != 0 {
		t.Errorf("%+v", p)
	}
}

// TestBlind: whatever the reason why an item is asked, a rater is sent the same of it;
// nothing says why, or which block and model it is of, or what others said; and names of
// images are other ones for each rater.
func TestBlind(t *testing.T) {
	h := open(t)
	items := h.rated(6, 32)
	asked := rating(items)
	asked.Raters, asked.Repeated, asked.Attention = 3, 0.3, 0.2
	for _, item := range items[:3] {
		asked.Gold = append(asked.Gold, people.Gold{Item: item.ID, Answers: people.Answers{people.Alignment: people.Bad}})
	}
	asked.Name = "labels/tuned_by_the_new_method"
	h.ask(asked)
	secret := func(words string) {
		t.Helper()
		for _, one := range append([]string{"tuned_by", "gold", "attention", "again", "asked", "purpose", "\"item"}, names(items)...) {
			if strings.Contains(words, one) {
				t.Fatalf("a rater is sent %q: %.300s", one, words)
			}
		}
	}
	shape := regexp.MustCompile(`[0-9a-zA-Z_-]{20,}`)
	purposes := map[people.Purpose]int{}
	forms := map[string]bool{}
	var handles [2][]string
	for i, name := range []string{"ana", "ben"} {
		p := h.rater(name)
		_, _, html := p.get("/")
		secret(html)
		for range 40 {
			_, _, body := p.do(p.request("next", nextAsked{1}))
			secret(body)
			var reply nextReply
			if err := json.Unmarshal([]byte(body), &reply); err != nil {
				t.Fatal(err)
			}
			if len(reply.Screens) == 0 {
				break
			}
			for _, task := range reply.Screens[0].Tasks {
				if task.Said != nil {
					continue
				}
				handles[i] = append(handles[i], task.Images[0])
				if len(task.Images) != 1 || !regexp.MustCompile(`^/image/[0-9a-f]{32}$`).MatchString(task.Images[0]) {
					t.Errorf("image %q", task.Images)
				}
				forms[shape.ReplaceAllString(fmt.Sprint(len(task.ID), task.ID), "X")] = true
				status, _, said := p.do(p.request("answer", answerAsked{fmt.Sprintf("%032x", time.Now().UnixNano()), task.ID, people.Answers{people.Alignment: []string{"good", "bad"}[i]}, 700}))
				if status != http.StatusOK {
					t.Fatalf("%d %s", status, said)
				}
				secret(said)
			}
		}
	}
	for _, j := range h.judgements() {
		purposes[j.Purpose]++
	}
	if purposes[people.Asked] == 0 || purposes[people.Again] == 0 || purposes[people.Known] == 0 || purposes[people.Attentive] == 0 {
		t.Errorf("not everything was asked: %v", purposes)
	}
	if len(forms) != 1 {
		t.Errorf("names of tasks have several forms: %v", forms)
	}
	for _, handle := range handles[0] {
		if slices.Contains(handles[1], handle) {
			t.Error("two raters see an image under one name")
		}
	}
}

func names(items []people.Item) (all []string) {
	for _, item := range items {
		all = append(all, item.ID)
	}
	return all
}

// TestExamples: what raters are told is neither asked nor a check, and a lonely known
// answer is no example.
func TestExamples(t *testing.T) {
	h := open(t)
	asked := rating(h.rated(4, 32))
	asked.Gold = gold(asked.Items) // of color good 2, bad 2; of count good 2, bad 2
	examples, rest := splitGold(asked)
	if len(examples) != 4 || len(rest.Gold) != len(asked.Gold)-4 || len(rest.Items) != len(asked.Items)-4 {
		t.Fatalf("%d examples, %d of %d known, %d of %d items", len(examples), len(rest.Gold), len(asked.Gold), len(rest.Items), len(asked.Items))
	}
	if e := examples; e[0].category != "color" || e[0].answer != people.Good || e[1].answer != people.Bad || e[2].category != "count" {
		t.Errorf("%+v", examples)
	}
	for _, e := range examples {
		for _, item := range rest.Items {
			if item.ID == e.image {
				t.Errorf("%s is an example and asked", e.image)
			}
		}
	}
	few := asked
	few.Gold = asked.Gold[:1]
	if examples, rest := splitGold(few); examples != nil || len(rest.Gold) != 1 {
		t.Errorf("the only known answer became an example: %+v", examples)
	}
	h.ask(asked)
	p := h.rater("ana")
	reply := p.next(1)
	told := reply.Questions[reply.Screens[0].Question].Examples
	if len(told) != 4 {
		t.Fatalf("%+v", told)
	}
	if status, header, _ := p.get(told[0].Image); status != http.StatusOK || header.Get("Content-Type") != "image/png" {
		t.Errorf("an example's image: %d", status)
	}
}

// TestPairs: each aspect has an answer of its own, told by sides and kept by images.
func TestPairs(t *testing.T) {
	h := open(t)
	h.ask(comparing(h.several(12, 2, 32)))
	p := h.rater("ana")
	swapped := 0
	for range 12 {
		reply := p.next(1)
		task := reply.Screens[0].Tasks[0]
		if status, reason := p.call("answer", answerAsked{fmt.Sprintf("%032x", time.Now().UnixNano()), task.ID, people.Answers{people.Alignment: "left", people.Fidelity: "tie"}, 900}, nil); status != http.StatusOK {
			t.Fatalf("%d %s", status, reason)
		}
	}
	for _, j := range h.judgements() {
		want := people.First
		if j.Shown[0] != j.Images[0] {
			want = people.Second
			swapped++
		}
		if j.Answers[people.Alignment] != want || j.Answers[people.Fidelity] != people.Tie {
			t.Errorf("%v of %v shown as %v", j.Answers, j.Images, j.Shown)
		}
	}
	if swapped == 0 || swapped == 12 {
		t.Errorf("sides are changed in %d of 12", swapped)
	}
}

func TestRefusals(t *testing.T) {
	for err, status := range map[error]int{queue.ErrAnswer: 400, queue.ErrAnswered: 409, queue.ErrStale: 409, queue.ErrWithdrawn: 409, queue.ErrUnknown: 409} {
		var f *fault
		if got := refusal(fmt.Errorf("more: %w", err)); !errors.As(got, &f) || f.status != status || f.words == "" {
			t.Errorf("%v: %v", err, got)
		}
	}
}
