package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// JSON returns an HCL value as JSON types: nil, bool, float64, string, []any
// and map[string]any, and json.Number for the integers that a float64 cannot
// hold. References and unknown values have no such form, which is an error.
func JSON(value cty.Value) (any, error) {
	if !value.IsKnown() {
		return nil, errors.New("the value is not known")
	}
	if value.IsNull() {
		return nil, nil
	}
	kind := value.Type()
	switch {
	case kind == cty.String:
		return value.AsString(), nil
	case kind == cty.Bool:
		return value.True(), nil
	case kind == cty.Number:
		return jsonNumber(value.AsBigFloat())
	case kind.IsObjectType(), kind.IsMapType():
		object := map[string]any{}
		for it := value.ElementIterator(); it.Next(); {
			key, element := it.Element()
			converted, err := JSON(element)
			if err != nil {
				return nil, err
			}
			object[key.AsString()] = converted
		}
		return object, nil
	case kind.IsTupleType(), kind.IsListType(), kind.IsSetType():
		list := []any{}
		for it := value.ElementIterator(); it.Next(); {
			_, element := it.Element()
			converted, err := JSON(element)
			if err != nil {
				return nil, err
			}
			list = append(list, converted)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a %s is not a plain value", kind.FriendlyName())
}

// exact is the size below which a float64 holds every integer.
const exact = 1 << 53

// jsonNumber returns a float64, or a json.Number for integers of exact and more.
func jsonNumber(n *big.Float) (any, error) {
	f, _ := n.Float64()
	if math.IsInf(f, 0) {
		return nil, errors.New("the number is too large")
	}
	// The bound keeps numbers such as 1e300 from being spelled out.
	if math.Abs(f) >= exact && math.Abs(f) < 1e20 && n.IsInt() {
		return json.Number(n.Text('f', 0)), nil
	}
	if f == 0 {
		return 0.0, nil // there is no negative zero in a spec
	}
	return f, nil
}

// fromJSON is the inverse of JSON. It also takes the other numbers of Go.
func fromJSON(value any) (cty.Value, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return cty.NilVal, err
	}
	kind, err := ctyjson.ImpliedType(text)
	if err != nil {
		return cty.NilVal, err
	}
	return ctyjson.Unmarshal(text, kind)
}

// canonicalJSON writes JSON types in the one form that digests are taken of:
// keys sorted, no space, numbers in their shortest form, no HTML escapes.
func canonicalJSON(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// decodeJSON reads JSON text into JSON types, with numbers as JSON returns them.
func decodeJSON(text []byte) (any, error) {
	kind, err := ctyjson.ImpliedType(text)
	if err != nil {
		return nil, err
	}
	value, err := ctyjson.Unmarshal(text, kind)
	if err != nil {
		return nil, err
	}
	return JSON(value)
}
