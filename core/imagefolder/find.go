package imagefolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/textfile"
)

// find lists the files that say what the images are.
func (r *folder) find() error {
	var others []string // tables and metadata that the pattern leaves out
	err := fs.WalkDir(r.root.FS(), ".", func(file string, e fs.DirEntry, err error) error {
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		base, extension := e.Name(), strings.ToLower(path.Ext(e.Name()))
		if strings.HasPrefix(strings.ToLower(base), "metadata.") {
			r.nearly = append(r.nearly, file)
		}
		isMetadata := base == "metadata.jsonl" || base == "metadata.csv" || base == "metadata.parquet" && r.namesFiles(file)
		switch {
		case strings.HasPrefix(base, ".") && file != ".":
			if e.IsDir() {
				return fs.SkipDir
			}
		case e.IsDir():
		case slices.Contains(imageTypes, extension):
			r.images++
		case isMetadata || extension == ".parquet":
			if match, err := path.Match(r.Files, file); err != nil {
				return r.wrong(fmt.Sprintf("%q is not a pattern", r.Files), `Write it as in "data/train-*.parquet".`)
			} else if r.Files != "" && !match {
				others = append(others, file)
			} else if isMetadata {
				r.metadata = append(r.metadata, file)
			} else {
				r.tables = append(r.tables, file)
			}
		}
		return nil
	})
	var known diag.List
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return r.wrong("The folder cannot be read", err.Error()+".")
	case len(r.metadata) > 0: // tables beside it are something else
		r.tables = nil
	case len(r.tables) == 0 && len(others) > 0:
		const most = 10
		if len(others) > most {
			others = append(others[:most:most], "…")
		}
		return r.wrong(fmt.Sprintf("No file is called %s", r.Files), fmt.Sprintf("The folder has %s.", strings.Join(others, ", ")))
	case len(r.tables) == 0:
		nearly := ""
		if len(r.nearly) > 0 {
			nearly = fmt.Sprintf(" There is %s; what is read is called metadata.jsonl, metadata.csv or metadata.parquet.", strings.Join(r.nearly, ", "))
		}
		return r.wrong(fmt.Sprintf("The folder %s has no captions", r.Path),
			`It needs a metadata.jsonl with lines such as {"file_name": "0001.png", "text": "a red circle"}, or Parquet files with the columns image and text.`+nearly)
	}
	return nil
}

// alike looks for a file that has nearly the name of one that is not there, and
// says how it differs.
func (r *folder) alike(file string) (how, other string) {
	if r.all == nil { // looked for at the first name that is wrong
		r.all = []string{}
		fs.WalkDir(r.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil || r.ctx.Err() != nil || len(r.all) == mostListed:
				return fs.SkipAll
			case !e.IsDir():
				r.all = append(r.all, name)
			}
			return nil
		})
	}
	exists := func(name string) bool { _, found := slices.BinarySearch(r.all, name); return found }
	slices.Sort(r.all)
	return textfile.Alike(file, exists, slices.Values(r.all))
}

// mostListed bounds the files that a name is compared with.
const mostListed = 1 << 20

// stat looks for an image file. It returns what is wrong with it in words.
func (r *folder) stat(file string) (info fs.FileInfo, wrong string) {
	info, err := r.root.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Sprintf("There is no such file in %s. Add it, or remove the line.", r.whole(path.Dir(file)))
	case err != nil && strings.Contains(err.Error(), "escapes"):
		return nil, "It is a link that leads out of the folder. Copy the file into the folder (`cp -L` copies what links lead to)."
	case err != nil:
		return nil, err.Error() + "."
	case !info.Mode().IsRegular():
		return nil, "It is no regular file."
	case info.Size() > largestFile:
		return nil, fmt.Sprintf("It has %d bytes; more than %d MiB are taken for a mistake.", info.Size(), largestFile>>20)
	case info.Size() == 0:
		return nil, "The file is empty."
	}
	return info, ""
}
