package spec

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/plumb-ml/plumb/core/diag"
)

// Files are HCL files, each read and parsed once: an experiment is loaded again
// for every variant of an ablation, and findings in it are quoted. Its methods may be
// called at the same time: whoever gives up on a load may still tell what was found.
type Files struct {
	mu      sync.Mutex
	sources diag.Sources
	parsed  map[string]parsed
}

type parsed struct {
	file        *hcl.File // nil if the file cannot be read
	diagnostics diag.List
}

// NewFiles returns Files that have read nothing yet.
func NewFiles() *Files {
	return &Files{sources: diag.Sources{}, parsed: map[string]parsed{}}
}

// Sources are the texts of the files that were read so far.
func (f *Files) Sources() diag.Sources {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.sources)
}

// Block names the top-level block of a file that was read around a byte of it, such
// as `labels "human"`, as diag.TextOptions asks for it; "" if there is none.
func (f *Files) Block(name string, text []byte, offset int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Of a broken file it is what the parser understood.
	if file := f.parsed[name].file; file != nil && file.Nav != nil && offset < len(text) {
		return hcled.ContextString(file, offset)
	}
	return ""
}

// Parse reads an HCL file: JSON syntax if its name ends in .json, native
// syntax otherwise. The body is nil if the file cannot be read or is beyond the
// limits of the language (mostBytes and the others); of a broken file it is what
// was understood.
func (f *Files) Parse(path string) (hcl.Body, diag.List) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

// Put holds a text in the place of a file, which need not be there. Paths in it are
// relative to the directory of the name, as in a file.
func (f *Files) Put(path string, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parsed[path] = f.understand(path, text)
}

func (f *Files) parse(path string) parsed {
	text, err := readText(path)
	if err != nil {
		return parsed{diagnostics: diag.Errorf(diag.Range{}, "Cannot read file", "%v. Check the path.", err)}
	}
	return f.understand(path, text)
}

func (f *Files) understand(path string, text []byte) parsed {
	f.sources[path] = text
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
