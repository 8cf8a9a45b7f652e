package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"

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
	if !isNew {
		fmt.Fprintf(p.out, "%s %s is installed already, and whole, in\n  %s\n", done.Backend, done.Version, done.Dir)
	} else {
		fmt.Fprintf(p.out, "%s %s is installed, %s, in\n  %s\n", done.Backend, done.Version, byteSize(done.Bytes), done.Dir)
	}
	return p.tryInstalled(ctx, done)
}

// tryInstalled opens what was just installed: whether it works here is known now,
// and not when an experiment begins.
func (p *program) tryInstalled(ctx context.Context, done install.Installed) error {
	answer, err := p.tryBackend(ctx, done.Backend)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		fmt.Fprintf(p.out, "It does not open here:\n  %s\n", indent(err.Error(), 2, 80))
	case answer.Plugin != nil && answer.Plugin.Path != done.Path():
		fmt.Fprintf(p.out, "It comes second: %s is taken before it.\n", answer.Plugin)
	default:
		fmt.Fprintf(p.out, "It opens, on %s. `plumb doctor` says how fast it is.\n", answer.Environment.Device)
	}
	return nil
}

// describeRelease says what would be installed.
func (p *program) describeRelease(release install.Release) error {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return exit{exitFailed, err}
	}
	wheels, unpacked := release.Size()
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
	return &cobra.Command{
		Use:   "list",
		Short: "List the backends that are here, where they are from, and which one auto takes",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return p.listBackends(command.Context())
		},
	}
}

func (p *program) listBackends(ctx context.Context) error {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return exit{exitFailed, err}
	}
	p.listInstalled(ctx, root)
	fmt.Fprintf(p.out, "\nFound, in the order in which auto takes one:\n")
	auto, reasons := "", []string{}
	for _, name := range backendNames {
		if name == backends.Go {
			fmt.Fprintf(p.out, "  %-9s part of plumb\n", name)
			if auto == "" {
				auto = name
			}
			continue
		}
		answer, err := p.tryBackend(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.listFound(name, answer, err)
		var dead *ended
		switch {
		case auto != "":
		case err == nil:
			auto = name
		case errors.As(err, &dead):
			auto = "nothing"
			reasons = append(reasons, name+" ends the process that opens it")
		case len(answer.Passed) > 0:
			reasons = append(reasons, "no plugin of "+name+" opens")
		default:
			reasons = append(reasons, name+": "+firstSentence(answer.Error))
		}
	}
	why := ""
	if len(reasons) > 0 {
		why = ": " + strings.Join(reasons, "; ")
	}
	fmt.Fprintf(p.out, "\n%s\n", indent(fmt.Sprintf("auto takes %s here%s.", auto, why), 0, 80))
	fmt.Fprintf(p.out, "%s\n", indent("Plugins are looked for by "+strings.Join(backends.Sources, ", then ")+".", 0, 80))
	return nil
}

// listInstalled writes what plumb installed, and whether it is whole.
func (p *program) listInstalled(ctx context.Context, root string) {
	fmt.Fprintf(p.out, "Installed into %s:\n", root)
	installed := install.List(root)
	for _, one := range installed {
		if one.Unreadable != nil {
			p.writeDamaged(one.Backend, one, one.Unreadable)
			continue
		}
		var hosts []string
		for _, wheel := range one.Wheels {
			if host := hostOf(wheel.From); !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
		fmt.Fprintf(p.out, "  %-9s %s, %s, %s\n            %s\n", one.Backend, one.Version, byteSize(one.Bytes), one.Installed.Local().Format("2006-01-02 15:04"),
			indent(fmt.Sprintf("%s, from %s", one.Wheels[0].Package, strings.Join(hosts, " and ")), 12, 80))
		if err := one.Check(ctx); err != nil && ctx.Err() == nil {
			p.writeDamaged("", one, err)
		}
	}
	if len(installed) == 0 {
		fmt.Fprintln(p.out, "  nothing")
	}
	for _, backend := range install.Backends() {
		_, err := install.Find(backend, runtime.GOOS+"/"+runtime.GOARCH)
		here := slices.ContainsFunc(installed, func(one install.Installed) bool { return one.Backend == backend })
		var list diag.List
		switch {
		case err == nil && !here:
			fmt.Fprintf(p.out, "  %-9s is installed by: plumb backend install %s\n", backend, backend)
		case errors.As(err, &list):
			fmt.Fprintf(p.out, "  %-9s %s\n", backend, indent(list[0].Detail, 12, 80))
		}
	}
}

// hostOf is where a wheel is from, in a word.
func hostOf(from string) string {
	if address, err := url.Parse(from); err == nil && address.Host != "" {
		return address.Host
	}
	return from
}

// listFound writes the plugins of a backend in the order in which they are tried,
// and what became of each.
func (p *program) listFound(name string, answer opened, failed error) {
	var dead *ended
	found := backends.Find(name, os.Getenv)
	switch {
	case errors.As(failed, &dead):
		fmt.Fprintf(p.out, "  %-9s %s\n", name, indent(dead.Error(), 12, 80))
	case failed == nil:
		fmt.Fprintf(p.out, "  %-9s opens, on %s\n", name, answer.Environment.Device)
	case len(answer.Passed) > 0:
		fmt.Fprintf(p.out, "  %-9s no plugin opens\n", name)
	default:
		fmt.Fprintf(p.out, "  %-9s %s\n", name, indent(firstSentence(answer.Error), 12, 80))
	}
	for i, one := range found {
		became := ""
		passed := slices.IndexFunc(answer.Passed, func(c backends.Candidate) bool { return c.Path == one.Path })
		switch {
		case passed >= 0:
			became = " passed over: " + answer.Passed[passed].Why
		case answer.Plugin != nil && answer.Plugin.Path == one.Path:
			became = " opens"
		case answer.Plugin != nil:
			became = " comes after the one that opens"
		}
		fmt.Fprintf(p.out, "         %2d %s\n            %s\n", i+1, one.Path, indent("("+one.Source+")"+became, 12, 80))
	}
}

// firstSentence is a text up to its first full stop that ends a sentence.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), ". ")
	return strings.TrimSuffix(sentence, ".")
}
