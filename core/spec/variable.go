package spec

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/plumb-ml/plumb/core/diag"
)

// Variable is one variable block:
//
//	variable "label_fraction" {
//	  description = "share of the labels that the rewards are trained on"
//	  type        = number
//	  default     = 1.0
//
//	  validation {
//	    condition     = var.label_fraction > 0 && var.label_fraction <= 1
//	    error_message = "A share is between 0 and 1."
//	  }
//	}
type Variable struct {
	Name        string
	Description string
	Type        string // as HCL writes it: "number", "list(string)", "any"
	HasDefault  bool
	Default     any  // of JSON types; nil if there is none
	Used        bool // whether anything but its own validation depends on it
	Range       diag.Range

	constraint  cty.Type
	optionals   *typeexpr.Defaults
	initial     cty.Value // the default
	value       cty.Value
	from        string // where the value comes from, for diagnostics
	validations hcl.Blocks
}

// Accept converts a value of JSON types to the variable's type and back to
// JSON types. The error says what is expected.
func (v Variable) Accept(value any) (any, error) {
	given, err := fromJSON(value)
	if err != nil {
		return nil, err
	}
	converted, err := v.convert(given)
	if err != nil {
		return nil, err
	}
	return JSON(converted)
}

// convert fills in optional attributes and converts to the variable's type.
func (v Variable) convert(value cty.Value) (cty.Value, error) {
	if v.optionals != nil && !value.IsNull() {
		value = v.optionals.Apply(value)
	}
	fitting, err := converted(value, v.constraint)
	if err != nil {
		return cty.DynamicVal, fmt.Errorf("%s is expected, and this is %s", v.Type, describe(value))
	}
	return fitting, nil
}

// Declared lists the variables of the experiment at path, in its order. It
// needs no catalog, and it overlooks mistakes outside of the variable blocks:
// those are Load's to report.
func Declared(ctx context.Context, path string, options Options) ([]Variable, diag.List) {
	l := newLoader(ctx, path, options)
	if !l.parse() {
		return nil, l.diagnostics.Sorted()
	}
	l.diagnostics = nil
	l.declareVariables()
	used := l.usage()
	var list []Variable
	for _, block := range l.blocks["variable"] {
		variable, ok := l.variables[block.Labels[0]]
		if !ok || variable.Range != FromRange(block.DefRange) {
			continue
		}
		variable.Used = used.variables[variable.Name]
		list = append(list, *variable)
	}
	diagnostics := l.diagnostics.Sorted()
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return list, diagnostics
}

// variableBlocks declares the variables and gives each its value: the default,
// a line of a variables file, a value from the command line, or an override,
// the last of them that there is.
func (l *loader) variableBlocks() {
	l.declareVariables()
	for _, file := range l.options.VarFiles {
		l.variablesFile(file)
	}
	for _, name := range names(l.options.Variables) {
		l.commandLine(name, l.options.Variables[name])
	}
	for _, name := range names(l.options.Overrides) {
		value, err := fromJSON(l.options.Overrides[name])
		if err != nil {
			l.error(hcl.Range{}, "Wrong value for a variable", "The value set for variable %q is not JSON: %v.", name, err)
			continue
		}
		l.assign(name, value, hcl.Range{}, "the variant's value")
	}
	values := map[string]cty.Value{}
	for _, name := range names(l.variables) {
		variable := l.variables[name]
		if variable.value == cty.NilVal {
			variable.value = variable.initial
		}
		if variable.value == cty.NilVal {
			l.errorAt(variable.Range, "No value for a variable",
				"Variable %q has no default. Give it a value on the command line (-var %s=VALUE), in a variables file, or by default = VALUE here.", name, name)
			variable.value = cty.DynamicVal
		}
		values[name] = variable.value
	}
	l.roots["var"] = cty.ObjectVal(values)
	for _, name := range names(l.variables) {
		l.validate(l.variables[name])
	}
	for name, variable := range l.variables {
		if variable.value.IsWhollyKnown() {
			l.spec.Variables[name], _ = JSON(variable.value)
		}
	}
}

var variableForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "description", Type: "string", Default: []byte(`""`), Summary: "what it is, for people"},
	}},
	expressions: []Value{
		{Name: "type", Takes: "string, number, bool, list(number), ...", Summary: "the type of its values; that of the default if it is not given"},
		{Name: "default", Takes: "a constant", Summary: "its value if no other is given; without one, a run needs --var"},
	},
	blocks: []nested{{Type: "validation", Summary: "what its values must be", Many: true, form: validationForm}},
}

var validationForm = form{expressions: []Value{
	{Name: "condition", Required: true, Takes: "an expression over var.NAME", Summary: "true if the value is allowed"},
	{Name: "error_message", Required: true, Takes: "a string", Summary: "what is said if it is not"},
}}

// declareVariables decodes the variable blocks, without giving values.
func (l *loader) declareVariables() {
	for _, block := range l.blocks["variable"] {
		name := block.Labels[0]
		if !l.identifier(name, block.LabelRanges[0]) {
			continue
		}
		if other, ok := l.variables[name]; ok {
			l.error(block.LabelRanges[0], "Duplicate name", "Another variable is called %q, on line %d. Choose another name.", name, other.Range.Start.Line)
			continue
		}
		arguments := l.decode(block.Body, variableForm)
		variable := &Variable{
			Name:        name,
			Description: arguments.text("description"),
			Range:       FromRange(block.DefRange),
			constraint:  cty.DynamicPseudoType,
			validations: arguments.blocks,
		}
		l.variables[name] = variable
		written, typed := arguments.others["type"]
		if typed {
			constraint, optionals, diagnostics := typeexpr.TypeConstraintWithDefaults(written.Expr)
			l.hcl(diagnostics)
			if !diagnostics.HasErrors() {
				variable.constraint, variable.optionals = constraint, optionals
			}
		}
		variable.Type = typeexpr.TypeString(variable.constraint)
		if attribute, ok := arguments.others["default"]; ok {
			l.defaultValue(variable, attribute, typed)
		}
	}
}

// defaultValue evaluates the default; without a declared type, the default's
// type becomes the variable's.
func (l *loader) defaultValue(variable *Variable, attribute *hcl.Attribute, typed bool) {
	variable.HasDefault = true
	variable.initial = cty.DynamicVal
	value, ok := l.constant(attribute.Expr, "A default")
	if !ok {
		return
	}
	if !typed {
		variable.constraint = inferred(value)
		variable.Type = typeexpr.TypeString(variable.constraint)
	}
	converted, err := variable.convert(value)
	if err == nil {
		variable.Default, err = JSON(converted)
	}
	if err != nil {
		l.error(attribute.Expr.Range(), "Wrong default", "variable %q: %v.", variable.Name, err)
		return
	}
	variable.initial = converted
}

// inferred is the type that a default stands for: a plain type or a list of
// one. Anything else may be of any type, because one example does not tell.
func inferred(value cty.Value) cty.Type {
	kind := value.Type()
	if value.IsNull() {
		return cty.DynamicPseudoType
	}
	if kind.IsPrimitiveType() {
		return kind
	}
	if (kind.IsTupleType() || kind.IsListType()) && value.LengthInt() > 0 {
		var elements []cty.Type
		for it := value.ElementIterator(); it.Next(); {
			_, element := it.Element()
			elements = append(elements, element.Type())
		}
		for _, element := range elements {
			if !element.IsPrimitiveType() || element != elements[0] {
				return cty.DynamicPseudoType
			}
		}
		return cty.List(elements[0])
	}
	return cty.DynamicPseudoType
}

// constant evaluates an expression that must not refer to anything.
func (l *loader) constant(expression hcl.Expression, what string) (cty.Value, bool) {
	for _, traversal := range expression.Variables() {
		hint := "A string stands in quotes."
		if meant, ok := foreign[traversal.RootName()]; ok {
			hint = fmt.Sprintf("Did you mean %s?", meant)
		}
		l.error(traversal.SourceRange(), "Not a constant", "%s must not depend on anything else. %s", what, hint)
		return cty.DynamicVal, false
	}
	return l.value(expression, nil)
}

// variablesFile reads a file of NAME = VALUE lines.
func (l *loader) variablesFile(path string) {
	body, diagnostics := l.options.Files.Parse(path)
	l.diagnostics = append(l.diagnostics, diagnostics...)
	if body == nil || diagnostics.HasErrors() {
		return
	}
	attributes, found := body.JustAttributes()
	l.hcl(found)
	for _, name := range names(attributes) {
		attribute := attributes[name]
		if value, ok := l.constant(attribute.Expr, "A value in a variables file"); ok {
			l.assign(name, value, attribute.Range, "the value in "+path)
		}
	}
}

// commandLine reads a value as it is typed: as it stands for a variable of
// type string, as an HCL expression otherwise.
func (l *loader) commandLine(name, text string) {
	const from = "the value on the command line"
	variable, ok := l.variables[name]
	if !ok || variable.constraint == cty.String {
		l.assign(name, cty.StringVal(text), hcl.Range{}, from)
		return
	}
	if beyond := checkExpression(text); beyond != nil {
		l.errorAt(variable.Range, beyond[0].Summary, "Of variable %q, %s is wrong. %s", name, from, beyond[0].Detail)
		variable.value, variable.from = cty.DynamicVal, from
		return
	}
	expression, diagnostics := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if !diagnostics.HasErrors() && len(expression.Variables()) == 0 {
		hclsyntax.Walk(expression, &preparation{})
		value, diagnostics := l.evaluator.Value(expression, nil)
		if !diagnostics.HasErrors() && value.IsWhollyKnown() {
			l.assign(name, value, hcl.Range{}, from)
			return
		}
	}
	// Not an expression: a bare word, which is a string.
	l.assign(name, cty.StringVal(text), hcl.Range{}, from)
}

// assign gives a variable a value.
func (l *loader) assign(name string, value cty.Value, at hcl.Range, from string) {
	variable, ok := l.variables[name]
	if !ok {
		l.error(at, "Unknown variable", "The experiment has no variable %q, for which %s is.%s%s",
			name, from, diag.DidYouMean(name, names(l.variables)), l.declaredNames())
		return
	}
	converted, err := variable.convert(value)
	if err == nil {
		_, err = JSON(converted)
	}
	if err != nil {
		if at.Filename == "" {
			// The declaration tells what is expected.
			l.errorAt(variable.Range, "Wrong value for a variable", "Of variable %q, %s is wrong: %v.", name, from, err)
		} else {
			l.error(at, "Wrong value for a variable", "Variable %q: %v.", name, err)
		}
		variable.value, variable.from = cty.DynamicVal, from
		return
	}
	variable.value, variable.from = converted, from
}

// declaredNames is a sentence that lists the variables.
func (l *loader) declaredNames() string {
	if len(l.variables) == 0 {
		return " It has no variables."
	}
	return " It has " + or(names(l.variables)) + "."
}

// validate checks a variable's value against its validation blocks.
func (l *loader) validate(variable *Variable) {
	for _, block := range variable.validations {
		arguments := l.decode(block.Body, validationForm)
		condition, message := arguments.others["condition"], arguments.others["error_message"]
		if condition == nil || message == nil {
			continue
		}
		holds, ok := l.overVariables(condition.Expr, cty.Bool)
		if !ok || holds.IsNull() || holds.True() {
			continue
		}
		text, ok := l.overVariables(message.Expr, cty.String)
		if !ok || text.IsNull() {
			continue
		}
		from := variable.from
		if from == "" {
			from = "its default"
		}
		// The value was JSON when it was assigned, so neither step fails.
		value, _ := JSON(variable.value)
		written, _ := canonicalJSON(value)
		l.error(condition.Expr.Range(), "Invalid value for a variable", "Variable %q is %s (%s). %s", variable.Name, written, from, text.AsString())
	}
}

// overVariables evaluates an expression that may refer to variables alone.
func (l *loader) overVariables(expression hcl.Expression, wanted cty.Type) (cty.Value, bool) {
	for _, traversal := range expression.Variables() {
		if traversal.RootName() != "var" {
			l.error(traversal.SourceRange(), "Not a variable", "A validation may depend on variables alone, such as var.NAME.")
			return cty.DynamicVal, false
		}
	}
	value, ok := l.evaluate(expression)
	if !ok {
		return cty.DynamicVal, false
	}
	converted, err := convert.Convert(value, wanted)
	if err != nil {
		l.error(expression.Range(), "Wrong type", "A %s is expected, and this is %s.", wanted.FriendlyName(), describe(value))
		return cty.DynamicVal, false
	}
	return converted, true
}

// expressions lists the expressions of a body and of the blocks in it.
func expressions(body hcl.Body) []hcl.Expression {
	var list []hcl.Expression
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, attribute := range native.Attributes {
			list = append(list, attribute.Expr)
		}
		for _, block := range native.Blocks {
			list = append(list, expressions(block.Body)...)
		}
		return list
	}
	// In JSON syntax blocks are values like any other.
	attributes, _ := body.JustAttributes()
	for _, attribute := range attributes {
		list = append(list, attribute.Expr)
	}
	return list
}
