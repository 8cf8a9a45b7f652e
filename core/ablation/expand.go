package ablation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// Variant is one row of an ablation with one seed.
type Variant struct {
	Name     string         // such as "auxiliary_weight=0.5,seed=2": unique in the ablation
	Values   map[string]any // the row, all columns filled in, of JSON types; the seed is not in it
	Seed     uint64
	Baseline bool // whether the others are compared with it; so is one variant of each seed
	Spec     *spec.Spec
}

// Expand makes the variants: rows in order, and of each row the seeds in
// order. There are none if any of them has errors, or if ctx ends.
//
// The options are those for loading the experiment. Values of the table win
// over a file of variables; on the command line a variable that every row gives a
// value is a mistake, for it would change nothing.
func Expand(ctx context.Context, a *Ablation, options spec.Options) ([]Variant, diag.List) {
	if problems := a.overruled(options.Variables); problems != nil {
		return nil, problems
	}
	options.Digest = remember(options.Digest, spec.DigestPath)
	options.Scan = remember(options.Scan, spec.ScanFolder)
	seeds := make([]*uint64, 0, len(a.Seeds))
	for i := range a.Seeds {
		seeds = append(seeds, &a.Seeds[i])
	}
	if len(seeds) == 0 {
		seeds = append(seeds, nil) // the experiment's own
	}
	var variants []Variant
	var order []diag.Diagnostic
	found := map[diag.Diagnostic][]string{} // the variants that have it
	for _, row := range a.Rows {
		for _, seed := range seeds {
			overrides := maps.Clone(options.Overrides)
			if overrides == nil {
				overrides = map[string]any{}
			}
			maps.Copy(overrides, row)
			if seed != nil {
				overrides[seedVariable] = *seed
			}
			own := options
			own.Overrides = overrides
			name := a.name(row, seed)
			loaded, diagnostics := spec.Load(ctx, a.Experiment, own)
			for _, d := range diagnostics {
				if len(found[d]) == 0 {
					order = append(order, d)
				}
				found[d] = append(found[d], name)
			}
			if loaded == nil {
				continue
			}
			variant := Variant{
				Values:   map[string]any{},
				Seed:     loaded.Seed,
				Baseline: a.Baseline != nil && text(row) == text(a.Baseline),
				Spec:     loaded,
			}
			for _, column := range a.Columns {
				variant.Values[column] = loaded.Variables[column]
			}
			variant.Name = a.name(variant.Values, seed)
			variants = append(variants, variant)
		}
	}
	var diagnostics diag.List
	total := len(a.Rows) * len(seeds)
	for _, d := range order {
		if with := found[d]; len(with) < total {
			d.Detail = strings.TrimSpace(d.Detail + " " + inVariants(with))
		}
		diagnostics = append(diagnostics, d)
	}
	diagnostics = append(diagnostics, a.duplicates(variants)...)
	diagnostics = diagnostics.Sorted()
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return variants, diagnostics
}

// overruled reports variables that are set outside of the table and in all of its
// rows.
func (a *Ablation) overruled(variables map[string]string) diag.List {
	var problems diag.List
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		at, varied := a.varied[name]
		if !varied || name != seedVariable && slices.ContainsFunc(a.Rows, func(row map[string]any) bool { _, ok := row[name]; return !ok }) {
			continue
		}
		problems.Errorf(at, "Varied variable on the command line",
			"The ablation gives %q its values, and %s=%s from the command line would change nothing. Leave it out, or change the values here; the experiment itself takes it: plumb run %s --var %s=%s.",
			name, name, variables[name], a.Experiment, name, variables[name])
	}
	return problems
}

// duplicates reports rows that became equal because a missing column took its
// value from the command line.
func (a *Ablation) duplicates(variants []Variant) diag.List {
	seen := map[string]bool{}
	for _, variant := range variants {
		if seen[variant.Name] {
			return diag.Errorf(a.Range, "Duplicate row",
				"Two rows are the same variant %q, because the variables that are set outside of the table complete them to the same values. Do not set them, or write all columns.", variant.Name)
		}
		seen[variant.Name] = true
	}
	return nil
}

// inVariants says in which variants a finding is, three of them by name.
func inVariants(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("(In %s and %d more variants.)", strings.Join(names[:most], "; "), len(names)-most)
	}
	return fmt.Sprintf("(In %s.)", strings.Join(names, "; "))
}

// name spells a variant: the columns' values in order, then the seed.
func (a *Ablation) name(row map[string]any, seed *uint64) string {
	row = a.complete(row)
	var parts []string
	for _, column := range a.Columns {
		if value, ok := row[column]; ok {
			parts = append(parts, column+"="+label(value))
		}
	}
	if seed != nil {
		parts = append(parts, fmt.Sprintf("%s=%d", seedVariable, *seed))
	}
	return strings.Join(parts, ",")
}

// remember wraps what reads files so that each is read once, and not once for
// each variant.
func remember[K comparable, V any](read, fallback func(context.Context, K) (V, error)) func(context.Context, K) (V, error) {
	if read == nil {
		read = fallback
	}
	known := map[K]V{}
	return func(ctx context.Context, key K) (V, error) {
		if v, ok := known[key]; ok {
			return v, nil
		}
		v, err := read(ctx, key)
		if err == nil {
			known[key] = v
		}
		return v, err
	}
}
