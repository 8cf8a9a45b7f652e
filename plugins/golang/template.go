package golang

import (
	_ "embed"
	"fmt"
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
	if strings.HasSuffix(name, "_test") { // its file would be taken for a test
		return nil, fmt.Errorf("%q is no name of a plugin in Go: it ends in _test", name)
	}
	return files, nil
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
