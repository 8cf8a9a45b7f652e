package exchange

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	// mostCompared bounds the IDs that a wrong one is compared with.
	mostCompared = 20_000
	// largestPicture bounds what is read of a file that is named as an image.
	largestPicture = 64 << 20
)

// uploaded begins the name that Label Studio gives a file that was uploaded to it.
var uploaded = regexp.MustCompile(`^[0-9a-f]{8}-`)

// find returns the content's name of the image that a row names: by that name, by the ID
// in its table, by a path or address that ends in one of them, or by pixels, of a file
// that is there or that the row holds. It returns "" after reporting that there is none.
func (i *importer) find(name, prompt string, at diag.Range) string {
	if name == "" {
		i.found.Errorf(at, "The image is missing", "Every row needs the ID of an image, or the path of its file.")
		return ""
	}
	if content, is := strings.CutPrefix(name, "data:"); is {
		_, encoded, ok := strings.Cut(content, ";base64,")
		pixels, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			i.found.Errorf(at, "The image's data: address cannot be read", "It is a media type and base64.")
			return ""
		}
		return i.ofPixels(pixels, prompt, "the image within the row", at)
	}
	for _, candidate := range candidates(name) {
		if i.images[candidate] {
			return candidate
		}
		if image, ok := i.known.Names[candidate]; ok {
			return image
		}
	}
	local := filepath.FromSlash(name)
	if !filepath.IsAbs(local) {
		local = filepath.Join(filepath.Dir(i.path), local)
	}
	if info, err := os.Stat(local); err == nil && info.Mode().IsRegular() && info.Size() <= largestPicture {
		pixels, err := os.ReadFile(local)
		if err != nil {
			i.found.Errorf(at, fmt.Sprintf("Image %q cannot be read", name), "%v", err)
			return ""
		}
		return i.ofPixels(pixels, prompt, name, at)
	}
	i.found.Errorf(at, fmt.Sprintf("There is no image %q", shortened(name)),
		"An image is named by its ID, by a path that ends in it, or by the path of its file. If the images were drawn anew since, their IDs may be others.%s", i.hint(candidates(name)))
	return ""
}

// ofPixels is the content's name of an image, by its prompt and what it shows.
func (i *importer) ofPixels(picture []byte, prompt, what string, at diag.Range) string {
	id, err := labels.BlindID(table.Image{ID: what, Prompt: prompt, Image: table.File{Bytes: picture}})
	switch {
	case err != nil:
		i.found.Errorf(at, "An image cannot be read", "%v", errors.Unwrap(err))
		return ""
	case !i.images[id] && prompt == "":
		i.found.Errorf(at, fmt.Sprintf("Of which prompt %s is, is not said", what), "An image is looked up by its pixels and its prompt. Add a column prompt, or name the image by its ID.")
		return ""
	case !i.images[id]:
		i.found.Errorf(at, fmt.Sprintf("No image that is asked about looks like %s", what), "Its pixels and its prompt, %q, are those of none. A picture that was scaled or saved as JPEG has others.", prompt)
		return ""
	}
	return id
}

// candidates are the IDs that a name may mean: itself, and what a path or an address ends
// in, the longest first, each with and without the ending of a file.
func candidates(name string) []string {
	paths := []string{name}
	if address, err := url.Parse(name); err == nil {
		if local := address.Query().Get("d"); local != "" { // Label Studio's local files
			paths = append(paths, local)
		}
		paths = append(paths, address.Path)
	}
	paths = append(paths, filepath.ToSlash(name))
	var all []string
	add := func(id string) {
		all = append(all, id)
		if cut := strings.TrimSuffix(id, path.Ext(id)); cut != id && cut != "" {
			all = append(all, cut)
		}
	}
	for _, whole := range paths {
		for more, rest := true, whole; more; {
			add(rest)
			_, rest, more = strings.Cut(rest, "/")
		}
		add(uploaded.ReplaceAllString(path.Base(whole), ""))
	}
	return all
}

// hint is what may be meant, as a sentence after others.
func (i *importer) hint(candidates []string) string {
	names := slices.Collect(maps.Keys(i.known.Names))
	if len(names) == 0 || len(names) > mostCompared {
		return ""
	}
	if how, other := textfile.Alike(candidates[0], func(name string) bool { _, ok := i.known.Names[name]; return ok }, maps.Keys(i.known.Names)); how != "" {
		return fmt.Sprintf(" There is %q: %s.", other, how)
	}
	if _, err := hex.DecodeString(candidates[0]); err == nil {
		return ""
	}
	return diag.DidYouMean(candidates[0], slices.Sorted(slices.Values(names)))
}

// shortened is a name as it can stand in a sentence.
func shortened(name string) string {
	const most = 120
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}
