package spec

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Function is a function of the language.
type Function struct {
	Name    string `json:"name"`
	Group   string `json:"group"`   // what it is about, such as "numbers"
	Call    string `json:"example"` // CALL = VALUE
	Summary string `json:"summary"`

	function function.Function
}

// Functions returns the functions of the language, by group. All of them are
// pure: a spec that asked for the time or a file would not be the same twice.
func Functions() []Function {
	return []Function{
		// numbers
		{Name: "abs", Call: "abs(-2) = 2", Summary: "the number without its sign", Group: "numbers", function: stdlib.AbsoluteFunc},
		{Name: "ceil", Call: "ceil(1.2) = 2", Summary: "the smallest whole number that is not below", Group: "numbers", function: stdlib.CeilFunc},
		{Name: "floor", Call: "floor(1.8) = 1", Summary: "the largest whole number that is not above", Group: "numbers", function: stdlib.FloorFunc},
		{Name: "log", Call: "log(8, 2) = 3", Summary: "the logarithm to a base", Group: "numbers", function: stdlib.LogFunc},
		{Name: "max", Call: "max(1, 3, 2) = 3", Summary: "the largest; of a list with max(LIST...)", Group: "numbers", function: stdlib.MaxFunc},
		{Name: "min", Call: "min(1, 3, 2) = 1", Summary: "the smallest; of a list with min(LIST...)", Group: "numbers", function: stdlib.MinFunc},
		{Name: "parseint", Call: `parseint("ff", 16) = 255`, Summary: "a whole number from its digits in a base", Group: "numbers", function: stdlib.ParseIntFunc},
		{Name: "pow", Call: "pow(2, 10) = 1024", Summary: "a power", Group: "numbers", function: stdlib.PowFunc},
		{Name: "signum", Call: "signum(-2) = -1", Summary: "-1, 0 or 1", Group: "numbers", function: stdlib.SignumFunc},

		// strings
		{Name: "format", Call: `format("%s of %d", "a", 2) = "a of 2"`, Summary: "a text with values put in", Group: "strings", function: stdlib.FormatFunc},
		{Name: "formatlist", Call: `formatlist("a %s", ["ring", "star"]) = ["a ring", "a star"]`, Summary: "the same for each element of lists", Group: "strings", function: stdlib.FormatListFunc},
		{Name: "join", Call: `join(", ", ["a", "b"]) = "a, b"`, Summary: "the strings of a list as one, with something between", Group: "strings", function: stdlib.JoinFunc},
		{Name: "lower", Call: `lower("Red") = "red"`, Summary: "in small letters", Group: "strings", function: stdlib.LowerFunc},
		{Name: "regex", Call: `regex("[0-9]+", "a12b3") = "12"`, Summary: "the first match of a regular expression; none is a mistake", Group: "strings", function: stdlib.RegexFunc},
		{Name: "regexall", Call: `regexall("[0-9]+", "a12b3") = ["12", "3"]`, Summary: "all matches", Group: "strings", function: stdlib.RegexAllFunc},
		{Name: "replace", Call: `replace("a ring", "a", "the") = "the ring"`, Summary: "another string in place of each occurrence of one", Group: "strings", function: stdlib.ReplaceFunc},
		{Name: "split", Call: `split(",", "a,b") = ["a", "b"]`, Summary: "the parts of a string between separators", Group: "strings", function: stdlib.SplitFunc},
		{Name: "strlen", Call: `strlen("ring") = 4`, Summary: "the number of characters", Group: "strings", function: stdlib.StrlenFunc},
		{Name: "substr", Call: `substr("ring", 0, 2) = "ri"`, Summary: "a part of a string, from a character on and so long", Group: "strings", function: stdlib.SubstrFunc},
		{Name: "title", Call: `title("red ring") = "Red Ring"`, Summary: "with capitals", Group: "strings", function: stdlib.TitleFunc},
		{Name: "trim", Call: `trim("..a..", ".") = "a"`, Summary: "without characters at both ends", Group: "strings", function: stdlib.TrimFunc},
		{Name: "trimprefix", Call: `trimprefix("a ring", "a ") = "ring"`, Summary: "without a beginning", Group: "strings", function: stdlib.TrimPrefixFunc},
		{Name: "trimspace", Call: `trimspace(" a ") = "a"`, Summary: "without space at both ends", Group: "strings", function: stdlib.TrimSpaceFunc},
		{Name: "trimsuffix", Call: `trimsuffix("rings", "s") = "ring"`, Summary: "without an end", Group: "strings", function: stdlib.TrimSuffixFunc},
		{Name: "upper", Call: `upper("red") = "RED"`, Summary: "in capitals", Group: "strings", function: stdlib.UpperFunc},

		// lists, sets and objects
		{Name: "chunklist", Call: "chunklist([1, 2, 3], 2) = [[1, 2], [3]]", Summary: "a list in pieces of at most so many", Group: "lists, sets and objects", function: stdlib.ChunklistFunc},
		{Name: "coalesce", Call: `coalesce(null, "a") = "a"`, Summary: "the first value that is not null", Group: "lists, sets and objects", function: stdlib.CoalesceFunc},
		{Name: "compact", Call: `compact(["a", "", "b"]) = ["a", "b"]`, Summary: "a list without empty strings", Group: "lists, sets and objects", function: stdlib.CompactFunc},
		{Name: "concat", Call: "concat([1], [2, 3]) = [1, 2, 3]", Summary: "lists as one", Group: "lists, sets and objects", function: stdlib.ConcatFunc},
		{Name: "contains", Call: `contains(["a", "b"], "a") = true`, Summary: "whether a list has a value", Group: "lists, sets and objects", function: stdlib.ContainsFunc},
		{Name: "distinct", Call: `distinct(["a", "b", "a"]) = ["a", "b"]`, Summary: "a list without what was there before", Group: "lists, sets and objects", function: distinctFunction()},
		{Name: "element", Call: `element(["a", "b"], 3) = "b"`, Summary: "an element, counted around from 0", Group: "lists, sets and objects", function: stdlib.ElementFunc},
		{Name: "flatten", Call: "flatten([[1], [2, [3]]]) = [1, 2, 3]", Summary: "a list of lists as one list", Group: "lists, sets and objects", function: stdlib.FlattenFunc},
		{Name: "keys", Call: `keys({ b = 1, a = 2 }) = ["a", "b"]`, Summary: "the names in an object, sorted", Group: "lists, sets and objects", function: stdlib.KeysFunc},
		{Name: "length", Call: `length(["a", "b"]) = 2`, Summary: "how many elements", Group: "lists, sets and objects", function: stdlib.LengthFunc},
		{Name: "lookup", Call: `lookup({ a = 1 }, "b", 0) = 0`, Summary: "a value of an object, or another if it has none", Group: "lists, sets and objects", function: stdlib.LookupFunc},
		{Name: "merge", Call: "merge({ a = 1 }, { b = 2 }) = { a = 1, b = 2 }", Summary: "objects as one; the last has its way", Group: "lists, sets and objects", function: stdlib.MergeFunc},
		{Name: "range", Call: "range(3) = [0, 1, 2]", Summary: "numbers in order; also range(from, to, step)", Group: "lists, sets and objects", function: stdlib.RangeFunc},
		{Name: "reverse", Call: "reverse([1, 2]) = [2, 1]", Summary: "a list from its end", Group: "lists, sets and objects", function: stdlib.ReverseListFunc},
		{Name: "setintersection", Call: `setintersection(["a", "b"], ["b"]) = ["b"]`, Summary: "what is in all of some sets", Group: "lists, sets and objects", function: stdlib.SetIntersectionFunc},
		{Name: "setproduct", Call: `setproduct(["a"], ["b", "c"]) = [["a", "b"], ["a", "c"]]`, Summary: "every combination", Group: "lists, sets and objects", function: stdlib.SetProductFunc},
		{Name: "setsubtract", Call: `setsubtract(["a", "b"], ["b"]) = ["a"]`, Summary: "what is in one set and not in another", Group: "lists, sets and objects", function: stdlib.SetSubtractFunc},
		{Name: "setunion", Call: `setunion(["a"], ["b"]) = ["a", "b"]`, Summary: "what is in any of some sets", Group: "lists, sets and objects", function: stdlib.SetUnionFunc},
		{Name: "slice", Call: `slice(["a", "b", "c"], 0, 2) = ["a", "b"]`, Summary: "the elements from one up to another, which is left out", Group: "lists, sets and objects", function: stdlib.SliceFunc},
		{Name: "sort", Call: `sort(["b", "a"]) = ["a", "b"]`, Summary: "strings in order", Group: "lists, sets and objects", function: stdlib.SortFunc},
		{Name: "values", Call: "values({ b = 1, a = 2 }) = [2, 1]", Summary: "the values of an object, in the order of their names", Group: "lists, sets and objects", function: stdlib.ValuesFunc},
		{Name: "zipmap", Call: `zipmap(["a", "b"], [1, 2]) = { a = 1, b = 2 }`, Summary: "an object from names and values", Group: "lists, sets and objects", function: stdlib.ZipmapFunc},

		// types
		{Name: "can", Call: `can(tonumber("x")) = false`, Summary: "whether an expression has a value", Group: "types", function: tryfunc.CanFunc},
		{Name: "tobool", Call: `tobool("true") = true`, Summary: "as true or false", Group: "types", function: stdlib.MakeToFunc(cty.Bool)},
		{Name: "tolist", Call: `tolist(["a"]) = ["a"]`, Summary: "as a list", Group: "types", function: stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType))},
		{Name: "tomap", Call: "tomap({ a = 1 }) = { a = 1 }", Summary: "as a map", Group: "types", function: stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType))},
		{Name: "tonumber", Call: `tonumber("12") = 12`, Summary: "as a number", Group: "types", function: stdlib.MakeToFunc(cty.Number)},
		{Name: "toset", Call: `toset(["b", "a", "a"]) = ["a", "b"]`, Summary: "as a set", Group: "types", function: stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType))},
		{Name: "tostring", Call: `tostring(12) = "12"`, Summary: "as a string", Group: "types", function: stdlib.MakeToFunc(cty.String)},
		{Name: "try", Call: `try(tonumber("x"), 5) = 5`, Summary: "the first expression that has a value", Group: "types", function: tryFunction()},
	}
}

// distinctFunction is stdlib.DistinctFunc in linear time.
func distinctFunction() function.Function {
	return function.New(&function.Spec{
		Description: stdlib.DistinctFunc.Description(),
		Params:      stdlib.DistinctFunc.Params(),
		Type: func(arguments []cty.Value) (cty.Type, error) {
			return stdlib.DistinctFunc.ReturnTypeForValues(arguments)
		},
		Impl: func(arguments []cty.Value, kind cty.Type) (cty.Value, error) {
			list := arguments[0]
			if !list.IsWhollyKnown() {
				return cty.UnknownVal(kind), nil
			}
			known := map[int][]cty.Value{} // by hash
			var kept []cty.Value
			for it := list.ElementIterator(); it.Next(); {
				_, element := it.Element()
				hash := element.Hash()
				if slices.ContainsFunc(known[hash], element.RawEquals) {
					continue
				}
				known[hash] = append(known[hash], element)
				kept = append(kept, element)
			}
			if len(kept) == 0 {
				return cty.ListValEmpty(kind.ElementType()), nil
			}
			return cty.ListVal(kept), nil
		},
	})
}

// tryFunction is tryfunc.TryFunc, which returns the value of the first expression
// that has one. That evaluates each expression for its type and once more for its
// value: twice as often for every try in another.
func tryFunction() function.Function {
	return function.New(&function.Spec{
		VarParam: tryfunc.TryFunc.VarParam(),
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			var found hcl.Diagnostics
			for _, argument := range arguments {
				value, more := customdecode.ExpressionClosureFromVal(argument).Value()
				if !more.HasErrors() {
					return value, nil
				}
				found = append(found, more...)
			}
			if len(found) == 0 {
				return cty.NilVal, errors.New("it takes at least one expression")
			}
			return cty.NilVal, fmt.Errorf("none of its expressions has a value; of the last: %s: %s", found[len(found)-1].Summary, found[len(found)-1].Detail)
		},
	})
}
