package spec

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
)

// People says that people answer, and how they are asked.
type People struct {
	Question     string       // what the block asks goes by, such as "labels/people" or "evaluate/main/alignment"
	Raters       int          // distinct people an image, or a pair of images
	Together     int          // images of a prompt side by side; of no meaning for pairs
	Order        people.Order // how the next images of a rater are chosen
	By           *Component   // the reward that is least sure of what comes first; nil unless Order is people.Uncertain
	Repeated     float64      // share of the images that each rater sees once more; in [0, 0.5]
	Attention    float64      // share of what a rater sees that only checks attention; in [0, 0.5]
	Gold         string       // a file of answers that are known, resolved; empty: none
	Instructions string       // plain text for raters; empty: the page's own
	Range        diag.Range
}

// asking is where a people block stands.
type asking struct {
	raters string // the argument that says how many people answer
	usual  int    // its default
	pairs  bool   // two images are compared, in place of one that is rated
	models bool   // these are of two models
}

// Where people may be asked. An evaluation's images are judged by nine people each, as
// in Lee et al. 2023, section 5.
var (
	askLabels      = asking{raters: "per_image", usual: 1}
	askAlignment   = asking{raters: "per_image", usual: 9}
	askComparisons = asking{raters: "per_pair", usual: 1, pairs: true}
	askPreference  = asking{raters: "per_pair", usual: 9, pairs: true, models: true}
)

// mostRaters bounds the people an image.
const mostRaters = 1000

// form is what a people block may say there.
func (a asking) form() form {
	what := "image"
	check := "an image with another's prompt, which is obviously bad"
	gold := "a label file, as path takes one, of images whose label is known: they are mixed in to check raters, nobody else is asked about them, and the label is that of the file"
	if a.pairs {
		what = "pair"
		check = "a pair with an image of another prompt, which is obviously worse"
		gold = "a file of comparisons, as path takes one, of pairs whose choice is known: they are mixed in to check raters, and nobody else is asked about them"
	}
	f := form{
		schema: Schema{Attributes: []Attribute{
			{Name: a.raters, Type: "integer", Default: []byte(strconv.Itoa(a.usual)), Minimum: number(1), Maximum: number(mostRaters), Summary: "how many different people answer for each " + what},
			{Name: "order", Type: "string", Default: []byte(`"balanced"`), OneOf: []string{string(people.Random), string(people.Balanced), string(people.Disagreement), string(people.Uncertain)},
				Summary: "what comes next: any, all categories alike, what raters disagree about so far, or what the reward by is least sure of"},
			{Name: "repeated", Type: "number", Default: []byte(`0`), Minimum: number(0), Maximum: number(0.5), Summary: "share of the " + what + "s that each rater is shown a second time, for agreement with oneself; these answers make no labels"},
			{Name: "attention", Type: "number", Default: []byte(`0`), Minimum: number(0), Maximum: number(0.5), Summary: "share of what a rater sees that only checks attention: " + check + "; these answers make no labels"},
			{Name: "gold", Type: "string", Path: true, Summary: gold,
				Obtain: "The images are drawn before anybody is asked; `plumb export` writes them with a sheet to fill in."},
			{Name: "instructions", Type: "string", Summary: "what raters are told, as plain text; without it, what good and bad mean in general"},
		}},
		values: []Value{{Name: "by", Takes: "reward.NAME", Summary: "with order = \"uncertain\": whose scores say what comes first; a reward that does not learn from these answers; in rounds round.reward if it is not given, and in the first round all categories come alike"}},
	}
	if a.models { // no reward is sure of a pair: it scores images
		order := &f.schema.Attributes[1]
		order.OneOf, order.Summary = order.OneOf[:3], "what comes next: any, all categories alike, or what raters disagree about so far"
		f.values = nil
	}
	if !a.pairs {
		f.schema.Attributes = append(f.schema.Attributes, Attribute{Name: "together", Type: "integer", Default: []byte(`3`), Minimum: number(1), Maximum: number(12), Summary: "images of a prompt that are shown side by side"})
	}
	return f
}

// block is the people block there.
func (a asking) block(summary string) nested {
	return nested{Type: "people", Summary: summary, form: a.form()}
}

// peopleBlock decodes the only people block of some, or returns nil if there is none.
// Answers belong to the question.
//
//	people {
//	  per_image    = 3
//	  together     = 3
//	  order        = "balanced"
//	  repeated     = 0.05
//	  attention    = 0.02
//	  gold         = "gold.csv"
//	  instructions = "Good: the image shows what the text says."
//	}
func (l *loader) peopleBlock(blocks hcl.Blocks, as asking, question string) *People {
	block := l.once(blocks)
	if block == nil {
		return nil
	}
	arguments := l.decode(block.Body, as.form())
	asked := &People{
		Question:     question,
		Raters:       arguments.integer(as.raters),
		Together:     arguments.integer("together"),
		Order:        people.Order(arguments.text("order")),
		Repeated:     arguments.number("repeated"),
		Attention:    arguments.number("attention"),
		Gold:         arguments.text("gold"),
		Instructions: strings.TrimSpace(arguments.text("instructions")),
		Range:        FromRange(block.DefRange),
	}
	by := arguments.others["by"]
	asked.By = l.oneOf(by, "reward").component()
	switch {
	case arguments.bad["order"]:
	case asked.Order == people.Uncertain && by == nil && l.round != nil:
		if asked.By = l.lastReward(arguments.at("order", block.DefRange)); asked.By == nil {
			asked.Order = people.Balanced // in the first round, or after a mistake
		}
	case asked.Order == people.Uncertain && by == nil:
		l.error(arguments.at("order", block.DefRange), "Uncertain by what", "What a reward is least sure of comes first: say which, by = reward.%s. Without a reward, order = \"disagreement\" puts first what raters disagree about.", l.firstName("reward"))
	case asked.Order != people.Uncertain && by != nil:
		l.error(by.NameRange, "Unused argument", "by is read with order = %q, and order is %q. Remove it, or write order = %q.", people.Uncertain, asked.Order, people.Uncertain)
	}
	return asked
}

// source is one of the places where answers may come from.
type source struct {
	name  string // such as "rater"
	given bool
	at    hcl.Range // where it is given
	say   string    // how it is written
}

// oneSource checks that answers come from exactly one place. what is what they are, such
// as "labels".
func (l *loader) oneSource(what string, at hcl.Range, missing string, sources ...source) {
	var given []source
	var ways []string
	for _, one := range sources {
		ways = append(ways, one.say)
		if one.given {
			given = append(given, one)
		}
	}
	switch {
	case len(given) == 0:
		l.error(at, missing, "Say where the %s come from: %s.", what, or(ways))
	case len(given) > 1:
		var names []string
		for _, one := range given {
			names = append(names, one.name)
		}
		last := len(names) - 1
		l.error(given[1].at, "Several sources of "+what, "The %s of one block come from one place: %s. Here are %s: keep one of them.",
			what, or(ways), strings.Join(names[:last], ", ")+" and "+names[last])
	}
}

// ofRater is a simulated rater as a source.
func (l *loader) ofRater(attribute *hcl.Attribute) source {
	s := source{name: "rater", given: attribute != nil, say: "a simulated rater (rater = rater." + l.firstName("rater") + ")"}
	if s.given {
		s.at = attribute.NameRange
	}
	return s
}

// ofPath is a file as a source.
func ofPath(a arguments, example string) source {
	return source{"path", a.given("path"), a.ranges["path"], "a file (path = \"" + example + "\")"}
}

// ofPeople is people as a source.
func ofPeople(blocks hcl.Blocks) source {
	s := source{name: "people", given: len(blocks) > 0, say: "people, whom `plumb label` asks (people {})"}
	if s.given {
		s.at = blocks[0].DefRange
	}
	return s
}

// attentive checks that there is another prompt to check attention with, where that is
// known before images are read.
func (l *loader) attentive(asked *People, images *Images) {
	if asked == nil || asked.Attention == 0 || images == nil || images.Folder != nil || len(images.Prompts) == 0 {
		return
	}
	for _, prompt := range images.Prompts {
		if prompt.Text != images.Prompts[0].Text || prompt.Missing != "" {
			return
		}
	}
	l.errorAt(asked.Range, "One prompt", "What checks attention is an image of another prompt, and all of these have the prompt %q. Remove attention, or add prompts.", images.Prompts[0].Text)
}

// people is what of a people block makes two variants the same or not: how many answer,
// and what they and the gold file say. How they are asked changes no result.
func (c canonical) people(asked *People) map[string]any {
	value := map[string]any{"raters": asked.Raters, "content": c.spec.Answers[asked.Question]}
	if asked.Gold != "" {
		value["gold"] = c.spec.Digests[asked.Gold]
	}
	return value
}
