package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// GoldenDir is the directory, beside a plugin, of images with the scores that its
// rewards gave them: one file for each reward, reward.NAME.json, and the images that it
// names.
const GoldenDir = "golden"

// Golden is the content of a file of golden scores.
type Golden struct {
	Config    json.RawMessage `json:"config"` // what the reward is opened with
	Seed      uint64          `json:"seed"`
	Tolerance float64         `json:"tolerance"` // relative, for machines that round otherwise
	Images    []GoldenImage   `json:"images"`
}

// GoldenImage is an image with its prompt and what it scored.
type GoldenImage struct {
	Image  string             `json:"image"` // a PNG file beside this one
	Prompt string             `json:"prompt"`
	Score  float64            `json:"score"`
	Parts  map[string]float64 `json:"parts,omitempty"`
}

// GoldenError says which golden scores are not met any more.
type GoldenError struct {
	Path        string   // of the file
	Differences []string // a line each
	Scores      int      // in the file
}

func (e *GoldenError) Error() string {
	return fmt.Sprintf("%d of %d scores in %s are others now:\n%s", len(e.Differences), e.Scores, e.Path, strings.Join(e.Differences, "\n"))
}

// goldenTolerance is what WriteGolden lets scores differ by on other machines.
const goldenTolerance = 1e-4

func goldenPath(dir, component string) string {
	return filepath.Join(dir, GoldenDir, "reward."+component+".json")
}

// CheckGolden compares the golden scores that a plugin ships in dir/golden with those
// that its rewards give now. Without any it does nothing. Errors are a *GoldenError,
// one of a file that cannot be used, or one of the plugin; joined, if there are several.
func CheckGolden(ctx context.Context, p Plugin, components []sdk.Description, dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, GoldenDir, "reward.*.json"))
	if err != nil {
		return err
	}
	var failures []error
	for _, path := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "reward."), ".json")
		at := slices.IndexFunc(components, func(c sdk.Description) bool { return c.Kind == sdk.KindReward && c.Name == name })
		if at < 0 {
			failures = append(failures, fmt.Errorf("%s is of a reward %q, which the plugin does not have", path, name))
			continue
		}
		failures = append(failures, compareGolden(ctx, p, components[at], path))
	}
	return errors.Join(failures...)
}

// HasGolden reports whether a plugin ships golden scores of a reward.
func HasGolden(dir, component string) bool {
	_, err := os.Stat(goldenPath(dir, component))
	return err == nil
}

// compareGolden compares the scores of one file.
func compareGolden(ctx context.Context, p Plugin, component sdk.Description, path string) error {
	golden, err := readGolden(path)
	if err != nil {
		return err
	}
	now, err := golden.score(ctx, p, component, filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("golden scores of reward %q: %w", component.Name, err)
	}
	failure := &GoldenError{Path: path, Scores: len(golden.Images)}
	for i, want := range golden.Images {
		numbers := []struct {
			name      string
			want, got float64
		}{{"score", want.Score, now[i].Score}}
		for _, part := range component.Parts {
			numbers = append(numbers, struct {
				name      string
				want, got float64
			}{"part " + part, want.Parts[part], now[i].Parts[part]})
		}
		for _, n := range numbers {
			if math.Abs(n.want-n.got) > golden.Tolerance*max(math.Abs(n.want), math.Abs(n.got), 1) {
				failure.Differences = append(failure.Differences, fmt.Sprintf("%s, prompt %q: the %s was %.6g and is %.6g", want.Image, want.Prompt, n.name, n.want, n.got))
				break
			}
		}
	}
	if len(failure.Differences) > 0 {
		return failure
	}
	return nil
}

func readGolden(path string) (Golden, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Golden{}, fmt.Errorf("read golden scores: %w", err)
	}
	golden, err := schema.Decode[Golden](text)
	switch {
	case err != nil:
		err = fmt.Errorf("read golden scores %s: %w", path, err)
	case len(golden.Images) == 0:
		err = fmt.Errorf("golden scores %s are of no image: remove the file, or write it anew with plumb plugin check --write-golden", path)
	case golden.Tolerance < 0 || golden.Tolerance > 1:
		err = fmt.Errorf("golden scores %s have the tolerance %v, which must be from 0 to 1", path, golden.Tolerance)
	}
	if err != nil {
		return Golden{}, err
	}
	var compact bytes.Buffer // as a host sends it
	if err := json.Compact(&compact, golden.Config); err != nil {
		return Golden{}, fmt.Errorf("read golden scores %s: config: %w", path, err)
	}
	golden.Config = compact.Bytes()
	return golden, nil
}

// score asks a reward for the scores of the images.
func (g Golden) score(ctx context.Context, p Plugin, component sdk.Description, dir string) ([]sdk.Score, error) {
	one := Case{Kind: sdk.KindReward, Component: component.Name, Config: g.Config, Seed: g.Seed}
	request, err := openRequest(component, one)
	if err != nil {
		return nil, err
	}
	one = one.filled(component)
	var items []client.Item
	for _, row := range g.Images {
		if !filepath.IsLocal(row.Image) {
			return nil, fmt.Errorf("the image %q is not beside the scores", row.Image)
		}
		content, err := os.ReadFile(filepath.Join(dir, row.Image))
		if err != nil {
			return nil, fmt.Errorf("read golden image: %w", err)
		}
		img, err := imaging.Decode(content, imaging.Exchanged)
		if err != nil {
			return nil, fmt.Errorf("read golden image %s: %w", row.Image, err)
		}
		one.Images = []sdk.Image{img}
		item := one.itemsOf([]sdk.Prompt{{Text: row.Prompt}})[0]
		item.ID = fmt.Sprintf("%d/%s", len(items), row.Image)
		items = append(items, item)
	}
	var out []sdk.Score
	err = with(ctx, p, request, func(in *client.Instance) error {
		out, err = scores(ctx, in, items)
		return err
	})
	return out, err
}

// WriteGolden writes the scores that a reward gives now to the images of its file of
// golden scores, which it keeps; without one, to the PNG files in dir/golden, each with two
// of the prompts of the case; without these, to drawings that it puts there. It returns the
// file's path.
func WriteGolden(ctx context.Context, p Plugin, component sdk.Description, one Case, dir string) (string, error) {
	path := goldenPath(dir, component.Name)
	golden, err := readGolden(path)
	if errors.Is(err, fs.ErrNotExist) {
		golden = Golden{Seed: one.Seed, Tolerance: goldenTolerance}
		golden.Images, err = one.filled(component).goldenImages(filepath.Dir(path))
	}
	if err != nil {
		return "", err
	}
	request, err := openRequest(component, one)
	if err != nil {
		return "", err
	}
	golden.Config = request.Config
	now, err := golden.score(ctx, p, component, filepath.Dir(path))
	if err != nil {
		return "", err
	}
	for i, score := range now {
		golden.Images[i].Score, golden.Images[i].Parts = score.Score, score.Parts
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(golden); err != nil {
		return "", fmt.Errorf("write golden scores: %w", err)
	}
	return path, atomicfile.Write(path, text.Bytes())
}

// goldenImages are the PNG files of a directory with prompts, or drawings that are
// written there.
func (c Case) goldenImages(dir string) ([]GoldenImage, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		for i := range 3 {
			width, height := c.sized(64)
			content, err := imaging.EncodePNG(drawing(width, height, i))
			if err != nil {
				return nil, err
			}
			names = append(names, filepath.Join(dir, fmt.Sprintf("drawing%d.png", i+1)))
			if err := atomicfile.Write(names[i], content); err != nil {
				return nil, err
			}
		}
	}
	var out []GoldenImage
	for _, name := range names {
		for _, prompt := range c.Prompts[:min(2, len(c.Prompts))] {
			out = append(out, GoldenImage{Image: filepath.Base(name), Prompt: prompt.Text})
		}
	}
	return out, nil
}
