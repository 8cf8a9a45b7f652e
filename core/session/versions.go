package session

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
)

// numericModules are the libraries whose versions results depend on.
var numericModules = []string{
	"github.com/gomlx/gomlx",
	"github.com/gomlx/compute",
	"github.com/gomlx/go-xla",
}

// module is Plumb itself among the modules of a program.
const module = "github.com/plumb-ml/plumb"

// Libraries are the versions of what computes, as they were built into this
// program: they are in the keys of stages. Code built for SIMD instructions
// rounds otherwise than code that is not.
func Libraries() map[string]string {
	versions := map[string]string{"simd": "no", "arch": runtime.GOARCH}
	if BuiltWithSIMD {
		versions["simd"] = "yes"
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, dependency := range info.Deps {
		for _, name := range numericModules {
			if dependency.Path == name {
				versions[name[strings.LastIndex(name, "/")+1:]] = dependency.Version
			}
		}
	}
	return versions
}

// Version is the version of Plumb in this program, or its revision.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module { // another program that uses Plumb
			return dependency.Version
		}
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

// Versions go into records and runs: what to name when a number is asked about.
func Versions() map[string]string {
	all := Libraries()
	all["plumb"] = Version()
	all["go"] = runtime.Version()
	return all
}

func machine(computes plan.Environment) record.Machine {
	return record.Machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		Backend: computes.Backend, Device: computes.Device, Compiler: computes.Compiler,
	}
}
