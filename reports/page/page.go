package page

import (
	"crypto/sha256"
	_ "embed" // the style, the script and the template
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/plumb-ml/plumb/core/webstyle"
)

// Page is what a report's page says, from top to bottom.
type Page struct {
	Title    string
	About    string
	Troubles []string // what is missing, failed or was mended
	Alarms   []string // what must not be overlooked
	Verdicts []Verdict
	Tables   []Table
	Plots    []Plot
	Grids    []Grid
	Facts    []Fact   // of the run: how it was made, on what, of which versions
	Notes    []string // how the numbers were made and what they leave out
}

// Verdict is what one evaluation came to.
type Verdict struct {
	Evaluation string // empty where there is one alone
	Claims     []Claim
}

// Claim is a sentence of a verdict, with those that it counts.
type Claim struct {
	Text  string
	Items []string
}

// Fact is a line of the run's provenance.
type Fact struct{ Name, Value string }

var (
	//go:embed page.html
	html string
	//go:embed page.css
	own string
	//go:embed page.js
	script string

	pages = template.Must(template.New("page").Parse(html))
)

// style is the page's style sheet: that of all pages, and what a report has beyond it.
var style = webstyle.Base() + own

// Style is the page's style sheet.
func Style() string { return style }

// policy lets the page have its own style and script, and images that it holds.
func policy() string {
	hash := func(content string) string {
		sum := sha256.Sum256([]byte(content))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; img-src data:; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(style), hash(script))
}

// Write writes the page as HTML.
func (p Page) Write(w io.Writer) error {
	err := pages.Execute(w, struct {
		Page
		Policy string
		Style  template.CSS
		Script template.JS
	}{p, policy(), template.CSS(style), template.JS(script)})
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
