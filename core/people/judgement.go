package people

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Answers are what somebody says of an item, by aspect:
//
//	Rate     good, bad or skip
//	Compare  first, second, tie or skip, by the order of the item's Images, not by
//	         where they were shown
//	Rank     the places of Item.Images from best to worst, from 1, as "2,1,3"; or skip
type Answers map[string]string

// What an answer says in words.
const (
	Good   = "good"
	Bad    = "bad"
	First  = "first"
	Second = "second"
	Tie    = "tie"
	Skip   = "skip"
)

// GoldRater is who gave the answers that are known. Nobody else may be called so.
const GoldRater = "gold"

// Purpose is why an item was shown.
type Purpose string

const (
	Asked     Purpose = "asked"     // the answer counts
	Again     Purpose = "again"     // the rater answered it before: agreement with oneself
	Known     Purpose = "gold"      // the answer is known
	Attentive Purpose = "attention" // the answer is obvious: a prompt with an image of another
)

// Judgement is one answer of one rater, as it was given. It is never changed; one
// that was taken back is no longer read.
type Judgement struct {
	Number   int64         // in the database, ascending; 0: not stored yet
	ID       string        // of the page's making, unique: what is sent twice is stored once
	Question string        // Question.Name
	Item     string        // Item.ID
	Images   []string      // Item.Images
	Prompt   string        // that was shown, of attention checks not the image's own
	Category string        //
	Rater    string        // a name
	Purpose  Purpose       //
	Answers  Answers       //
	Shown    []string      // Images in the order in which they were shown, left to right
	Time     time.Time     // when it came, UTC, to the millisecond
	Duration time.Duration // from when the item was seen until it was answered; 0: not known
	Page     string        // version of the page, or what else it came from, such as "label.html 1" or "import"
}

// ItemID names an item by the labels.BlindIDs of its images: one by its own, several by
// a digest of all, whatever their order.
func ItemID(images ...string) string {
	if len(images) == 1 {
		return images[0]
	}
	sorted := slices.Sorted(slices.Values(images))
	sum := sha256.Sum256([]byte(strings.Join(sorted, " ")))
	return hex.EncodeToString(sum[:])[:32]
}

// Digest is what judgements say, whatever their order, times and pages: two sets with
// one digest make the same tables. Those that do not count, as their purpose is another
// than Asked, are left out.
func Digest(judgements []Judgement) string {
	var rows []string
	for _, j := range judgements {
		if j.Purpose != Asked {
			continue
		}
		row, err := json.Marshal([]any{j.Question, j.Item, j.Rater, j.Answers}) // keys of maps come sorted
		if err != nil {
			panic(err) // strings alone
		}
		rows = append(rows, string(row))
	}
	slices.Sort(rows)
	sum := sha256.Sum256([]byte(strings.Join(rows, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}
