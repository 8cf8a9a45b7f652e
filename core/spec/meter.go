package spec

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/plumb-ml/plumb/core/diag"
)

// What evaluation may cost, in bytes: an element of a value counts
// elementCost and its text, a step of a for expression stepCost. A few lines of
// HCL can ask for terabytes: setproduct(l, l, l), for in for, or forty locals that
// each hold the one before twice.
const (
	elementCost = 64
	stepCost    = 512
	mostValue   = 64 << 20  // of one value: more than half a million prompts
	mostWork    = 512 << 20 // of all that is evaluated for one experiment
)

// Evaluator evaluates expressions within the limits of the language, as long as
// ctx lasts.
type Evaluator struct {
	ctx       context.Context
	functions map[string]function.Function
	spent     int     // of mostWork
	beyond    refusal // why the evaluation was given up; zero: it was not
}

// refusal says what an evaluation is beyond.
type refusal struct{ summary, detail string }

// NewEvaluator returns an Evaluator whose expressions may call Functions.
func NewEvaluator(ctx context.Context) *Evaluator {
	e := &Evaluator{ctx: ctx, functions: map[string]function.Function{}}
	for _, f := range Functions() {
		e.functions[f.Name] = f.function
		if f.Name != "try" && f.Name != "can" { // they evaluate expressions themselves
			e.functions[f.Name] = e.bounded(f.Name, f.function)
		}
	}
	e.functions[meterFunction] = e.meter()
	return e
}

// Value evaluates an expression with the variables, nil for none. Of an expression
// beyond the limits the diagnostics say so; when the context ends the value is
// unknown, and nothing is said.
func (e *Evaluator) Value(expression hcl.Expression, variables map[string]cty.Value) (value cty.Value, found hcl.Diagnostics) {
	native, found := Native(expression)
	if found.HasErrors() {
		return cty.DynamicVal, found
	}
	e.beyond = refusal{}
	finished := false
	done := make(chan struct{})
	go func() { // of its own: giveUp ends it wherever it is
		defer close(done)
		value, found = native.Value(&hcl.EvalContext{Variables: variables, Functions: e.functions})
		if !found.HasErrors() {
			e.charge(value)
		}
		choices(found)
		finished = true
	}()
	<-done
	if finished {
		return value, found
	}
	if e.beyond == (refusal{}) { // interrupted
		return cty.DynamicVal, nil
	}
	at := expression.Range()
	return cty.DynamicVal, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: e.beyond.summary, Detail: e.beyond.detail, Subject: &at}}
}

// giveUp ends the evaluation that is going on. A panic would not: what calls
// functions makes an error of it and goes on with the next element.
func (e *Evaluator) giveUp(why refusal) {
	e.beyond = why
	runtime.Goexit()
}

// tooLarge refuses a value.
func tooLarge(why string, arguments ...any) refusal {
	return refusal{"Value too large", fmt.Sprintf(why, arguments...) +
		" Write fewer or shorter lists; long lists of prompts stand in a text file of their own (path = \"prompts.txt\"), and the words of templates are combined by themselves."}
}

// spend counts work, and gives up when there was too much, or the context ended.
func (e *Evaluator) spend(cost int) {
	if e.ctx.Err() != nil {
		e.giveUp(refusal{})
	}
	if e.spent += cost; e.spent > mostWork || cost > mostWork {
		e.giveUp(tooLarge("Evaluating this file takes more than %d steps of for expressions or %d MiB of values.", mostWork/stepCost, mostWork>>20))
	}
}

// charge spends what a value's size is, and gives up if it is too large.
func (e *Evaluator) charge(value cty.Value) {
	left := mostValue
	e.measure(value, &left)
	e.spend(mostValue - left)
}

// measure subtracts a value's size from what is left, and gives up if that is not
// enough. A value that holds another one twice counts it twice: so does whoever
// goes through it.
func (e *Evaluator) measure(value cty.Value, left *int) {
	if *left -= elementCost; *left < 0 {
		e.spend(mostValue)
		e.giveUp(tooLarge("It has more than %d MiB.", mostValue>>20))
	}
	value, _ = value.Unmark()
	if !value.IsKnown() || value.IsNull() {
		return
	}
	kind := value.Type()
	switch {
	case kind == cty.String:
		if *left -= len(value.AsString()); *left < 0 {
			e.giveUp(tooLarge("It has more than %d MiB.", mostValue>>20))
		}
	case kind == cty.Number:
		n := value.AsBigFloat()
		if n.IsInf() || n.MantExp(nil) > 1024 {
			e.giveUp(refusal{"Number too large", fmt.Sprintf("A number is at most 1e%d. Look for a division by zero, or for a product of large numbers.", mostPower)})
		}
	case kind.IsCollectionType(), kind.IsTupleType(), kind.IsObjectType():
		for it := value.ElementIterator(); it.Next(); {
			key, element := it.Element()
			if key.Type() == cty.String && key.IsKnown() {
				*left -= len(key.AsString())
			}
			e.measure(element, left)
		}
	}
}

// meterFunction is put around the parts of expressions whose cost is not in
// proportion to the text. No name of the language is like it.
const meterFunction = "\x00meter"

// meter returns the function that charges its argument and returns it.
func (e *Evaluator) meter() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		}},
		Type: func(arguments []cty.Value) (cty.Type, error) { return arguments[0].Type(), nil },
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			e.charge(arguments[0])
			e.spend(stepCost)
			return arguments[0], nil
		},
	})
}

// metered puts meterFunction around an expression.
func metered(expression hclsyntax.Expression) hclsyntax.Expression {
	if _, literal := expression.(*hclsyntax.LiteralValueExpr); literal {
		return expression
	}
	return meteredStep(expression)
}

// meteredStep is metered of what is evaluated again and again: literals, too.
func meteredStep(expression hclsyntax.Expression) hclsyntax.Expression {
	if call, ok := expression.(*hclsyntax.FunctionCallExpr); ok && call.Name == meterFunction {
		return expression
	}
	at := expression.Range()
	return &hclsyntax.FunctionCallExpr{Name: meterFunction, Args: []hclsyntax.Expression{expression},
		NameRange: at, OpenParenRange: at, CloseParenRange: at}
}

// bounded returns the function, which looks at its arguments first: what it makes
// of them must not be larger than the limits. Lists are converted here, in linear
// time, and not by whoever calls.
func (e *Evaluator) bounded(name string, f function.Function) function.Function {
	wanted := func(i int) cty.Type {
		switch parameters, rest := f.Params(), f.VarParam(); {
		case conversions[name] != cty.NilType:
			return conversions[name]
		case i < len(parameters):
			return parameters[i].Type
		default:
			return rest.Type
		}
	}
	prepared := func(arguments []cty.Value) ([]cty.Value, error) {
		prepared := make([]cty.Value, len(arguments))
		for i, argument := range arguments {
			var err error
			if prepared[i], err = converted(argument, wanted(i)); err != nil {
				if conversions[name] == cty.NilType {
					return nil, function.NewArgError(i, err)
				}
				prepared[i] = argument // the function says more of it
			}
		}
		return prepared, nil
	}
	before := func(arguments []cty.Value) {
		left := mostValue
		for _, argument := range arguments {
			e.measure(argument, &left)
		}
		cost := mostValue - left
		for _, argument := range arguments {
			if !argument.IsWhollyKnown() {
				return
			}
		}
		e.spend(cost)
		if made := product(name, arguments); made > mostValue {
			e.giveUp(tooLarge("%s would make more than %d MiB of it.", name, mostValue>>20))
		}
	}
	parameters, rest := slices.Clone(f.Params()), f.VarParam()
	for i := range parameters {
		if parameters[i].Type.IsCollectionType() {
			parameters[i].Type = cty.DynamicPseudoType
		}
	}
	if rest != nil && rest.Type.IsCollectionType() {
		any := *rest
		any.Type = cty.DynamicPseudoType
		rest = &any
	}
	return function.New(&function.Spec{
		Description: f.Description(),
		Params:      parameters,
		VarParam:    rest,
		Type: func(arguments []cty.Value) (cty.Type, error) {
			before(arguments)
			arguments, err := prepared(arguments)
			if err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(arguments)
		},
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			arguments, err := prepared(arguments)
			if err != nil {
				return cty.NilVal, err
			}
			value, err := f.Call(arguments)
			if err == nil {
				e.charge(value)
			}
			return value, err
		},
	})
}

// conversions are the functions that convert a list or a map of any elements.
var conversions = map[string]cty.Type{
	"tolist": cty.List(cty.DynamicPseudoType),
	"toset":  cty.Set(cty.DynamicPseudoType),
	"tomap":  cty.Map(cty.DynamicPseudoType),
}

// product bounds the size of what a function makes, in bytes, where that is more
// than its arguments have together.
func product(name string, arguments []cty.Value) float64 {
	text := func(i int) string {
		if i < len(arguments) && arguments[i].Type() == cty.String && !arguments[i].IsNull() {
			return arguments[i].AsString()
		}
		return ""
	}
	length := func(value cty.Value) float64 {
		if value.IsNull() || !value.CanIterateElements() {
			return 1
		}
		return float64(value.LengthInt())
	}
	switch name {
	case "setproduct":
		made := float64(elementCost * (len(arguments) + 1))
		for _, argument := range arguments {
			made *= length(argument)
		}
		return made
	case "replace":
		return float64(len(text(0))+1) * float64(len(text(2))+1)
	case "join":
		pieces := 0.0
		for _, list := range arguments[min(1, len(arguments)):] {
			pieces += length(list)
		}
		return pieces * float64(len(text(0)))
	case "format", "formatlist":
		for _, digits := range wide.FindAllString(text(0), -1) {
			if n, err := strconv.Atoi(digits); err != nil || n > mostDigits {
				return mostValue + 1
			}
		}
		made := float64(len(text(0)))
		if strings.Contains(text(0), "*") { // a width that is an argument
			for _, argument := range arguments[1:] {
				if argument.Type() == cty.Number && !argument.IsNull() {
					if n, _ := argument.AsBigFloat().Float64(); n > mostDigits || n < -mostDigits {
						return mostValue + 1
					}
				}
			}
		}
		if name == "formatlist" {
			most := 1.0
			for _, argument := range arguments[1:] {
				most = max(most, length(argument))
			}
			made *= most
		}
		return made
	case "regex", "regexall":
		return float64(len(text(0))) * float64(len(text(0))) // of the pattern, which is compiled
	}
	return 0
}

// wide finds the numbers in a format.
var wide = regexp.MustCompile(`[0-9]{4,}`)

// prepare puts meters into the expressions of a body, and warns of what
// evaluation would pass over.
func prepare(body *hclsyntax.Body) diag.List {
	w := &preparation{}
	hclsyntax.Walk(body, w)
	return w.found
}

// preparation walks through syntax.
type preparation struct{ found diag.List }

func (w *preparation) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch n := node.(type) {
	case *hclsyntax.ForExpr:
		if n.CondExpr != nil {
			n.CondExpr = meteredStep(n.CondExpr)
		}
		n.ValExpr = meteredStep(n.ValExpr)
	case *hclsyntax.TemplateExpr:
		for i, part := range n.Parts {
			n.Parts[i] = metered(part)
		}
	case *hclsyntax.ConditionalExpr:
		n.TrueResult, n.FalseResult = metered(n.TrueResult), metered(n.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		if n.Op == hclsyntax.OpEqual || n.Op == hclsyntax.OpNotEqual {
			n.LHS, n.RHS = metered(n.LHS), metered(n.RHS)
		}
	case *hclsyntax.SplatExpr:
		n.Source = metered(n.Source)
	case *hclsyntax.ObjectConsExpr:
		w.keys(n)
	}
	return nil
}

func (w *preparation) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }

// keys refuses an object that has a key twice: HCL takes the last and is silent.
func (w *preparation) keys(object *hclsyntax.ObjectConsExpr) {
	first := map[string]int{}
	for _, item := range object.Items {
		wrapped, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
		if !ok {
			continue
		}
		key := hcl.ExprAsKeyword(wrapped)
		if literal, ok := wrapped.Wrapped.(*hclsyntax.TemplateExpr); ok && literal.IsStringLiteral() {
			value, _ := literal.Value(nil)
			key = value.AsString()
		}
		if key == "" {
			continue
		}
		at := item.KeyExpr.Range()
		if line, ok := first[key]; ok {
			w.found.Errorf(FromRange(at), "Named twice", "%s has a value in this object already, on line %d. Remove one of them.", key, line)
			continue
		}
		first[key] = at.Start.Line
	}
}

// Native returns an expression as native syntax has it, with meters in it. In JSON
// syntax the templates are in strings, and parsed here.
func Native(expression hcl.Expression) (hcl.Expression, hcl.Diagnostics) {
	if !json.IsJSONExpression(expression) {
		return expression, nil
	}
	var w preparation
	native, found := fromJSONSyntax(expression)
	if !found.HasErrors() {
		hclsyntax.Walk(native, &w)
	}
	return native, found
}

// fromJSONSyntax makes native syntax of an expression of JSON syntax.
func fromJSONSyntax(expression hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	at := expression.Range()
	if elements, found := hcl.ExprList(expression); !found.HasErrors() {
		list := &hclsyntax.TupleConsExpr{SrcRange: at, OpenRange: at}
		var all hcl.Diagnostics
		for _, element := range elements {
			native, found := fromJSONSyntax(element)
			all = append(all, found...)
			list.Exprs = append(list.Exprs, native)
		}
		return list, all
	}
	if pairs, found := hcl.ExprMap(expression); !found.HasErrors() {
		object := &hclsyntax.ObjectConsExpr{SrcRange: at, OpenRange: at}
		var all hcl.Diagnostics
		first := map[string]bool{}
		for _, pair := range pairs {
			literal, _ := pair.Key.Value(nil)
			name := pair.Key.Range()
			if first[literal.AsString()] {
				all = append(all, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Named twice", Subject: &name,
					Detail: fmt.Sprintf("%s has a value in this object already. Remove one of them.", literal.AsString())})
			}
			first[literal.AsString()] = true
			key, found := fromJSONSyntax(pair.Key)
			all = append(all, found...)
			value, found := fromJSONSyntax(pair.Value)
			all = append(all, found...)
			object.Items = append(object.Items, hclsyntax.ObjectConsItem{KeyExpr: key, ValueExpr: value})
		}
		return object, all
	}
	literal, found := expression.Value(nil)
	if found.HasErrors() || literal.Type() != cty.String || literal.IsNull() {
		return &hclsyntax.LiteralValueExpr{Val: literal, SrcRange: at}, found
	}
	text := literal.AsString()
	if !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return &hclsyntax.LiteralValueExpr{Val: literal, SrcRange: at}, nil
	}
	// The parser cannot see the escapes of JSON, so places in the template are
	// right up to the first of them. What stands before is the quotation mark.
	start := hcl.Pos{Line: at.Start.Line, Column: at.Start.Column + 1, Byte: at.Start.Byte + 1}
	template, found := hclsyntax.ParseTemplate([]byte(text), at.Filename, start)
	return template, found
}
