package session

import (
	"context"

	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Options say where things are and what comes with the program. The zero Options
// load experiments of other plugins' components alone.
type Options struct {
	// Variables and VarFiles are those of spec.Options.
	Variables map[string]string
	VarFiles  []string
	// Files receive what is read of HCL, for quoting it; nil: nobody quotes it.
	Files *spec.Files

	// Store is the directory of cached results.
	Store string
	// Runs is the directory of runs, in which people's judgements lie (see
	// Session.Judgements); empty: nobody has said anything.
	Runs string
	// Digests remembers the digests of weights and data; nil: all is read anew.
	Digests *digest.Memory
	// Hub is where models of Hugging Face's hub are kept; the zero Cache has none.
	Hub hub.Cache

	// Plugins are the settings of the plugins' host. Its Components are those of
	// Builtin below, and its Plugins those that the experiment names.
	Plugins plugin.Options
	// AllowPlugins lets plugins of experiments run that are not locked. Nothing of a
	// plugin is executed that is neither locked nor allowed.
	AllowPlugins bool
	// Builtin are the components that come with the program.
	Builtin []sdk.Component
	// Started hears of the plugins' host before it starts a process: who ends the
	// program at once kills it first. nil: nobody does.
	Started func(*plugin.Host)

	// Backend is the compute backend in place of the one that the experiment
	// names: "auto", "go", "xla:cpu", "xla:cuda". Empty: the experiment's.
	Backend string
	// Resolve opens a backend and returns its name, never "auto", its kind of device
	// and its compiler. It should do so in a process of its own: a GPU must not be
	// held by the process that only plans. nil: there is "go" alone.
	Resolve func(ctx context.Context, name string) (plan.Environment, error)
	// Executor does the stages, and its environment is in their keys; nil: they are
	// done here, on what Resolve finds.
	Executor run.Executor
}
