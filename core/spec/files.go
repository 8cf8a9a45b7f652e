package spec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/plumb-ml/plumb/core/diag"
)

// Files are HCL files, each read and parsed once: an experiment is loaded again
// for every variant of an ablation. It is not safe for concurrent use.
type Files struct {
	sources diag.Sources
	parsed  map[string]parsed
}

type parsed struct {
	file        *hcl.File // nil if the file cannot be read
	diagnostics diag.List
}

// NewFiles returns Files that put the text of what they read into sources, if
// that is not nil.
func NewFiles(sources diag.Sources) *Files {
	return &Files{sources: sources, parsed: map[string]parsed{}}
}

// Parse reads an HCL file: JSON syntax if its name ends in .json, native
// syntax otherwise. The body is nil if the file cannot be read or is beyond the
// limits of the language (mostBytes and the others); of a broken file it is what
// was understood.
func (f *Files) Parse(path string) (hcl.Body, diag.List) {
	known, ok := f.parsed[path]
	if !ok {
		known = f.parse(path)
		f.parsed[path] = known
	}
	if known.file == nil {
		return nil, known.diagnostics
	}
	return known.file.Body, known.diagnostics
}

func (f *Files) parse(path string) parsed {
	text, err := readText(path)
	if err != nil {
		return parsed{diagnostics: diag.Errorf(diag.Range{}, "Cannot read file", "%v. Check the path.", err)}
	}
	if f.sources != nil {
		f.sources[path] = text
	}
	file, found := ParseText(path, text)
	return parsed{file, found}
}

// ParseText is Files.Parse of a text that is in memory. The File is nil if it is
// beyond the limits of the language.
func ParseText(path string, text []byte) (*hcl.File, diag.List) {
	if beyond := tooMuch(path, text); beyond != nil {
		return nil, beyond
	}
	if strings.HasSuffix(path, ".json") {
		if beyond := nestedJSON(path, text); beyond != nil {
			return nil, beyond
		}
		file, found := json.Parse(text, path)
		return file, FromHCL(found)
	}
	if !flat(text) {
		tokens, _ := hclsyntax.LexConfig(text, path, hcl.InitialPos) // its complaints come from the parser, too
		if beyond := nestedTokens(tokens); beyond != nil {
			return nil, beyond
		}
	}
	file, found := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	if file == nil {
		return nil, FromHCL(found)
	}
	list := FromHCL(reword(found, text))
	if body, ok := file.Body.(*hclsyntax.Body); ok && !found.HasErrors() {
		list = append(list, prepare(body)...)
	}
	return file, list
}

// readText reads a file, but no more of it than the language allows, so that
// /dev/zero ends, too.
func readText(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostBytes {
		return nil, fmt.Errorf("%s has more than %d MiB: %w", path, mostBytes>>20, errTooLarge)
	}
	return text, nil
}

var errTooLarge = errors.New("HCL is written by people, and long lists of prompts stand in a text file of their own, which a prompts block names (path = \"prompts.txt\")")

// Blocks names the blocks of files for diagnostics. The file that was asked for
// last stays parsed: there may be many findings in it.
type Blocks struct {
	name string
	text []byte
	file *hcl.File
}

// At names the top-level block of an experiment or ablation around a byte,
// such as `labels "human"`, as diag.TextOptions asks for it; "" if there is none.
func (b *Blocks) At(name string, text []byte, offset int) string {
	if len(text) == 0 || !strings.HasSuffix(name, ".hcl") && !strings.HasSuffix(name, ".json") {
		return ""
	}
	if b.name != name || len(b.text) != len(text) || &b.text[0] != &text[0] {
		// The parsers' own complaints are not of interest: both return what they
		// understood of a broken file.
		b.name, b.text = name, text
		b.file, _ = ParseText(name, text)
	}
	if b.file == nil || b.file.Nav == nil {
		return ""
	}
	return hcled.ContextString(b.file, offset)
}
