package main

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// numericModules are the libraries whose versions results depend on.
var numericModules = []string{
	"github.com/gomlx/gomlx",
	"github.com/gomlx/compute",
	"github.com/gomlx/go-xla",
	"github.com/gomlx/go-huggingface",
}

// libraries are the versions of what computes, as they were built in. Code
// built for SIMD instructions rounds otherwise than code that is not.
func libraries() map[string]string {
	versions := map[string]string{"simd": "no", "arch": runtime.GOARCH}
	if builtWithSIMD {
		versions["simd"] = "yes"
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, module := range info.Deps {
		for _, name := range numericModules {
			if module.Path == name {
				versions[name[strings.LastIndex(name, "/")+1:]] = module.Version
			}
		}
	}
	return versions
}

// plumbVersion is the version of this binary, or its revision.
func plumbVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version == "" || version == "(devel)" {
		version = "devel"
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision" && len(setting.Value) >= 12:
				version += " " + setting.Value[:12]
			case setting.Key == "vcs.modified" && setting.Value == "true":
				version += " (modified)"
			}
		}
	}
	return version
}

// versions go into records and runs: what to name when a number is asked about.
func versions() map[string]string {
	all := libraries()
	all["plumb"] = plumbVersion()
	all["go"] = runtime.Version()
	return all
}

func machine(backend, device string) record.Machine {
	return record.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Backend: backend, Device: device}
}
