package spec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What takes gigabytes or minutes of others is a mistake with a place here, soon.
func TestLimits(t *testing.T) {
	const valid = "experiment \"x\" {\n  seed = 1\n}\n"
	repeat := strings.Repeat
	locals := func(first, next string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "%slocals {\n  a0 = %s\n", valid, first)
		for i := range 40 {
			fmt.Fprintf(&b, "  a%d = %s\n", i+1, strings.ReplaceAll(next, "BEFORE", fmt.Sprintf("local.a%d", i)))
		}
		b.WriteString("}\n")
		return b.String()
	}
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	loop := func(depth int, body string) string {
		text := body
		for range depth {
			text = "[for x in range(1000) : " + text + "]"
		}
		return valid + "locals {\n  a = " + text + "\n}\n"
	}
	for name, test := range map[string]struct{ text, want string }{
		"brackets":             {valid + "locals {\n a = " + repeat("[", 100_000), "Nested too deeply"},
		"parentheses":          {valid + "locals {\n a = " + repeat("(", 100_000), "Nested too deeply"},
		"braces":               {valid + "locals {\n a = " + repeat("{a=", 100_000), "Nested too deeply"},
		"calls":                {valid + "locals {\n a = " + repeat("abs(", 100_000), "Nested too deeply"},
		"templates":            {valid + "locals {\n a = " + repeat(`"${`, 100_000), "Nested too deeply"},
		"blocks":               {repeat("a {\n", 100_000), "Nested too deeply"},
		"not":                  {valid + "locals {\n a = " + repeat("!", 100_000) + "true\n}\n", "Expression too long"},
		"minus":                {valid + "locals {\n a = " + repeat("-", 100_000) + "1\n}\n", "Expression too long"},
		"sum":                  {valid + "locals {\n a = 1" + repeat(" + 1", 100_000) + "\n}\n", "Expression too long"},
		"conditions":           {valid + "locals {\n a = " + repeat("true ? 1 : ", 100_000) + "1\n}\n", "Expression too long"},
		"indices":              {valid + "locals {\n a = [1]" + repeat("[0]", 100_000) + "\n}\n", "Expression too long"},
		"attributes":           {valid + "locals {\n a = var" + repeat(".a", 100_000) + "\n}\n", "Expression too long"},
		"directives":           {valid + "locals {\n a = \"" + repeat("%{ if true }", 100_000) + "\"\n}\n", "Expression too long"},
		"heredoc":              {valid + "locals {\n a = <<EOT\n" + repeat("a line of text\n", 100_000), "Text too long"},
		"digits":               {valid + "locals {\n a = " + repeat("9", 100_000) + "\n}\n", "Number too large"},
		"power":                {valid + "locals {\n a = \"${1e999999999}\"\n}\n", "Number too large"},
		"size":                 {repeat("# a comment of some length\n", 700_000), "Cannot read file"},
		"tokens":               {"a = [" + repeat("0,", 4_000_000) + "]", "File too large"},
		"setproduct":           {valid + "locals {\n l = range(1000)\n a = setproduct(local.l, local.l, local.l)\n}\n", "Value too large"},
		"concat":               {locals("[1]", "concat(BEFORE, BEFORE)"), "Value too large"},
		"tuples":               {locals("[1]", "[BEFORE, BEFORE]"), "Value too large"},
		"objects":              {locals("[1]", "{ a = BEFORE, b = BEFORE }"), "Value too large"},
		"strings":              {locals(`"ab"`, `"${BEFORE}${BEFORE}"`), "Value too large"},
		"join":                 {locals(`"ab"`, `join(BEFORE, [BEFORE, BEFORE])`), "Value too large"},
		"format":               {locals(`"ab"`, `format("%s%s", BEFORE, BEFORE)`), "Value too large"},
		"replace":              {locals(`"aa"`, `replace(BEFORE, "a", BEFORE)`), "Value too large"},
		"width":                {valid + "locals {\n a = format(\"%1000000000d\", 1)\n}\n", "Value too large"},
		"numbers":              {locals("10", "BEFORE * BEFORE"), "Number too large"},
		"number texts":         {locals("10", `BEFORE * tonumber("${BEFORE}")`), "Number too large"},
		"loops":                {loop(4, "x"), "Value too large"},
		"try":                  {valid + "locals {\n a = " + repeat("try(", 60) + "var.none" + repeat(")", 60) + "\n}\n", "Unknown variable"},
		"try in vain":          {valid + "locals {\n a = " + repeat("try(", 60) + "[][0]" + repeat(")", 60) + "\n}\n", "Error in function call"},
		"can":                  {valid + "locals {\n a = " + repeat("can(", 60) + "1" + repeat(")", 60) + "\n b = var.none\n}\n", "Unknown variable"},
		"loops of no elements": {strings.Replace(loop(4, "x"), ": x]", ": x if false]", 1), "Value too large"},
		"flatten":              {valid + "locals {\n l = range(1000)\n m = [for x in local.l : local.l]\n n = flatten([for x in local.l : local.m])\n}\n", "Value too large"},
		"variables":            {valid + many("variable \"v%d\" {}\n", 20_000), "Too many mistakes"},
		"mistakes":             {valid + repeat("images \"a\" {\n}\n", 5000), "Too many mistakes"},
		"chain": {func() string {
			var b strings.Builder
			fmt.Fprintf(&b, "%slocals {\n a0 = 1\n", valid)
			for i := range 20_000 {
				fmt.Fprintf(&b, " a%d = local.a%d\n", i+1, i)
			}
			return b.String() + " b = local.a20000\n}\n"
		}(), "Chain of locals too long"},
		"json":          {`{"locals": {"a": ` + repeat("[", 100_000), "Nested too deeply"},
		"json template": {`{"experiment": {"x": {}}, "locals": {"a": "${` + repeat("(", 100_000) + `"}}`, "Nested too deeply"},
		"json escaped":  {`{"experiment": {"x": {}}, "locals": {"a": "$\u007b` + repeat(`\u0028`, 10_000) + `"}}`, "Nested too deeply"},
		"json loops":    {`{"experiment": {"x": {}}, "locals": {"a": "${[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]}"}}`, "Value too large"},
		"json number":   {`{"experiment": {"x": {}}, "locals": {"a": 1e999999999}}`, "Number too large"},
		"json power":    {`{"experiment": {"x": {}}, "locals": {"a": "${1e999999999}"}}`, "Number too large"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.hcl")
			if strings.HasPrefix(name, "json") {
				path += ".json"
			}
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, diagnostics := Load(t.Context(), path, Options{Catalog: catalog})
			var got []string
			for _, d := range diagnostics {
				if d.Summary == test.want {
					if d.Subject.File != path && test.want != "Cannot read file" {
						t.Errorf("%s has no place", d.Summary)
					}
					got = append(got, d.Summary)
				}
			}
			if len(got) == 0 {
				t.Errorf("got %d diagnostics, want %s: %.300v", len(diagnostics), test.want, diagnostics)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
		})
	}
}

// The time that prompts take grows as their number does: ten times as many in
// the quadratic way of before took minutes.
func TestManyPrompts(t *testing.T) {
	const prompts = 200_000
	var listed, slots, lines strings.Builder
	for i := range prompts {
		fmt.Fprintf(&listed, "    \"%d red rings\",\n", i)
		fmt.Fprintf(&slots, "      \"word%d\",\n", i)
		fmt.Fprintf(&lines, "%d red rings\n", i)
	}
	const first, last = "experiment \"x\" {}\nprompts \"p\" {\n", "}\nsampler \"shapes\" \"base\" {}\nimages \"i\" {\n  sampler = sampler.base\n  prompts = prompts.p\n}\n"
	for name, body := range map[string]string{
		"list":     "  list = [\n" + listed.String() + "  ]\n  unseen = [\"7 red rings\"]\n",
		"distinct": "  list = distinct([\n" + listed.String() + "  ])\n",
		"slots":    "  template = \"a {word} ring\"\n  slots = {\n    word = [\n" + slots.String() + "    ]\n  }\n",
		"file":     "  path = \"prompts.txt\"\n",
		"for":      "  list = [for p in [\n" + listed.String() + "  ] : \"a photo of ${p}\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, first+body+last)
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "prompts.txt"), []byte(lines.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			loaded, diagnostics := Load(t.Context(), path, Options{Catalog: catalog})
			if diagnostics.HasErrors() || len(loaded.Images[0].Prompts) != prompts {
				t.Fatalf("%.500v", diagnostics)
			}
			if took := time.Since(start); took > 30*time.Second { // a second or two, on a machine that has nothing else to do
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
		})
	}
}

// An interrupt is heeded while a value is made, too.
func TestInterruptedEvaluation(t *testing.T) {
	path := write(t, "experiment \"x\" {}\nlocals {\n  a = [for x in range(1000) : [for y in range(1000) : x * y]]\n}\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	if loaded, _ := Load(ctx, path, Options{Catalog: catalog}); loaded != nil {
		t.Error("there is a Spec after an interrupt")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
