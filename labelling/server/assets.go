package server

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"path"

	"github.com/plumb-ml/plumb/core/webstyle"
)

//go:embed page
var files embed.FS

// asset is a file of the pages.
type asset struct {
	mediaType string
	content   []byte
}

// assets are the files that pages ask for, by name. They are the same for everybody.
var assets = map[string]asset{
	"rater.css":      {"text/css; charset=utf-8", append([]byte(webstyle.Base()), file("rater.css")...)},
	"rater.js":       {"text/javascript; charset=utf-8", file("rater.js")},
	"outbox.js":      {"text/javascript; charset=utf-8", file("outbox.js")},
	"experiment.css": {"text/css; charset=utf-8", append([]byte(webstyle.Base()), file("experiment.css")...)},
	"experiment.js":  {"text/javascript; charset=utf-8", file("experiment.js")},
}

var pages = template.Must(template.New("").ParseFS(files, "page/*.html"))

// pageVersion names what the pages are made of: browsers keep an asset for good, under
// an address that has it, and judgements say from which page they came.
var pageVersion = func() string {
	h := sha256.New()
	entries, err := files.ReadDir("page")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, entry := range entries {
		h.Write(file(entry.Name()))
	}
	h.Write([]byte(webstyle.Base()))
	return hex.EncodeToString(h.Sum(nil)[:4])
}()

func file(name string) []byte {
	content, err := files.ReadFile(path.Join("page", name))
	if err != nil {
		panic(err) // it is embedded
	}
	return content
}
