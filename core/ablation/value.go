package ablation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/visible"
)

// placed is a value of JSON types and where it is written.
type placed struct {
	value any
	at    hcl.Range
}

// constant evaluates an expression that refers to nothing: an ablation has
// functions and for expressions, but no variables of its own.
func (l *loader) constant(expression hcl.Expression) (cty.Value, bool) {
	for _, traversal := range expression.Variables() {
		l.error(traversal.SourceRange(), "Not a constant", "An ablation has no variables or references: write the value. A string stands in quotes.")
		return cty.DynamicVal, false
	}
	value, found := l.evaluator.Value(expression, nil)
	l.diagnostics = append(l.diagnostics, spec.FromHCL(found)...)
	if found.HasErrors() || !value.IsWhollyKnown() {
		return cty.DynamicVal, false
	}
	return value, true
}

// list evaluates a list; each element has its place if the list is written out.
// It reports false after a mistake, with the elements that are right.
func (l *loader) list(expression hcl.Expression, takes string) ([]placed, bool) {
	expressions, ok := l.elements(expression, takes)
	if !ok {
		return nil, false
	}
	elements := []placed{}
	for _, each := range expressions {
		value, right := l.plain(each)
		if !right {
			ok = false
			continue
		}
		elements = append(elements, placed{value, each.Range()})
	}
	return elements, ok
}

// plain evaluates an expression to JSON types.
func (l *loader) plain(expression hcl.Expression) (any, bool) {
	value, ok := l.constant(expression)
	if !ok {
		return nil, false
	}
	converted, err := spec.JSON(value)
	if err != nil {
		l.error(expression.Range(), "Wrong value", "%v.", err)
		return nil, false
	}
	return converted, true
}

// elements returns the expressions of a list's elements: those that are
// written, or, if the list is computed, values in the place of the whole.
func (l *loader) elements(expression hcl.Expression, takes string) ([]hcl.Expression, bool) {
	if written, found := hcl.ExprList(expression); !found.HasErrors() {
		return written, true
	}
	value, ok := l.constant(expression)
	if !ok {
		return nil, false
	}
	kind := value.Type()
	if value.IsNull() || !(kind.IsTupleType() || kind.IsListType() || kind.IsSetType()) {
		l.error(expression.Range(), "Wrong type", "%s.", takes)
		return nil, false
	}
	var computed []hcl.Expression
	for it := value.ElementIterator(); it.Next(); {
		_, element := it.Element()
		computed = append(computed, hcl.StaticExpr(element, expression.Range()))
	}
	return computed, true
}

// pair is a name of an object and the expression of its value.
type pair struct {
	name       string
	at         hcl.Range
	expression hcl.Expression
}

// pairs returns an object's pairs, sorted by name: those that are written, or,
// if the object is computed, values in the place of the whole.
func (l *loader) pairs(expression hcl.Expression, takes string) ([]pair, bool) {
	var pairs []pair
	if written, found := hcl.ExprMap(expression); !found.HasErrors() {
		complete := true
		for _, each := range written {
			key, ok := l.constant(each.Key)
			if !ok {
				complete = false
				continue
			}
			if key.IsNull() || key.Type() != cty.String {
				l.error(each.Key.Range(), "Wrong type", "The name of a variable is a string.")
				complete = false
				continue
			}
			if slices.ContainsFunc(pairs, func(p pair) bool { return p.name == key.AsString() }) {
				l.error(each.Key.Range(), "Named twice", "%s has a value here already. Remove one of them.", key.AsString())
				complete = false
				continue
			}
			pairs = append(pairs, pair{key.AsString(), each.Key.Range(), each.Value})
		}
		slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
		return pairs, complete
	}
	value, ok := l.constant(expression)
	if !ok {
		return nil, false
	}
	if value.IsNull() || !(value.Type().IsObjectType() || value.Type().IsMapType()) {
		l.error(expression.Range(), "Wrong type", "%s.", takes)
		return nil, false
	}
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		pairs = append(pairs, pair{key.AsString(), expression.Range(), hcl.StaticExpr(element, expression.Range())})
	}
	return pairs, true
}

// compare orders values of JSON types: null, false, true, numbers, strings,
// and the rest by their JSON.
func compare(a, b any) int {
	rank := func(value any) (int, float64, string) {
		switch v := value.(type) {
		case nil:
			return 0, 0, ""
		case bool:
			if v {
				return 2, 0, ""
			}
			return 1, 0, ""
		case float64:
			return 3, v, ""
		case json.Number:
			f, _ := v.Float64()
			return 3, f, v.String()
		case string:
			return 4, 0, v
		}
		return 5, 0, text(value)
	}
	aKind, aNumber, aText := rank(a)
	bKind, bNumber, bText := rank(b)
	return cmp.Or(cmp.Compare(aKind, bKind), cmp.Compare(aNumber, bNumber), cmp.Compare(aText, bText))
}

// text is a value as JSON. Keys of objects are sorted.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value) // not of JSON types
	}
	return string(encoded)
}

// bare is a string that needs no quotes in a variant's name.
var bare = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.+-]*$`)

// label is a value as it stands in a variant's name, which is shown everywhere.
func label(value any) string {
	if s, ok := value.(string); ok && bare.MatchString(s) && s != "true" && s != "false" && s != "null" {
		return s
	}
	return visible.Text(text(value))
}

// beside resolves the experiment's path beside the ablation's file. The
// problem says what to do if there is nothing there.
func beside(file, path string) (resolved, problem string) {
	if path == "" {
		return "", "experiment is the path of an experiment, relative to the directory of this file."
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return "", fmt.Sprintf("%s is a directory. Name a file in it.", path)
	case err == nil:
		return path, ""
	}
	var others []string
	entries, _ := os.ReadDir(filepath.Dir(path)) // without suggestions if that fails
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".hcl") {
			others = append(others, entry.Name())
		}
	}
	return "", fmt.Sprintf("There is no file %s.%s", path, diag.DidYouMean(filepath.Base(path), others))
}

// list joins names: "a", "a or b", "a, b or c".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
