package spec

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/imagefolder"
)

// Options is what Load needs beside the file.
type Options struct {
	// Catalog knows the components. Without one every component is unknown.
	Catalog Catalog

	// VarFiles are HCL files of NAME = VALUE lines; later files win.
	VarFiles []string

	// Variables holds values as typed on a command line: HCL expressions, or
	// bare strings for variables of type string. They win over VarFiles.
	Variables map[string]string

	// Overrides holds values of JSON types, as an ablation sets them. They win
	// over everything else.
	Overrides map[string]any

	// Files are the files that were parsed before, and receive those that Load
	// parses. If nil, all are read anew.
	Files *Files

	// Digest returns the sha256 of a file's or directory's content in hex. If
	// nil, DigestPath. Give one that remembers when many variants of an
	// experiment are loaded.
	Digest func(ctx context.Context, path string) (string, error)

	// Scan says what a folder of images gives. If nil, ScanFolder. Give one that
	// remembers where Digest should.
	Scan func(ctx context.Context, folder imagefolder.Folder) (imagefolder.Inventory, error)

	// Hub is where models of Hugging Face's hub are kept. Nothing is fetched. The
	// zero Cache has none.
	Hub hub.Cache

	// CheckPrompts asks components about the prompts that they would get; nil: nobody
	// is asked. Many variants of an experiment ask the same.
	CheckPrompts PromptChecker
}

// Load reads the experiment at path. The Spec is nil if there are errors;
// there may be warnings beside a Spec. Weights and data sets are read for their
// digests: if ctx ends meanwhile there is no Spec, and the findings mean nothing.
func Load(ctx context.Context, path string, options Options) (*Spec, diag.List) {
	l := newLoader(ctx, path, options)
	l.do(
		l.variableBlocks,
		l.declare,
		l.experimentBlock,
		l.computeBlock,
		l.trackingBlock,
		l.pluginBlocks,
		l.promptsBlocks,
		l.componentBlocks,
		l.finetuneBases,
		l.imagesBlocks,
		l.labelsBlocks,
		l.comparisonsBlocks,
		l.finetuneBlocks,
		l.evaluateBlocks,
		l.remainingLocals,
		l.cycles,
		func() { l.checkPrompts(ctx) },
		l.doubts,
	)
	diagnostics := l.diagnostics.Sorted()
	if diagnostics.HasErrors() || ctx.Err() != nil {
		return nil, diagnostics
	}
	return l.spec, diagnostics
}

// doubts warns of what is valid and hardly meant. Beside mistakes that would be
// noise: much of it comes of them.
func (l *loader) doubts() {
	if l.diagnostics.HasErrors() {
		return
	}
	l.leaks()
	l.unused()
	l.unusedPlugins()
}

// LoadPlugins reads only the plugin blocks of the experiment at path. They
// must be known before there is a catalog that the rest is checked against.
// Beside mistakes, which Load reports again, it returns what it could read.
func LoadPlugins(ctx context.Context, path string, options Options) ([]Plugin, diag.List) {
	l := newLoader(ctx, path, options)
	l.do(l.variableBlocks, l.declare, l.pluginBlocks)
	return l.spec.Plugins, l.diagnostics.Sorted()
}

// do parses the file and takes the steps in order, until the context ends or
// there are mistakes enough.
func (l *loader) do(steps ...func()) {
	defer func() {
		if stop := recover(); stop != nil && stop != enough {
			panic(stop)
		}
	}()
	if !l.parse() {
		return
	}
	for _, step := range steps {
		if l.ctx.Err() != nil {
			return
		}
		step()
	}
}

// mostMistakes are told of one file. Whoever has more has one that repeats.
const mostMistakes = 200

// enough ends do.
var enough any = "enough mistakes"

// loader is the state of one Load.
type loader struct {
	ctx         context.Context // of one Load; see newLoader
	path        string
	options     Options
	diagnostics diag.List

	// What reads weights and data sets, as long as the context lasts.
	digest func(path string) (string, error)
	scan   func(imagefolder.Folder) (imagefolder.Inventory, error)
	find   func(ref hub.Ref, files []string) (hub.Found, error)

	body      hcl.Body
	blocks    map[string]hcl.Blocks // by type, in the order of the file
	evaluator *Evaluator
	roots     map[string]cty.Value // what expressions refer to, but locals: "var", "reward", ...

	variables  map[string]*Variable
	locals     map[string]*local
	evaluating []string // the locals being evaluated, outermost first
	references map[string]map[string]*reference

	rounds []*rounds
	round  *round         // whose block is being looked at; nil: one outside of rounds
	of     map[any]*round // by block, as it stands in blocks, and by what it declares
	told   map[finding]*round

	spec *Spec
	// broken holds the prompt sets that have an error, so that nobody
	// complains about them being empty as well.
	broken map[*PromptSet]bool
	sound  map[*Component]bool // whose configuration is written down
	bases  map[*Finetune]*reference
	errors int // mistakes so far, those that another round has told among them
}

func newLoader(ctx context.Context, path string, options Options) *loader {
	if options.Digest == nil {
		options.Digest = DigestPath
	}
	if options.Scan == nil {
		options.Scan = ScanFolder
	}
	if options.Hub.Digest == nil {
		options.Hub.Digest = options.Digest
	}
	if options.Files == nil {
		options.Files = NewFiles()
	}
	l := &loader{
		ctx:        ctx,
		path:       path,
		options:    options,
		blocks:     map[string]hcl.Blocks{},
		evaluator:  NewEvaluator(ctx),
		roots:      map[string]cty.Value{},
		variables:  map[string]*Variable{},
		locals:     map[string]*local{},
		references: map[string]map[string]*reference{},
		of:         map[any]*round{},
		told:       map[finding]*round{},
		spec:       &Spec{File: path, Seed: defaultSeed, Variables: map[string]any{}, Digests: map[string]string{}, Missing: map[string]diag.Diagnostic{}},
		broken:     map[*PromptSet]bool{},
		sound:      map[*Component]bool{},
		bases:      map[*Finetune]*reference{},
	}
	for _, kind := range referenceKinds {
		l.references[kind] = map[string]*reference{}
	}
	l.digest = func(path string) (string, error) { return l.options.Digest(ctx, path) }
	l.scan = func(folder imagefolder.Folder) (imagefolder.Inventory, error) { return l.options.Scan(ctx, folder) }
	l.find = func(ref hub.Ref, files []string) (hub.Found, error) { return l.options.Hub.Find(ctx, ref, files) }
	return l
}

// parse reads the file and sorts its blocks by type. It reports whether there
// is anything to go on with.
func (l *loader) parse() bool {
	body, diagnostics := l.options.Files.Parse(l.path)
	l.diagnostics = append(l.diagnostics, diagnostics...)
	if body == nil || diagnostics.HasErrors() {
		// What the parser made of a broken file is not what its author meant:
		// complaints about it would only hide the syntax error.
		return false
	}
	l.body = body
	content, found := body.Content(fileSchema)
	l.hcl(found)
	for _, block := range content.Blocks {
		if block.Type == "ablation" {
			l.error(block.DefRange, "Ablation in an experiment",
				"An ablation stands in a file of its own, which names the experiment: experiment = %q.", filepath.Base(l.path))
			continue
		}
		l.blocks[block.Type] = append(l.blocks[block.Type], block)
	}
	return true
}

// declare gives every block that can be referred to its name, before any body
// is looked at: references need no order.
func (l *loader) declare() {
	l.declareLocals()
	l.roundsBlocks()
	for _, kind := range componentKinds {
		for _, block := range l.blocks[kind] {
			l.swapped(block)
			c := &Component{Kind: kind, Component: block.Labels[0], Name: block.Labels[1], Config: []byte("{}"), Range: FromRange(block.DefRange)}
			l.provider(c)
			if l.name(block, 1, c) {
				list := l.components(kind)
				*list = append(*list, c)
			}
		}
	}
	for _, block := range l.blocks["prompts"] {
		set := &PromptSet{Name: block.Labels[0], Words: map[string][]string{}, Range: FromRange(block.DefRange)}
		if set.Name == allPrompts {
			l.error(block.LabelRanges[0], "Reserved name", "prompts.all means all prompts of the experiment. Choose another name.")
			continue
		}
		if l.name(block, 0, set) {
			l.spec.Prompts = append(l.spec.Prompts, set)
		}
	}
	l.references["prompts"][allPrompts] = &reference{kind: "prompts", name: allPrompts}
	for _, block := range l.blocks["images"] {
		images := &Images{Name: block.Labels[0], Range: FromRange(block.DefRange)}
		if l.name(block, 0, images) {
			l.spec.Images = append(l.spec.Images, images)
		}
	}
	for _, block := range l.blocks["labels"] {
		labels := &Labels{Name: block.Labels[0], Range: FromRange(block.DefRange)}
		if l.name(block, 0, labels) {
			l.spec.Labels = append(l.spec.Labels, labels)
		}
	}
	for _, block := range l.blocks["comparisons"] {
		comparisons := &Comparisons{Name: block.Labels[0], Range: FromRange(block.DefRange)}
		if l.name(block, 0, comparisons) {
			l.spec.Comparisons = append(l.spec.Comparisons, comparisons)
		}
	}
	for _, block := range l.blocks["finetune"] {
		finetune := &Finetune{Name: block.Labels[0], Range: FromRange(block.DefRange)}
		if !l.name(block, 0, finetune) {
			continue
		}
		if other, ok := l.references["sampler"][finetune.Name]; ok {
			l.error(block.LabelRanges[0], "Duplicate model name",
				"The sampler on line %d is called %q as well. Tables name models without their kind: choose another name.", other.declared.Start.Line, finetune.Name)
		}
		l.spec.Finetunes = append(l.spec.Finetunes, finetune)
	}
	l.nameLast()
	for kind, named := range l.references {
		values := map[string]cty.Value{}
		for name, r := range named {
			values[name] = cty.CapsuleVal(referenceType, r)
		}
		l.roots[kind] = cty.ObjectVal(values)
	}
	l.scopes()
}

// name registers a block's name and reports whether it is a fresh, valid one.
func (l *loader) name(block *hcl.Block, label int, target any) bool {
	defer l.enter(block)()
	name := block.Labels[label]
	if !l.identifier(name, block.LabelRanges[label]) {
		return false
	}
	if other, ok := l.references[block.Type][name]; ok && l.round != nil {
		l.error(block.LabelRanges[label], "Duplicate name",
			"In round %d this block is called %q, and so is the %s block on line %d. Choose another name.", l.round.number, name, block.Type, other.declared.Start.Line)
		return false
	} else if ok {
		l.error(block.LabelRanges[label], "Duplicate name",
			"Another %s block is called %q, on line %d. Choose another name.", block.Type, name, other.declared.Start.Line)
		return false
	}
	l.references[block.Type][name] = &reference{kind: block.Type, name: name, target: target, declared: block.DefRange}
	l.of[target] = l.round
	return true
}

// identifier reports whether the name can be written in a reference.
func (l *loader) identifier(name string, at hcl.Range) bool {
	if hclsyntax.ValidIdentifier(name) {
		return true
	}
	l.error(at, "Invalid name", "A name is made of letters, digits, underscores and hyphens, and begins with a letter. This is %q.", name)
	return false
}

// each calls decode with the blocks of a type whose names declare accepted.
func each[T any](l *loader, kind string, decode func(block *hcl.Block, target T)) {
	for _, block := range l.blocks[kind] {
		r, ok := l.references[kind][block.Labels[len(block.Labels)-1]]
		if !ok || r.declared != block.DefRange {
			continue
		}
		if target, ok := r.target.(T); ok {
			leave := l.enter(block)
			decode(block, target)
			leave()
		}
	}
}

// once returns the only block of a type, or nil, and complains about others.
func (l *loader) once(blocks hcl.Blocks) *hcl.Block {
	for i, block := range blocks {
		if i > 0 {
			l.error(block.DefRange, "Duplicate block", "This is a second %s block: the first is on line %d. Keep one of them.", block.Type, blocks[0].DefRange.Start.Line)
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	return blocks[0]
}

func (l *loader) error(at hcl.Range, summary, detail string, arguments ...any) {
	l.errorAt(FromRange(at), summary, detail, arguments...)
}

func (l *loader) errorAt(at diag.Range, summary, detail string, arguments ...any) {
	l.add(diag.Errorf(at, summary, detail, arguments...)...)
}

func (l *loader) warning(at hcl.Range, summary, detail string, arguments ...any) {
	l.warningAt(FromRange(at), summary, detail, arguments...)
}

// warningAt returns the warning that it adds.
func (l *loader) warningAt(at diag.Range, summary, detail string, arguments ...any) diag.Diagnostic {
	var one diag.List
	one.Warningf(at, summary, detail, arguments...)
	l.add(one...)
	return one[0]
}

func (l *loader) hcl(diagnostics hcl.Diagnostics) { l.add(FromHCL(diagnostics)...) }

// add takes findings in. What another round of the same blocks has told is counted
// and not told again.
func (l *loader) add(found ...diag.Diagnostic) {
	for _, d := range found {
		if d.Severity == diag.Error {
			l.errors++
		}
		if !l.toldBefore(d) {
			l.diagnostics = append(l.diagnostics, d)
			l.count()
		}
	}
}

// count ends the loading when there are mistakes enough.
func (l *loader) count() {
	if len(l.diagnostics) < mostMistakes {
		return
	}
	var errors, warnings diag.List
	for _, d := range l.diagnostics {
		if d.Severity == diag.Error {
			errors = append(errors, d)
		} else {
			warnings = append(warnings, d)
		}
	}
	if len(errors) >= mostMistakes {
		l.diagnostics = errors[:mostMistakes]
		l.diagnostics.Errorf(diag.Range{File: l.path}, "Too many mistakes", "These are the first %d. The rest is told when they are mended.", mostMistakes)
		panic(enough)
	}
	if len(warnings) > mostMistakes {
		warnings = warnings[:mostMistakes]
		warnings.Warningf(diag.Range{File: l.path}, "Too many warnings", "These are the first %d. The rest is told when they are mended.", mostMistakes)
		l.diagnostics = append(errors, warnings...)
	}
}

// names lists the keys of a map, sorted.
func names[T any](m map[string]T) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// or joins words: "a", "a or b", "a, b or c".
func or(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// quoted quotes each word.
func quoted(words []string) []string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = fmt.Sprintf("%q", word)
	}
	return list
}
