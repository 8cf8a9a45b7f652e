package backends

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// numericVariables are variables by which NVIDIA's libraries, and go-xla, compute
// something else.
var numericVariables = []string{tf32Variable, debugVariable}

// codeFor says what compiled code depends on beside its library and its program: the
// user's flags, and the processor or the GPU that it is made for.
func codeFor(name string, library Library, flags string) string {
	var lines []string
	lines = append(lines, runtime.GOOS+"/"+runtime.GOARCH, strings.Join(strings.Fields(flags), " "))
	for _, variable := range numericVariables {
		lines = append(lines, variable+"="+os.Getenv(variable))
	}
	if name == XLACUDA {
		lines = append(lines, gpus()...)
		lines = append(lines, nvidiaLibraries(library.Path, os.Getenv)...)
	} else {
		lines = append(lines, processor())
	}
	return strings.Join(lines, "\n")
}

// processor is the kind of this processor, as far as code may be made for it. Where
// the system does not say, it is the architecture alone.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	return processorOf(string(text))
}

// processorOf reads Linux's description of processors: vendor, family, model and
// features of the first. Clocks and microcode change nothing.
func processorOf(cpuinfo string) string {
	first, _, _ := strings.Cut(cpuinfo, "\n\n")
	var facts []string
	for line := range strings.Lines(first) {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok {
			continue
		}
		switch strings.ToLower(name) {
		case "vendor_id", "cpu family", "model", "model name", "cpu implementer", "cpu architecture", "cpu variant", "cpu part":
			facts = append(facts, strings.TrimSpace(value))
		case "flags", "features":
			features := strings.Fields(value)
			slices.Sort(features)
			sum := sha256.Sum256([]byte(strings.Join(features, " ")))
			facts = append(facts, "features "+hex.EncodeToString(sum[:4]))
		}
	}
	if len(facts) == 0 {
		return runtime.GOARCH
	}
	return strings.Join(facts, ", ")
}

// nvidiaLibraries are the files of cuDNN and cuBLAS that a plugin finds, with their
// sizes: which kernels there are, and which of them are fast, is theirs.
func nvidiaLibraries(plugin string, variable func(string) string) []string {
	site := filepath.Join(filepath.Dir(plugin), "..", "..", "nvidia")
	directories := filepath.SplitList(variable("LD_LIBRARY_PATH"))
	for _, pattern := range []string{"*/lib", "*/lib64"} {
		found, _ := filepath.Glob(filepath.Join(site, pattern)) // the pattern is well formed
		directories = append(directories, found...)
	}
	var files []string
	for _, directory := range directories {
		if directory == "" {
			continue
		}
		for _, pattern := range []string{"libcudnn*.so*", "libcublas*.so*"} {
			found, _ := filepath.Glob(filepath.Join(directory, pattern))
			for _, path := range found {
				if info, err := os.Stat(path); err == nil {
					files = append(files, fmt.Sprintf("%s %d", filepath.Base(path), info.Size()))
				}
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}
