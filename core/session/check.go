package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Check reads what stages would read of the user's files, as far as that is quick, so
// that what is wrong with them is known before images are drawn for hours: files of
// labels and comparisons, and models, their weights by their headers. Errors are a
// diag.List. Warnings are added to those of the session.
func (s *Session) Check(ctx context.Context) error {
	labels, err := s.checkLabels(ctx)
	if err != nil {
		return err
	}
	matches, err := s.checkMatches(ctx)
	if err != nil {
		return err
	}
	models, err := s.checkModels(ctx)
	if err != nil {
		return err
	}
	all := slices.Concat(labels, matches, models)
	if all.HasErrors() {
		return all
	}
	s.Warnings = append(s.Warnings, all...)
	return nil
}

// checkMatches holds the captions of images that stand for a model's against the prompts
// of their evaluation.
func (s *Session) checkMatches(ctx context.Context) (diag.List, error) {
	var all diag.List
	for _, node := range s.Plan.Nodes {
		work, ok := node.Work.(*plan.MatchWork)
		if !ok {
			continue
		}
		input, _ := node.Input(plan.Images)
		from, ok := input.Node.Work.(*plan.ImportWork)
		if !ok || len(input.Node.Missing) > 0 {
			continue
		}
		images, err := from.Folder.Captions(ctx, s.options.Digests)
		if err != nil {
			return nil, err
		}
		prompts := make([]string, len(work.Prompts))
		for i, prompt := range work.Prompts {
			prompts[i] = prompt.Text
		}
		if _, err := imagefolder.Match(images, prompts, work.PerPrompt); err != nil {
			all = append(all, work.OtherPrompts(node, err)...)
		}
	}
	return all, nil
}

// checkModels asks built-in components about the files that their blocks name.
func (s *Session) checkModels(ctx context.Context) (diag.List, error) {
	var all diag.List
	asked := map[string]bool{}
	for _, node := range s.Plan.Nodes {
		of := node.Instance
		if of == nil || !of.Identity.Builtin() || len(node.Missing) > 0 {
			continue
		}
		component := s.builtin(of.Kind, of.Component)
		about := fmt.Sprintf("%s %q %s", of.Kind, of.Component, of.Config)
		if component.Check == nil || asked[about] {
			continue
		}
		asked[about] = true
		if err := component.Check(of.Config); err != nil {
			all = append(all, complaints(of, err)...)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// complaints is what a component says of its files, at its block.
func complaints(of *plan.Instance, err error) diag.List {
	var all diag.List
	for _, d := range sdk.DiagnosticsOf(err) {
		severity := diag.Error
		if d.Severity == sdk.SeverityWarning {
			severity = diag.Warning
		}
		one := diag.Diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail, Subject: of.Range}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}
