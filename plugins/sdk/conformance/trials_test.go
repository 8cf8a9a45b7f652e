package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// These are wrong, or look wrong, in one way each.
type (
	constant   struct{ honest }
	promptless struct{ honest }
	blind      struct{ honest }
	narrow     struct{ honest } // of characters
	square     struct{ honest }
	slow       struct{ honest }
	stubborn   struct{ honest }
	moodySeed  struct {
		honest
		number float64
	}
)

func (constant) Score(context.Context, sdk.Item) (float64, error) { return 0.5, nil }

// mean is that of an image's bytes, each with a weight of its place.
func mean(img sdk.Image) float64 {
	var sum float64
	for i, v := range img.RGB {
		sum += float64(v) * float64(1+i%97)
	}
	return sum / float64(len(img.RGB))
}

func (promptless) Score(_ context.Context, item sdk.Item) (float64, error) {
	return mean(item.Image), nil
}

func (blind) Score(_ context.Context, item sdk.Item) (float64, error) {
	return float64(len(item.Prompt.Text)), nil
}

func (narrow) Score(_ context.Context, item sdk.Item) (float64, error) {
	for _, r := range item.Prompt.Text {
		if r > 127 {
			return 0, fmt.Errorf("'ascii' codec can't encode character %q", r)
		}
	}
	return mean(item.Image), nil
}

func (square) Score(_ context.Context, item sdk.Item) (float64, error) {
	return float64(item.Image.RGB[3*40]), nil // panics at less than 41 pixels
}

func (slow) Score(ctx context.Context, item sdk.Item) (float64, error) {
	select {
	case <-time.After(1100 * time.Millisecond):
	case <-ctx.Done():
	}
	return mean(item.Image), ctx.Err()
}

func (stubborn) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i := range draws {
		if err := emit(i, flat(sdk.Draw{})); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m moodySeed) Score(_ context.Context, item sdk.Item) (float64, error) {
	return mean(item.Image) + m.number, nil
}

// TestTrials: what trials find and refuse, of components that are wrong in one way.
func TestTrials(t *testing.T) {
	opened := 0.0
	moody := func(context.Context, sdk.OpenRequest) (any, error) {
		opened++
		return moodySeed{number: opened}, nil
	}
	picky := func(_ context.Context, r sdk.OpenRequest) (any, error) {
		_, err := sdk.Decode[struct {
			Scale float64 `json:"scale"`
		}](r.Config)
		return honest{}, err
	}
	scale := sdk.Settings(struct {
		Scale float64 `json:"scale"`
	}{1})
	for name, test := range map[string]struct {
		kind           sdk.Kind
		schema         sdk.Schema
		open           func(context.Context, sdk.OpenRequest) (any, error)
		trial          string
		wrong, strange string // parts of the error and of a finding; empty: none
	}{
		"constant":        {open: opening(constant{}), trial: "sense", strange: "get the same answer, 0.5"},
		"promptless":      {open: opening(promptless{}), trial: "sense", strange: "the prompt is not read"},
		"blind":           {open: opening(blind{}), trial: "sense", strange: "the image is not read"},
		"sensible":        {open: opening(honest{}), trial: "sense"},
		"narrow":          {open: opening(narrow{}), trial: "prompts", wrong: "'ascii' codec"},
		"wide":            {open: opening(honest{}), trial: "prompts"},
		"square":          {open: opening(square{}), trial: "sizes", wrong: "an image of 1 x 1 pixels"},
		"any size":        {open: opening(promptless{}), trial: "sizes"},
		"slow":            {open: opening(slow{}), trial: "many", strange: "it is slow"},
		"other instances": {open: moody, trial: "instances", wrong: "two instances with one seed differ"},
		"any option":      {open: opening(honest{}), schema: scale, trial: "options", strange: "no_such_option_of_x, scale"},
		"picky":           {open: picky, schema: scale, trial: "options"},
		"stubborn":        {kind: sdk.KindSampler, open: opening(stubborn{}), trial: "sense", strange: "the seed is not read"},
		"sampler":         {kind: sdk.KindSampler, open: opening(honest{}), trial: "sense"},
		"drawn prompts":   {kind: sdk.KindSampler, open: opening(honest{}), trial: "prompts"},
		"drawn instances": {kind: sdk.KindSampler, open: opening(honest{}), trial: "instances"},
		"encoder":         {kind: sdk.KindEncoder, open: opening(honest{}), trial: "many"},
		"rater":           {kind: sdk.KindRater, open: opening(honest{}), trial: "many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.kind == "" {
				test.kind = sdk.KindReward
			}
			p := sdk.Plugin{Name: "p", Components: []sdk.Component{{
				Description: sdk.Description{Kind: test.kind, Name: "x", Schema: test.schema, PreferredBatch: 1}, Open: test.open,
			}}}
			one := Case{Kind: test.kind, Component: "x", manyTime: 2500 * time.Millisecond}
			trials := Trials(described(p, one), one)
			at := slices.IndexFunc(trials, func(c Check) bool { return c.Name == test.trial })
			if at < 0 {
				t.Fatal("there is no such trial")
			}
			outcome, err := trials[at].Run(t.Context(), serve(t, p))
			if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("error is %v, want one with %q", err, test.wrong)
			}
			found := strings.Join(outcome.Findings, "\n")
			if test.strange == "" && found != "" || !strings.Contains(found, test.strange) {
				t.Errorf("it finds %q, want %q", found, test.strange)
			}
		})
	}
}

// TestDescription: what people will miss, and a capability that is declared and of which
// the plugin knows nothing.
func TestDescription(t *testing.T) {
	fitting := fitted{}
	p := sdk.Plugin{Name: "p", Components: []sdk.Component{{
		Description: sdk.Description{Kind: sdk.KindReward, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityFit}, Schema: sdk.Settings(struct {
			Scale float64 `json:"scale"`
		}{1})},
		Open: opening(fitting),
	}}}
	one := Case{Kind: sdk.KindReward, Component: "x"}
	description := Trials(described(p, one), one)[1]
	outcome, err := description.Run(t.Context(), serve(t, p))
	if err != nil || len(outcome.Findings) != 3 || !strings.Contains(outcome.Findings[1], "options without a summary: scale") {
		t.Errorf("it finds %q, %v", outcome.Findings, err)
	}
	ignorant := grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if strings.HasSuffix(info.FullMethod, "/Fit") {
			return status.Error(codes.Unimplemented, "unknown method Fit")
		}
		return handler(server, stream)
	})
	if _, err := description.Run(t.Context(), serve(t, p, ignorant)); err == nil || !strings.Contains(err.Error(), `declares the capability "fit"`) {
		t.Errorf("error is %v", err)
	}
}

// fitted refuses to be fitted.
type fitted struct{ honest }

func (fitted) Fit(context.Context, sdk.FitRequest, func(sdk.Progress) error) error {
	return errors.New("there are no labels")
}

// TestATrialIsCancelled: Ctrl-C ends a trial as such.
func TestATrialIsCancelled(t *testing.T) {
	p := sdk.Plugin{Name: "p", Components: []sdk.Component{{Description: sdk.Description{Kind: sdk.KindReward, Name: "x", PreferredBatch: 1}, Open: opening(slow{})}}}
	one := Case{Kind: sdk.KindReward, Component: "x"}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, trial := range Trials(described(p, one), one) {
		if trial.Name == "options" || trial.Name == "description" {
			continue // open and close, which is quick
		}
		if _, err := trial.Run(ctx, serve(t, p)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s ends with %v", trial.Name, err)
		}
	}
}
