// Package starter is a first experiment to edit: what `plumb init` writes.
package starter

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed files
var files embed.FS

// File is a file of a new project.
type File struct {
	Name    string // relative to the project's directory
	Content string
}

// placeholder stands for the name in the files.
const placeholder = "EXPERIMENT"

// validName matches the names that experiments may have.
var validName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// Files are those of a project with an experiment of this name, and an ablation of it.
func Files(name string) ([]File, error) {
	if !validName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of an experiment: letters, digits, _ and -, the first a letter", name)
	}
	var all []File
	for _, one := range []File{{Name: "experiment.hcl"}, {Name: "ablation.hcl"}, {Name: ".gitignore"}} {
		content, err := files.ReadFile("files/" + strings.TrimPrefix(one.Name, "."))
		if err != nil {
			return nil, err
		}
		one.Content = strings.ReplaceAll(string(content), placeholder, name)
		all = append(all, one)
	}
	return all, nil
}
