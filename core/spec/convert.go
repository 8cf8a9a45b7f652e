package spec

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// converted is convert.Convert in linear time: that library compares the type of
// every element of a tuple with that of every other one, so that a list of 50,000
// prompts takes seconds.
func converted(value cty.Value, wanted cty.Type) (cty.Value, error) {
	if !value.IsKnown() || value.IsNull() || value.IsMarked() {
		return convert.Convert(value, wanted)
	}
	kind := value.Type()
	list := (wanted.IsListType() || wanted.IsSetType()) && kind.IsTupleType()
	object := wanted.IsMapType() && kind.IsObjectType()
	if !list && !object || value.LengthInt() == 0 {
		return convert.Convert(value, wanted)
	}
	var keys []string
	elements := make([]cty.Value, 0, value.LengthInt())
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		if object {
			keys = append(keys, key.AsString())
		}
		elements = append(elements, element)
	}
	of := wanted.ElementType()
	if of == cty.DynamicPseudoType {
		var ok bool
		if of, ok = unified(elements); !ok {
			return convert.Convert(value, wanted)
		}
	}
	for i, element := range elements {
		var err error
		if element.Type().Equals(of) {
			continue
		}
		if elements[i], err = converted(element, of); err != nil {
			return cty.NilVal, fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	switch {
	case object:
		values := make(map[string]cty.Value, len(keys))
		for i, key := range keys {
			values[key] = elements[i]
		}
		if !cty.CanMapVal(values) {
			return convert.Convert(value, wanted)
		}
		return cty.MapVal(values), nil
	case !cty.CanListVal(elements):
		return convert.Convert(value, wanted)
	case wanted.IsSetType():
		return cty.SetVal(elements), nil
	}
	return cty.ListVal(elements), nil
}

// mostTypes is how many different types are unified in place of all elements'.
const mostTypes = 16

// unified returns the type that all elements can be converted to.
func unified(elements []cty.Value) (cty.Type, bool) {
	var types []cty.Type
next:
	for _, element := range elements {
		for _, known := range types {
			if element.Type().Equals(known) {
				continue next
			}
		}
		if types = append(types, element.Type()); len(types) > mostTypes {
			return cty.NilType, false
		}
	}
	if len(types) == 1 {
		return types[0], true
	}
	of, _ := convert.UnifyUnsafe(types)
	return of, of != cty.NilType && of != cty.DynamicPseudoType
}
