package exchange

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// The columns of a judgement in CSV and Parquet, in their order; those of the answers, one
// for each aspect, come before "shown". In JSON Lines images and shown are lists, and
// answers an object.
//
//	number       in the database, ascending
//	id           unique
//	question     such as "labels/people"
//	item         what was judged, by content
//	images       its images, by content, with spaces between them
//	prompt       that was shown
//	category
//	rater        a name
//	purpose      asked, again, gold or attention
//	answer_NAME  of the aspect NAME: good, bad; first, second, tie by the order of images;
//	             places of images from best to worst, "2,1,3"; skip
//	shown        images in the order in which they were shown, left to right
//	time         UTC, RFC 3339
//	duration_ms  from when it was seen until it was answered; 0: not known
//	page         version of the page, or what else it came from
const answerPrefix = "answer_"

// aspectsOf are all aspects that judgements have an answer to, sorted.
func aspectsOf(judgements []people.Judgement) []string {
	names := map[string]bool{}
	for _, j := range judgements {
		for name := range j.Answers {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// line is a judgement as JSON Lines have it.
type line struct {
	Number     int64             `json:"number,omitempty"`
	ID         string            `json:"id"`
	Question   string            `json:"question"`
	Item       string            `json:"item"`
	Images     []string          `json:"images"`
	Prompt     string            `json:"prompt"`
	Category   string            `json:"category"`
	Rater      string            `json:"rater"`
	Purpose    people.Purpose    `json:"purpose,omitempty"`
	Answers    map[string]string `json:"answers"`
	Shown      []string          `json:"shown"`
	Time       string            `json:"time"`
	DurationMS float64           `json:"duration_ms"`
	Page       string            `json:"page"`
}

func lineOf(j people.Judgement) line {
	return line{
		Number: j.Number, ID: j.ID, Question: j.Question, Item: j.Item, Images: j.Images, Prompt: j.Prompt, Category: j.Category,
		Rater: j.Rater, Purpose: j.Purpose, Answers: j.Answers, Shown: j.Shown, Time: timeText(j.Time), DurationMS: milliseconds(j.Duration), Page: j.Page,
	}
}

// milliseconds are exact to the nanosecond for 50 days.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// durationOf is the inverse of milliseconds; false of what is no length of time.
func durationOf(ms float64) (time.Duration, bool) {
	const most = 1e12 // 30 years
	if math.IsNaN(ms) || ms < 0 || ms > most {
		return 0, false
	}
	return time.Duration(math.Round(ms * float64(time.Millisecond))), true
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// timeOf reads a time; the zero time of "".
func timeOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it as 2026-11-28T16:04:05Z", text)
}
