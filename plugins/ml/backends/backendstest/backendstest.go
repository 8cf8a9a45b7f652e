// Package backendstest runs the tests of a package on every backend that opens
// here: on the pure-Go one, and then again on each of XLA whose PJRT plugin is
// found. Without a plugin nothing runs twice. PLUMB_TEST_BACKENDS names the
// backends instead, with commas between: each of them must open. What takes XLA's
// compiler minutes is tested on it only if PLUMB_TEST_LONG is set.
package backendstest

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// current is the name of the backend that tests run on.
var current = backends.Go

// inMain is whether Main runs the tests, on each backend after another.
var inMain bool

// Variable is the environment variable that names the backends to test.
const Variable = "PLUMB_TEST_BACKENDS"

// LongVariable is the environment variable that, set, has all tests run on XLA.
const LongVariable = "PLUMB_TEST_LONG"

// Main is what TestMain of a package calls.
func Main(m *testing.M) {
	names, err := selected()
	inMain = true
	code := 0
	for _, name := range names {
		if name != backends.Go {
			fmt.Println("on", name)
		}
		current = name
		code = max(code, m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Each runs a test on every backend, as subtests with their names, where the package
// has a main of its own.
func Each(t *testing.T, run func(t *testing.T, backend string)) {
	t.Helper()
	names, err := selected()
	if err != nil {
		t.Error(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { run(t, name) })
	}
}

// selected are the backends to test: those that Variable names, or all that open.
// An error is about those that are named and do not open.
func selected() (open []string, wrong error) {
	names, asked := []string{backends.Go, backends.XLACUDA, backends.XLACPU}, false
	if list := os.Getenv(Variable); list != "" {
		names, asked = strings.Split(list, ","), true
	}
	for _, name := range names {
		if name != backends.Go {
			os.Setenv("NVIDIA_TF32_OVERRIDE", "0") // what others computed is float32
			if _, err := backends.Open(name); err != nil {
				if asked {
					wrong = errors.Join(wrong, fmt.Errorf("%s names %s: %w", Variable, name, err))
				}
				continue
			}
		}
		open = append(open, name)
	}
	return open, wrong
}

// Only skips a test that is about one backend, where that is not tested. What
// computes nothing at all is tested with go.
func Only(t testing.TB, backend string) {
	t.Helper()
	list := os.Getenv(Variable)
	if list != "" && !slices.Contains(strings.Split(list, ","), backend) {
		t.Skip(Variable + " is without " + backend)
	}
	if inMain && current != backend {
		t.Skip("it is about " + backend + ", and runs with that")
	}
	if backend == backends.Go {
		return
	}
	if _, err := backends.Open(backend); err != nil && list != "" {
		t.Fatalf("%s names %s: %v", Variable, backend, err)
	} else if err != nil {
		t.Skip(err)
	}
}

// Long says whether the tests are those whose programs take XLA minutes to compile:
// on go, which compiles nothing, and where LongVariable is set.
func Long() bool { return current == backends.Go || os.Getenv(LongVariable) != "" }

// SkipLong skips a test whose programs take XLA minutes to compile, but where
// Long says that it runs.
func SkipLong(t testing.TB) {
	t.Helper()
	if !Long() {
		t.Skip("takes XLA minutes to compile; " + LongVariable + "=1 runs it")
	}
}

// Name is the backend that tests run on, in the words of HCL.
func Name() string {
	os.Getenv(backends.PJRTPathVariable) // go test notes what a test reads: with another plugin, no result is cached
	return current
}

// Backend is the backend that tests run on, one for all tests of a process.
func Backend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := backends.Open(Name())
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// Near is how far apart numbers of about 1 may be that should not depend on the
// rest of their batch. On the pure-Go backend they are equal, bit for bit; XLA may
// compute rows at another place of a matrix in another order.
func Near() float64 {
	if current == backends.Go {
		return 0
	}
	return 2e-5
}

// Same says whether values are as near as Near.
func Same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x)-float64(y)) <= Near() })
}

// SamePixels says whether images are the same: up to one of 255 where values are
// only near, for they may be rounded to either side.
func SamePixels(a, b []byte) bool {
	return slices.EqualFunc(a, b, func(x, y byte) bool {
		return x == y || Near() > 0 && (x-y == 1 || y-x == 1)
	})
}
