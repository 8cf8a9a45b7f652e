package bundle

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// The names in an archive.
const (
	manifestName = "bundle.json"
	runName      = "run.json"
	recordsDir   = "records/"
	objectsDir   = "objects/"
	// ExperimentDir holds the files of the experiment, each where it is beside the others.
	ExperimentDir = "experiment/"
	// ReportDir holds the tables of the report.
	ReportDir = "report/"
)

// format and the newest version of it that is understood here.
const (
	format  = "plumb bundle"
	version = 1
)

// Manifest is what a bundle says of itself.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Run     string `json:"run"` // its full name
	// File is the experiment or ablation under ExperimentDir that the run is of, and
	// Arguments the flags that it was run with. File is empty where it is left out, and
	// NoFile says why.
	File      string            `json:"file,omitempty"`
	NoFile    string            `json:"no_file,omitempty"`
	Arguments []string          `json:"arguments,omitempty"`
	Versions  map[string]string `json:"versions,omitempty"` // of Plumb and its libraries, of the run
	Files     []File            `json:"files"`              // in the order of the archive
	LeftOut   []LeftOut         `json:"left_out,omitempty"`
}

// File is an entry of the archive.
type File struct {
	Path   string `json:"path"`
	What   string `json:"what"` // in words
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// LeftOut is something that numbers depend on and that is not in the archive.
type LeftOut struct {
	What   string `json:"what"`
	Path   string `json:"path,omitempty"` // where a second run looks for it, relative to ExperimentDir
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes,omitempty"`
	Why    string `json:"why"`
}

// parseManifest reads and checks bundle.json.
func parseManifest(text []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil || m.Format != format {
		return nil, &Foreign{What: "its " + manifestName + " is not that of a bundle"}
	}
	if m.Version > version {
		return nil, &Newer{Version: m.Version}
	}
	if m.Version < 1 {
		return nil, &Foreign{What: fmt.Sprintf("its %s has the version %d", manifestName, m.Version)}
	}
	seen := map[string]bool{}
	for _, file := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(file.Path)) || path.Clean(file.Path) != file.Path || strings.Contains(file.Path, `\`) || file.Path == manifestName || seen[file.Path] || file.Bytes < 0 {
			return nil, &Damaged{Problems: []string{fmt.Sprintf("%s lists the file %q, which is no place in a bundle", manifestName, file.Path)}}
		}
		seen[file.Path] = true
	}
	return m, nil
}

// Foreign says that a file is no bundle.
type Foreign struct{ What string }

func (f *Foreign) Error() string {
	return "not a bundle: " + f.What + ". plumb bundle RUN writes one"
}

// Newer says that a bundle is of a version that is not understood here.
type Newer struct{ Version int }

func (n *Newer) Error() string {
	return fmt.Sprintf("the bundle has version %d, this version of Plumb understands up to %d: use a newer Plumb", n.Version, version)
}

// Damaged says what of a bundle is not as it was written.
type Damaged struct{ Problems []string }

func (d *Damaged) Error() string {
	return "the bundle is not as it was written: " + strings.Join(d.Problems, "; ")
}
