package plumb_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// parsing lists the functions of package strings that take text apart.
var parsing = map[string]bool{
	"Contains": true, "Cut": true, "CutPrefix": true, "CutSuffix": true, "Fields": true, "FieldsFunc": true, "HasPrefix": true, "HasSuffix": true,
	"Index": true, "LastIndex": true, "Split": true, "SplitN": true, "SplitSeq": true, "TrimPrefix": true, "TrimSuffix": true,
}

// forPeople lists the fields and methods that hold names and texts for people:
// stages', models', rewards', components' and diagnostics'. What is meant by them
// stands in typed facts beside them.
var forPeople = map[string]bool{
	"Node": true, "Name": true, "Label": true, "Subject": true, "Versus": true, "Baseline": true, "Evaluation": true, "Measure": true,
	"Reward": true, "Rater": true, "Encoder": true, "Component": true, "Metric": true, "Note": true, "Needs": true,
	"Summary": true, "Detail": true, "Error": true,
}

// TestNamesAreNotParsed: plans, runs and reports read typed facts. A name with a
// slash, a component that is called like another, or a reworded diagnostic must
// change no table. It sees what is taken apart directly, not through a variable.
func TestNamesAreNotParsed(t *testing.T) {
	seen := 0
	for _, folder := range []string{"core/plan", "core/run", "core/stage", "core/record", "core/metric", "core/ablation", "reports", "cmd"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				function, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if of, ok := function.X.(*ast.Ident); !ok || of.Name != "strings" || !parsing[function.Sel.Name] {
					return true
				}
				seen++
				ast.Inspect(call.Args[0], func(inner ast.Node) bool {
					// entry.Name() is a file's: a method of that name is not meant.
					if method, ok := inner.(*ast.CallExpr); ok {
						if name, ok := method.Fun.(*ast.SelectorExpr); ok && name.Sel.Name == "Name" {
							return false
						}
					}
					if field, ok := inner.(*ast.SelectorExpr); ok && forPeople[field.Sel.Name] {
						t.Errorf("%s: strings.%s takes .%s apart; read a typed fact", files.Position(call.Pos()), function.Sel.Name, field.Sel.Name)
					}
					return true
				})
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 10 {
		t.Errorf("only %d calls were looked at: is the list of folders right?", seen)
	}
}
