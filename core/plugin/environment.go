package plugin

import (
	"slices"
	"strings"
)

// treeVariable marks a plugin's process and all that come of it, so that none
// survives it.
const treeVariable = "PLUMB_PLUGIN_TREE"

// Variables that every plugin gets: what programs and their libraries are found by,
// where they keep what they fetched, which device they are to see. No secret is among
// them, nor what people set for other programs.
var (
	passedVariables = []string{
		"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "LANG", "TZ", "TERM",
		"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
		"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS",
		"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH", "CUDA_CACHE_PATH",
		"ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF", "CUBLAS_WORKSPACE_CONFIG",
		"HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TORCH_HOME",
		"UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR", "UV_PYTHON", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PROGRAMDATA",
	}
	passedPrefixes = []string{"LC_", "XDG_", "NVIDIA_"}
)

// passedOn is what of an environment a plugin gets: what every plugin does, and what
// its block names.
func passedOn(environment, named []string) []string {
	var passed []string
	for _, setting := range environment {
		name, _, _ := strings.Cut(setting, "=")
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.Contains(passedVariables, name) || slices.ContainsFunc(passedPrefixes, begins) || slices.Contains(named, name) {
			passed = append(passed, setting)
		}
	}
	return passed
}
