package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
)

// The sides of a pair in Label Studio's tasks, as answers. The images are those of the
// task's data under the same names.
const (
	left  = "left"
	right = "right"
)

// studioTask is a task as Label Studio exports it (its Task Format, JSON). Predictions are
// passed over.
type studioTask struct {
	ID          json.RawMessage            `json:"id"`
	Data        map[string]json.RawMessage `json:"data"`
	Annotations []json.RawMessage          `json:"annotations"`
	Completions []json.RawMessage          `json:"completions"` // before version 1.0
}

// studioAnnotation is what one annotator said of a task.
type studioAnnotation struct {
	UniqueID     string          `json:"unique_id"`
	CompletedBy  json.RawMessage `json:"completed_by"` // a number, or an object with email and id
	WasCancelled bool            `json:"was_cancelled"`
	LeadTime     *float64        `json:"lead_time"` // seconds
	CreatedAt    string          `json:"created_at"`
	Result       []struct {
		FromName string `json:"from_name"`
		Type     string `json:"type"`
		Value    struct {
			Choices []string `json:"choices"`
		} `json:"value"`
	} `json:"result"`
}

// takeTask takes the annotations of a task.
func (i *importer) takeTask(object []byte, at func(offset int) diag.Range) error {
	var task studioTask
	if err := json.Unmarshal(object, &task); err != nil {
		i.found.Errorf(at(0), "The task cannot be read", "%s.", jsonProblem(err))
		return i.enough()
	}
	offset := 0
	for _, raw := range append(task.Annotations, task.Completions...) {
		if n := bytes.Index(object[offset:], raw); n >= 0 {
			offset += n
		}
		where := at(offset)
		var a studioAnnotation
		if err := json.Unmarshal(raw, &a); err != nil {
			i.found.Errorf(where, "The annotation cannot be read", "%s.", jsonProblem(err))
			if err := i.enough(); err != nil {
				return err
			}
			continue
		}
		said := map[string]string{}
		multiple := ""
		for _, result := range a.Result {
			if result.Type != "choices" {
				continue
			}
			if len(result.Value.Choices) != 1 {
				multiple = result.FromName
				continue
			}
			said[result.FromName] = result.Value.Choices[0]
		}
		s := studioAnswer{
			data: rowOf(task.Data, where), said: said, multiple: multiple, cancelled: a.WasCancelled, annotator: annotator(a.CompletedBy), created: a.CreatedAt, at: where,
		}
		if a.LeadTime != nil {
			s.leadTime = strconv.FormatFloat(*a.LeadTime, 'f', -1, 64)
		}
		if a.UniqueID != "" {
			s.id = "label-studio-" + a.UniqueID
		}
		if err := i.takeStudio(s); err != nil {
			return err
		}
	}
	return nil
}

// takeLabelStudio takes a row of Label Studio's JSON_MIN or CSV: what the task's data are
// and what was answered stand beside each other in columns.
func (i *importer) takeLabelStudio(r row) error {
	s := studioAnswer{
		data: r, said: map[string]string{}, cancelled: strings.EqualFold(r.get("was_cancelled"), "true"),
		annotator: annotator([]byte(r.get("annotator"))), leadTime: r.get("lead_time"), created: r.get("created_at"), at: r.at("annotation_id"),
	}
	for _, column := range r.columns {
		if slices.Contains(studioColumns, column) {
			continue
		}
		value := r.get(column)
		var several struct {
			Choices []string `json:"choices"`
		}
		switch {
		case value == "":
		case strings.HasPrefix(value, "{") && json.Unmarshal([]byte(value), &several) == nil && len(several.Choices) > 0:
			s.multiple = column
		default:
			s.said[column] = value
		}
	}
	return i.takeStudio(s)
}

// studioColumns are columns that are not answers: those of Label Studio, and the data
// that Tasks writes.
var studioColumns = []string{
	"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "was_cancelled", "agreement",
	"question", "item", "prompt", "category", "image", "image_id", left, right, "left_id", "right_id",
}

// annotator is the name of who answered: the address, where there is one, else the number.
func annotator(raw []byte) string {
	var of struct {
		Email string          `json:"email"`
		ID    json.RawMessage `json:"id"`
	}
	text := strings.TrimSpace(string(raw))
	if json.Unmarshal(raw, &of) == nil && (of.Email != "" || of.ID != nil) {
		if of.Email != "" {
			return of.Email
		}
		text = string(of.ID)
	}
	if unquoted, err := strconv.Unquote(text); err == nil {
		return unquoted
	}
	if text == "null" {
		return ""
	}
	return text
}

// studioAnswer is an annotation, whichever export it comes from.
type studioAnswer struct {
	data                             row
	said                             map[string]string // by the name of the control
	multiple                         string            // a control that has several choices; "": none
	cancelled                        bool
	id, annotator, leadTime, created string
	at                               diag.Range
}

func (i *importer) takeStudio(s studioAnswer) error {
	question, ok := i.question(s.data.get("question"), s.at)
	if !ok {
		return i.enough()
	}
	before := len(i.found)
	j := people.Judgement{
		ID: s.id, Question: question.Name, Rater: s.annotator, Answers: people.Answers{}, Page: "Label Studio",
		Time: i.time(s.created, s.at), Duration: i.duration(s.leadTime, 1000, s.at),
	}
	order := i.studioItem(s, question, &j)
	if s.cancelled {
		for _, aspect := range question.Aspects {
			j.Answers[aspect] = people.Skip
		}
	} else if !i.studioAnswers(s, question, &j, order) {
		if len(i.found) == before {
			i.into.Empty++
		}
		return i.enough()
	}
	if len(i.found) > before {
		return i.enough()
	}
	return i.take(entry{Judgement: j, at: func(string) diag.Range { return s.at }, order: order})
}

// studioItem finds what was judged; of a pair it returns the images as they were shown.
func (i *importer) studioItem(s studioAnswer, question people.Question, j *people.Judgement) (order []string) {
	prompt := s.data.get("prompt")
	image := func(names ...string) string {
		for _, name := range names {
			if value := s.data.get(name); value != "" {
				return i.find(value, prompt, s.at)
			}
		}
		return i.find("", prompt, s.at)
	}
	switch question.Kind {
	case people.Rate:
		if j.Item = image("item", "image_id", "image"); j.Item != "" {
			j.Images = []string{j.Item}
		}
	case people.Compare:
		first, second := image("left_id", left), image("right_id", right)
		if first != "" && second != "" {
			order = []string{first, second}
			j.Images = []string{min(first, second), max(first, second)}
			j.Item = people.ItemID(j.Images...)
		}
	default:
		i.found.Errorf(s.at, fmt.Sprintf("%s cannot come from Label Studio", question.Name), "Rankings are asked on Plumb's own page: plumb label.")
	}
	return order
}

// studioAnswers reads what was chosen; false if nothing was, or after reporting why it
// cannot be read.
func (i *importer) studioAnswers(s studioAnswer, question people.Question, j *people.Judgement, order []string) bool {
	if s.multiple != "" {
		i.found.Errorf(s.at, fmt.Sprintf("%q has several choices, or none", s.multiple), "One is asked for: set choice=\"single\" in the labelling interface.")
		return false
	}
	if len(s.said) == 0 {
		return false
	}
	said := s.said
	if len(said) == 1 && len(question.Aspects) == 1 { // whatever the control is called
		for _, value := range said {
			said = map[string]string{question.Aspects[0]: value}
		}
	}
	for aspect, value := range said {
		if !slices.Contains(question.Aspects, aspect) && len(s.said) > len(question.Aspects) {
			continue // a column of the task's data, or a control beside
		}
		value = strings.ToLower(strings.TrimSpace(value))
		if question.Kind == people.Compare && len(order) == 2 {
			switch value {
			case left:
				value = people.First
			case right:
				value = people.Second
			}
			if order[0] > order[1] {
				value = turned(value)
			}
		}
		j.Answers[aspect] = value
	}
	return true
}
