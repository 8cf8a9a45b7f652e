package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/golang"
	"github.com/plumb-ml/plumb/plugins/python"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// languages are those that a plugin can be begun in.
var languages = []string{"go", "python"}

func (p *program) pluginNewCommand() *cobra.Command {
	var language, directory, sdk string
	command := &cobra.Command{
		Use:   "new KIND NAME",
		Short: "Begin a plugin with one component: sampler, reward, rater or encoder",
		Long: "Begin a plugin with one component: write a directory NAME with a component\n" +
			"that works, its tests, and a page on how to use it.\n\n" +
			"  plumb plugin new reward redness --lang go\n" +
			"  plumb plugin new reward redness --lang python",
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if directory == "" {
				directory = args[1]
			}
			return p.newPlugin(args[0], args[1], language, directory, sdk)
		},
	}
	set := command.Flags()
	set.StringVar(&language, "lang", "go", "language: go or python")
	set.StringVar(&directory, "dir", "", "directory to write (default NAME)")
	set.StringVar(&sdk, "sdk", "", "go: a checkout of Plumb, for the package that the plugin imports (default: that which this plumb was built from)")
	return command
}

// pluginName matches the names that a plugin and its component may have in all
// languages.
var pluginName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// newFile is a file of a new plugin.
type newFile struct {
	name       string
	content    []byte
	executable bool
}

func (p *program) newPlugin(kind, name, language, directory, sdk string) error {
	if !slices.Contains(golang.Kinds(), kind) {
		return fmt.Errorf("there is no kind %q.%s The kinds are %s", kind, diag.DidYouMean(kind, golang.Kinds()), strings.Join(golang.Kinds(), ", "))
	}
	if !pluginName.MatchString(name) {
		return fmt.Errorf("%q is no name of a plugin: small letters, digits and _, the first a letter", name)
	}
	if kind == string(schema.Reward) && name == schema.WeightedSum {
		return fmt.Errorf("the name %q is taken: experiments combine rewards by it", name)
	}
	if name == spec.Builtin {
		return fmt.Errorf("the name %q is taken: it is that of what comes with Plumb", name)
	}
	var files []newFile
	switch language {
	case "go":
		from, err := sdkPlace(sdk)
		if err != nil {
			return err
		}
		made, err := golang.Template(kind, name, from)
		if err != nil {
			return err
		}
		for _, file := range made {
			files = append(files, newFile{file.Name, file.Content, false})
		}
	case "python":
		made, err := python.Template(kind, name)
		if err != nil {
			return err
		}
		for _, file := range made {
			files = append(files, newFile{file.Name, file.Content, file.Executable})
		}
	default:
		return fmt.Errorf("--lang %s: there are templates in %s.%s In another language, see docs/plugin-protocol.md",
			language, strings.Join(languages, " and "), diag.DidYouMean(language, languages))
	}
	if err := emptyDirectory(directory); err != nil {
		return err
	}
	for _, file := range files {
		path := filepath.Join(directory, filepath.FromSlash(file.name))
		mode := fs.FileMode(0o644)
		if file.executable {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.content, mode); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "%s is a plugin with the %s %q. Next, as its README.md says:\n\n  cd %s\n", directory, kind, name, directory)
	try := map[string]string{"reward": "score *.png --prompt \"a red ring\"", "rater": "rate *.png --prompt \"a red ring\"", "encoder": "encode *.png", "sampler": "sample --prompt \"a red ring\" --out drawn"}[kind]
	source := "./" + filepath.ToSlash(filepath.Join(directory, name))
	if language == "go" {
		fmt.Fprintf(p.out, "  go test ./... && go build -trimpath -buildvcs=false\n  plumb plugin check ./%s\n  plumb plugin try ./%s %s\n", name, name, try)
	} else {
		source += ".py"
		fmt.Fprintf(p.out, "  plumb plugin check %s.py\n  plumb plugin try %s.py %s\n", name, name, try)
	}
	if filepath.IsAbs(directory) {
		source = strings.TrimPrefix(source, "./")
	}
	fmt.Fprintf(p.out, "\nIn an experiment beside %s:\n\n  plugin %q {\n    source = %q\n  }\n  %s %q \"mine\" {}\n", directory, name, source, kind, p.qualified(kind, name))
	return nil
}

// qualified is what an experiment calls a component that has its plugin's name: with the
// plugin's, if one that comes with Plumb is called so as well.
func (p *program) qualified(kind, name string) string {
	for _, builtin := range p.plugin.Components {
		if string(builtin.Kind) == kind && builtin.Name == name {
			return name + "/" + name
		}
	}
	return name
}

// emptyDirectory makes a directory, unless there is one with nothing in it.
func emptyDirectory(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(path, 0o755)
	case err != nil:
		return fmt.Errorf("%s is there, and no directory: choose another", path)
	case len(entries) > 0:
		return fmt.Errorf("the directory %s is not empty: choose another", path)
	}
	return nil
}

// plumbModule is the module that has the package sdk.
const plumbModule = "github.com/plumb-ml/plumb"

// sdkPlace is where a plugin in Go finds the package sdk: the checkout that the user
// names, that which this program was built from, or one around this directory; else the
// released version that this program is.
func sdkPlace(named string) (golang.SDK, error) {
	if named != "" {
		directory, ok := checkout(named)
		if !ok {
			return golang.SDK{}, fmt.Errorf("--sdk %s: that is no checkout of Plumb, which has a go.mod of the module %s", named, plumbModule)
		}
		return golang.SDK{Directory: directory}, nil
	}
	here := "."
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		here = filepath.Dir(file)
	}
	for _, place := range []string{here, "."} {
		if directory, ok := checkout(place); ok {
			return golang.SDK{Directory: directory}, nil
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == plumbModule && strings.HasPrefix(info.Main.Version, "v") && !strings.Contains(info.Main.Version, "+dirty") {
		return golang.SDK{Version: info.Main.Version}, nil
	}
	return golang.SDK{}, errors.New("the package that the plugin imports is not found: give --sdk DIRECTORY, a checkout of Plumb")
}

// checkout finds the checkout of Plumb that a directory lies in.
func checkout(directory string) (string, bool) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return "", false
	}
	for {
		content, err := os.ReadFile(filepath.Join(directory, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module "+plumbModule+"\n") {
			return directory, true
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", false
		}
		directory = parent
	}
}
