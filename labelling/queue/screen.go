package queue

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// Screen is what a rater sees at once: images of one prompt, side by side, a pair, or
// some images to be ranked.
type Screen struct {
	ID       string
	Question string // its name
	Kind     people.Kind
	Aspects  []string
	Prompt   string
	Category string
	Tasks    []Task // from left to right; of Kind Rate one for each image, else one
	Until    time.Time
}

// Task is an item that a rater is asked about.
type Task struct {
	ID      string         // unguessable, tells nothing, and is the same after a restart
	Item    string         // people.Item.ID
	Shown   []string       // its images, from left to right
	Purpose people.Purpose // which the rater is not to know
	Said    people.Answers // in words of what is shown; nil: open
}

// What an answer says of images by where they are shown. Good, bad, tie and skip are
// those of package people.
const (
	Left  = "left"
	Right = "right"
)

// ErrAnswer says that an answer has other words than its question asks for.
var ErrAnswer = errors.New("this is no answer to what is asked")

// fromShown makes of what is said of images where they are shown what is said of them in
// the item's order.
func fromShown(question *people.Question, item *people.Item, shown []string, said people.Answers) (people.Answers, error) {
	if len(said) != len(question.Aspects) {
		return nil, fmt.Errorf("%w: %d answers, want %d", ErrAnswer, len(said), len(question.Aspects))
	}
	answers := people.Answers{}
	for _, aspect := range question.Aspects {
		word, ok := said[aspect]
		if !ok {
			return nil, fmt.Errorf("%w: nothing is said of %s", ErrAnswer, aspect)
		}
		meant, ok := meantBy(word, question.Kind, item.Images, shown)
		if !ok {
			return nil, fmt.Errorf("%w: %.40q of %s", ErrAnswer, word, aspect)
		}
		answers[aspect] = meant
	}
	return answers, nil
}

func meantBy(word string, kind people.Kind, images, shown []string) (meant string, ok bool) {
	if word == people.Skip {
		return word, true
	}
	switch kind {
	case people.Rate:
		return word, word == people.Good || word == people.Bad
	case people.Compare:
		side := slices.Index([]string{Left, Right}, word)
		switch {
		case word == people.Tie:
			return word, true
		case side < 0:
			return "", false
		}
		return []string{people.First, people.Second}[slices.Index(images, shown[side])], true
	case people.Rank:
		return renumbered(word, shown, images)
	}
	return "", false
}

// inShown is the way back from fromShown.
func inShown(question *people.Question, item *people.Item, shown []string, answers people.Answers) people.Answers {
	said := people.Answers{}
	for aspect, meant := range answers {
		switch {
		case question.Kind == people.Compare && (meant == people.First || meant == people.Second):
			image := item.Images[slices.Index([]string{people.First, people.Second}, meant)]
			said[aspect] = []string{Left, Right}[slices.Index(shown, image)]
		case question.Kind == people.Rank && meant != people.Skip:
			said[aspect], _ = renumbered(meant, item.Images, shown)
		default:
			said[aspect] = meant
		}
	}
	return said
}

// renumbered takes a ranking by places in one order of images, from 1, to the other.
func renumbered(ranking string, from, to []string) (string, bool) {
	places := strings.Split(ranking, ",")
	if len(places) != len(from) {
		return "", false
	}
	for i, text := range places {
		place, err := strconv.Atoi(text)
		if err != nil || place < 1 || place > len(from) || slices.Contains(places[:i], strconv.Itoa(slices.Index(to, from[place-1])+1)) {
			return "", false
		}
		places[i] = strconv.Itoa(slices.Index(to, from[place-1]) + 1)
	}
	return strings.Join(places, ","), true
}
