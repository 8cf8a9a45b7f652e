package people

// Kind is what is asked of an item.
type Kind string

const (
	Rate    Kind = "rate"    // one image: good, bad or skip
	Compare Kind = "compare" // two images of a prompt: which is better, or neither
	Rank    Kind = "rank"    // some images of a prompt, from best to worst
)

// Aspects that are asked apart.
const (
	Alignment = "alignment" // does the image show what the prompt says
	Fidelity  = "fidelity"  // does it look real and well made
)

// Order is how the next items of a rater are chosen.
type Order string

const (
	Random       Order = "random"
	Balanced     Order = "balanced"     // all categories alike
	Disagreement Order = "disagreement" // first where raters disagree so far
	Uncertain    Order = "uncertain"    // first where the reward is least sure, by Item.Priority
)

// Question is what a block of an experiment asks people about each of its items.
type Question struct {
	Name         string   // that of its block, such as "labels/people" or "evaluate/main/alignment"
	Kind         Kind     //
	Aspects      []string // at least one; each has an answer of its own
	Raters       int      // distinct people an item; at least 1
	Together     int      // images of a prompt that are shown side by side; at least 1, and of no meaning but for Rate
	Order        Order    //
	Repeated     float64  // share of the items that each rater sees once more, for agreement with oneself; in [0, 1)
	Attention    float64  // share of what a rater sees that only checks attention; in [0, 1)
	Instructions string   // plain text for raters; empty: the page's own
	Gold         []Gold   // known answers, mixed in; may be empty
}

// Gold is an item whose answer is known.
type Gold struct {
	Item    string // its ID
	Answers Answers
}

// Item is what is judged at once.
type Item struct {
	ID       string   // by content: ItemID of its images
	Images   []string // labels.BlindIDs, ascending: one to rate, two to compare, more to rank
	Prompt   string
	Category string
	Priority float64 // Order Uncertain: higher comes first
}
