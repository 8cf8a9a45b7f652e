package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/ablation"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// specOptions is what every reading of an experiment has in common.
func (s *Session) specOptions() spec.Options {
	o := s.options
	return spec.Options{
		Variables: o.Variables, VarFiles: o.VarFiles, Files: s.options.Files, Hub: o.Hub,
		Digest: o.Digests.Path,
		Scan: func(ctx context.Context, folder imagefolder.Folder) (imagefolder.Inventory, error) {
			return folder.Scan(ctx, o.Digests)
		},
		CheckPrompts: s.checkPrompts,
	}
}

// read loads the file, an experiment or an ablation of one, and plans it.
func (s *Session) read(ctx context.Context) error {
	load := s.readExperiment
	if ablation.IsAblation(s.options.Files, s.File) {
		load = s.readAblation
	}
	var err error
	if s.known, s.wanted, err = load(ctx); err != nil {
		return err
	}
	if _, err := s.hear(ctx); err != nil {
		return err
	}
	return s.plan()
}

// plan plans the variants with what people have said so far.
func (s *Session) plan() error {
	for i := range s.Variants {
		if err := s.resolve(&s.Variants[i]); err != nil {
			return err
		}
	}
	var err error
	if s.Plan, err = plan.Build(s.Variants, s.known); err != nil {
		return err
	}
	return s.wanted.measured(s.Plan)
}

// resolve lets the options win over what the variant's experiment says, and gives
// the variant its ID.
func (s *Session) resolve(variant *plan.Source) (err error) {
	if s.options.Backend != "" {
		variant.Spec.Compute.Backend = s.options.Backend
	}
	if variant.ID, err = variant.Spec.ID(); err != nil {
		return fmt.Errorf("the configuration of %s: %w", s.File, err)
	}
	return nil
}

func (s *Session) readExperiment(ctx context.Context) (spec.Catalog, wanted, error) {
	components, err := s.catalog(ctx, s.File)
	if err != nil {
		return nil, wanted{}, err
	}
	options := s.specOptions()
	options.Catalog = components
	loaded, found := spec.Load(ctx, s.File, options)
	if err := ctx.Err(); err != nil {
		return nil, wanted{}, err // what is said of folders that were being read means nothing
	}
	if err := found.Err(); err != nil {
		return nil, wanted{}, err
	}
	s.Warnings = append(s.Warnings, found...)
	s.Name, s.Description, s.Tracking = loaded.Name, loaded.Description, loaded.Tracking
	s.Variants = []plan.Source{{Seed: loaded.Seed, Spec: loaded}}
	return components, wanted{}, nil
}

func (s *Session) readAblation(ctx context.Context) (spec.Catalog, wanted, error) {
	loaded, found := ablation.Load(ctx, s.File, ablation.Options{Files: s.options.Files})
	if err := found.Err(); err != nil {
		return nil, wanted{}, err
	}
	s.Warnings = append(s.Warnings, found...)
	s.Name, s.Description, s.Tracking, s.Ablation = loaded.Name, loaded.Description, loaded.Tracking, true
	for _, name := range loaded.Columns {
		s.Varied = append(s.Varied, record.Varied{Name: name, Values: loaded.Order[name]})
	}
	metrics := wanted{loaded.Measure, loaded.MeasuredAt}
	if err := metrics.known(); err != nil { // before gigabytes are read
		return nil, wanted{}, err
	}
	components, err := s.catalog(ctx, loaded.Experiment)
	if err != nil {
		return nil, wanted{}, err
	}
	options := s.specOptions()
	options.Catalog = components
	variants, found := ablation.Expand(ctx, loaded, options)
	if err := ctx.Err(); err != nil {
		return nil, wanted{}, err
	}
	if err := found.Err(); err != nil {
		return nil, wanted{}, err
	}
	s.Warnings = append(s.Warnings, found...)
	for _, variant := range variants {
		if err := s.samePlugins(variant.Spec); err != nil {
			return nil, wanted{}, err
		}
		s.Variants = append(s.Variants, plan.Source{
			Name: variant.Name, Values: variant.Values, Seed: variant.Seed, Spec: variant.Spec, Measure: loaded.Measure,
		})
		if s.Tracking == nil {
			s.Tracking = variant.Spec.Tracking
		}
		if variant.Baseline && s.Baseline == "" {
			s.Baseline = rowName(variant.Values)
		}
	}
	return components, metrics, nil
}

// rowName spells the values of a row, as the tables of a report do.
func rowName(values map[string]any) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		words = append(words, fmt.Sprintf("%s=%v", name, values[name]))
	}
	return strings.Join(words, " ")
}
