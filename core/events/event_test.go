package events

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
)

func of[T any](x T) *T { return &x }

var at = time.Date(2026, 3, 1, 12, 30, 0, 250e6, time.UTC)

// TestLine: what is written is what is read, and is JSON for every number.
func TestLine(t *testing.T) {
	for _, test := range []struct {
		event Event
		want  string
	}{
		{
			Event{Time: at, Kind: Value, Stage: "tune/full [seed=2]", Step: of(12), Name: "loss", Value: of(Number(0.25))},
			`{"time":"2026-03-01T12:30:00.25Z","event":"value","stage":"tune/full [seed=2]","step":12,"name":"loss","value":0.25}`,
		},
		{
			Event{Time: at, Kind: Value, Stage: "a", Step: of(0), Name: "loss", Value: of(Number(math.NaN()))},
			`{"time":"2026-03-01T12:30:00.25Z","event":"value","stage":"a","step":0,"name":"loss","value":"NaN"}`,
		},
		{
			Event{Time: at, Kind: Value, Stage: "a", Step: of(1), Name: "<&>", Value: of(Number(math.Inf(-1)))},
			`{"time":"2026-03-01T12:30:00.25Z","event":"value","stage":"a","step":1,"name":"<&>","value":"-Infinity"}`,
		},
		{
			Event{Time: at, Kind: StageEnded, Stage: "a", About: &record.Stage{Kind: record.KindTune}, Status: record.Failed, Text: "two\nlines"},
			`{"time":"2026-03-01T12:30:00.25Z","event":"stage_ended","stage":"a","about":{"kind":"tune"},"status":"failed","text":"two\nlines"}`,
		},
	} {
		line, err := test.event.Line()
		if err != nil || string(line) != test.want {
			t.Errorf("%s, %v\nwant\n%s", line, err, test.want)
		}
		back, ok := Parse(line)
		if diff := cmp.Diff(test.event, back, cmp.Comparer(func(a, b Number) bool { return a == b || a != a && b != b })); diff != "" || !ok {
			t.Errorf("read back, %v:\n%s", ok, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"", "{", "null", "[]", "12", `{"event":"value"}`, `{"time":"2026-03-01T12:30:00Z"}`,
		`{"time":"2026-03-01T12:30:00Z","event":"value","stage":"a","step":1,"name":"loss","value":NaN}`, `{"time":"2026-03-01T12:30:00Z","event":"value","stage":"a","step":1,"name":"loss","value":"many"}`,
		`{"time":"2026-03-01T12:30:00Z","event":"value","stage":"a","name":"loss","value":1}`,
		`{"time":"yesterday","event":"value"}`, `{"time":"2026-03-01T12:30:00Z","event":"va`,
	} {
		if event, ok := Parse([]byte(line)); ok {
			t.Errorf("%s is taken for %+v", line, event)
		}
	}
}

// FuzzParse: no line is read as an event that cannot be written and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"time":"2026-03-01T12:30:00.25Z","event":"metric","stage":"a","name":"fid","value":3,"metric":{"name":"fid","value":3,"n":8}}`))
	f.Add([]byte(`{"time":"2026-03-01T12:30:00Z","event":"value","stage":"a","name":"b","step":1,"value":"Infinity"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		event, ok := Parse(line)
		if !ok {
			return
		}
		again, err := event.Line()
		if err != nil {
			t.Skip() // a year that RFC 3339 does not have
		}
		if _, ok := Parse(again); !ok {
			t.Errorf("%s is read, and %s is not", line, again)
		}
		Text([]Event{event})
	})
}

func TestText(t *testing.T) {
	local := time.Local
	time.Local = time.FixedZone("", 3600)
	defer func() { time.Local = local }()
	var got []string
	for _, moment := range [][]Event{
		{{Kind: RunBegun, Run: "x@12345678", Of: 9}},
		{{Kind: StageBegun, Stage: "tune/full", Of: 120, Unit: "steps"}},
		{{Kind: Progress, Stage: "tune/full", Done: 12, Of: 120, Unit: "steps"}, {Kind: Value, Stage: "tune/full", Step: of(12), Name: "loss", Value: of(Number(0.123456))}, {Kind: Value, Stage: "tune/full", Step: of(12), Name: "reward", Value: of(Number(math.NaN()))}},
		{{Kind: Value, Stage: "tune/full", Step: of(13), Name: "loss", Value: of(Number(2))}},
		{{Kind: Progress, Stage: "score/a", Done: 3, Unit: "images", Text: "a program\x1b is compiled"}},
		{{Kind: Metric, Stage: "measure/main", Name: "fid", Value: of(Number(12.34567)), Metric: &record.Metric{Subject: "full", Low: of(11.0), High: of(13.5), Versus: "base", Category: "color", N: 480}}, {Kind: StageEnded, Stage: "measure/main", Status: record.Done, Seconds: 1.26, Done: 480, Unit: "images"}},
		{{Kind: StageEnded, Stage: "fit/a", Status: record.Failed, Seconds: 0.5, Text: "It failed: why\nand more"}},
		{{Kind: StageEnded, Stage: "measure/b", Status: record.NotRun}},
		{{Kind: Warning, Text: "take care"}},
		{{Kind: RunEnded, Run: "x@12345678", State: record.RunFailed, Done: 7, Of: 9}},
	} {
		for i := range moment {
			moment[i].Time = at
		}
		got = append(got, Text(moment))
	}
	want := `2026-03-01 13:30:00  run          x@12345678 begins, 9 stages, UTC+01:00
2026-03-01 13:30:00  begins       tune/full  120 steps
2026-03-01 13:30:00               tune/full  12/120 steps, loss 0.1235, reward is no number
2026-03-01 13:30:00               tune/full  step 13, loss 2
2026-03-01 13:30:00               score/a  3 images, a program\u001b is compiled
2026-03-01 13:30:00  measured     measure/main  fid 12.35 [11, 13.5] of full against base, color, n 480
2026-03-01 13:30:00  done         measure/main  1.3s, 480 images
2026-03-01 13:30:00  FAILED       fit/a  500ms, It failed: why
                     and more
2026-03-01 13:30:00  not run      measure/b
2026-03-01 13:30:00  warning      take care
2026-03-01 13:30:00  run          x@12345678: failed, 7 of 9 stages finished`
	if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
		t.Error(diff)
	}
}
