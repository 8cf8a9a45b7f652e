package ablation

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// Ablation is one ablation block, held against its experiment:
//
//	ablation "auxiliary_loss" {
//	  description = "does prompt classification help the reward?"
//	  experiment  = "../experiments/lee2023.hcl"
//	  seeds       = [1, 2, 3] # values of the experiment's variable seed
//
//	  vary = { auxiliary_weight = [0, 0.5] } # the product of its lists, or
//	  # rows = [{ auxiliary_weight = 0 }, { auxiliary_weight = 0.5 }]
//
//	  baseline = { auxiliary_weight = 0 }
//	  measure  = [metric.reward_accuracy]
//	}
type Ablation struct {
	Name        string
	Description string
	File        string           // as the user named it
	Experiment  string           // path of the experiment, resolved beside File
	Seeds       []uint64         // ascending; empty: the experiment's own seed
	Columns     []string         // the variables that the table has, sorted
	Rows        []map[string]any // values of JSON types, sorted; a column that is missing in a row has the experiment's value
	Order       map[string][]any // the values of each column, in the order of the file
	Baseline    map[string]any   // the row that the others are compared with; nil if none is named
	Tracking    *spec.Tracking   // nil: the experiment says
	Measure     []string         // names of metrics, in the order of the file
	MeasuredAt  []diag.Range     // where each of them is named
	Range       diag.Range

	variables map[string]spec.Variable
	varied    map[string]diag.Range // where the table, or seeds, gives a variable its values
}

// Options says what to load.
type Options struct {
	// Files are those that were parsed before, and receive those that Load parses.
	// If nil, all are read anew.
	Files *spec.Files
}

// seedVariable is the variable that seeds are values of.
const seedVariable = "seed"

var fileSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: Language().Type, LabelNames: Language().Labels},
	{Type: spec.TrackingLanguage().Type, LabelNames: spec.TrackingLanguage().Labels},
}}

var blockSchema = func() *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, argument := range Language().Values {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: argument.Name, Required: argument.Required})
	}
	return schema
}()

// Language returns the block that a file of an ablation holds.
func Language() spec.Construct {
	return spec.Construct{
		Type: "ablation", Labels: []string{"name"},
		Summary: "a table of settings of an experiment's variables; in a file of its own",
		Values: []spec.Value{
			{Name: "description", Takes: "a string", Summary: "what it asks, for people"},
			{Name: "experiment", Required: true, Takes: "a path", Summary: "the experiment, relative to this file"},
			{Name: "seeds", Takes: "a list of whole numbers", Summary: "values of the experiment's variable seed; every setting is run with each. Three or more make intervals over seeds"},
			{Name: "vary", Takes: "an object of lists", Summary: "values of variables, of which every combination is run"},
			{Name: "rows", Takes: "a list of objects", Summary: "the settings themselves, in place of vary"},
			{Name: "baseline", Takes: "an object", Summary: "the setting that the others are compared with"},
			{Name: "measure", Takes: "a list of metric.NAME", Summary: "what the report shows; all if it is not given"},
		},
		Example: `
ablation "auxiliary_loss" {
  experiment = "experiment.hcl"
  seeds      = [1, 2, 3]
  vary       = { weight = [0, 0.5] }
  baseline   = { weight = 0 }
}
`,
	}
}

// IsAblation reports whether the file at path holds an ablation: which of the
// two kinds of file it is. A file that cannot be read holds none.
func IsAblation(files *spec.Files, path string) bool {
	body, _ := files.Parse(path)
	if body == nil {
		return false
	}
	content, _, _ := body.PartialContent(fileSchema)
	return len(content.Blocks.OfType(Language().Type)) > 0
}

// Load reads the ablation in the file at path, and the variables of its
// experiment. The Ablation is nil if there are errors.
func Load(ctx context.Context, path string, options Options) (*Ablation, diag.List) {
	if options.Files == nil {
		options.Files = spec.NewFiles()
	}
	l := &loader{path: path, options: options, evaluator: spec.NewEvaluator(ctx)}
	ablation := l.load(ctx)
	diagnostics := l.diagnostics.Sorted()
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return ablation, diagnostics
}

// loader is the state of one Load.
type loader struct {
	path        string
	options     Options
	evaluator   *spec.Evaluator
	diagnostics diag.List
}

func (l *loader) load(ctx context.Context) *Ablation {
	body, diagnostics := l.options.Files.Parse(l.path)
	l.diagnostics = append(l.diagnostics, diagnostics...)
	if body == nil || diagnostics.HasErrors() {
		return nil
	}
	content, found := body.Content(fileSchema)
	l.diagnostics = append(l.diagnostics, spec.FromHCL(found)...)
	block := l.only(content.Blocks.OfType(Language().Type), body)
	if block == nil {
		return nil
	}
	a := &Ablation{Name: block.Labels[0], File: l.path, Range: spec.FromRange(block.DefRange)}
	arguments, found := block.Body.Content(blockSchema)
	l.diagnostics = append(l.diagnostics, spec.FromHCL(found)...)
	l.text(arguments.Attributes["description"], &a.Description)
	if !l.experiment(ctx, a, arguments.Attributes["experiment"]) {
		return nil
	}
	a.varied = map[string]diag.Range{}
	l.seeds(a, arguments.Attributes["seeds"])
	l.table(a, arguments.Attributes, block)
	l.measure(a, arguments.Attributes["measure"])
	l.tracking(ctx, a, content.Blocks.OfType(spec.TrackingLanguage().Type))
	return a
}

// only returns the file's one block.
func (l *loader) only(blocks hcl.Blocks, body hcl.Body) *hcl.Block {
	switch len(blocks) {
	case 0:
		l.error(body.MissingItemRange(), "No ablation block", "This file has no ablation:\n  ablation \"name\" {\n    experiment = \"experiment.hcl\"\n    vary       = { variable = [1, 2] }\n  }")
		return nil
	case 1:
		return blocks[0]
	}
	l.error(blocks[1].DefRange, "Several ablations", "A file holds one ablation, and this one has %q already. Move %q to a file of its own.",
		blocks[0].Labels[0], blocks[1].Labels[0])
	return nil
}

// experiment reads the declarations of the experiment's variables.
func (l *loader) experiment(ctx context.Context, a *Ablation, attribute *hcl.Attribute) bool {
	var path string
	if !l.text(attribute, &path) {
		return false
	}
	at := attribute.Expr.Range()
	resolved, problem := beside(l.path, path)
	if problem != "" {
		l.error(at, "No such experiment", "%s", problem)
		return false
	}
	if IsAblation(l.options.Files, resolved) {
		l.error(at, "Not an experiment", "%s holds an ablation. Name an experiment.", path)
		return false
	}
	a.Experiment = resolved
	declared, diagnostics := spec.Declared(ctx, resolved, spec.Options{Files: l.options.Files})
	l.diagnostics = append(l.diagnostics, diagnostics...)
	a.variables = map[string]spec.Variable{}
	for _, variable := range declared {
		a.variables[variable.Name] = variable
	}
	return !diagnostics.HasErrors()
}

// seeds reads the seeds.
func (l *loader) seeds(a *Ablation, attribute *hcl.Attribute) {
	if attribute == nil {
		return
	}
	at := attribute.Expr.Range()
	elements, ok := l.list(attribute.Expr, "seeds takes a list of whole numbers, such as [1, 2, 3]")
	if !ok {
		return
	}
	if len(elements) == 0 {
		l.error(at, "Empty list", "seeds is empty, so there would be no variants. Name at least one seed, or remove the argument.")
		return
	}
	if variable, ok := a.variables[seedVariable]; !ok || !variable.Used {
		l.error(attribute.NameRange, "Experiment without a seed", "Seeds are values of the experiment's variable %q, which it does not %s. Add to the experiment:\n  variable \"seed\" { default = 1 }\nand in its experiment block:\n  seed = var.seed",
			seedVariable, map[bool]string{false: "declare", true: "use"}[ok])
		return
	}
	for _, element := range elements {
		seed, ok := wholeNumber(element.value)
		if !ok {
			l.error(element.at, "Wrong value", "A seed is a whole number that is not negative.")
			continue
		}
		if slices.Contains(a.Seeds, seed) {
			l.error(element.at, "Duplicate seed", "Seed %d stands in the list already. Remove one of them: the same seed gives the same result.", seed)
			continue
		}
		a.Seeds = append(a.Seeds, seed)
	}
	a.varied[seedVariable] = spec.FromRange(attribute.NameRange)
	slices.Sort(a.Seeds)
	if len(a.Seeds) == 2 {
		l.warning(at, "Two seeds", "Two seeds make no interval and no test: the tables give the number under each. Write three or more, such as [1, 2, 3], or leave seeds out for one run, whose intervals are over prompts.")
	}
}

// wholeNumber returns a value as a seed.
func wholeNumber(value any) (uint64, bool) {
	seed, err := strconv.ParseUint(fmt.Sprint(value), 10, 64)
	if f, ok := value.(float64); ok {
		// Printing would round or use an exponent.
		return uint64(f), f >= 0 && f < 1<<53 && f == float64(uint64(f))
	}
	return seed, err == nil
}

// tracking reads where the ablation's runs are shown, if it says so itself.
func (l *loader) tracking(ctx context.Context, a *Ablation, blocks hcl.Blocks) {
	if len(blocks) == 0 {
		return
	}
	if len(blocks) > 1 {
		l.error(blocks[1].DefRange, "Duplicate block", "This is a second tracking block: the first is on line %d. Keep one of them.", blocks[0].DefRange.Start.Line)
	}
	loaded, found := spec.LoadTracking(ctx, blocks[0])
	l.diagnostics = append(l.diagnostics, found...)
	a.Tracking = loaded
}

// measure reads the metrics, which stay names: what they are is for reports.
func (l *loader) measure(a *Ablation, attribute *hcl.Attribute) {
	if attribute == nil {
		return
	}
	expressions, found := hcl.ExprList(attribute.Expr)
	if found.HasErrors() {
		l.error(attribute.Expr.Range(), "Wrong type", "measure takes a list of metrics, such as [metric.reward_accuracy].")
		return
	}
	for _, expression := range expressions {
		at := expression.Range()
		traversal, found := hcl.AbsTraversalForExpr(expression)
		if found.HasErrors() || traversal.RootName() != "metric" || len(traversal) != 2 {
			l.error(at, "Not a metric", "A metric is written metric.NAME, such as metric.reward_accuracy.")
			continue
		}
		step, ok := traversal[1].(hcl.TraverseAttr)
		if !ok {
			l.error(at, "Not a metric", "A metric is written metric.NAME, such as metric.reward_accuracy.")
			continue
		}
		if slices.Contains(a.Measure, step.Name) {
			l.error(at, "Named twice", "metric.%s stands in this list already. Remove one of them.", step.Name)
			continue
		}
		a.Measure, a.MeasuredAt = append(a.Measure, step.Name), append(a.MeasuredAt, spec.FromRange(at))
	}
	if len(expressions) == 0 {
		l.error(attribute.Expr.Range(), "Empty list", "measure names at least one metric. Name one, or remove the argument to report them all.")
	}
}

func (l *loader) error(at hcl.Range, summary, detail string, arguments ...any) {
	l.diagnostics.Errorf(spec.FromRange(at), summary, detail, arguments...)
}

func (l *loader) warning(at hcl.Range, summary, detail string) {
	l.diagnostics.Warningf(spec.FromRange(at), summary, "%s", detail)
}

// text evaluates an argument that is a string, and reports whether there is one.
func (l *loader) text(attribute *hcl.Attribute, into *string) bool {
	if attribute == nil {
		return false
	}
	value, ok := l.constant(attribute.Expr)
	if !ok {
		return false
	}
	if value.Type() != cty.String || value.IsNull() {
		l.error(attribute.Expr.Range(), "Wrong type", "%s takes a string.", attribute.Name)
		return false
	}
	*into = value.AsString()
	return true
}
