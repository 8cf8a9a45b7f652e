package spec

import (
	"bytes"
	encodingjson "encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/plumb-ml/plumb/core/diag"
)

// The limits of the language. They are far above what people write and far below
// what would take minutes or gigabytes: the parsers are recursive, keep about 300
// bytes for a token, and join the lines of a heredoc one by one.
const (
	mostBytes   = 16 << 20  // of a file
	mostTokens  = 4_000_000 // of a file
	mostNested  = 64        // brackets, blocks and templates, one in another
	mostChained = 500       // operators, indices and attributes of one expression
	mostJoined  = 1 << 30   // bytes that the parser copies to join a heredoc's lines
	mostDigits  = 1000      // of a number
	mostPower   = 308       // of ten, in a number
)

// tooMuch refuses a text of more bytes or tokens than the limits, before
// anything is made of it.
func tooMuch(path string, text []byte) diag.List {
	whole := diag.Range{File: path}
	const way = "Long lists of prompts stand in a text file of their own: path = \"prompts.txt\" in the prompts block."
	if len(text) > mostBytes {
		return diag.Errorf(whole, "File too large", "It has %d MiB, and a file of the language at most %d. %s", len(text)>>20, mostBytes>>20, way)
	}
	// An upper bound of the tokens: what is neither letter, digit nor space is
	// taken for one, and so is every word outside of quotes.
	tokens, quoted, word := 0, false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		letter := c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		switch {
		case c == '\n':
			tokens, quoted = tokens+1, false
		case c == '"':
			tokens, quoted = tokens+1, !quoted
		case quoted && c == '\\':
			i++
		case quoted:
			if c == '$' || c == '%' || c == '{' || c == '}' {
				tokens++
			}
		case letter && !word, !letter && c > ' ':
			tokens++
		}
		word = letter
	}
	if tokens > mostTokens {
		return diag.Errorf(whole, "File too large", "It has more than %d words, numbers and signs. %s", mostTokens, way)
	}
	return nil
}

// flat reports whether a text is so plain, a long list of prompts for one, that
// no reading of it is beyond what nestedTokens bounds: the tokens of a large file
// take as long as all the rest.
func flat(text []byte) bool {
	const longestLine = 10_000
	opened, chained, digits, line := 0, 0, 0, 0
	for i, c := range text {
		line++
		digit := c >= '0' && c <= '9'
		switch {
		case digit:
			digits++
		case (c == 'e' || c == 'E') && digits > 0:
			return false // perhaps the power of a number
		case c == '\n':
			line = 0
		case c == ',':
			chained = 0
		case c == '(' || c == '[' || c == '{':
			opened++
		case c == '<' && i > 0 && text[i-1] == '<':
			return false // perhaps a heredoc
		case strings.IndexByte("!%&*+-./:<=>?|", c) >= 0:
			chained++
		}
		if !digit {
			digits = 0
		}
		if opened > mostNested || chained > mostChained || digits > mostDigits || line > longestLine {
			return false
		}
	}
	return true
}

// level is an open bracket, quote, heredoc or interpolation.
type level struct {
	open    hclsyntax.TokenType
	chained int // operators since the last separator
	// Of a heredoc or a quoted string, what the parser joins.
	literals, bytes int
}

// nestedTokens refuses native syntax that is nested deeper or chained longer
// than the limits.
func nestedTokens(tokens hclsyntax.Tokens) diag.List {
	stack := []level{{}}
	depth, joined := 0, 0 // depth is the sum of what is chained at each level
	for _, token := range tokens {
		top := &stack[len(stack)-1]
		kind := token.Type
		if kind == hclsyntax.TokenComment && bytes.HasSuffix(token.Bytes, []byte("\n")) {
			kind = hclsyntax.TokenNewline // a comment takes the end of its line along
		}
		switch kind {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if !inText(top.open) {
				top.chained, depth = top.chained+1, depth+1
			}
			stack = append(stack, level{open: token.Type})
			if len(stack)-1 > mostNested {
				return diag.Errorf(FromRange(token.Range), "Nested too deeply",
					"At most %d brackets, blocks and templates stand one in another. Take parts of it out into a locals block.", mostNested)
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if len(stack) > 1 {
				depth -= top.chained
				stack = stack[:len(stack)-1]
			}
		case hclsyntax.TokenNewline:
			if top.open == 0 || top.open == hclsyntax.TokenOBrace { // elsewhere an expression goes on
				depth, top.chained = depth-top.chained, 0
			}
		case hclsyntax.TokenComma:
			depth, top.chained = depth-top.chained, 0
		case hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit:
			top.literals, top.bytes = top.literals+1, top.bytes+len(token.Bytes)
			joined += top.bytes
			if joined > mostJoined {
				return diag.Errorf(FromRange(token.Range), "Text too long",
					"The texts of this file have too many lines to be joined, or one of them does not end: close it with its mark on a line of its own. Long lists of prompts stand in a text file of their own: path = \"prompts.txt\" in the prompts block.")
			}
		case hclsyntax.TokenIdent:
			// The template's own brackets: %{ if } to %{ endif }, %{ for } to %{ endfor }.
			if top.open == hclsyntax.TokenTemplateControl && len(stack) > 1 {
				text := &stack[len(stack)-2]
				switch string(token.Bytes) {
				case "if", "for":
					text.chained, depth = text.chained+1, depth+1
				case "endif", "endfor":
					text.chained, depth = text.chained-1, depth-1
				}
			}
		case hclsyntax.TokenNumberLit:
			if problem := tooMuchNumber(token.Bytes); problem != "" {
				return diag.Errorf(FromRange(token.Range), "Number too large", "%s", problem)
			}
			continue
		case hclsyntax.TokenEOF, hclsyntax.TokenComment:
			continue
		default:
			top.chained, depth = top.chained+1, depth+1
		}
		if depth > mostChained {
			return diag.Errorf(FromRange(token.Range), "Expression too long",
				"One expression has at most %d operators, indices and nested parts. Take parts of it out into a locals block.", mostChained)
		}
	}
	return nil
}

// inText reports whether a level is text that interpolations stand in, which are
// beside each other, however many there are.
func inText(open hclsyntax.TokenType) bool {
	return open == hclsyntax.TokenOQuote || open == hclsyntax.TokenOHeredoc
}

// tooMuchNumber says what is wrong with a number that is none for a computer.
func tooMuchNumber(text []byte) string {
	if len(text) > mostDigits {
		return fmt.Sprintf("It has %d digits.", len(text))
	}
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		power, err := strconv.Atoi(strings.TrimPrefix(string(text[i+1:]), "+"))
		if err != nil || power > mostPower || power < -2*mostPower {
			return fmt.Sprintf("A number is below 1e%d.", mostPower+1)
		}
	}
	return ""
}

// nestedJSON does for JSON syntax what nestedTokens does, in the templates of its
// strings, too.
func nestedJSON(path string, text []byte) diag.List {
	depth, line, start := 0, 1, 0 // start of the line
	at := func(from, to int) diag.Range {
		return diag.Range{File: path,
			Start: diag.Position{Line: line, Column: from - start + 1, Byte: from},
			End:   diag.Position{Line: line, Column: to - start + 1, Byte: to}}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			line, start = line+1, i+1
		case c == '{' || c == '[':
			if depth++; depth > mostNested {
				return diag.Errorf(at(i, i+1), "Nested too deeply", "At most %d brackets stand one in another.", mostNested)
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			if beyond := nestedTemplate(path, text[i:end], at(i, end)); beyond != nil {
				return beyond
			}
			line += bytes.Count(text[i:end], []byte("\n")) // a mistake that the parser tells
			i = end - 1
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(text) && strings.IndexByte("0123456789.eE+-", text[end]) >= 0 {
				end++
			}
			if problem := tooMuchNumber(text[i:end]); problem != "" {
				return diag.Errorf(at(i, end), "Number too large", "%s", problem)
			}
			i = end - 1
		}
	}
	return nil
}

// nestedTemplate checks a string of JSON syntax, which is a template.
func nestedTemplate(path string, quoted []byte, at diag.Range) diag.List {
	var template string
	if !bytes.ContainsAny(quoted, `{\`) || encodingjson.Unmarshal(quoted, &template) != nil {
		return nil // no template; what is no string is the parser's to tell
	}
	return checkTemplate(path, template, at)
}

// checkTemplate refuses a template beyond the limits; at is where it stands.
func checkTemplate(path, template string, at diag.Range) diag.List {
	if !strings.Contains(template, "{") {
		return nil
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(template), path, hcl.InitialPos)
	beyond := nestedTokens(tokens)
	for i := range beyond {
		beyond[i].Subject = at
	}
	return beyond
}

// checkExpression refuses an expression beyond the limits.
func checkExpression(text string) diag.List {
	tokens, _ := hclsyntax.LexExpression([]byte(text), "", hcl.InitialPos)
	beyond := nestedTokens(tokens)
	for i := range beyond {
		beyond[i].Subject = diag.Range{}
	}
	return beyond
}
