package exchange

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // of the page
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/webstyle"
)

//go:embed page/label.html
var pageHTML string

//go:embed page/label.css
var pageCSS string

//go:embed page/label.js
var pageJS string

// pageVersion is what Judgement.Page says of this page's answers.
const pageVersion = pageName + " 1"

// Asked is a question with the items that a page asks about.
type Asked struct {
	people.Question
	Items []people.Item // see Open
}

// pageData is what the page's program reads.
type pageData struct {
	Name         string                       `json:"name"` // of this page, for what the browser keeps
	Rater        string                       `json:"rater"`
	Page         string                       `json:"page"`
	File         string                       `json:"file"` // what answers are saved as
	Screens      []screen                     `json:"screens"`
	Images       map[string]string            `json:"images"` // addresses, by content
	Asks         map[string]map[string]string `json:"asks"`   // by question and aspect
	Instructions map[string]string            `json:"instructions"`
}

// Page writes label.html: a page for one rater that needs no server and no network, with
// all images within, whose answers the browser keeps and saves as a file for Read. It
// tells as little as the server's page: no model, and nobody else's answers.
func Page(ctx context.Context, w io.Writer, rater string, asked []Asked, pictures Pictures) error {
	data := pageData{
		Rater: rater, Page: pageVersion, File: "judgements-" + fileName(rater) + ".jsonl",
		Images: map[string]string{}, Asks: map[string]map[string]string{}, Instructions: map[string]string{},
	}
	h := sha256.New()
	for _, a := range asked {
		data.Asks[a.Name] = map[string]string{}
		for _, aspect := range a.Aspects {
			data.Asks[a.Name][aspect] = asks(a.Kind, aspect)
		}
		data.Instructions[a.Name] = a.Instructions
		if a.Instructions == "" {
			data.Instructions[a.Name] = instructions[a.Kind]
		}
		from := len(data.Screens)
		data.Screens = append(data.Screens, screensOf(a.Question, a.Items, rater)...)
		for i := range data.Screens[from:] {
			for t := range data.Screens[from+i].Tasks {
				data.Screens[from+i].Tasks[t].ID = fmt.Sprintf("%d-%d", from+i, t)
			}
			for _, image := range data.Screens[from+i].Shown {
				fmt.Fprintln(h, image)
				if _, known := data.Images[image]; known {
					continue
				}
				where, err := address(ctx, pictures, image)
				if err != nil {
					return err
				}
				data.Images[image] = where
			}
		}
	}
	if len(data.Screens) == 0 {
		return diag.Errorf(diag.Range{}, fmt.Sprintf("There is nothing to ask %s", rater), "All images have the answers that they need, or none is there yet.")
	}
	data.Name = fmt.Sprintf("%s %s", rater, hex.EncodeToString(h.Sum(nil))[:16])
	encoded, err := json.Marshal(data) // with < and > escaped
	if err != nil {
		return err
	}
	style := webstyle.Base() + pageCSS
	var page bytes.Buffer
	rest := pageHTML
	for _, part := range []struct{ name, text string }{
		{"{{.StyleDigest}}", digest(style)}, {"{{.ScriptDigest}}", digest(pageJS)}, {"{{.Style}}", style},
		{"{{.Rater}}", html.EscapeString(rater)}, {"{{.Data}}", string(encoded)}, {"{{.Script}}", pageJS},
	} {
		before, after, found := strings.Cut(rest, part.name)
		if !found {
			return fmt.Errorf("label.html has no %s in its place", part.name)
		}
		page.WriteString(before)
		page.WriteString(part.text)
		rest = after
	}
	page.WriteString(rest)
	_, err = w.Write(page.Bytes())
	return err
}

// digest is that of an inline script or style, as a policy names it.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// fileName is a rater's name as a part of a file's.
func fileName(rater string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, rater)
}

// instructions are for raters where the experiment has none of its own.
var instructions = map[people.Kind]string{
	people.Rate: "Look at each image and say whether it shows what the text says: every thing, its number, its colour, its place.\n\n" +
		"Good: all that the text says is there.\nBad: something is missing, wrong, or cannot be made out.\nSkip: you cannot tell.\n\nHow pretty an image is does not matter.",
	people.Compare: "Two images were made for the same text. Say which of them is better in what is asked, or that there is no difference. " +
		"Each question counts for itself: an image may show better what the text says and look worse.",
	people.Rank: "Put the images into an order, the best first: press their numbers, or touch them, one after another.",
}
