package spec

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/visible"
)

// reword says what a syntax error means to somebody who writes another language
// every day, and leaves out what follows from it. The parser's own words tell
// what it expected; these tell what to write.
func reword(found hcl.Diagnostics, text []byte) hcl.Diagnostics {
	var kept hcl.Diagnostics
	open := false // a quotation mark: all that follows is taken for text
	for _, d := range found {
		if d.Subject == nil {
			kept = append(kept, d)
			continue
		}
		follows := slices.ContainsFunc(kept, func(before *hcl.Diagnostic) bool {
			return before.Subject != nil && before.Subject.Start.Line == d.Subject.Start.Line &&
				(d.Summary == "Invalid expression" || d.Summary == before.Summary)
		})
		unclosed := d.Summary == "Invalid multi-line string" || d.Summary == "Unterminated template string"
		if follows || open && unclosed {
			continue
		}
		open = open || unclosed
		line := lineAt(text, d.Subject.Start.Byte)
		if summary, detail := meant(d, line, text); summary != "" {
			reworded := *d
			reworded.Summary, reworded.Detail = summary, detail
			d = &reworded
		}
		kept = append(kept, d)
	}
	return kept
}

// lineAt is the line of a text around a byte.
func lineAt(text []byte, offset int) string {
	offset = min(offset, len(text))
	start := bytes.LastIndexByte(text[:offset], '\n') + 1
	end := len(text)
	if length := bytes.IndexByte(text[start:], '\n'); length >= 0 {
		end = start + length
	}
	return visible.Brief(strings.TrimSpace(string(text[start:end])), 300)
}

var (
	oneLine       = regexp.MustCompile(`^[A-Za-z_][\w-]*(?:\s+"[^"]*")*\s*\{\s*(.*?)\s*\}?$`) // a block
	assignment    = regexp.MustCompile(`^([A-Za-z_][\w-]*)\s*=\s*(.*?),?$`)
	colon         = regexp.MustCompile(`^([A-Za-z_][\w-]*)\s*:\s*(.*?),?$`)
	unquoted      = regexp.MustCompile(`^[\pL{][^"\[\]()<>=!?]*$`)
	slot          = regexp.MustCompile(`^\{\w+\}`)
	conditional   = regexp.MustCompile(`^(.*) if (.*) else (.*)$`)
	comprehension = regexp.MustCompile(`\[\s*([^\[]+?|".*?"|\[.*?\])\s+for\s+(\w+(?:\s*,\s*\w+)?)\s+in\s+`)
	ofPairs       = regexp.MustCompile(`\{\s*([^{]+?)\s*:\s*(.+?)\s+for\s+(\w+(?:\s*,\s*\w+)?)\s+in\s+`)
	filter        = regexp.MustCompile(`^(.*?)\s+if\s+(.*)$`)
)

// invalidOneLine is what the parser calls whatever is wrong within a block that stands
// on one line.
const invalidOneLine = "Invalid single-argument block definition"

// meant is the summary and detail for a syntax error in a line; empty: the
// parser's are good.
func meant(d *hcl.Diagnostic, line string, text []byte) (summary, detail string) {
	at := string(text[min(d.Subject.Start.Byte, len(text)):min(d.Subject.End.Byte, len(text))])
	if match := oneLine.FindStringSubmatch(line); match != nil {
		line = match[1]
	}
	where := ""
	if match := assignment.FindStringSubmatch(line); match != nil {
		where = match[1]
		value := match[2]
		if match := conditional.FindStringSubmatch(value); match != nil && at == "if" {
			return "Condition of another language", fmt.Sprintf("Write the condition first: %s = %s ? %s : %s", where, match[2], match[1], match[3])
		}
		operators := map[string]string{"and": "&&", "or": "||", "not": "!"}
		word := at
		if operators[word] == "" && strings.HasPrefix(value, "not ") {
			word = "not"
		}
		if sign := operators[word]; sign != "" {
			return "Operator of another language", fmt.Sprintf("%q is written %s, as in a && !(b || c).", word, sign)
		}
		expected := d.Summary == "Missing newline after argument" || d.Summary == "Invalid expression" || d.Summary == invalidOneLine || d.Summary == "Missing key/value separator" && slot.MatchString(value)
		if expected && unquoted.MatchString(value) {
			return "Text without quotes", fmt.Sprintf("A text stands in quotes: %s = %q", where, value)
		}
	}
	if match := ofPairs.FindStringSubmatchIndex(line); match != nil {
		list, condition := loop(line[match[1]:])
		part := func(i int) string { return line[match[2*i]:match[2*i+1]] }
		return "Comprehension of another language", fmt.Sprintf("The loop stands first: {for %s in %s : %s => %s%s}", part(3), list, part(1), part(2), condition)
	}
	if match := comprehension.FindStringSubmatchIndex(line); match != nil && at == "for" {
		list, condition := loop(line[match[1]:])
		part := func(i int) string { return line[match[2*i]:match[2*i+1]] }
		return "Comprehension of another language", fmt.Sprintf("The loop stands first: [for %s in %s : %s%s]", part(2), list, part(1), condition)
	}
	switch d.Summary {
	case invalidOneLine:
		return "Block of one line", "A block on one line holds a single argument, KIND \"NAME\" { ARGUMENT = VALUE }. Write the arguments on lines of their own."
	case "Missing newline after argument":
		return "Two values in one argument", fmt.Sprintf("An argument ends with its line, and %q comes after its value. A text stands in quotes, a list in brackets with commas: [\"a\", \"b\"].", at)
	case "Missing item separator":
		if rest := following(text, d.Subject.Start.Byte); rest == "" || rest == "}" {
			return "List not closed", "A list before this has no closing bracket: write ] after its last element."
		}
		return "Missing comma", fmt.Sprintf("The elements of a list have commas between them. Write one before %s.", visible.Brief(following(text, d.Subject.Start.Byte), 100))
	case "Missing attribute separator":
		return "Missing comma", "The pairs of an object stand on lines of their own, or have commas between them: { a = 1, b = 2 }."
	case "Missing key/value separator", "Missing attribute value":
		return "Missing value", "A pair of an object is written key = value: { color = [\"red\"], object = [\"ring\"] }."
	case "Argument or block definition required":
		if match := colon.FindStringSubmatch(line); match != nil {
			return "Colon in place of =", fmt.Sprintf("Write %s = %s", match[1], match[2])
		}
		if strings.HasPrefix(line, "}") {
			return "Brace too many", "This brace closes nothing that is open. Remove it, or look above for a block that ends too early."
		}
		return d.Summary, "A line is an argument, NAME = VALUE, or begins a block, KIND \"NAME\" { ... }."
	case "Invalid multi-line string", "Unterminated template string":
		return "Quotes not closed", "A text in quotes ends on its line: write the closing quotation mark. A line break in a text is written \\n."
	case "Invalid expression":
		return "Value expected", fmt.Sprintf("A value stands here: a text in quotes, a number, true or false, a list [...], an object { ... } or a reference such as var.NAME. %q begins none.", visible.Brief(following(text, d.Subject.Start.Byte), 60))
	case "Unclosed configuration block":
		return "Block not closed", "The block that begins here has no closing brace. Write } on a line of its own after its last argument; perhaps a block in it is not closed."
	case "Unterminated tuple constructor expression":
		return "List not closed", "The list that begins here has no closing bracket: write ] after its last element."
	case "Unterminated object constructor expression":
		return "Object not closed", "The object that begins here has no closing brace: write } after its last pair."
	case "Unterminated function call", "Unbalanced parentheses", "Missing closing parenthesis":
		return "Parenthesis not closed", "There is a ( without its ). Write it after the last argument."
	case "Missing argument separator":
		return "Missing comma", "The arguments of a function have commas between them: join(\" \", [\"a\", \"b\"])."
	case "Missing false expression in conditional":
		return "Half a condition", "A condition has both values: condition ? value : other."
	case "Invalid 'for' expression":
		return d.Summary, "It is written [for x in LIST : VALUE] for a list and {for x in LIST : KEY => VALUE} for an object, with if CONDITION at the end where needed. " + d.Detail
	}
	return "", ""
}

// loop splits what follows the "in" of a comprehension: what is gone through, and
// the condition with its "if". The rest begins where more is closed than was opened.
func loop(rest string) (list, condition string) {
	depth, end := 0, len(rest)
	for i, c := range rest {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 {
			end = i
			break
		}
	}
	list = strings.TrimSpace(rest[:end])
	if match := filter.FindStringSubmatch(list); match != nil {
		return match[1], " if " + match[2]
	}
	return list, ""
}

// following is the rest of the line from a byte on.
func following(text []byte, offset int) string {
	rest, _, _ := bytes.Cut(text[min(offset, len(text)):], []byte("\n"))
	return strings.TrimSpace(string(rest))
}
