package plugin

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// LockFile is the name that a lock file usually has. It stands beside the
// experiments that it is for.
const LockFile = "plumb.lock.hcl"

// ReadLock reads a lock file: which binary each plugin is.
//
//	plugin "redness" {
//	  source = "./redness"
//	  sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//	}
//
// Sources are resolved beside the file. All mistakes are reported at once.
func ReadLock(path string) ([]Entry, diag.List) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, diag.Errorf(diag.Range{}, "Cannot read the lock file", "%v.", err)
	}
	return parseLock(path, text)
}

func parseLock(path string, text []byte) ([]Entry, diag.List) {
	file, problems := spec.ParseText(path, text)
	if problems.HasErrors() {
		return nil, problems
	}
	content, found := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "plugin", LabelNames: []string{"name"}}}})

	var entries []Entry
	seen := map[string]hcl.Range{}
	for _, block := range content.Blocks {
		name := block.Labels[0]
		if first, twice := seen[name]; twice {
			found = append(found, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("plugin %q is locked twice", name),
				Detail:   fmt.Sprintf("It is already locked at %s. Keep one of the two.", first),
				Subject:  block.DefRange.Ptr(),
			})
			continue
		}
		seen[name] = block.DefRange
		entry, more := lockEntry(filepath.Dir(path), name, block.Body)
		found = append(found, more...)
		if !more.HasErrors() {
			entries = append(entries, entry)
		}
	}
	return entries, spec.FromHCL(found)
}

func lockEntry(directory, name string, body hcl.Body) (Entry, hcl.Diagnostics) {
	content, found := body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "source", Required: true},
		{Name: "sha256", Required: true},
	}})
	read := func(name string) (string, *hcl.Range) {
		attribute, ok := content.Attributes[name]
		if !ok {
			return "", nil // reported by Content
		}
		value, more := attribute.Expr.Value(nil)
		found = append(found, more...)
		if more.HasErrors() {
			return "", nil
		}
		if value.IsNull() || value.Type() != cty.String {
			found = append(found, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  name + " is not a string",
				Detail:   "Write it in quotation marks.",
				Subject:  attribute.Expr.Range().Ptr(),
			})
			return "", nil
		}
		return value.AsString(), attribute.Expr.Range().Ptr()
	}

	entry := Entry{Name: name}
	if source, where := read("source"); where != nil {
		if source == "" {
			found = append(found, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "source is empty",
				Detail:   "Name the plugin's binary, relative to this file.",
				Subject:  where,
			})
		}
		entry.Command = filepath.FromSlash(source)
		if !filepath.IsAbs(entry.Command) {
			entry.Command = filepath.Join(directory, entry.Command)
		}
	}
	if digest, where := read("sha256"); where != nil {
		entry.SHA256 = strings.ToLower(digest)
		if raw, err := hex.DecodeString(entry.SHA256); err != nil || len(raw) != 32 {
			found = append(found, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "sha256 is not a digest",
				Detail:   "A sha256 is 64 hexadecimal digits, as sha256sum prints it.",
				Subject:  where,
			})
		}
	}
	return entry, found
}
