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

// Functions returns the functions of the language, by name. All of them are
// pure: a spec that asked for the time or a file would not be the same twice.
func Functions() map[string]function.Function {
	return map[string]function.Function{
		// numbers
		"abs":      stdlib.AbsoluteFunc,
		"ceil":     stdlib.CeilFunc,
		"floor":    stdlib.FloorFunc,
		"log":      stdlib.LogFunc,
		"max":      stdlib.MaxFunc,
		"min":      stdlib.MinFunc,
		"parseint": stdlib.ParseIntFunc,
		"pow":      stdlib.PowFunc,
		"signum":   stdlib.SignumFunc,

		// strings
		"format":     stdlib.FormatFunc,
		"formatlist": stdlib.FormatListFunc,
		"join":       stdlib.JoinFunc,
		"lower":      stdlib.LowerFunc,
		"regex":      stdlib.RegexFunc,
		"regexall":   stdlib.RegexAllFunc,
		"replace":    stdlib.ReplaceFunc,
		"split":      stdlib.SplitFunc,
		"strlen":     stdlib.StrlenFunc,
		"substr":     stdlib.SubstrFunc,
		"title":      stdlib.TitleFunc,
		"trim":       stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc,
		"trimspace":  stdlib.TrimSpaceFunc,
		"trimsuffix": stdlib.TrimSuffixFunc,
		"upper":      stdlib.UpperFunc,

		// lists, sets and maps
		"chunklist":       stdlib.ChunklistFunc,
		"coalesce":        stdlib.CoalesceFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"distinct":        distinctFunction(),
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"keys":            stdlib.KeysFunc,
		"length":          stdlib.LengthFunc,
		"lookup":          stdlib.LookupFunc,
		"merge":           stdlib.MergeFunc,
		"range":           stdlib.RangeFunc,
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      stdlib.SetProductFunc,
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,

		// types
		"can":      tryfunc.CanFunc,
		"tobool":   stdlib.MakeToFunc(cty.Bool),
		"tolist":   stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":    stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber": stdlib.MakeToFunc(cty.Number),
		"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tostring": stdlib.MakeToFunc(cty.String),
		"try":      tryFunction(),
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
