package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// treeVariable marks a plugin's process and all that come of it, so that none
// survives it.
const treeVariable = "PLUMB_PLUGIN_TREE"

// passedVariables are those that every plugin gets: what programs and their libraries
// are found by, where they keep what they fetched, which device they are to see. No
// secret is among them, nor what people set for other programs: all are whole names,
// since NVIDIA_API_KEY begins as NVIDIA_VISIBLE_DEVICES does.
var passedVariables = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "TZ", "TERM",
	"LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
	"XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
	"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
	"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS",
	"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH", "CUDA_CACHE_PATH",
	"NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", tf32Variable,
	"ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF", "CUBLAS_WORKSPACE_CONFIG",
	"HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TORCH_HOME",
	"UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR", "UV_PYTHON", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PROGRAMDATA",
}

// passedOn is what of an environment a plugin gets: what every plugin does, and what
// its block names.
func passedOn(environment, named []string) []string {
	var passed []string
	for _, setting := range environment {
		name, _, _ := strings.Cut(setting, "=")
		if slices.Contains(passedVariables, name) || slices.Contains(named, name) {
			passed = append(passed, setting)
		}
	}
	return passed
}

// withoutHosts is an environment without what is said to the plugins of another host:
// this process may be one itself.
func withoutHosts(environment []string) []string {
	return slices.DeleteFunc(environment, func(setting string) bool { return strings.HasPrefix(setting, "PLUGIN_") })
}

// fetchingEnvironment is what uv gets while it fetches a plugin's packages: what the
// plugin does, what is said to uv itself, and the way to the network. Packages that
// are built are programs of others, too.
func fetchingEnvironment(environment, named []string) []string {
	var known []string
	for _, setting := range environment {
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "UV_") && !strings.HasPrefix(name, "UV_PUBLISH_") || slices.Contains([]string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC"}, strings.ToUpper(name)) {
			known = append(known, name)
		}
	}
	return passedOn(environment, slices.Concat(named, known))
}

// tf32Variable is NVIDIA's own: 0 keeps its libraries from reading float32 as TF32,
// which changes what is computed, not only where.
const tf32Variable = "NVIDIA_TF32_OVERRIDE"

// secretName matches what variables with secrets are called. A secret opens a door and
// has no part in what lies behind it: nothing of it is in any key.
var secretName = regexp.MustCompile(`(?i)(^|_)(token|secret|passw(or)?d|passphrase|credentials?|pat|(api|access|secret|private)_?key(_id)?)$`)

// variables says of the variables that a plugin's block names, and of others that change
// answers, what their values are: digests of them, since nobody knows what else they
// tell. A secret is left out.
func variables(environment, named []string) map[string]string {
	values := map[string]string{}
	for _, setting := range environment {
		name, value, _ := strings.Cut(setting, "=")
		values[name] = value
	}
	said := map[string]string{}
	for _, name := range append([]string{tf32Variable}, named...) {
		value, set := values[name]
		switch {
		case set && !secretName.MatchString(name):
			sum := sha256.Sum256([]byte("plumb variable " + name + "=" + value))
			said[name] = "sha256 " + hex.EncodeToString(sum[:6])
		case !set && name != tf32Variable && !secretName.MatchString(name):
			said[name] = "not set"
		}
	}
	return said
}
