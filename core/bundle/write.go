package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Contents are what a bundle is made of.
type Contents struct {
	Run     *record.Run
	Records map[string]*record.Record // by key
	// Open returns the path of an output's content.
	Open func(o record.Output) (string, error)
	// Images says whether images are put in; without them, their tables hold what each
	// image was drawn for and the sha256 of its file.
	Images bool

	// Files are those of the experiment and of the report, by their names in the archive.
	Files     map[string]string // paths
	File      string            // see Manifest
	NoFile    string
	Arguments []string
	LeftOut   []LeftOut
}

// entry is a file on its way into the archive.
type entry struct {
	File
	content []byte // nil: at path
	path    string
}

// Write writes a bundle, and returns its sha256. Tables that are put in without their
// images are made in scratch, a directory.
func Write(ctx context.Context, w io.Writer, c Contents, scratch string) (digest string, m *Manifest, err error) {
	m = &Manifest{
		Format: format, Version: version, Run: c.Run.FullName(), File: c.File, NoFile: c.NoFile, Arguments: c.Arguments,
		Versions: c.Run.Versions, LeftOut: slices.Clone(c.LeftOut),
	}
	entries, err := c.entries(ctx, m, scratch)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		m.Files = append(m.Files, e.File)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", nil, err
	}
	hash := sha256.New()
	out := tar.NewWriter(io.MultiWriter(w, hash))
	entries = append([]entry{{File: File{Path: manifestName, Bytes: int64(len(text)) + 1}, content: append(text, '\n')}}, entries...)
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return "", nil, err
		}
		if err := e.put(out); err != nil {
			return "", nil, fmt.Errorf("write %s into the bundle: %w", e.Path, err)
		}
	}
	if err := out.Close(); err != nil {
		return "", nil, fmt.Errorf("end the bundle: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), m, nil
}

// entries lists all files in the order of the archive.
func (c Contents) entries(ctx context.Context, m *Manifest, scratch string) (all []entry, err error) {
	anywhere := *c.Run
	anywhere.Dir = "" // of this machine
	run, err := record.EncodeRun(&anywhere)
	if err != nil {
		return nil, err
	}
	all = append(all, inMemory(runName, "the run's record", run))
	objects := map[string]entry{}
	for _, key := range slices.Sorted(maps.Keys(c.Records)) {
		r := c.Records[key]
		text, err := record.Encode(r)
		if err != nil {
			return nil, err
		}
		all = append(all, inMemory(recordsDir+key+".json", "the record of "+r.Node, text))
		for _, role := range slices.Sorted(maps.Keys(r.Outputs)) {
			output := r.Outputs[role]
			what := role + " of " + r.Node
			if output.Dir {
				m.LeftOut = append(m.LeftOut, LeftOut{What: what, SHA256: output.Digest, Bytes: output.Bytes, Why: "checkpoints are made again by a second run"})
				continue
			}
			if _, known := objects[output.Digest]; known {
				continue
			}
			path, err := c.Open(output)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			e := entry{File{objectsDir + output.Digest, what, output.Digest, output.Bytes}, nil, path}
			if role == "images" && !c.Images {
				m.LeftOut = append(m.LeftOut, LeftOut{What: "the pixels of " + what, SHA256: output.Digest, Bytes: output.Bytes, Why: "the bundle was asked to have no images; the table has their digests"})
				if e, err = withoutPixels(ctx, output, what, path, scratch); err != nil {
					return nil, fmt.Errorf("%s: %w", what, err)
				}
			}
			objects[output.Digest] = e
		}
	}
	for _, digest := range slices.Sorted(maps.Keys(objects)) {
		all = append(all, objects[digest])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		e, err := onDisk(name, "", c.Files[name])
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func inMemory(name, what string, content []byte) entry {
	sum := sha256.Sum256(content)
	return entry{File{name, what, hex.EncodeToString(sum[:]), int64(len(content))}, content, ""}
}

func onDisk(name, what, path string) (entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, file)
	if err != nil {
		return entry{}, fmt.Errorf("read %s: %w", path, err)
	}
	return entry{File{name, what, hex.EncodeToString(hash.Sum(nil)), n}, nil, path}, nil
}

// captionsSuffix marks an images table without its pixels.
const captionsSuffix = ".captions"

// withoutPixels writes an images table anew, with the digest of each image's file in
// its place.
func withoutPixels(ctx context.Context, output record.Output, what, path, scratch string) (entry, error) {
	target := filepath.Join(scratch, output.Digest+captionsSuffix)
	writer, err := table.NewWriter[table.Image](target)
	if err != nil {
		return entry{}, err
	}
	for row, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			writer.Discard()
			return entry{}, err
		}
		sum := sha256.Sum256(row.Image.Bytes)
		row.Image = table.File{Path: "sha256:" + hex.EncodeToString(sum[:])}
		if err := writer.Write(row); err != nil {
			writer.Discard()
			return entry{}, err
		}
	}
	if err := writer.Close(); err != nil {
		return entry{}, err
	}
	return onDisk(objectsDir+output.Digest+captionsSuffix, what+", without pixels", target)
}

// put writes an entry. Times and owners are left out: they say nothing of the content.
func (e entry) put(out *tar.Writer) error {
	if err := out.WriteHeader(&tar.Header{Name: e.Path, Size: e.Bytes, Mode: 0o644, Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
		return err
	}
	if e.content != nil {
		_, err := io.Copy(out, bytes.NewReader(e.content))
		return err
	}
	file, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.CopyN(out, file, e.Bytes)
	return err
}
