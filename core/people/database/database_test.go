package database

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/people"
)

func open(t testing.TB, path string) *Database {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func place(t testing.TB) string {
	return filepath.Join(t.TempDir(), "mine.people", "judgements.sqlite")
}

func judgement(id, rater, item string) people.Judgement {
	return people.Judgement{
		ID: id, Question: "labels/people", Item: item, Images: []string{item}, Prompt: "a red dog", Category: "color",
		Rater: rater, Purpose: people.Asked, Answers: people.Answers{people.Alignment: people.Good}, Shown: []string{item, "other"},
		Time: time.Date(2026, 11, 28, 10, 0, 0, 123e6, time.UTC), Duration: 1234567 * time.Microsecond, Page: "page 1",
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func standingOf(t testing.TB, d *Database) []people.Judgement {
	t.Helper()
	all, err := d.Judgements(context.Background())
	must(t, err)
	return all
}

// What is stored comes back in every field, in order, also from another process's
// database that is open at the same time.
func TestAdd(t *testing.T) {
	ctx, path := t.Context(), place(t)
	d := open(t, path)
	want := []people.Judgement{judgement("1", "ana", "x"), judgement("2", "ben", "x"), judgement("3", "ana", "y")}
	want[1].Answers = people.Answers{people.Alignment: people.Skip, people.Fidelity: people.Bad}
	want[2].Purpose, want[2].Duration, want[2].Category = people.Again, 0, ""
	must(t, d.Add(ctx, want[0]))
	must(t, d.Add(ctx, want[1:]...))
	for i := range want {
		want[i].Number = int64(i + 1)
	}
	other, err := Read(path)
	must(t, err)
	defer other.Close()
	for _, from := range []*Database{d, other} {
		if diff := cmp.Diff(want, standingOf(t, from)); diff != "" {
			t.Error(diff)
		}
	}
	if err := other.Add(ctx, judgement("4", "ana", "z")); !errors.Is(err, errReadOnly) {
		t.Errorf("written to what is only read: %v", err)
	}
}

// A judgement that is sent twice is stored once; a rater's second answer is refused, and
// of judgements that are stored together none is if one is not.
func TestAddTwice(t *testing.T) {
	ctx := t.Context()
	d := open(t, place(t))
	first := judgement("1", "ana", "x")
	must(t, d.Add(ctx, first))
	later := first
	later.Time = later.Time.Add(time.Second)
	must(t, d.Add(ctx, later))
	changed := first
	changed.Answers = people.Answers{people.Alignment: people.Bad}
	is(t, d.Add(ctx, changed), ErrTaken)
	is(t, d.Add(ctx, judgement("2", "ben", "x"), judgement("3", "ana", "x")), ErrAnswered)
	again := judgement("4", "ana", "x")
	again.Purpose = people.Again
	must(t, d.Add(ctx, again)) // on purpose
	must(t, d.Add(ctx, again))
	if got := standingOf(t, d); len(got) != 2 || got[0].ID != "1" || !got[0].Time.Equal(first.Time) || got[1].ID != "4" {
		t.Errorf("stored: %v", got)
	}
	for _, lacking := range []func(*people.Judgement){
		func(j *people.Judgement) { j.ID = "" }, func(j *people.Judgement) { j.Rater = "" }, func(j *people.Judgement) { j.Item = "" }, func(j *people.Judgement) { j.Question = "" },
		func(j *people.Judgement) { j.Answers = nil }, func(j *people.Judgement) { j.Time = time.Time{} }, func(j *people.Judgement) { j.Purpose = "" },
	} {
		j := judgement("5", "cleo", "x")
		lacking(&j)
		if d.Add(ctx, j) == nil {
			t.Errorf("stored: %v", j)
		}
	}
}

// One who takes an answer back can give another. The row stays; nobody else can do it.
func TestWithdraw(t *testing.T) {
	ctx := t.Context()
	d := open(t, place(t))
	must(t, d.Add(ctx, judgement("1", "ana", "x")))
	is(t, d.Withdraw(ctx, "ben", "1"), ErrUnknown)
	is(t, d.Withdraw(ctx, "ana", "2"), ErrUnknown)
	must(t, d.Withdraw(ctx, "ana", "1"))
	must(t, d.Withdraw(ctx, "ana", "1"))
	must(t, d.Add(ctx, judgement("1", "ana", "x"))) // sent again, late: it stays withdrawn
	if got := standingOf(t, d); len(got) != 0 {
		t.Errorf("stands: %v", got)
	}
	must(t, d.Add(ctx, judgement("2", "ana", "x")))
	gone, err := d.Withdrawn(ctx)
	must(t, err)
	if got := standingOf(t, d); len(got) != 1 || got[0].ID != "2" || len(gone) != 1 || gone[0].ID != "1" {
		t.Errorf("stands: %v, withdrawn: %v", got, gone)
	}
	if j, stands, err := d.Judgement(ctx, "1"); err != nil || stands || j.Rater != "ana" {
		t.Errorf("the one that was withdrawn: %v, %v, %v", j, stands, err)
	}
	if _, stands, err := d.Judgement(ctx, "2"); err != nil || !stands {
		t.Errorf("the one that stands: %v, %v", stands, err)
	}
	_, _, err = d.Judgement(ctx, "3")
	is(t, err, ErrUnknown)
	if _, err := d.writes.Exec("UPDATE judgements SET rater = 'ben'"); err == nil {
		t.Error("a judgement was changed")
	}
}

func TestRaters(t *testing.T) {
	ctx, path := t.Context(), place(t)
	d := open(t, path)
	ana, err := d.AddRater(ctx, "ana")
	must(t, err)
	ben, err := d.AddRater(ctx, "ben")
	must(t, err)
	if len(ana.Token) < 26 || ana.Token == ben.Token {
		t.Errorf("tokens %q and %q", ana.Token, ben.Token)
	}
	must(t, d.Close())
	d = open(t, path)
	if same, err := d.AddRater(ctx, "ana"); err != nil || same != ana {
		t.Errorf("another link: %v, %v", same, err)
	}
	must(t, d.Revoke(ctx, "ana"))
	is(t, d.Revoke(ctx, "cleo"), ErrUnknown)
	all, err := d.Raters(ctx)
	must(t, err)
	if len(all) != 2 || all[0].Revoked.IsZero() || all[1] != ben {
		t.Errorf("raters: %v", all)
	}
	if anew, err := d.AddRater(ctx, "ana"); err != nil || anew.Token == ana.Token || !anew.Revoked.IsZero() {
		t.Errorf("after it was revoked: %v, %v", anew, err)
	}
	for _, name := range []string{"", " ana", "a\nb", "\xff", strings.Repeat("n", 65), "Ana", "Gold"} {
		if _, err := d.AddRater(ctx, name); err == nil {
			t.Errorf("%q is a rater", name)
		}
	}
	token, err := d.Experimenter(ctx)
	must(t, err)
	secret, err := d.Secret(ctx)
	must(t, err)
	again, err := d.Experimenter(ctx)
	if err != nil || again != token || token == secret || len(token) < 26 {
		t.Errorf("the experimenter's links %q and %q, %v", token, again, err)
	}
}

// Nothing of a rater who is forgotten is left in any file.
func TestForget(t *testing.T) {
	ctx, path := t.Context(), place(t)
	d := open(t, path)
	const name = "Wilhelmina-Quisling"
	for i := range 50 {
		must(t, d.Add(ctx, judgement(fmt.Sprint("w", i), name, fmt.Sprint(i)), judgement(fmt.Sprint("a", i), "ana", fmt.Sprint(i))))
	}
	must(t, d.Withdraw(ctx, name, "w1"))
	must(t, d.Report(ctx, name, "bad", "Wilhelmina says so"))
	rater, err := d.AddRater(ctx, name)
	must(t, err)
	n, err := d.Forget(ctx, name)
	if err != nil || n != 50 {
		t.Errorf("%d judgements forgotten, %v", n, err)
	}
	if got := standingOf(t, d); len(got) != 50 {
		t.Errorf("%d judgements of others are left", len(got))
	}
	if reports, err := d.Reports(ctx); err != nil || len(reports) != 1 || reports[0].Rater != "" {
		t.Errorf("reports: %v, %v", reports, err)
	}
	_, err = d.Forget(ctx, name)
	is(t, err, ErrUnknown)
	files, err := filepath.Glob(path + "*")
	must(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		must(t, err)
		if bytes.Contains(content, []byte("Wilhelmina")) || bytes.Contains(content, []byte(rater.Token)) {
			t.Errorf("%s still knows who was forgotten", filepath.Base(file))
		}
	}
}

func TestReports(t *testing.T) {
	ctx := t.Context()
	d := open(t, place(t))
	must(t, d.Report(ctx, "ana", "x", "blood"))
	must(t, d.Report(ctx, "ben", "x", "nasty"))
	must(t, d.Report(ctx, "ben", "y", ""))
	is(t, d.Unreport(ctx, "z"), ErrUnknown)
	must(t, d.Unreport(ctx, "x"))
	is(t, d.Unreport(ctx, "x"), ErrUnknown)
	if got, err := d.Reported(ctx); err != nil || len(got) != 1 || !got["y"] {
		t.Errorf("reported: %v, %v", got, err)
	}
	must(t, d.Report(ctx, "ana", "x", "again"))
	if got, err := d.Reports(ctx); err != nil || len(got) != 2 || got[1].Reason != "again" {
		t.Errorf("reports: %v, %v", got, err)
	}
}

// Raters' writes that come at once are made durable together, and each has its own
// error.
func TestTogether(t *testing.T) {
	ctx := t.Context()
	d := open(t, place(t))
	var wait sync.WaitGroup
	refused := make([]int, 20)
	for r := range refused {
		wait.Go(func() {
			for i := range 40 {
				item := fmt.Sprint(i / 2) // each twice
				switch err := d.Add(ctx, judgement(fmt.Sprint(r, "-", i), fmt.Sprint(r), item)); {
				case errors.Is(err, ErrAnswered):
					refused[r]++
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got := standingOf(t, d); len(got) != 20*20 {
		t.Errorf("%d judgements", len(got))
	}
	for r, n := range refused {
		if n != 20 {
			t.Errorf("rater %d: %d second answers were refused", r, n)
		}
	}
}

// One who goes away while an answer is stored changes nobody else's.
func TestCancelled(t *testing.T) {
	d := open(t, place(t))
	var wait sync.WaitGroup
	for r := range 20 {
		wait.Go(func() {
			for i := range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r%2*60*1000+i%3)*time.Millisecond)
				err := d.Add(ctx, judgement(fmt.Sprint(r, "-", i), fmt.Sprint(r), fmt.Sprint(i)))
				cancel()
				if r%2 == 1 && err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	n := 0
	for _, j := range standingOf(t, d) {
		var r, i int
		fmt.Sscanf(j.ID, "%d-%d", &r, &i)
		n += r % 2
	}
	if n != 200 {
		t.Errorf("%d judgements of those who stayed, want 200", n)
	}
}

func TestElsewhere(t *testing.T) {
	ctx, path := t.Context(), place(t)
	d, other := open(t, path), open(t, path)
	number := func() int64 {
		t.Helper()
		n, err := d.Elsewhere(ctx)
		must(t, err)
		return n
	}
	before := number()
	must(t, d.Add(ctx, judgement("1", "ana", "x")))
	if number() != before {
		t.Error("its own write is taken for another's")
	}
	must(t, other.Add(ctx, judgement("2", "ben", "x")))
	if number() == before {
		t.Error("another's write is not seen")
	}
}

// Nobody else on the machine can read who said what.
func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes here")
	}
	path := place(t)
	d := open(t, path)
	must(t, d.Add(t.Context(), judgement("1", "ana", "x")))
	for name, want := range map[string]fs.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOpenFailures(t *testing.T) {
	ctx, path := t.Context(), place(t)
	_, err := Read(path)
	is(t, err, fs.ErrNotExist)
	d := open(t, path)
	for i := range 200 {
		must(t, d.Add(ctx, judgement(fmt.Sprint(i), "ana", fmt.Sprint("item", i))))
	}
	must(t, d.Close())
	must(t, d.Close())
	is(t, d.Add(ctx, judgement("x", "ana", "x")), os.ErrClosed)
	whole, err := os.ReadFile(path)
	must(t, err)
	at := bytes.Index(whole, []byte(`{"alignment":"good"}`))
	for name, damage := range map[string]func([]byte) []byte{
		"a word":  func(b []byte) []byte { copy(b[at:], `{"alignment":"evil"}`); return b },
		"a page":  func(b []byte) []byte { clear(b[2*4096 : 3*4096]); return b },
		"the end": func(b []byte) []byte { return b[:len(b)/2] },
		"all":     func(b []byte) []byte { return []byte(strings.Repeat("something else ", 1000)) },
	} {
		for way, opens := range map[string]func(string) (*Database, error){"Open": Open, "Read": Read} {
			place := filepath.Join(t.TempDir(), "d", "judgements.sqlite")
			must(t, os.MkdirAll(filepath.Dir(place), 0o700))
			must(t, os.WriteFile(place, damage(bytes.Clone(whole)), 0o600))
			d, err := opens(place)
			if err == nil {
				_, err = d.Judgements(ctx)
				d.Close()
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), place) {
				t.Errorf("%s is damaged, %s: %v", name, way, err)
			}
		}
	}
	d = open(t, path)
	_, err = d.writes.Exec(fmt.Sprintf("PRAGMA user_version = %d", version+1))
	must(t, err)
	must(t, d.Close())
	for _, opens := range []func(string) (*Database, error){Open, Read} {
		if _, err := opens(path); err == nil || !strings.Contains(err.Error(), "newer Plumb") {
			t.Errorf("a newer database: %v", err)
		}
	}
}

// A directory of a name that a URI would take apart, and one that is write-protected.
func TestPlaces(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "50% of? it's #1", "judgements.sqlite")
	d := open(t, path)
	must(t, d.Add(ctx, judgement("1", "ana", "x")))
	must(t, d.Close())
	dir := filepath.Dir(path)
	must(t, os.Chmod(dir, 0o500))
	defer os.Chmod(dir, 0o700)
	if file, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		file.Close()
		os.Remove(file.Name())
		t.Log("this user may write everywhere: that a database is read where nothing can be written is not tested")
	}
	r, err := Read(path)
	must(t, err)
	defer r.Close()
	if got := standingOf(t, r); len(got) != 1 {
		t.Errorf("read: %v", got)
	}
}
