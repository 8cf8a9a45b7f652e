package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/install"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

func (p *program) backendCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "backend",
		Short: "Install compute backends, and say which ones are here",
		Long: "Plumb computes with the go backend, which needs nothing, or with XLA, which is\n" +
			"several times as fast and comes as a PJRT plugin: a file that is installed by\n" +
			"\n  plumb backend install xla:cpu      for processors\n" +
			"  plumb backend install xla:cuda     for NVIDIA's cards (driver 580 or newer)\n" +
			"\ninto the user's directory of data; " + backends.RootVariable + " names another one.",
		Args: cobra.NoArgs,
	}
	command.AddCommand(p.backendInstallCommand(), p.backendListCommand(), p.backendUninstallCommand())
	return command
}

func (p *program) backendInstallCommand() *cobra.Command {
	var from []string
	dry := false
	command := &cobra.Command{
		Use:   "install BACKEND",
		Short: "Install xla:cpu or xla:cuda",
		Long: "Install xla:cpu or xla:cuda: wheels of the Python registry, in versions and with\n" +
			"digests that plumb knows, unpacked into the user's directory of data. Neither\n" +
			"Python nor root is needed. The index is the one that pip is told of\n" +
			"(PIP_INDEX_URL, pip.conf), and PIP_CERT is understood.\n\n" +
			"An interrupted download goes on where it was. Installed is all or nothing.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			release, err := install.Find(args[0], runtime.GOOS+"/"+runtime.GOARCH)
			if err != nil {
				return err
			}
			if dry {
				return p.describeRelease(release)
			}
			return p.install(ctx, release, from)
		},
	}
	command.Flags().StringArrayVar(&from, "from", nil, "wheel, or directory of wheels, in place of the network; repeatable")
	command.Flags().BoolVar(&dry, "dry-run", false, "say what would be installed, and how pip fetches it elsewhere; fetch nothing")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// installer makes the installer of this machine's backends.
func (p *program) installer() (*install.Installer, error) {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return nil, err
	}
	return &install.Installer{
		Root: root, Variable: backends.RootVariable,
		Say: func(text string) { fmt.Fprintf(p.err, "%s\n", indent(text, 0, p.width(p.err))) },
	}, nil
}

func (p *program) install(ctx context.Context, release install.Release, from []string) error {
	installer, err := p.installer()
	if err != nil {
		return exit{exitFailed, err}
	}
	if len(from) == 0 {
		if installer.Index, err = install.NewIndex(install.PipConfig(os.Getenv)); err != nil {
			return exit{exitFailed, err}
		}
	}
	screen := p.newDownloads()
	installer.Progress = screen.progress
	done, isNew, err := installer.Install(ctx, release, from)
	screen.close()
	if ctx.Err() != nil {
		fmt.Fprintf(p.err, "\nInterrupted. Nothing is installed, and what came is kept; go on with\n  plumb backend install %s\n", release.Backend)
		return exit{code: exitInterrupted}
	}
	if err != nil {
		return exit{exitFailed, err}
	}
	opened, err := p.tryInstalled(ctx, done)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(installedNow{Backend: done.Backend, Version: done.Version, Dir: done.Dir, Bytes: done.Bytes, New: isNew, openedHere: opened})
	}
	if !isNew {
		fmt.Fprintf(p.out, "%s %s is installed already, and whole, in\n  %s\n", done.Backend, done.Version, done.Dir)
	} else {
		fmt.Fprintf(p.out, "%s %s is installed, %s, in\n  %s\n", done.Backend, done.Version, byteSize(done.Bytes), done.Dir)
	}
	switch {
	case opened.Error != "":
		fmt.Fprintf(p.out, "It does not open here:\n  %s\n", indent(opened.Error, 2, 80))
	case opened.Before != "":
		fmt.Fprintf(p.out, "It comes second: %s is taken before it.\n", opened.Before)
	default:
		fmt.Fprintf(p.out, "It opens, on %s. `plumb doctor` says how fast it is.\n", opened.Device)
	}
	return nil
}

// installedNow is a backend that an installation left here.
type installedNow struct {
	Backend string `json:"backend"`
	Version string `json:"version"`
	Dir     string `json:"dir"`
	Bytes   int64  `json:"bytes"`
	New     bool   `json:"new"` // it was not here before
	openedHere
}

// openedHere is what became of opening a backend that is installed.
type openedHere struct {
	Device string `json:"device,omitempty"`
	Before string `json:"before,omitempty"` // the plugin that is taken before it
	Error  string `json:"error,omitempty"`  // why it does not open
}

// tryInstalled opens what was just installed: whether it works here is known now,
// and not when an experiment begins.
func (p *program) tryInstalled(ctx context.Context, done install.Installed) (openedHere, error) {
	answer, err := p.tryBackend(ctx, done.Backend)
	switch {
	case ctx.Err() != nil:
		return openedHere{}, ctx.Err()
	case err != nil:
		return openedHere{Error: err.Error()}, nil
	case answer.Plugin != nil && answer.Plugin.Path != done.Path():
		return openedHere{Before: answer.Plugin.String()}, nil
	}
	return openedHere{Device: answer.Environment.Device}, nil
}

// releaseJSON is what would be installed.
type releaseJSON struct {
	Backend  string      `json:"backend"`
	Version  string      `json:"version"`
	Platform string      `json:"platform"` // GOOS/GOARCH
	Root     string      `json:"root"`     // below which it is unpacked
	Bytes    int64       `json:"bytes"`    // to fetch
	Unpacked int64       `json:"bytes_unpacked"`
	Wheels   []wheelJSON `json:"wheels"`
	Pip      string      `json:"pip"` // the command that fetches them on another machine
}

// wheelJSON is a wheel to fetch.
type wheelJSON struct {
	File     string `json:"file"`
	Package  string `json:"package"`
	Version  string `json:"version"`
	Bytes    int64  `json:"bytes"`
	Unpacked int64  `json:"bytes_unpacked"`
	SHA256   string `json:"sha256"`
}

// describeRelease says what would be installed.
func (p *program) describeRelease(release install.Release) error {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return exit{exitFailed, err}
	}
	wheels, unpacked := release.Size()
	if p.json {
		one := releaseJSON{Backend: release.Backend, Version: release.Version, Platform: release.Platform, Root: root, Bytes: wheels, Unpacked: unpacked, Wheels: []wheelJSON{}, Pip: release.PipDownload()}
		for _, wheel := range release.Wheels {
			one.Wheels = append(one.Wheels, wheelJSON{wheel.File, wheel.Package, wheel.Version, wheel.Size, wheel.Unpacked, wheel.SHA256})
		}
		return p.writeJSON(one)
	}
	fmt.Fprintf(p.out, "%s %s for %s: %s, %s to fetch,\n%s unpacked, below\n  %s\n\n", release.Backend, release.Version, release.Platform,
		plural(len(release.Wheels), "wheel", "wheels"), byteSize(wheels), byteSize(unpacked), root)
	for _, wheel := range release.Wheels {
		fmt.Fprintf(p.out, "  %s\n    sha256 %s\n    %s\n", wheel.File, wheel.SHA256, byteSize(wheel.Size))
	}
	fmt.Fprintf(p.out, "\nFor a machine without a network, on one with it:\n  %s\nand then, here:\n  plumb backend install %s --from wheels\n", indent(release.PipDownload(), 4, 80), release.Backend)
	return nil
}

func (p *program) backendUninstallCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall BACKEND",
		Short: "Remove a backend that plumb installed",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			installer, err := p.installer()
			if err != nil {
				return exit{exitFailed, err}
			}
			removed, err := installer.Uninstall(command.Context(), args[0])
			if err != nil {
				return exit{exitFailed, err}
			}
			for _, one := range removed {
				fmt.Fprintf(p.out, "%s %s is removed: %s\n", one.Backend, one.Version, byteSize(one.Bytes))
			}
			return nil
		},
	}
}

func (p *program) backendListCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "list",
		Short: "List the backends that are here, where they are from, and which one auto takes",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			list, err := p.listBackends(command.Context())
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(list)
			}
			p.writeBackends(list)
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// backendList is what backends there are.
type backendList struct {
	Root      string          `json:"root"` // where plumb installs them
	Installed []installedJSON `json:"installed"`
	// Others are those that plumb knows how to install, or why it does not here.
	Others []otherBackend `json:"others"`
	Found  []foundBackend `json:"found"` // in the order in which auto takes one
	Auto   string         `json:"auto"`  // the one that it takes; empty: none
	Why    []string       `json:"why"`   // it takes none of those before
	Source []string       `json:"sources"`
}

// installedJSON is a backend that plumb installed.
type installedJSON struct {
	Backend   string     `json:"backend"`
	Version   string     `json:"version"`
	Dir       string     `json:"dir"`
	Bytes     int64      `json:"bytes,omitempty"`
	Installed *time.Time `json:"installed,omitempty"`
	Package   string     `json:"package,omitempty"`
	From      []string   `json:"from,omitempty"`
	Damaged   string     `json:"damaged,omitempty"` // why it is not what it was
	unread    bool
}

// otherBackend is a backend that is not installed.
type otherBackend struct {
	Backend string `json:"backend"`
	Install string `json:"install,omitempty"` // the command
	Why     string `json:"why,omitempty"`     // there is none for this machine
}

// foundBackend is a backend with the plugins of it in the order in which they are tried.
type foundBackend struct {
	Name    string        `json:"name"`
	Works   bool          `json:"works"`
	Device  string        `json:"device,omitempty"`
	Error   string        `json:"error,omitempty"`
	Plugins []foundPlugin `json:"plugins"`
	passed  bool          // over, all of its plugins
	ends    bool          // the process that opens it
}

// foundPlugin is a file, and what became of it.
type foundPlugin struct {
	Path   string `json:"path"`
	Source string `json:"source"`
	Opens  bool   `json:"opens,omitempty"`
	After  bool   `json:"after,omitempty"` // it comes after the one that opens
	Why    string `json:"why,omitempty"`   // it was passed over
}

func (p *program) listBackends(ctx context.Context) (backendList, error) {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return backendList{}, exit{exitFailed, err}
	}
	list := backendList{Root: root, Why: []string{}, Source: backends.Sources}
	list.Installed, list.Others = installedBackends(ctx, root)
	ended := false
	for _, name := range backendNames {
		one := foundBackend{Name: name, Works: true, Plugins: []foundPlugin{}}
		if name != backends.Go {
			answer, err := p.tryBackend(ctx, name)
			if ctx.Err() != nil {
				return list, ctx.Err()
			}
			one = foundOf(name, answer, err)
		}
		list.Found = append(list.Found, one)
		switch {
		case list.Auto != "" || ended:
		case one.Works:
			list.Auto = name
		case one.ends:
			ended = true
			list.Why = append(list.Why, name+" ends the process that opens it")
		case one.passed:
			list.Why = append(list.Why, "no plugin of "+name+" opens")
		default:
			list.Why = append(list.Why, name+": "+firstSentence(one.Error))
		}
	}
	return list, nil
}

// installedBackends lists what plumb installed, and whether it is whole, and what else it
// could install.
func installedBackends(ctx context.Context, root string) ([]installedJSON, []otherBackend) {
	installed, others := []installedJSON{}, []otherBackend{}
	for _, one := range install.List(root) {
		line := installedJSON{Backend: one.Backend, Version: one.Version, Dir: one.Dir}
		if one.Unreadable != nil {
			line.Damaged, line.unread = one.Unreadable.Error(), true
			installed = append(installed, line)
			continue
		}
		line.Bytes, line.Installed, line.Package = one.Bytes, &one.Installed, one.Wheels[0].Package
		for _, wheel := range one.Wheels {
			if host := hostOf(wheel.From); !slices.Contains(line.From, host) {
				line.From = append(line.From, host)
			}
		}
		if err := one.Check(ctx); err != nil && ctx.Err() == nil {
			line.Damaged = err.Error()
		}
		installed = append(installed, line)
	}
	for _, backend := range install.Backends() {
		_, err := install.Find(backend, runtime.GOOS+"/"+runtime.GOARCH)
		here := slices.ContainsFunc(installed, func(one installedJSON) bool { return one.Backend == backend })
		var list diag.List
		switch {
		case err == nil && !here:
			others = append(others, otherBackend{Backend: backend, Install: "plumb backend install " + backend})
		case errors.As(err, &list):
			others = append(others, otherBackend{Backend: backend, Why: list[0].Detail})
		}
	}
	return installed, others
}

// foundOf says what became of a backend and of each of its plugins.
func foundOf(name string, answer opened, failed error) foundBackend {
	var dead *ended
	one := foundBackend{Name: name, Works: failed == nil, Device: answer.Environment.Device, Plugins: []foundPlugin{}}
	switch {
	case errors.As(failed, &dead):
		one.Error, one.ends = dead.Error(), true
	case failed != nil:
		one.Error, one.passed = cmp.Or(answer.Error, failed.Error()), len(answer.Passed) > 0
	}
	for _, candidate := range backends.Find(name, os.Getenv) {
		plugin := foundPlugin{Path: candidate.Path, Source: candidate.Source}
		passed := slices.IndexFunc(answer.Passed, func(c backends.Candidate) bool { return c.Path == candidate.Path })
		switch {
		case passed >= 0:
			plugin.Why = answer.Passed[passed].Why
		case answer.Plugin != nil && answer.Plugin.Path == candidate.Path:
			plugin.Opens = true
		case answer.Plugin != nil:
			plugin.After = true
		}
		one.Plugins = append(one.Plugins, plugin)
	}
	return one
}

// writeBackends prints the list.
func (p *program) writeBackends(list backendList) {
	fmt.Fprintf(p.out, "Installed into %s:\n", list.Root)
	for _, one := range list.Installed {
		label := one.Backend
		if !one.unread {
			fmt.Fprintf(p.out, "  %-9s %s, %s, %s\n            %s\n", one.Backend, one.Version, byteSize(one.Bytes), one.Installed.Local().Format("2006-01-02 15:04"),
				indent(fmt.Sprintf("%s, from %s", one.Package, strings.Join(one.From, " and ")), 12, 80))
			label = ""
		}
		if one.Damaged != "" {
			p.writeDamaged(label, one.Backend, one.Damaged)
		}
	}
	if len(list.Installed) == 0 {
		fmt.Fprintln(p.out, "  nothing")
	}
	for _, one := range list.Others {
		if one.Install != "" {
			fmt.Fprintf(p.out, "  %-9s is installed by: %s\n", one.Backend, one.Install)
		} else {
			fmt.Fprintf(p.out, "  %-9s %s\n", one.Backend, indent(one.Why, 12, 80))
		}
	}
	fmt.Fprintf(p.out, "\nFound, in the order in which auto takes one:\n")
	for _, one := range list.Found {
		p.writeFound(one)
	}
	auto, why := list.Auto, ""
	if auto == "" {
		auto = "nothing"
	}
	if len(list.Why) > 0 {
		why = ": " + strings.Join(list.Why, "; ")
	}
	fmt.Fprintf(p.out, "\n%s\n", indent(fmt.Sprintf("auto takes %s here%s.", auto, why), 0, 80))
	fmt.Fprintf(p.out, "%s\n", indent("Plugins are looked for by "+strings.Join(list.Source, ", then ")+".", 0, 80))
}

func (p *program) writeFound(one foundBackend) {
	switch {
	case one.Name == backends.Go:
		fmt.Fprintf(p.out, "  %-9s part of plumb\n", one.Name)
	case one.Works:
		fmt.Fprintf(p.out, "  %-9s opens, on %s\n", one.Name, one.Device)
	case one.ends:
		fmt.Fprintf(p.out, "  %-9s %s\n", one.Name, indent(one.Error, 12, 80))
	case one.passed:
		fmt.Fprintf(p.out, "  %-9s no plugin opens\n", one.Name)
	default:
		fmt.Fprintf(p.out, "  %-9s %s\n", one.Name, indent(firstSentence(one.Error), 12, 80))
	}
	for i, plugin := range one.Plugins {
		became := ""
		switch {
		case plugin.Why != "":
			became = " passed over: " + plugin.Why
		case plugin.Opens:
			became = " opens"
		case plugin.After:
			became = " comes after the one that opens"
		}
		fmt.Fprintf(p.out, "         %2d %s\n            %s\n", i+1, plugin.Path, indent("("+plugin.Source+")"+became, 12, 80))
	}
}

// hostOf is where a wheel is from, in a word.
func hostOf(from string) string {
	if address, err := url.Parse(from); err == nil && address.Host != "" {
		return address.Host
	}
	return from
}

// firstSentence is a text up to its first full stop that ends a sentence.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), ". ")
	return strings.TrimSuffix(sentence, ".")
}
