package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// likeness is a reward of features: factor times the product of an image's vector
// with its prompt's.
type likeness struct{ factor float64 }

func likenessOf(name string, factor float64) sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind: sdk.KindReward, Name: name, Summary: "How alike an encoder finds image and prompt.", CodeVersion: "1",
			Reads: []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures},
		},
		Open: func(context.Context, sdk.OpenRequest) (any, error) { return likeness{factor}, nil },
	}
}

func (l likeness) Score(_ context.Context, item sdk.Item) (float64, error) {
	var sum float64
	for i, x := range item.ImageVector {
		sum += float64(x) * float64(item.TextVector[i])
	}
	return l.factor * sum, nil
}

// threeColors is a reward that knows three colors, and says so before anything runs.
func threeColors() sdk.Component {
	known := []string{"red", "pink", "rose"}
	return sdk.Component{
		Description: sdk.Description{
			Kind: sdk.KindReward, Name: "three_colors", CodeVersion: "1",
			Capabilities: []sdk.Capability{sdk.CapabilityCheckPrompts},
		},
		CheckPrompts: func(_ context.Context, request sdk.CheckPromptsRequest) (sdk.PromptFindings, error) {
			if err := writeDown("checked %d prompts", len(request.Prompts)); err != nil {
				return sdk.PromptFindings{}, err
			}
			findings := sdk.PromptFindings{Vocabulary: known}
			for i, prompt := range request.Prompts {
				if color := prompt.Slots["color"]; !slices.Contains(known, color) {
					findings.Faults = append(findings.Faults, sdk.PromptFault{Prompt: i, Excerpt: color, Reason: fmt.Sprintf("has never seen %q", color)})
				}
			}
			return findings, nil
		},
		Open: func(context.Context, sdk.OpenRequest) (any, error) { return seesRed{}, nil },
	}
}

type seesRed struct{}

func (seesRed) Score(_ context.Context, item sdk.Item) (float64, error) {
	return meanOf(item.Image)[0], nil
}

// strangersPlugin is a third party's: two rewards and two encoders. The test
// binary serves it where it is started under the name stranger.
func strangersPlugin() sdk.Plugin {
	return sdk.Plugin{Name: "strangers", Version: "1", Components: []sdk.Component{
		likenessOf("unlikeness", -1),
		threeColors(),
		{
			Description: sdk.Description{Kind: sdk.KindEncoder, Name: "length", CodeVersion: "1", Capabilities: []sdk.Capability{sdk.CapabilityTexts}},
			Open:        func(context.Context, sdk.OpenRequest) (any, error) { return length{}, nil },
		},
		{
			Description: sdk.Description{Kind: sdk.KindEncoder, Name: "blind", CodeVersion: "1"},
			Open:        func(context.Context, sdk.OpenRequest) (any, error) { return meanColor{}, nil },
		},
	}}
}

// length encodes an image as how red it is, and a text as its length.
type length struct{}

func (length) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	all := make([][]float32, len(images))
	for i, image := range images {
		if err := writeDown("length image %x", sha256.Sum256(image.RGB)); err != nil {
			return nil, err
		}
		all[i] = []float32{float32(meanOf(image)[0])}
	}
	return all, nil
}

func (length) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	all := make([][]float32, len(texts))
	for i, text := range texts {
		all[i] = []float32{float32(len(text))}
	}
	return all, nil
}

// bring puts the strangers' plugin at a path.
//
//	bring PATH
func bring(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: bring PATH")
	}
	own, err := os.Executable()
	ts.Check(err)
	path := ts.MkAbs(args[0])
	if name := filepath.Base(path); name != "stranger" && name != "wrong" {
		ts.Fatalf("the test binary knows what to serve by its name: call it stranger or wrong")
	}
	ts.Check(os.Symlink(own, path))
}

// encoded checks what an encoder has encoded: so many images, each once.
//
//	encoded FILE ENCODER IMAGES
func encoded(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 {
		ts.Fatalf("usage: encoded FILE ENCODER IMAGES")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	seen := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		digest, is := strings.CutPrefix(line, args[1]+" image ")
		if !is {
			continue
		}
		if seen[digest] {
			ts.Fatalf("an image was encoded twice by %s", args[1])
		}
		seen[digest] = true
	}
	if len(seen) != want {
		ts.Fatalf("%s encoded %d images, want %d", args[1], len(seen), want)
	}
}
