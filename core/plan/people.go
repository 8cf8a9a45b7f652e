package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/spec"
)

// Heard is what people have said when an experiment is planned.
type Heard struct {
	Judgements map[string][]people.Judgement // by question: those that stand
	Reported   map[string]bool               // images that somebody finds unsafe, by labels.BlindID
}

// Digest is what the stages of a question make of it: people.Digest of its judgements
// and, if there are any, the images that were reported.
func (h *Heard) Digest(question string) string {
	if h == nil {
		return people.Digest(nil)
	}
	digest := people.Digest(h.Judgements[question])
	if len(h.Reported) == 0 {
		return digest
	}
	text := []string{digest}
	for image, reported := range h.Reported {
		if reported {
			text = append(text, image)
		}
	}
	slices.Sort(text[1:])
	sum := sha256.Sum256([]byte(strings.Join(text, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Asking is what a stage asks people, and what they have said so far.
type Asking struct {
	Raters int    `json:"raters"`         // distinct people an image or a pair
	Gold   string `json:"gold,omitempty"` // digest of the file of known answers

	Question people.Question `json:"-"` // without the answers that are known
	GoldPath string          `json:"-"` // of the file of known answers; empty: there is none
	Blind    bool            `json:"-"` // the question is about images of other stages, too, that are mixed with these; the file names images by their labels.BlindID
	Heard    *Heard          `json:"-"`
	Digest   string          `json:"-"` // of what was heard of the question; in the key, in words
	Scores   *Node           `json:"-"` // of the reward that is least sure of what comes first; nil: none
}

// asking is what a people block of a question of one kind asks, about these aspects.
func (b *builder) asking(block *spec.People, kind people.Kind, aspects ...string) *Asking {
	return &Asking{
		Raters: block.Raters,
		Gold:   b.spec.Digests[block.Gold],
		Question: people.Question{
			Name:         block.Question,
			Kind:         kind,
			Aspects:      aspects,
			Raters:       block.Raters,
			Together:     max(1, block.Together),
			Order:        block.Order,
			Repeated:     block.Repeated,
			Attention:    block.Attention,
			Instructions: block.Instructions,
		},
		GoldPath: block.Gold,
		Heard:    b.heard,
		Digest:   b.heard.Digest(block.Question),
	}
}

// Judgements are the answers to the question that count, in the order in which they
// came.
func (a *Asking) Judgements() []people.Judgement {
	if a.Heard == nil {
		return nil
	}
	var counted []people.Judgement
	for _, j := range a.Heard.Judgements[a.Question.Name] {
		if j.Purpose == people.Asked {
			counted = append(counted, j)
		}
	}
	return counted
}

// Reported reports whether somebody finds an image unsafe.
func (a *Asking) Reported(image string) bool { return a.Heard != nil && a.Heard.Reported[image] }

// reads lists the file of known answers, if there is one.
func (a *Asking) reads() []string {
	if a == nil {
		return nil
	}
	return []string{a.GoldPath}
}

// answers says in words what was heard: a line of the key. The counts follow from the
// digest.
func (a *Asking) answers() string {
	if a == nil {
		return ""
	}
	raters := map[string]bool{}
	counted := a.Judgements()
	for _, j := range counted {
		raters[j.Rater] = true
	}
	reported := ""
	if a.Heard != nil && len(a.Heard.Reported) > 0 {
		reported = fmt.Sprintf(", %s reported", count(len(a.Heard.Reported), "image", "images"))
	}
	return fmt.Sprintf("%s: %s of %s%s, %s", a.Question.Name, count(len(counted), "answer", "answers"), count(len(raters), "person", "people"), reported, a.Digest)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// asker is a Work that may ask people.
type asker interface{ asks() *Asking }

// Asks is what the stage asks people; nil if it asks nobody.
func (n *Node) Asks() *Asking {
	if work, ok := n.Work.(asker); ok {
		return work.asks()
	}
	return nil
}
