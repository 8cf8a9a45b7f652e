// Package backendstest runs the tests of a package on every backend that opens
// here: on the pure-Go one, and then again on each of XLA whose PJRT plugin is
// found. Without a plugin nothing runs twice. PLUMB_TEST_BACKENDS names the
// backends instead, with commas between: each of them must open.
package backendstest

import (
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

// Variable is the environment variable that names the backends to test.
const Variable = "PLUMB_TEST_BACKENDS"

// Main is what TestMain of a package calls.
func Main(m *testing.M) {
	names, asked := []string{backends.Go, backends.XLACUDA, backends.XLACPU}, false
	if list := os.Getenv(Variable); list != "" {
		names, asked = strings.Split(list, ","), true
	}
	code := 0
	for _, name := range names {
		if name != backends.Go {
			os.Setenv("NVIDIA_TF32_OVERRIDE", "0") // what others computed is float32
			switch _, err := backends.Open(name); {
			case err != nil && asked:
				fmt.Fprintf(os.Stderr, "%s names %s: %v\n", Variable, name, err)
				code = 1
				continue
			case err != nil:
				continue
			}
			fmt.Println("on", name)
		}
		current = name
		code = max(code, m.Run())
	}
	os.Exit(code)
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
