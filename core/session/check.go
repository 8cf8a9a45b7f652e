package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
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
	models, err := s.checkModels(ctx)
	if err != nil {
		return err
	}
	all := append(labels, models...)
	if all.HasErrors() {
		return all
	}
	s.Warnings = append(s.Warnings, all...)
	return nil
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
