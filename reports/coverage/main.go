// Coverage simulates experiments whose truth is known, measures them with the
// functions of core/metric that stages call, and counts how often the 95 % intervals
// hold the truth, and how often a table of reports says "better" or "worse" where
// nothing differs.
//
//	go run ./reports/coverage -experiments 1500 -write docs/statistics.md
//
// Prompts are drawn by stratum, in proportion, as experiments draw theirs; strata have
// truths of their own, and the images of a prompt are nearly alike, somewhat alike or
// independent. Every experiment has a seed of its own, so the result depends neither on
// the number of processors nor on which cells are run.
//
// To add an estimate, give a scenario that measures it its name and its truth (see
// scenario), or write a scenario: a file of its own with a function that makes up an
// experiment with a truth and measures it, and a line in scenarios. To add a table of a
// report to the null experiments, add what it is made from to nullRun.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

func main() {
	experiments := flag.Int("experiments", 1500, "experiments a cell")
	seed := flag.Uint64("seed", 1, "of all that is random")
	only := flag.String("only", "", "run the scenarios whose name holds this")
	sizes := flag.String("prompts", "", "run only the cells of these many prompts or seeds, such as 8,30,120")
	cells := flag.Bool("cells", false, "print every cell, not the summary alone")
	path := flag.String("write", "", "Markdown file whose part between the markers is written anew")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *experiments, *seed, *only, *sizes, *cells, *path); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, experiments int, seed uint64, only, sizes string, cells bool, path string) error {
	var rows []row
	for _, s := range scenarios {
		if !strings.Contains(s.name, only) {
			continue
		}
		if sizes != "" {
			s.sizes = slices.DeleteFunc(slices.Clone(s.sizes), func(size int) bool {
				return !slices.Contains(strings.Split(sizes, ","), strconv.Itoa(size))
			})
		}
		found, err := s.run(ctx, experiments, seed)
		if err != nil {
			return err
		}
		rows = append(rows, found...)
		fmt.Fprintf(os.Stderr, "%s: %d rows\n", s.name, len(found))
	}
	var verdicts []verdict
	if strings.Contains("null", only) {
		var err error
		if verdicts, err = falseVerdicts(ctx, experiments, seed); err != nil {
			return err
		}
	}
	if cells {
		for _, r := range rows {
			fmt.Println(r)
		}
	}
	var text bytes.Buffer
	write(&text, experiments, seed, rows, verdicts)
	if path == "" {
		_, err := os.Stdout.Write(text.Bytes())
		return err
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	document, err = between(document, text.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, document)
}
