package hub

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// mostJSON bounds the lists that are read, in bytes.
const mostJSON = 64 << 20

// Manifest is what the hub lists of a repository at a commit.
type Manifest struct {
	Revision string `json:"revision"` // that was asked for
	Commit   string `json:"commit"`
	Files    []File `json:"files"`
}

// File is one of a repository.
type File struct {
	Name   string `json:"name"` // with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256,omitempty"`
	Blob   string `json:"blob,omitempty"` // git's sha1, of a file without a SHA256
}

// etag is what the file's blob is called in a cache.
func (f File) etag() string {
	if f.SHA256 != "" {
		return f.SHA256
	}
	return f.Blob
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check refuses a list that would write somewhere else, or without bounds.
func (m *Manifest) check() error {
	if !commit.MatchString(m.Commit) {
		return fmt.Errorf("%q is not a commit", m.Commit)
	}
	for _, f := range m.Files {
		switch {
		case unsafe(f.Name):
			return fmt.Errorf("file %q: %w", f.Name, errUnsafe)
		case f.Size < 0:
			return fmt.Errorf("file %q has %d bytes", f.Name, f.Size)
		case f.SHA256 != "" && !sha256Hex.MatchString(f.SHA256):
			return fmt.Errorf("file %q has the sha256 %q", f.Name, f.SHA256)
		case f.SHA256 == "" && !commit.MatchString(f.Blob):
			return fmt.Errorf("file %q has the blob %q", f.Name, f.Blob)
		}
	}
	return nil
}

func (m *Manifest) names() []string {
	names := make([]string, len(m.Files))
	for i, f := range m.Files {
		names[i] = f.Name
	}
	return names
}

// listing is the hub's answer about a model.
type listing struct {
	SHA      string `json:"sha"`
	Siblings []struct {
		Name   string `json:"rfilename"`
		Size   int64  `json:"size"`
		BlobID string `json:"blobId"`
		LFS    *struct {
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"lfs"`
	} `json:"siblings"`
}

func parseListing(text []byte, revision string) (*Manifest, error) {
	var l listing
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, err
	}
	m := &Manifest{Revision: revision, Commit: l.SHA}
	for _, s := range l.Siblings {
		f := File{Name: s.Name, Size: s.Size, Blob: s.BlobID}
		if s.LFS != nil {
			f = File{Name: s.Name, Size: s.LFS.Size, SHA256: s.LFS.SHA256}
		}
		m.Files = append(m.Files, f)
	}
	return m, m.check()
}

func manifestPath(repository, commit string) string {
	return filepath.Join(repository, ours, commit+".json")
}

// readManifest reads what the hub listed when a commit was fetched; nil if that
// is not known. A damaged one is as good as none: then files are looked at by the
// names of their blobs, which are digests too.
func readManifest(repository, commit string) *Manifest {
	path := manifestPath(repository, commit)
	if info, err := os.Stat(path); err != nil || info.Size() > mostJSON {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var m Manifest
	lines, damaged := sealed.Lines(text)
	if len(lines) != 1 || damaged > 0 || json.Unmarshal(lines[0], &m) != nil || m.check() != nil || m.Commit != commit {
		return nil
	}
	return &m
}

func (m *Manifest) write(repository string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return replace(manifestPath(repository, m.Commit), sealed.Line(text))
}

// replace writes a small file whole or not at all.
func replace(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, text)
}
