package spec

import (
	"context"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
)

// trackers are what a tracking block may name.
var trackers = []string{"mlflow"}

// Tracking says where a run is shown beside others, as it goes on. It changes no result:
// no key and no identity has it.
type Tracking struct {
	Tracker             string // "mlflow"
	Enabled             bool
	URI                 string // empty: the environment says
	Experiment          string // empty: the environment says, or the run's own name
	Images              int    // prompts whose images are sent
	CheckpointMegabytes int    // larger checkpoints are not sent
	Range               diag.Range
}

// DefaultTracking is the settings of a tracker that only the environment names.
func DefaultTracking() Tracking {
	return Tracking{Tracker: trackers[0], Enabled: true, Images: defaultTrackedImages, CheckpointMegabytes: defaultCheckpointMegabytes}
}

const (
	defaultTrackedImages       = 12
	defaultCheckpointMegabytes = 100
)

// trackingForm is the body of tracking "mlflow".
var trackingForm = form{schema: Schema{Attributes: []Attribute{
	{Name: "uri", Type: "string", Summary: "address of the server, such as \"http://127.0.0.1:5000\"; MLFLOW_TRACKING_URI wins over it. Passwords and tokens come from the environment alone"},
	{Name: "experiment", Type: "string", Summary: "name of the experiment there; the run's own name if neither this nor MLFLOW_EXPERIMENT_NAME is given"},
	{Name: "enabled", Type: "bool", Default: []byte(`true`), Summary: "whether runs are sent, whatever the environment says"},
	{Name: "images", Type: "integer", Default: []byte(`12`), Minimum: number(0), Maximum: number(1000), Summary: "how many prompts' images are sent of each model or variant"},
	{Name: "checkpoint_megabytes", Type: "integer", Default: []byte(`100`), Minimum: number(0), Maximum: number(1e6), Summary: "weights of a tuned model are sent if they are no larger; 0 sends none"},
}}}

// trackingBlock decodes
//
//	tracking "mlflow" {
//	  uri        = "http://127.0.0.1:5000"
//	  experiment = "alignment"
//	}
func (l *loader) trackingBlock() {
	if block := l.once(l.blocks["tracking"]); block != nil {
		l.spec.Tracking = l.tracking(block)
	}
}

func (l *loader) tracking(block *hcl.Block) *Tracking {
	arguments := l.decode(block.Body, trackingForm)
	t := &Tracking{
		Tracker: block.Labels[0], Enabled: arguments.config["enabled"] != false, URI: strings.TrimSpace(arguments.text("uri")), Experiment: arguments.text("experiment"),
		Images: arguments.integer("images"), CheckpointMegabytes: arguments.integer("checkpoint_megabytes"), Range: FromRange(block.DefRange),
	}
	known := false
	for _, tracker := range trackers {
		known = known || tracker == t.Tracker
	}
	if !known {
		l.error(block.LabelRanges[0], "Unknown tracker", "There is no tracker %q.%s It may be %s.", t.Tracker, diag.DidYouMean(t.Tracker, trackers), or(quoted(trackers)))
	}
	if arguments.given("uri") && !arguments.bad["uri"] {
		// The place is the block's: a password that stands in the line is not quoted.
		if problem := trackingAddress(t.URI); problem != "" {
			l.error(block.DefRange, "Wrong address", "uri: %s", problem)
		}
	}
	return t
}

// trackingAddress says what is wrong with the address of a tracker's server.
func trackingAddress(address string) string {
	const such = " Write one such as \"http://127.0.0.1:5000\"."
	parsed, err := url.Parse(address)
	switch {
	case err != nil:
		return "it is no address." + such
	case parsed.User != nil:
		return "it holds a user or a password, which a file should not have. Take them out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return "it does not begin with http:// or https://: runs are sent to a server, and not to a directory or a database." + such
	case parsed.Hostname() == "":
		return "it names no host." + such
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return "it has more behind the path of the server." + such
	}
	return ""
}

// LoadTracking decodes a tracking block of another file than an experiment's: it has no
// variables.
func LoadTracking(ctx context.Context, block *hcl.Block) (*Tracking, diag.List) {
	l := newLoader(ctx, block.DefRange.Filename, Options{})
	t := l.tracking(block)
	return t, l.diagnostics
}

// TrackingLanguage returns the block, for files of other kinds that hold it.
func TrackingLanguage() Construct {
	for _, block := range experimentFile {
		if block.Type == "tracking" {
			return block.construct()
		}
	}
	return Construct{}
}
