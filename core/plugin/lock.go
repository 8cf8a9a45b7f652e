package plugin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// LockFile is the name of the lock file of a directory's experiments. It stands
// beside them.
const LockFile = "plumb.lock.hcl"

// Lock is what a lock file says: what each plugin is, and what it says of itself, so
// that an experiment can be checked and planned without running any.
//
//	plugin "redness" {
//	  source      = "./redness"
//	  sha256      = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//	  contents    = ["redness  1f2d..."]
//	  version     = "0.1.0"
//	  environment = { go = "1.26.8" }
//	  components  = ["{\"kind\":\"reward\", ...}"]
//	  seal        = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
//	}
type Lock struct {
	Path    string
	Plugins []*Locked
}

// Locked is one plugin of a lock file.
type Locked struct {
	Name    string   // as blocks call it
	Source  string   // as its block has it
	Command []string // likewise

	SHA256      string   // of its identity
	Contents    []string // what that was taken of, at most mostListed lines; of more, none
	Description client.Description

	Range diag.Range // of the block in the lock file
}

// mostListed is how many things a lock lists of a plugin's contents.
const mostListed = 500

// lockHead is what a lock file begins with.
const lockHead = "# What the plugins of the experiments here are, as `plumb plugin lock` found them.\n# It writes this file; a run refuses what has changed since.\n"

// ReadLock reads the lock file of a directory; none is an empty Lock. All mistakes are
// reported at once, and the Lock has what is as it was written.
func ReadLock(directory string, files *spec.Files) (*Lock, diag.List) {
	path := filepath.Join(directory, LockFile)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return &Lock{Path: path}, nil
	}
	body, problems := files.Parse(path)
	lock := &Lock{Path: path}
	if body != nil && !problems.HasErrors() {
		lock, problems = parseLock(path, body)
	}
	for i := range problems {
		problems[i].Detail = strings.TrimSpace(problems[i].Detail + " Write the file anew with `plumb plugin lock` and the experiment.")
	}
	return lock, problems
}

// lockTypes are the arguments of a block of a lock file.
var lockTypes = map[string]cty.Type{
	"source": cty.String, "command": cty.List(cty.String), "sha256": cty.String, "contents": cty.List(cty.String),
	"version": cty.String, "environment": cty.Map(cty.String), "components": cty.List(cty.String), "seal": cty.String,
}

// lockRequired are those that no block lacks.
var lockRequired = []string{"sha256", "components", "seal"}

func parseLock(path string, body hcl.Body) (*Lock, diag.List) {
	content, found := body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "plugin", LabelNames: []string{"name"}}}})
	mistakes := spec.FromHCL(found)
	lock := &Lock{Path: path}
	for _, block := range content.Blocks {
		at := spec.FromRange(block.DefRange)
		locked, more := lockBlock(block)
		mistakes = append(mistakes, more...)
		if more.HasErrors() {
			continue
		}
		if first := lock.find(locked.Name, locked.Source, locked.Command); first != nil {
			mistakes.Errorf(at, fmt.Sprintf("Plugin %q is locked twice", locked.Name), "It is locked on line %d already.", first.Range.Start.Line)
			continue
		}
		lock.Plugins = append(lock.Plugins, locked)
	}
	return lock, mistakes
}

func lockBlock(block *hcl.Block) (*Locked, diag.List) {
	locked := &Locked{Name: block.Labels[0], Range: spec.FromRange(block.DefRange)}
	form := &hcl.BodySchema{}
	for name := range lockTypes {
		form.Attributes = append(form.Attributes, hcl.AttributeSchema{Name: name, Required: slices.Contains(lockRequired, name)})
	}
	content, found := block.Body.Content(form)
	mistakes := spec.FromHCL(found)
	values := map[string]cty.Value{}
	for name, wanted := range lockTypes {
		values[name] = cty.NullVal(wanted)
		attribute, ok := content.Attributes[name]
		if !ok {
			continue
		}
		value, more := attribute.Expr.Value(nil)
		mistakes = append(mistakes, spec.FromHCL(more)...)
		if more.HasErrors() {
			continue
		}
		value, err := convert.Convert(value, wanted)
		if err != nil || value.IsNull() || !value.IsWhollyKnown() {
			mistakes.Errorf(spec.FromRange(attribute.Expr.Range()), name+" is of the wrong type", "The file is not as it was written.")
			continue
		}
		values[name] = value
	}
	if mistakes.HasErrors() {
		return nil, mistakes
	}
	locked.Source, locked.SHA256 = text(values["source"]), text(values["sha256"])
	locked.Command, locked.Contents = texts(values["command"]), texts(values["contents"])
	locked.Description = client.Description{Name: locked.Name, Version: text(values["version"])}
	if environment := values["environment"]; !environment.IsNull() && environment.LengthInt() > 0 {
		locked.Description.Environment = map[string]string{}
		for name, value := range environment.AsValueMap() {
			locked.Description.Environment[name] = text(value)
		}
	}
	for _, component := range texts(values["components"]) {
		read, err := schema.ParseComponent([]byte(component))
		if err != nil {
			mistakes.Errorf(spec.FromRange(content.Attributes["components"].Expr.Range()), fmt.Sprintf("The components of plugin %q cannot be read", locked.Name), "%v.", err)
			return nil, mistakes
		}
		locked.Description.Components = append(locked.Description.Components, read)
	}
	seal, err := locked.seal()
	if err != nil {
		return nil, diag.Errorf(locked.Range, "The lock cannot be sealed", "%v.", err)
	}
	if seal != text(values["seal"]) {
		mistakes.Errorf(locked.Range, fmt.Sprintf("The lock of plugin %q was changed by hand", locked.Name),
			"Its values do not go with its seal, so that they may be anybody's.")
	}
	return locked, mistakes
}

func text(value cty.Value) string {
	if value.IsNull() {
		return ""
	}
	return value.AsString()
}

func texts(value cty.Value) []string {
	if value.IsNull() || value.LengthInt() == 0 {
		return nil
	}
	var list []string
	for it := value.ElementIterator(); it.Next(); {
		_, element := it.Element()
		list = append(list, text(element))
	}
	return list
}

// seal is the digest of all that a lock says of a plugin.
func (l *Locked) seal() (string, error) {
	components, err := l.components()
	if err != nil {
		return "", err
	}
	document, err := json.Marshal(map[string]any{
		"name": l.Name, "source": l.Source, "command": l.Command, "sha256": l.SHA256, "contents": l.Contents,
		"version": l.Description.Version, "environment": l.Description.Environment, "components": components,
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:]), nil
}

// components are the plugin's, each as it is written once it has been read: what is
// empty in one language's words is absent in ours.
func (l *Locked) components() ([]string, error) {
	list := make([]string, len(l.Description.Components))
	for i, component := range l.Description.Components {
		said, err := json.Marshal(component)
		if err != nil {
			return nil, err
		}
		if component, err = schema.ParseComponent(said); err != nil {
			return nil, err
		}
		text, err := json.Marshal(component)
		if err != nil {
			return nil, err
		}
		list[i] = string(text)
	}
	return list, nil
}

func (l *Lock) find(name, source string, command []string) *Locked {
	for _, one := range l.Plugins {
		if one.Name == name && one.Source == source && slices.Equal(one.Command, command) {
			return one
		}
	}
	return nil
}

// Of finds what is locked of a plugin; nil if nothing is.
func (l *Lock) Of(p spec.Plugin) *Locked { return l.find(p.Name, p.Source, p.Command) }

// Other finds what is locked under the name of a plugin that is not locked itself.
func (l *Lock) Other(p spec.Plugin) *Locked {
	for _, one := range l.Plugins {
		if one.Name == p.Name && l.Of(p) == nil {
			return one
		}
	}
	return nil
}

// Put locks a plugin, in the place of what was locked of it.
func (l *Lock) Put(locked *Locked) {
	l.Plugins = slices.DeleteFunc(l.Plugins, func(one *Locked) bool {
		return one.Name == locked.Name && one.Source == locked.Source && slices.Equal(one.Command, locked.Command)
	})
	l.Plugins = append(l.Plugins, locked)
	slices.SortFunc(l.Plugins, func(a, b *Locked) int {
		return bytes.Compare([]byte(a.Name+"\x00"+a.Source), []byte(b.Name+"\x00"+b.Source))
	})
}

// Unnamed lists what is locked and no experiment of the directory names: what a
// plugin was called before, or a mistake.
func (l *Lock) Unnamed() []*Locked {
	var unnamed []*Locked
	texts := experimentTexts(filepath.Dir(l.Path))
	for _, one := range l.Plugins {
		name := regexp.QuoteMeta(one.Name)
		named := regexp.MustCompile(`\bplugin"?\s*:?\s*\{?\s*"?` + name + `\b`)
		if !slices.ContainsFunc(texts, named.Match) {
			unnamed = append(unnamed, one)
		}
	}
	return unnamed
}

// experimentTexts reads the HCL files of a directory.
func experimentTexts(directory string) [][]byte {
	var all [][]byte
	for _, pattern := range []string{"*.hcl", "*.hcl.json"} {
		paths, _ := filepath.Glob(filepath.Join(escapeGlob(directory), pattern))
		for _, path := range paths {
			if info, err := os.Stat(path); err != nil || filepath.Base(path) == LockFile || info.Size() > mostContent {
				continue
			}
			if text, err := os.ReadFile(path); err == nil {
				all = append(all, text)
			}
		}
	}
	return all
}

// Write writes the lock file.
func (l *Lock) Write() error {
	file := hclwrite.NewEmptyFile()
	for _, one := range l.Plugins {
		components, err := one.components()
		if err != nil {
			return err
		}
		seal, err := one.seal()
		if err != nil {
			return err
		}
		file.Body().AppendNewline()
		body := file.Body().AppendNewBlock("plugin", []string{one.Name}).Body()
		if one.Source != "" {
			body.SetAttributeValue("source", cty.StringVal(one.Source))
		}
		setList(body, "command", one.Command)
		body.SetAttributeValue("sha256", cty.StringVal(one.SHA256))
		setList(body, "contents", one.Contents)
		if one.Description.Version != "" {
			body.SetAttributeValue("version", cty.StringVal(one.Description.Version))
		}
		if len(one.Description.Environment) > 0 {
			values := map[string]cty.Value{}
			for name, value := range one.Description.Environment {
				values[name] = cty.StringVal(value)
			}
			body.SetAttributeValue("environment", cty.MapVal(values))
		}
		setList(body, "components", components)
		body.SetAttributeValue("seal", cty.StringVal(seal))
	}
	text := append([]byte(lockHead), hclwrite.Format(file.Bytes())...)
	if err := l.readsAgain(text); err != nil {
		return fmt.Errorf("write %s: %w", l.Path, err)
	}
	if err := atomicfile.Write(l.Path, text); err != nil {
		return fmt.Errorf("write %s: %w", l.Path, err)
	}
	return nil
}

// readsAgain makes sure that a text of the lock can be read as what it is.
func (l *Lock) readsAgain(text []byte) error {
	read, problems := spec.ParseText(l.Path, text)
	if problems.HasErrors() {
		return problems
	}
	again, mistakes := parseLock(l.Path, read.Body)
	if mistakes.HasErrors() {
		return mistakes
	}
	if len(again.Plugins) != len(l.Plugins) {
		return fmt.Errorf("%d plugins were written, and %d read", len(l.Plugins), len(again.Plugins))
	}
	return nil
}

// setList writes a list, a value a line.
func setList(body *hclwrite.Body, name string, list []string) {
	if len(list) == 0 {
		return
	}
	newline := &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")}
	tokens := hclwrite.Tokens{{Type: hclsyntax.TokenOBrack, Bytes: []byte("[")}, newline}
	for _, text := range list {
		tokens = append(tokens, hclwrite.TokensForValue(cty.StringVal(text))...)
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte(",")}, newline)
	}
	body.SetAttributeRaw(name, append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCBrack, Bytes: []byte("]")}))
}
