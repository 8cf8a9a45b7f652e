package events

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	f := Follow(path)
	line := func(name string) string {
		return fmt.Sprintf(`{"time":"2026-03-01T12:30:00Z","event":"metric","name":%q}`+"\n", name)
	}
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	next := func(want string, anewWant bool, damaged int) {
		t.Helper()
		var names []string
		anew := false
		for more := true; more; {
			var events []Event
			var again bool
			var err error
			if events, more, again, err = f.Next(); err != nil {
				t.Fatal(err)
			}
			anew = anew || again
			for _, event := range events {
				names = append(names, event.Name)
			}
		}
		if got := strings.Join(names, " "); got != want || anew != anewWant || f.Damaged != damaged {
			t.Errorf("%q, anew %v, %d damaged; want %q, %v, %d", got, anew, f.Damaged, want, anewWant, damaged)
		}
	}
	next("", false, 0) // there is no file yet
	write(line("a") + line("b"))
	next("a b", false, 0)
	next("", false, 0)
	whole := line("c")
	write(whole[:20])
	next("", false, 0)
	write(whole[20:30])
	next("", false, 0)
	at := f.Offset()
	if want := int64(2 * len(line("a"))); at != want {
		t.Errorf("the next line is at %d, want %d", at, want)
	}
	write(whole[30:] + "\n\n")
	next("c", false, 0)
	f = FollowFrom(path, at)
	next("c", false, 0)
	write(whole[:20] + "\n" + line("d")) // a kill, and a run that goes on
	next("d", false, 1)
	write(strings.Repeat("x", 3*chunk))
	next("", false, 1)
	write("\n" + line("e"))
	next("e", false, 2)
	if err := os.WriteFile(path, []byte(line("f")), 0o644); err != nil {
		t.Fatal(err)
	}
	next("f", true, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	next("", true, 2)
	next("", false, 2)
	var many strings.Builder
	for range chunk/len(line("g")) + 10 {
		many.WriteString(line("g"))
	}
	write(many.String())
	events, more, _, err := f.Next()
	if err != nil || !more || len(events) < 1000 {
		t.Errorf("%d events, more %v, %v", len(events), more, err)
	}
	if events, more, _, err = f.Next(); err != nil || more || len(events) == 0 {
		t.Errorf("%d events, more %v, %v", len(events), more, err)
	}
}
