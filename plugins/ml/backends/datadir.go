package backends

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// dataFlag is the flag that says where CUDA's compiler is: ptxas in bin, libdevice in
// nvvm/libdevice. Every XLA for CUDA has it. Unset, XLA looks below the directory that
// the process was started in and in those that it was built with, and not beside itself.
const dataFlag = "xla_gpu_cuda_data_dir"

// tellDataDir tells XLA where CUDA's compiler is, for a plugin's library. It is for
// before the library is loaded. What the user says to XLA counts more.
func tellDataDir(library string) error {
	given := os.Getenv(flagsVariable)
	if os.Getenv(debugVariable) != "" || strings.Contains(given, dataFlag) ||
		strings.TrimSpace(given) != "" && !strings.HasPrefix(strings.TrimSpace(given), "-") { // a file of flags
		return nil
	}
	directory := dataDir(library, os.Getenv)
	if directory == "" {
		return nil
	}
	return os.Setenv(flagsVariable, strings.TrimSpace("--"+dataFlag+"="+quoted(directory)+" "+given))
}

// dataDir finds CUDA's compiler: in the wheels beside a plugin's, which fit it, and
// then where CUDA is installed. It returns "" if there is none.
func dataDir(library string, variable func(name string) string) string {
	nvidia := filepath.Join(filepath.Dir(library), "..", "..", "nvidia")
	wheels, _ := filepath.Glob(filepath.Join(quoteGlob(nvidia), "cu[0-9]*"))
	slices.Reverse(wheels) // the newest first
	for _, directory := range append(wheels, filepath.Join(nvidia, "cuda_nvcc"), variable("CUDA_HOME"), variable("CUDA_PATH"), "/usr/local/cuda") {
		if directory == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(directory, "nvvm", "libdevice")); err == nil && info.IsDir() {
			return directory
		}
	}
	return ""
}
