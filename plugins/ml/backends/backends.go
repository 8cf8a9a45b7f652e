// Package backends opens the backend that tensors are computed on.
//
// Nothing is downloaded: a PJRT plugin is used if it is installed, and the
// pure-Go backend is always there.
package backends

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// Names of the backends, as they are written in HCL.
const (
	Auto    = "auto"
	Go      = "go"
	XLACPU  = "xla:cpu"
	XLACUDA = "xla:cuda"
)

// Choice is a backend that was opened, and how it came to that.
type Choice struct {
	Name    string // in the words of HCL; never auto
	Backend compute.Backend
	Plugin  *Candidate  // that was opened; nil: of go
	Passed  []Candidate // that were there, and did not open
}

var (
	lock   sync.Mutex
	chosen = map[string]Choice{}
)

// Open returns the backend called name, the same one for every call in this
// process. "auto" is the first that works of xla:cuda, xla:cpu and go.
func Open(name string) (compute.Backend, error) {
	choice, err := Choose(name)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", name, err)
	}
	return choice.Backend, nil
}

// Choose is Open, and says which plugin was opened, and which were passed over.
func Choose(name string) (Choice, error) {
	lock.Lock()
	defer lock.Unlock()
	if name == "" {
		name = Auto
	}
	if choice, ok := chosen[name]; ok {
		return choice, nil
	}
	choice, err := choose(name)
	if err == nil {
		chosen[name] = choice
	}
	return choice, err
}

func choose(name string) (Choice, error) {
	switch name {
	case Auto:
		var passed []Candidate
		for _, candidate := range []string{XLACUDA, XLACPU} {
			choice, err := openFound(candidate)
			choice.Passed = append(passed, choice.Passed...)
			if err == nil {
				return choice, nil
			}
			passed = choice.Passed
		}
		backend, err := openGo()
		return Choice{Name: Go, Backend: backend, Passed: passed}, err
	case Go:
		backend, err := openGo()
		return Choice{Name: Go, Backend: backend}, err
	case XLACPU, XLACUDA:
		return openFound(name)
	}
	return Choice{}, fmt.Errorf("there is no backend %q: one of auto, go, xla:cpu, xla:cuda", name)
}

// openFound opens the first plugin of a backend that opens. One of CUDA is opened
// only where there is a GPU: without one it may take the process with it.
func openFound(name string) (Choice, error) {
	choice := Choice{Name: name}
	var cards []string
	if name == XLACUDA {
		if cards = gpus(); len(cards) == 0 {
			return choice, errNoGPU
		}
	}
	flags, set := os.LookupEnv(flagsVariable)
	for _, candidate := range Find(name, os.Getenv) {
		if candidate.Why == "" {
			err := inspect(candidate.Path)
			if err == nil {
				choice.Backend, err = openXLA(name, candidate.Path, cards)
			}
			if planned := os.Getenv(CompilerVariable); err == nil && planned != "" && Compiler(choice.Backend) != planned {
				err = fmt.Errorf("it is another one than was planned with: %s, in the place of %s", Compiler(choice.Backend), planned)
			}
			if err == nil {
				choice.Plugin = &candidate
				return choice, nil
			}
			candidate.Why = err.Error()
		}
		choice.Passed = append(choice.Passed, candidate)
		if set { // what was set for this plugin is not for the next
			os.Setenv(flagsVariable, flags)
		} else {
			os.Unsetenv(flagsVariable)
		}
	}
	return choice, &NoPlugin{name, choice.Passed}
}

// CompilerVariable is the environment variable that says to the processes of a run
// which compiler its keys name (Compiler): one that finds another plugin, since that
// was removed or another was installed meanwhile, must not compute for them.
const CompilerVariable = "PLUMB_XLA_COMPILER"

var errNoGPU = errors.New("there is no NVIDIA GPU: nvidia-smi lists none, and there is no /dev/nvidia0")

// NoPlugin is the error of a backend of which no plugin opens.
type NoPlugin struct {
	Name   string
	Passed []Candidate
}

func (n *NoPlugin) Error() string {
	command := "`plumb backend install " + n.Name + "` installs one"
	if len(n.Passed) == 0 {
		return "no PJRT plugin is here. " + command + "; --pjrt names one that lies elsewhere."
	}
	lines := []string{"no PJRT plugin of it opens:"}
	for _, c := range n.Passed {
		lines = append(lines, c.String())
		if c.Source == Sources[1] {
			command = "`plumb backend list` says whether what is installed is whole"
		}
	}
	return strings.Join(append(lines, command+"."), "\n")
}

// openGo opens the pure-Go backend with an unlimited pool of workers. With its
// default, limited one, matrix products that run side by side can each hold a
// worker while they wait for another, for ever (compute v0.1.2).
func openGo() (compute.Backend, error) {
	// The backend announces the setting on standard output, which in a plugin
	// belongs to the handshake.
	stdout := os.Stdout
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stdout = null
		defer func() { os.Stdout = stdout; null.Close() }()
	}
	return gobackend.New("parallelism=-1")
}

// Describe names a backend in the words of HCL, and its kind of device. Neither
// is a path or a number: which of several equal devices it is, and where its
// plugin lies, does not matter to a key; whether float32 is all of it does.
func Describe(backend compute.Backend) (name, device string) {
	return describe(backend.Description(), func() string { return backend.DeviceDescription(0) })
}

// describe reads what go-xla says of a backend: "xla:cuda - PJRT plugin ...", or
// the name with a version, or a path in its place.
func describe(description string, deviceDescription func() string) (name, device string) {
	name, _, _ = strings.Cut(description, " - PJRT ")
	plugin, isXLA := strings.CutPrefix(name, "xla:")
	plugin = strings.ToLower(filepath.Base(plugin))
	switch {
	case !isXLA:
		return Go, "cpu"
	case strings.Contains(plugin, "cuda"):
		device = kindOf(deviceDescription())
		if withoutTF32() {
			device += ", no TF32"
		}
		return XLACUDA, device
	case strings.Contains(plugin, "cpu"):
		return XLACPU, "cpu"
	}
	device, _, _ = strings.Cut(deviceDescription(), " [")
	return "xla:" + plugin, device
}

// Parallel is how many independent parts a batch should be cut into inside a
// graph, so that work that a backend does on one core is done on several.
func Parallel(backend compute.Backend) int {
	if backend.String() == Go {
		return 2
	}
	return 1
}
