package stage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// mortal answers about images until it has been asked about as many as it lives for.
// Its answers depend on their batch, as rounding does: asked in other batches, it gives
// other bits.
type mortal struct {
	asked *int
	lives int // images; 0: for ever
}

func (m mortal) see(items int) error {
	*m.asked += items
	if m.lives > 0 && *m.asked > m.lives {
		return errors.New("signal: killed")
	}
	return nil
}

func (m mortal) Score(context.Context, sdk.Item) (float64, error) {
	return 0, errors.New("images come in batches")
}

func (m mortal) ScoreParts(_ context.Context, items []sdk.Item) ([]sdk.Score, error) {
	scores := make([]sdk.Score, len(items))
	for i, item := range items {
		value := byID(item) + float64(item.Image.RGB[0]) + float64(i)*1e-6 + float64(len(items))*1e-9
		scores[i] = sdk.Score{Score: value, Parts: map[string]float64{"half": value / 2}}
	}
	return scores, m.see(len(items))
}

func (m mortal) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	labels := make([][]sdk.Label, len(items))
	for i := range items {
		labels[i] = []sdk.Label{sdk.LabelGood, []sdk.Label{sdk.LabelBad, sdk.LabelSkip}[i%2]}
	}
	return labels, m.see(len(items))
}

func (m mortal) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	choices := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		choices[i] = []sdk.Choice{byPixels(pair)[0], []sdk.Choice{sdk.ChooseFirst, sdk.ChooseSecond, sdk.Tie}[i%3]}
	}
	return choices, m.see(len(pairs))
}

func (m mortal) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		vectors[i] = []float32{float32(image.RGB[0]), float32(i), float32(len(images))}
	}
	return vectors, m.see(len(images))
}

func (m mortal) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = []float32{float32(len(text)), float32(i), float32(len(texts))}
	}
	return vectors, m.see(len(texts))
}

const mortalBatch = 8

func (m mortal) component(kind sdk.Kind) sdk.Description {
	out := sdk.Description{Kind: kind, Name: "mortal", PreferredBatch: mortalBatch}
	switch kind {
	case sdk.KindRater:
		out.Capabilities = []sdk.Capability{sdk.CapabilityCompare}
	case sdk.KindReward:
		out.Parts = []string{"half"}
	case sdk.KindEncoder:
		out.Capabilities = []sdk.Capability{sdk.CapabilityTexts}
	}
	return out
}

func (m mortal) connect(t *testing.T, kind sdk.Kind) Components {
	return client.New(plugintest.Connect(t, sdk.Plugin{Name: "mortals", Components: []sdk.Component{{
		Description: m.component(kind), Open: func(context.Context, sdk.OpenRequest) (any, error) { return m, nil },
	}}}), client.Options{})
}

// TestAnswersAreKept: a stage whose plugin dies near its end loses at most a batch, and
// its tables have the bits of one go; also when what was kept is damaged.
func TestAnswersAreKept(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(25, 4), plan.Texts: filepath.Join(t.TempDir(), "texts.parquet")}
	texts := make([]table.ListedText, 96) // whole batches
	for i := range texts {
		texts[i].Text = strings.Repeat("a", i)
	}
	if err := table.WriteAll(in[plan.Texts], texts); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		kind  sdk.Kind
		node  *plan.Node
		items int
		more  int // what is asked beside the items: prompts
		lives int
		unit  string
	}{
		"score":         {sdk.KindReward, &plan.Node{Kind: record.KindScore, Work: &plan.ScoreWork{}}, 100, 0, 91, "images"},
		"rate":          {sdk.KindRater, &plan.Node{Kind: record.KindRate, Work: &plan.RateWork{Fraction: 0.95}}, 95, 0, 91, "images"},
		"compare":       {sdk.KindRater, &plan.Node{Kind: record.KindCompare, Work: &plan.CompareWork{PerPrompt: 4}, Seed: 5}, 100, 0, 91, "pairs"},
		"encode":        {sdk.KindEncoder, &plan.Node{Kind: record.KindEncode, Work: &plan.EncodeWork{Texts: true}}, 100, 25, 91, "images"},
		"their prompts": {sdk.KindEncoder, &plan.Node{Kind: record.KindEncode, Work: &plan.EncodeWork{Texts: true}}, 100, 25, 120, "images"},
		"encode texts":  {sdk.KindEncoder, &plan.Node{Kind: record.KindEncode, Work: &plan.EncodeTextsWork{}}, 96, 0, 91, "texts"},
	} {
		t.Run(name, func(t *testing.T) {
			b, node, all := b, test.node, test.items+test.more
			b.t = t
			node.Name = string(node.Kind) + "/x"
			node.Instance = &plan.Instance{Kind: string(test.kind), Component: "mortal", Name: "one", Identity: spec.Identity{Component: mortal{}.component(test.kind)}}
			try := func(scratch string, lives int) (*Result, int, error) {
				asked := 0
				result, err := b.over(mortal{&asked, lives}.connect(t, test.kind), node, scratch, in)
				return result, asked, err
			}
			want, asked, err := try("", 0)
			if err != nil || asked != all {
				t.Fatal(asked, err)
			}
			same := func(got *Result) {
				t.Helper()
				for role, output := range want.Outputs {
					if got.Outputs[role] != output {
						t.Errorf("%s differs from that of one go", role)
					}
				}
				if got.Items != test.items || got.Unit != test.unit {
					t.Errorf("it counts %d %s", got.Items, got.Unit)
				}
				if diff := cmp.Diff(want.Facts, got.Facts); diff != "" {
					t.Errorf("facts differ (-want +got):\n%s", diff)
				}
			}

			scratch := t.TempDir()
			if _, _, err := try(scratch, test.lives); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("got %v", err)
			}
			got, asked, err := try(scratch, 0)
			if err != nil {
				t.Fatal(err)
			}
			same(got)
			if asked > all-test.lives+2*mortalBatch {
				t.Errorf("%d were asked about again", asked)
			}
			if got, asked, err = try(scratch, 0); err != nil || asked != test.items%mortalBatch+test.more%mortalBatch {
				t.Fatalf("when all batches are kept, %d are asked about, %v", asked, err)
			}
			same(got)

			// All that is kept is damaged.
			parts, _ := filepath.Glob(filepath.Join(scratch, "*.0-*.parquet.*"))
			if len(parts) == 0 {
				t.Fatal("nothing is kept")
			}
			for _, part := range parts {
				content, err := os.ReadFile(part)
				if err != nil {
					t.Fatal(err)
				}
				content[len(content)/2] ^= 1
				if err := os.WriteFile(part, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var said []string
			b.repaired = func(text string) { said = append(said, text) }
			if got, asked, err = try(scratch, 0); err != nil {
				t.Fatal(err)
			}
			same(got)
			if asked != all || len(said) != len(parts) || !strings.HasPrefix(said[0], "Answers about the "+test.unit+" 1 to ") {
				t.Errorf("%d were asked about, it says %q", asked, said)
			}
		})
	}
	rows := rows[table.Score](b, b.scored(in))
	if half := rows[7].Parts["half"]; half != rows[7].Score/2 {
		t.Errorf("the part of %v is %v", rows[7].Score, half)
	}
}

// scored is the table of scores of a mortal reward that lives.
func (b bench) scored(in map[string]string) record.Output {
	node := scoreNode()
	node.Instance.Component, node.Instance.Identity = "mortal", spec.Identity{Component: mortal{}.component(sdk.KindReward)}
	result, err := b.over(mortal{asked: new(int)}.connect(b.t, sdk.KindReward), node, "", in)
	if err != nil {
		b.t.Fatal(err)
	}
	return result.Outputs[plan.Scores]
}
