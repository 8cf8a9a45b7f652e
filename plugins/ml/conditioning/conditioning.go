// Package conditioning gives what a denoising network is conditioned on a name:
// the embeddings of a prompt's tokens today; a pooled vector, a second text
// encoder's or the sizes of the image are more names, and not more positions.
//
// The package refuses to know how conditions are made, and what a network does
// with them.
package conditioning

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Context is the condition that a network attends to: the embeddings of a
// prompt's tokens, [tokens, width] (encoder_hidden_states in diffusers).
const Context = "context"

// Of holds a value for each condition, by the condition's name: a batch of
// tensors, nodes of a graph, or dimensions.
type Of[T any] map[string]T

// Shapes are the dimensions of each condition of one image. A dimension of 0 may
// have any size, where a network says what it takes.
type Shapes = Of[[]int]

// Names lists the conditions in the order in which their values are passed to a graph.
func (c Of[T]) Names() []string { return slices.Sorted(maps.Keys(c)) }

// Unpack gives values that are in the order of Names their names, those of c. packed
// may go on after them.
func Unpack[N, T any](c Of[N], packed []T) Of[T] {
	values := Of[T]{}
	for i, name := range c.Names() {
		values[name] = packed[i]
	}
	return values
}

// String lists names and values, such as "context [77 768]".
func (c Of[T]) String() string {
	var list []string
	for _, name := range c.Names() {
		list = append(list, fmt.Sprint(name, " ", c[name]))
	}
	return strings.Join(list, ", ")
}

// Equal reports whether the conditions have the same names and dimensions.
func Equal(a, b Shapes) bool { return maps.EqualFunc(a, b, slices.Equal[[]int]) }

// Takes reports whether conditions of these dimensions are what want asks for: all
// of them, and no others. A dimension of 0 in want fits every size.
func Takes(want, shapes Shapes) bool {
	return maps.EqualFunc(want, shapes, func(want, dims []int) bool {
		return slices.EqualFunc(want, dims, func(w, d int) bool { return w == d || w == 0 })
	})
}
