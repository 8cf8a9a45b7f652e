package golang

import (
	_ "embed"
	"fmt"
	"go/build"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed template.txtar
var archive []byte

// File is a file of a new plugin.
type File struct {
	Name    string // relative to the plugin's directory
	Content []byte
}

// samples are what the components of plugins/template are called, by their kind.
var samples = map[string]string{"reward": "redness", "rater": "crowd", "encoder": "colors", "sampler": "stripes"}

// Kinds lists the kinds of component that Template knows.
func Kinds() []string { return []string{"reward", "rater", "encoder", "sampler"} }

// validName matches the names that are names of Go's files, of modules and of HCL.
var validName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// SDK is where a new plugin finds the package that it imports.
type SDK struct {
	Version   string // of the module github.com/plumb-ml/plumb; empty: none was released
	Directory string // a checkout of it, which comes first; empty: there is none
}

// Template is the content of a new plugin with one component.
func Template(kind, name string, sdk SDK) ([]File, error) {
	sample, ok := samples[kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind %q: it is one of %s", kind, strings.Join(Kinds(), ", "))
	}
	if !validName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of a plugin: small letters, digits and _, the first a letter", name)
	}
	if err := nameOfFile(name); err != nil {
		return nil, err
	}
	if sdk == (SDK{}) {
		return nil, fmt.Errorf("neither a checkout nor a version of Plumb is known")
	}
	word := regexp.MustCompile(`\b` + sample + `(_test\.go|\b)`)
	named := func(text string) string { return word.ReplaceAllString(text, name+"$1") }
	var files []File
	for _, file := range txtar.Parse(archive).Files {
		dir, base := path.Split(file.Name)
		if dir != kind+"/" && dir != "" {
			continue
		}
		content := string(file.Data)
		if base == "go.mod" {
			content = sdk.module(content, name)
		}
		files = append(files, File{named(base), []byte(named(content))})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// nameOfFile refuses names whose files Go would read as something else.
func nameOfFile(name string) error {
	file := name + ".go"
	everywhere := build.Context{GOOS: "none", GOARCH: "none", Compiler: "gc", OpenFile: func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("package main\n")), nil
	}}
	built, err := everywhere.MatchFile(".", file)
	switch {
	case err != nil:
		return err
	case name == "main":
		return fmt.Errorf("%q is no name of a plugin in Go: %s begins the program", name, file)
	case strings.HasSuffix(name, "_test"):
		return fmt.Errorf("%q is no name of a plugin in Go: %s would be a test", name, file)
	case !built:
		return fmt.Errorf("%q is no name of a plugin in Go: %s would be built for one system or machine alone", name, file)
	}
	return nil
}

// module is the go.mod of a new plugin, made of that of plugins/template.
func (s SDK) module(content, name string) string {
	content = strings.Replace(content, "module github.com/plumb-ml/plumb/plugins/template", "module example.com/"+name, 1)
	if s.Directory != "" {
		directory := s.Directory
		if strings.ContainsAny(directory, " \t\"'`()[]{},") {
			directory = strconv.Quote(directory)
		}
		return strings.Replace(content, "=> ../..", "=> "+directory, 1)
	}
	content = strings.Replace(content, "github.com/plumb-ml/plumb v0.0.0", "github.com/plumb-ml/plumb "+s.Version, 1)
	before, _, _ := strings.Cut(content, "\nreplace ")
	return before
}
