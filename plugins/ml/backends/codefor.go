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
// user's flags, and the processor or the cards that it is made for.
func codeFor(name string, library Library, flags string, cards []string) string {
	lines := []string{runtime.GOOS + "/" + runtime.GOARCH, strings.Join(strings.Fields(flags), " ")}
	for _, variable := range numericVariables {
		lines = append(lines, variable+"="+os.Getenv(variable))
	}
	if name == XLACUDA {
		lines = append(lines, cards...)
		lines = append(lines, nvidiaLibraries(library.Path, os.Getenv)...)
	} else {
		lines = append(lines, processor())
	}
	return strings.Join(lines, "\n")
}

// processor is the kind of this processor, as far as code may be made for it: LLVM
// chooses instructions, and so the order of sums, by it. Where the system does not say,
// it is the architecture alone.
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
			// Of a hundred or more, those of computing; others come and go with kernels.
			features := slices.DeleteFunc(strings.Fields(value), func(feature string) bool { return !computes(feature) })
			slices.Sort(features)
			facts = append(facts, strings.Join(features, " "))
		}
	}
	if len(facts) == 0 {
		return runtime.GOARCH
	}
	return strings.Join(facts, ", ")
}

// computes says whether a feature is one of instructions that compute.
func computes(feature string) bool {
	for _, family := range []string{"avx", "sse", "ssse", "fma", "f16c", "amx", "bmi", "gfni", "popcnt", "abm", "movbe", "sha_", "vaes", "asimd", "sve", "fp", "bf16", "i8mm"} {
		if strings.HasPrefix(feature, family) && feature != "fpu" {
			return true
		}
	}
	return false
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

// ownFlags of XLA change where something is written or found, and no number.
var ownFlags = []string{"--xla_dump", "--xla_gpu_cuda_data_dir", "--" + cacheFlag}

// compiler names what makes code, as far as numbers depend on it, in words that people
// can compare: the plugin, the kind of processor or the libraries of NVIDIA, and flags
// of the user's.
func compiler(name string, library Library, version string, flags string) string {
	parts := []string{"PJRT " + version, "sha256 " + library.Digest}
	if name == XLACUDA {
		if files := nvidiaLibraries(library.Path, os.Getenv); len(files) > 0 {
			sum := sha256.Sum256([]byte(strings.Join(files, "\n")))
			parts = append(parts, "cuDNN and cuBLAS "+hex.EncodeToString(sum[:8]))
		}
	} else {
		parts = append(parts, processor())
	}
	var counted []string
	for _, flag := range strings.Fields(flags) {
		if !slices.ContainsFunc(ownFlags, func(own string) bool { return strings.HasPrefix(flag, own) }) {
			counted = append(counted, flag)
		}
	}
	if len(counted) > 0 {
		parts = append(parts, "flags "+strings.Join(counted, " "))
	}
	return strings.Join(parts, ", ")
}
