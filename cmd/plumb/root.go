package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/core/visible"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // a stage or a check failed
	exitUsage       = 2   // wrong words on the command line, or an experiment with mistakes
	exitWaiting     = 3   // nothing failed; stages wait for people
	exitInterrupted = 130 // as shells have it: 128 + SIGINT
)

// house is what this binary brings along: the built-in components.
type house struct {
	plugin sdk.Plugin
	// doctor opens a compute backend and says what it is and how fast.
	doctor func(backend string, quick bool) (backends.Health, error)
	// open opens a compute backend. If it does not open, Error says why.
	open func(name string) opened
}

// program is one call of plumb: its streams and its global flags.
type program struct {
	house
	out, err io.Writer // for people: nothing that is written there acts on a terminal
	raw      io.Writer // out, for what must come as it is: files, and what other programs read

	storeDir  string
	runsDir   string
	runsFound bool // runsDir is not the default one, and nobody named it
	vars      []string
	varFiles  []string
	backend   string
	json      bool
	tables    tablesFlag

	allowPlugins bool // that are not locked
	noTracking   bool // whatever files and environment say
	noColor      bool

	files      *spec.Files       // HCL that was read, for quoting it
	logs       io.Writer         // what plugins print
	say        func(text string) // prints among bars, while there are any
	interrupts interrupts
	remembered *digest.Memory // see digests

	passedNoted bool // see notePassed
}

// exit is an error that says all that is to be said already, or nothing.
type exit struct {
	code int
	err  error // may be nil
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// execute runs one command line and returns the exit code.
func execute(args []string, out, errOut io.Writer, house house) int {
	p := &program{house: house, raw: out, files: spec.NewFiles()}
	shown, told := visible.NewWriter(out, func() bool { return p.color(out) }), visible.NewWriter(errOut, func() bool { return p.color(errOut) })
	defer shown.Flush()
	defer told.Flush()
	p.out, p.err = shown, told
	root := p.root()
	root.SetArgs(longFlags(args))
	root.SetOut(p.out)
	root.SetErr(p.err)

	ctx, stop := p.listen(context.Background())
	defer stop()
	defer func() { p.remembered.Save() }() // what cannot be remembered is read again: that costs time, nothing else
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var known diag.List
	var coded exit
	switch {
	case errors.As(err, &coded):
		if coded.err != nil {
			p.complain(coded.err)
		}
		return coded.code
	case errors.As(err, &known):
		p.complain(known)
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(*store.Corrupt)), errors.As(err, new(*store.NoSpace)):
		fmt.Fprintf(p.err, "plumb: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(p.err, "plumb: %v\n", err)
	return exitUsage
}

// longFlags lets long flags stand behind one dash, as Terraform's users and
// gofmt's write them: -var x=1, -check.
func longFlags(args []string) []string {
	long := make([]string, len(args))
	for i, arg := range args {
		long[i] = arg
		if arg == "--" {
			copy(long[i:], args[i:])
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(name) > 1 {
			long[i] = "-" + arg
		}
	}
	return long
}

func (p *program) root() *cobra.Command {
	verbose, pjrt := false, ""
	root := &cobra.Command{
		Use:   "plumb",
		Short: "Experiments that align text-to-image models with human feedback",
		Long: "Plumb runs experiments that align text-to-image models with human feedback.\n" +
			"An HCL file goes in; cached stages, plugins and comparison tables come out.\n\n" +
			"Begin with:  plumb init my-study && plumb run my-study/experiment.hcl",
		Version:       versionText(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(command *cobra.Command, args []string) {
			if !command.Flags().Changed("runs") && p.storeDir == "" {
				p.findStore(args)
			}
			if verbose {
				p.logs = p.err
			}
			if pjrt != "" { // for the processes that compute, too
				paths := strings.TrimSuffix(pjrt+string(os.PathListSeparator)+os.Getenv(pjrtVariable), string(os.PathListSeparator))
				os.Setenv(pjrtVariable, paths)
			}
		},
	}
	root.SetVersionTemplate("{{.Version}}")
	storeDir := os.Getenv(storeVariable)
	flags := root.PersistentFlags()
	flags.StringVar(&p.runsDir, "runs", defaultRunsDir, "directory of runs' reports")
	flags.StringVar(&p.storeDir, "store", storeDir, "directory of cached results (default RUNS/store; or PLUMB_STORE)")
	flags.StringArrayVar(&p.vars, "var", nil, "NAME=VALUE: set a variable of the experiment; repeatable")
	flags.StringArrayVar(&p.varFiles, "var-file", nil, "file of NAME = VALUE lines; repeatable")
	flags.StringVar(&p.backend, "backend", "", "compute backend: auto, go, xla:cpu, xla:cuda")
	flags.StringVar(&pjrt, "pjrt", "", "file or directory of a PJRT plugin, such as JAX's xla_cuda_plugin.so")
	flags.BoolVar(&p.allowPlugins, "allow-plugins", false, "run plugins that are not locked")
	flags.BoolVar(&verbose, "verbose", false, "print what plugins print")
	flags.BoolVar(&p.noColor, "no-color", os.Getenv("NO_COLOR") != "", "plain text without colours")
	root.AddCommand(
		p.initCommand(), p.validateCommand(), p.fmtCommand(), p.planCommand(), p.downloadCommand(), p.runCommand(), p.explainCommand(),
		p.watchCommand(), p.runsCommand(), p.reportCommand(), p.compareCommand(), p.judgeCommand(),
		p.trackCommand(), p.bundleCommand(), p.verifyCommand(), p.exportCommand(), p.labelCommand(),
		p.referenceCommand(), p.pluginsCommand(), p.pluginCommand(),
		p.doctorCommand(), p.backendCommand(), p.storeCommand(), p.benchCommand(), p.versionCommand(),
		p.serveCommand(), p.pluginDoctorCommand(), p.pluginHoldCommand(), p.pluginBackendCommand(), p.pluginBenchCommand(),
	)
	withUsage(root)
	group(root)
	if err := p.complete(root); err != nil {
		panic(err) // of a flag that is not there
	}
	return root
}

// group sorts the verbs by what they are about.
func group(root *cobra.Command) {
	for _, about := range []struct{ id, title, verbs string }{
		{"experiments", "Experiments:", "init validate fmt plan download run watch runs report compare judge track bundle verify export label explain"},
		{"language", "Language and plugins:", "reference plugins plugin"},
		{"machine", "This machine:", "doctor backend store bench"},
	} {
		root.AddGroup(&cobra.Group{ID: about.id, Title: about.title})
		for _, command := range root.Commands() {
			if slices.Contains(strings.Fields(about.verbs), command.Name()) {
				command.GroupID = about.id
			}
		}
	}
}

// withUsage has commands that get too many arguments or too few say which they take.
func withUsage(command *cobra.Command) {
	for _, below := range command.Commands() {
		withUsage(below)
	}
	check := command.Args
	if check == nil {
		return
	}
	command.Args = func(command *cobra.Command, args []string) error {
		err := check(command, args)
		var said diag.List
		if err == nil || errors.As(err, &said) {
			return err
		}
		return fmt.Errorf("%w: %s", err, command.UseLine())
	}
}

// Where runs are kept, and the variable that names the store, if no flag does.
const (
	defaultRunsDir = "runs"
	storeVariable  = "PLUMB_STORE"
	pjrtVariable   = "PJRT_PLUGIN_LIBRARY_PATH"
)

// findStore takes the runs and the store of a project that the file which is named
// first, or this directory, lies in, as git does: from another directory of it nothing
// is to do again. What is in this directory itself comes first.
func (p *program) findStore(args []string) {
	var places []string
	if len(args) > 0 {
		if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
			places = append(places, filepath.Dir(args[0]))
		}
	}
	if _, err := os.Stat(filepath.Join(defaultRunsDir, "store")); err == nil {
		return // here
	}
	for _, place := range append(places, ".") {
		found, ok := store.Find(place, filepath.Join(defaultRunsDir, "store"))
		if !ok {
			continue
		}
		p.runsDir = filepath.Dir(found)
		if here, err := os.Getwd(); err == nil {
			if near, err := filepath.Rel(here, p.runsDir); err == nil {
				p.runsDir = near
			}
		}
		p.runsFound = p.runsDir != defaultRunsDir
		return
	}
}

// tellStore says where results are kept if that is not where one would look, and that
// there are none yet; whatever follows from it, such as that it is made.
func (p *program) tellStore(ifNone string) {
	switch {
	case !store.IsStore(p.storePath()):
		fmt.Fprintf(p.err, "There is no store in %s yet: %s.\n", p.storePath(), ifNone)
	case p.runsFound:
		fmt.Fprintf(p.err, "The store is %s.\n", p.storePath())
	}
}

// digests knows the digests of data and weights that were read before. They are
// kept in the store, once there is one.
func (p *program) digests() *digest.Memory {
	if p.remembered == nil {
		p.remembered = digest.NewMemory(store.DigestsFile(p.storePath()))
	}
	return p.remembered
}

// repairs are what was damaged of what this program remembers, for the run's record.
func (p *program) repairs() []string {
	if n := p.remembered.Damaged(); n > 0 {
		return []string{fmt.Sprintf("The digests of %s, remembered in %s, were damaged; the files are read again.", plural(n, "file", "files"), store.DigestsFile(p.storePath()))}
	}
	return nil
}

// storePath is the store's directory: beside the runs unless it is named.
func (p *program) storePath() string {
	if p.storeDir != "" {
		return p.storeDir
	}
	return filepath.Join(p.runsDir, "store")
}

// complain prints diagnostics with the lines they speak of, or a plain error.
func (p *program) complain(err error) {
	var list diag.List
	if errors.As(err, &list) {
		diag.WriteText(p.err, list, diag.TextOptions{Width: p.width(p.err), Color: p.color(p.err), Sources: p.files.Sources(), Block: p.files.Block})
		return
	}
	fmt.Fprintf(p.err, "plumb: %v\n", err)
}

func terminal(w io.Writer) (*os.File, bool) {
	if shown, ok := w.(*visible.Writer); ok {
		w = shown.Unwrap()
	}
	file, ok := w.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// width is how many columns to write in: a terminal's, or 80.
func (p *program) width(w io.Writer) int {
	if file, ok := terminal(w); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 20 {
			return width
		}
	}
	return 80
}

func (p *program) color(w io.Writer) bool {
	_, is := terminal(w)
	return is && !p.noColor
}

// bold makes text stand out where colours are shown.
func (p *program) bold(w io.Writer, text string) string {
	if !p.color(w) {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}
