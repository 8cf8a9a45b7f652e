package python

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed template
var templates embed.FS

// File is a file of a new plugin.
type File struct {
	Name       string // relative to the plugin's directory, with slashes
	Content    []byte
	Executable bool
}

// Kinds lists the kinds of component that Template knows.
func Kinds() []string { return []string{"reward", "rater", "encoder", "sampler"} }

// Template returns the files of a new plugin with one component: a script whose
// header (PEP 723) names its packages, its test, and this package as a wheel, so
// that uv and pip find it without a registry. Both component and plugin have the
// name, which is of small letters, digits and _ and begins with a letter.
func Template(kind, name string) ([]File, error) {
	if err := nameOfFile(name); err != nil {
		return nil, err
	}
	wheel, content, err := Wheel()
	if err != nil {
		return nil, err
	}
	var class strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part != "" {
			class.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	fill := strings.NewReplacer("TEMPLATE_CLASS", class.String(), "TEMPLATE_NAME", name, "TEMPLATE_KIND", kind, "TEMPLATE_WHEEL", wheel)

	files := []File{{Name: "vendor/" + wheel, Content: content}}
	for _, source := range []struct {
		from, to   string
		executable bool
	}{
		{kind + ".py", name + ".py", true},
		{"test_" + kind + ".py", "test_" + name + ".py", false},
		{"README.md", "README.md", false},
	} {
		text, err := fs.ReadFile(templates, "template/"+source.from)
		if err != nil {
			return nil, fmt.Errorf("there is no template for a %s in Python: there are %s", kind, strings.Join(Kinds(), ", "))
		}
		files = append(files, File{Name: source.to, Content: []byte(fill.Replace(string(text))), Executable: source.executable})
	}
	return files, nil
}
