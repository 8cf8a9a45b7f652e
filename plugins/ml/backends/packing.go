package backends

import (
	"os"
	"strings"
)

// packingFlag lets XLA for processors hand products of matrices to XNNPACK. What that
// computes with stays packed as it was when the program ran first, for as long as the
// weights lie at the same address (xla-cpu-pjrt 0.0.1): after a step of training that
// overwrites them in place, some products of the next step are with the weights before
// it, and numbers are wrong without a word.
const packingFlag = "xla_cpu_use_xnnpack"

// withoutPacking turns XNNPACK off, before the plugin is loaded, and returns the flags
// that hold then. Where that cannot be, as the library has no such flag, or its options
// come from elsewhere, weights must not be overwritten in place: new ones lie at new
// addresses. What the user says of the flag counts.
func withoutPacking(library Library, variable func(name string) string) (flags string, inPlace bool, err error) {
	given := variable(flagsVariable)
	switch {
	case strings.Contains(given, packingFlag):
		return given, strings.EqualFold(flagValue(given, packingFlag), "false"), nil
	case !library.knows(packingFlag), variable(debugVariable) != "",
		strings.TrimSpace(given) != "" && !strings.HasPrefix(strings.TrimSpace(given), "-"): // a file of flags
		return given, false, nil
	}
	flags = strings.TrimSpace(given + " --" + packingFlag + "=false")
	return flags, true, os.Setenv(flagsVariable, flags)
}
