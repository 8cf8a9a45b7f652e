package faulttest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Damage is what was done to a file.
type Damage struct {
	Path string // relative to the world
	Kind string // of file
	How  string

	whole, spoiled []byte
}

func (d Damage) String() string { return fmt.Sprintf("%s (%s): %s", d.Path, d.Kind, d.How) }

// kindOf is the kind of a file below runs; empty for one that is not to be damaged.
func kindOf(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	if len(parts) < 2 || parts[0] != "store" {
		return "report"
	}
	switch parts[1] {
	case "locks", "work":
		return "" // of no content
	case "runs":
		if strings.HasSuffix(path, ".lock") {
			return ""
		}
	case "scratch":
		switch name := parts[len(parts)-1]; {
		case strings.HasPrefix(name, "."):
			return "" // left by a kill while it was written, and never read
		case strings.HasPrefix(name, "images-"):
			return "part of images"
		case strings.HasPrefix(name, "state."):
			return "state of a training"
		default:
			return name
		}
	}
	return parts[1] // blobs, records, nodes, views, digests, runs, format
}

// quiet are the kinds of files that are hints, or copies: what is damaged of them may
// be made again without a word.
var quiet = []string{"nodes", "report", "views", "quarantine"}

// damages are the ways in which a file is damaged. Each returns another content, or
// the same if it cannot do anything to it.
var damages = map[string]func(content []byte, chance *rand.Rand) []byte{
	"a bit flips": func(b []byte, chance *rand.Rand) []byte {
		if len(b) > 0 {
			b[chance.IntN(len(b))] ^= 1 << chance.IntN(8)
		}
		return b
	},
	"a part is zeros": func(b []byte, chance *rand.Rand) []byte {
		if len(b) > 0 {
			from := chance.IntN(len(b))
			clear(b[from:min(len(b), from+4096)])
		}
		return b
	},
	"all is zeros": func(b []byte, _ *rand.Rand) []byte { return make([]byte, len(b)) },
	"it is cut": func(b []byte, chance *rand.Rand) []byte {
		return b[:chance.IntN(len(b)+1)]
	},
	"it is empty": func([]byte, *rand.Rand) []byte { return nil },
	"more follows": func(b []byte, chance *rand.Rand) []byte {
		return append(b, byte(chance.IntN(256)), 'x')
	},
	"two bytes change places": func(b []byte, chance *rand.Rand) []byte {
		if len(b) > 1 {
			i, j := chance.IntN(len(b)), chance.IntN(len(b))
			b[i], b[j] = b[j], b[i]
		}
		return b
	},
	"it is gone": nil,
}

// files lists what can be damaged, by kind.
func (w *World) files() (map[string][]string, error) {
	all := map[string][]string{}
	root := filepath.Join(w.Dir, "runs")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if kind := kindOf(relative); kind != "" {
			all[kind] = append(all[kind], filepath.Join("runs", relative))
		}
		return nil
	})
	return all, err
}

// Damage damages a file of a kind, or of any if that is empty. Its time stays as it
// was.
func (w *World) Damage(kind string, chance *rand.Rand) (Damage, error) {
	all, err := w.files()
	if err != nil {
		return Damage{}, err
	}
	if kind == "" {
		kinds := slices.Sorted(maps.Keys(all))
		kind = kinds[chance.IntN(len(kinds))]
	}
	if len(all[kind]) == 0 {
		return Damage{}, fmt.Errorf("there is no file of the kind %q", kind)
	}
	d := Damage{Path: all[kind][chance.IntN(len(all[kind]))], Kind: kind}
	path := filepath.Join(w.Dir, d.Path)
	info, err := os.Stat(path)
	if err != nil {
		return d, err
	}
	if d.whole, err = os.ReadFile(path); err != nil {
		return d, err
	}
	hows := slices.Sorted(maps.Keys(damages))
	for {
		d.How = hows[chance.IntN(len(hows))]
		if damages[d.How] == nil {
			d.spoiled = nil
			return d, os.Remove(path)
		}
		d.spoiled = damages[d.How](bytes.Clone(d.whole), chance)
		if !bytes.Equal(d.spoiled, d.whole) {
			break
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return d, err
	}
	if err := os.WriteFile(path, d.spoiled, info.Mode().Perm()); err != nil {
		return d, err
	}
	if err := os.Chmod(path, info.Mode().Perm()); err != nil {
		return d, err
	}
	return d, os.Chtimes(path, info.ModTime(), info.ModTime())
}

// untold reports whether damage was taken out of the way, and nothing was said of it.
func (w *World) untold(d Damage, said string) bool {
	if d.spoiled == nil || slices.Contains(quiet, d.Kind) {
		return false // what is gone may be gone for any reason
	}
	now, err := os.ReadFile(filepath.Join(w.Dir, d.Path))
	if err == nil && bytes.Equal(now, d.spoiled) {
		return false // nobody has come to it
	}
	// A line without its end is what a kill leaves, and so is an empty file of lines.
	if strings.HasSuffix(d.Path, ".jsonl") && bytes.HasPrefix(d.whole, d.spoiled) || d.Kind == "digests" && bytes.HasPrefix(d.whole, d.spoiled) {
		return false
	}
	return !strings.Contains(said, "damaged") && !strings.Contains(said, "moved to")
}
