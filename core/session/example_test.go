package session_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/builtin"
)

const experiment = `
experiment "colours" {}

prompts "colour" {
  template = "a {colour} ring"
  slots    = { colour = ["red", "green"] }
}

sampler "shapes_scenes" "world" {}

images "drawn" {
  sampler    = sampler.world
  prompts    = prompts.all
  per_prompt = 2
}
`

// serve is the argument with which the program below starts itself again: the
// built-in components work in a process of their own.
const serve = "serve-components"

// options are those of a program that brings the built-in components along. It
// begins its main with
//
//	if len(os.Args) > 1 && os.Args[1] == serve {
//		sdk.Serve(builtin.Plugin())
//	}
func options(dir string) (session.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return session.Options{}, err
	}
	return session.Options{
		Store:   filepath.Join(dir, "store"),
		Plugins: plugin.Options{Builtin: plugin.BuiltinEntry(self, serve)},
		Builtin: builtin.Plugin().Components,
	}, nil
}

// An experiment is loaded, planned and run, and run once more.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "colours.hcl")
	if err := os.WriteFile(file, []byte(experiment), 0o644); err != nil {
		log.Fatal(err)
	}
	with, err := options(dir)
	if err != nil {
		log.Fatal(err)
	}

	s, err := session.Load(ctx, file, with)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for _, node := range s.Plan.Nodes {
		items, unit := node.Items()
		fmt.Println(node.Name, items, unit)
	}
	for range 2 {
		result, err := s.Run(ctx, session.RunOptions{Sink: run.Tee(told{})})
		if err != nil {
			log.Fatal(err)
		}
		images := result.Records[result.Run.Variants[0].Stages[0].Key].Outputs["images"]
		fmt.Println(images.Rows, "rows")
		if err := s.Stop(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// sample/drawn 4 images
	// colours begins, 1 stages
	// colours ends: done
	// 4 rows
	// colours begins, 1 stages
	// colours ends: cached
	// 4 rows
}

// told is a sink that hears when a run begins and ends.
type told struct{ run.Silent }

func (told) Begun(of *record.Run) {
	fmt.Printf("%s begins, %d stages\n", of.Name, len(of.Variants[0].Stages))
}

func (told) Ended(result *run.Result) {
	fmt.Printf("%s ends: %s\n", result.Run.Name, result.Run.Variants[0].Stages[0].Status)
}
