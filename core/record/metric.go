package record

// Unit is what a number is measured in. It decides how the number is written.
type Unit string

// The units.
const (
	Plain  Unit = ""       // a number on the metric's own scale, such as a distance or a score
	Share  Unit = "share"  // in [0, 1], written in percent
	Points Unit = "points" // a difference of shares, in percentage points; written with its sign
	P      Unit = "p"      // a p value, in [0, 1]
)

// Direction says which of two numbers is the better one.
type Direction string

// The directions.
const (
	Neither Direction = "" // neither: a number that describes
	Higher  Direction = "higher"
	Lower   Direction = "lower"
)

// Choice is how some images were chosen, of those that a model draws or that are real.
type Choice string

// The choices.
const (
	All    Choice = ""       // every image that the model drew
	Best   Choice = "best"   // those that a reward scores highest, of each prompt
	Random Choice = "random" // as many of each prompt, at random
	// Reference is what a model's images are compared with, and OtherDraws more of
	// the same kind, as many as a model's: the distance of the two is that of a
	// perfect model.
	Reference  Choice = "reference"
	OtherDraws Choice = "other_draws"
)

// Metric is one measured number with all that is needed to trust it. Who
// measured stands in Rater, Reward or Encoder: a win rate has a Rater, a preference a Rater and an Aspect, an average
// reward a Reward, a distance an Encoder, and the win rate of images that a reward
// chose has a Rater and a Reward.
type Metric struct {
	Name         string `json:"name"`             // a row of the table of metrics in package metric
	Subject      string `json:"subject"`          // the model or reward that is measured, or in words which of a model's images
	Choice       Choice `json:"choice,omitempty"` // of the subject's images
	Versus       string `json:"versus,omitempty"` // what it is compared with
	VersusChoice Choice `json:"versus_choice,omitempty"`
	Rater        string `json:"rater,omitempty"`   // who labelled the images
	Reward       string `json:"reward,omitempty"`  // whose scores these are, or who chose the images
	Part         string `json:"part,omitempty"`    // which of the reward's further numbers; empty: its score
	Aspect       string `json:"aspect,omitempty"`  // what raters were asked of two images: "alignment" or "fidelity"
	Encoder      string `json:"encoder,omitempty"` // whose features these are
	// Perturbation says how images, or their prompts, were changed before the reward
	// scored them: a Perturbation's name.
	Perturbation string            `json:"perturbation,omitempty"`
	Bin          int               `json:"bin,omitempty"`      // of a reliability diagram, from 1; 0: none
	Step         int               `json:"step,omitempty"`     // of a finetune while it is tuned; 0: none, or before tuning
	Category     string            `json:"category,omitempty"` // a prompt category; empty: all
	Split        string            `json:"split,omitempty"`    // "seen", "unseen"; empty: both
	Value        *float64          `json:"value"`              // nil: could not be computed, Note says why
	Low          *float64          `json:"low,omitempty"`      // bounds of the 95 % interval; nil if there is none
	High         *float64          `json:"high,omitempty"`
	N            int               `json:"n"`        // images, pairs or labels behind the value
	Clusters     int               `json:"clusters"` // prompts behind the value: the unit of its interval
	Unit         Unit              `json:"unit,omitempty"`
	Better       Direction         `json:"better,omitempty"`
	Protocol     map[string]string `json:"protocol,omitempty"`
	Note         string            `json:"note,omitempty"`
}
