package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Decode reads a JSON value strictly: a property that T has no field for is an
// error, and so is text after the value. Passed over, either would be something
// that one side says and the other never reads.
func Decode[T any](text []byte) (T, error) {
	var out, none T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		return none, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return none, errors.New("there is more after the JSON value")
	}
	return out, nil
}
