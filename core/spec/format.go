package spec

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/plumb-ml/plumb/core/diag"
)

// Format lays out HCL in native syntax the one usual way. Broken text comes
// back with as much laid out as could be understood; nothing is ever lost. A text
// beyond the limits of the language comes back as an error: indents alone would
// fill the memory.
func Format(path string, src []byte) ([]byte, error) {
	beyond := tooMuch(path, src)
	if beyond == nil {
		tokens, _ := hclsyntax.LexConfig(src, path, hcl.InitialPos)
		beyond = nestedTokens(tokens)
	}
	if err := beyond.Err(); err != nil {
		return nil, err
	}
	return hclwrite.Format(src), nil
}

// FormatFile is Format of what is in a file, which it returns as it was, too.
func FormatFile(path string) (before, after []byte, err error) {
	before, err = readText(path)
	if err != nil {
		return nil, nil, diag.Errorf(diag.Range{}, "Cannot read file", "%v. Check the path.", err)
	}
	after, err = Format(path, before)
	return before, after, err
}
