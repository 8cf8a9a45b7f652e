package spec

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
)

// place is where what is wrong is written: the word in a list of slots, in the
// template, in the list of prompts or in a file of them; if it comes from
// elsewhere, the argument.
func (c *complaint) place(l *loader) diag.Range {
	var block *hcl.Block
	for _, b := range l.blocks["prompts"] {
		if b.Labels[0] == c.category {
			block = b
		}
	}
	if block == nil {
		return diag.Range{}
	}
	attributes, _ := block.Body.JustAttributes()
	part := c.excerpt
	if c.whole {
		part = ""
	}
	if path, ok := attributes["path"]; ok {
		if at := l.lineOf(path, c.first.Text, part); !at.IsZero() {
			return at
		}
		return FromRange(path.Expr.Range())
	}
	if slots, ok := attributes["slots"]; ok && c.slot.name != "" {
		if at, ok := l.written(slots.Expr, c.slot.word, part, nil); ok {
			return FromRange(at)
		}
		return FromRange(slots.Expr.Range())
	}
	for _, name := range []string{"list", "template"} {
		attribute, ok := attributes[name]
		if !ok {
			continue
		}
		text := c.first.Text
		if name == "template" {
			text = "" // any that holds the part
		}
		if at, ok := l.written(attribute.Expr, text, part, nil); ok {
			return FromRange(at)
		}
		return FromRange(attribute.Expr.Range())
	}
	return FromRange(block.DefRange)
}

// written finds a string, or the first that holds a part, among the constants that
// an expression is made of, through locals and the defaults of variables; and of it
// the part, if it stands there as it is.
func (l *loader) written(expression hcl.Expression, text, part string, through []string) (hcl.Range, bool) {
	found, ok := hcl.Range{}, false
	visit := func(value string, at hcl.Range) {
		if ok || text != "" && value != text || text == "" && !holds(value, part) {
			return
		}
		found, ok = at, true
		if start := find(value, part); start >= 0 && at.End.Byte-at.Start.Byte == len(value) { // without escapes
			columns := func(s string) int { return utf8.RuneCountInString(s) }
			found.Start.Byte += start
			found.Start.Column += columns(value[:start])
			found.End = hcl.Pos{Line: found.Start.Line, Column: found.Start.Column + columns(part), Byte: found.Start.Byte + len(part)}
		}
	}
	if node, native := expression.(hclsyntax.Node); native {
		hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if literal, is := n.(*hclsyntax.LiteralValueExpr); is && literal.Val.Type() == cty.String && literal.Val.IsKnown() && !literal.Val.IsNull() {
				visit(literal.Val.AsString(), literal.SrcRange)
			}
			return nil
		})
	} else if elements, wrong := hcl.ExprList(expression); !wrong.HasErrors() { // JSON
		for _, element := range elements {
			if at, has := l.written(element, text, part, through); has {
				return at, true
			}
		}
	} else if pairs, wrong := hcl.ExprMap(expression); !wrong.HasErrors() {
		for _, pair := range pairs {
			if at, has := l.written(pair.Value, text, part, through); has {
				return at, true
			}
		}
	} else if value, wrong := expression.Value(nil); !wrong.HasErrors() && value.IsWhollyKnown() && !value.IsNull() && value.Type() == cty.String {
		visit(value.AsString(), expression.Range())
	}
	if ok {
		return found, true
	}
	for _, traversal := range expression.Variables() {
		name, _ := second(traversal)
		from := traversal.RootName() + "." + name
		next := l.source(from)
		if next == nil || slices.Contains(through, from) {
			continue
		}
		if at, has := l.written(next, text, part, append(through, from)); has {
			return at, true
		}
	}
	return hcl.Range{}, false
}

// source is the expression that gives a local, or a variable's default; nil if
// there is none.
func (l *loader) source(name string) hcl.Expression {
	kind, name, _ := strings.Cut(name, ".")
	switch kind {
	case "local":
		if local, ok := l.locals[name]; ok {
			return local.attribute.Expr
		}
	case "var":
		for _, block := range l.blocks["variable"] {
			if block.Labels[0] != name {
				continue
			}
			if content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}}}); content.Attributes["default"] != nil {
				return content.Attributes["default"].Expr
			}
		}
	}
	return nil
}

// lineOf finds a prompt in a file of prompts, and of it the part; the zero Range if
// it is not there any more.
func (l *loader) lineOf(path *hcl.Attribute, prompt, part string) diag.Range {
	value, ok := l.evaluate(path.Expr)
	if !ok || value.IsNull() || value.Type() != cty.String {
		return diag.Range{}
	}
	named := value.AsString() // as people know it
	if !filepath.IsAbs(named) {
		named = filepath.Join(filepath.Dir(l.path), named)
	}
	text, err := os.ReadFile(named)
	if err != nil {
		return diag.Range{}
	}
	line, start := 1, 0
	for start <= len(text) {
		length := bytes.IndexByte(text[start:], '\n')
		if length < 0 {
			length = len(text) - start
		}
		written := string(text[start : start+length])
		if strings.TrimSpace(written) == prompt {
			first := strings.Index(written, prompt)
			marked := prompt
			if at := find(prompt, part); at >= 0 {
				first, marked = first+at, part
			}
			column := 1 + utf8.RuneCountInString(written[:first])
			return diag.Range{
				File:  named,
				Start: diag.Position{Line: line, Column: column, Byte: start + first},
				End:   diag.Position{Line: line, Column: column + utf8.RuneCountInString(marked), Byte: start + first + len(marked)},
			}
		}
		start += length + 1
		line++
	}
	return diag.Range{}
}

// filled is a slot of a template with the word that fills it.
type filled struct{ name, word string }

// slotOf is the slot whose word holds a part of the prompt; none if it is the
// template's own text.
func (p Prompt) slotOf(part string) filled {
	for _, name := range names(p.Slots) {
		if holds(p.Slots[name], part) {
			return filled{name, p.Slots[name]}
		}
	}
	return filled{}
}

// holds reports whether a part of a prompt stands in a text, between its words.
func holds(text, part string) bool { return find(text, part) >= 0 }

// find is where a part of a prompt stands in a text, in bytes, so that no word is
// cut; -1 if it does not.
func find(text, part string) int {
	for start := 0; part != ""; {
		at := strings.Index(text[start:], part)
		if at < 0 {
			break
		}
		at += start
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(part):])
		first, _ := utf8.DecodeRuneInString(part)
		last, _ := utf8.DecodeLastRuneInString(part)
		if !(wordly(before) && wordly(first)) && !(wordly(last) && wordly(after)) {
			return at
		}
		start = at + 1
	}
	return -1
}

// wordly reports whether a character is part of a word.
func wordly(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
