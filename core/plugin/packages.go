package plugin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// information matches what Python keeps of an installed package.
var information = regexp.MustCompile(`^(.+?)-([^-]+)(?:-py[0-9.]+)?\.(?:dist|egg)-info$`)

// installed lists the packages that a Python finds, with their versions, sorted: those
// of the virtual environment that it is in, or else of its own. It is how a change is
// noticed while nothing of a plugin runs; a plugin that runs says the same, and all of
// what it finds.
func installed(python string) []string {
	var all []string
	known := map[string]bool{}
	for _, site := range sites(python) {
		entries, err := os.ReadDir(site)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			found := information.FindStringSubmatch(entry.Name())
			if found == nil || known[packageName(found[1])] {
				continue // the first on the path is the one that is imported
			}
			known[packageName(found[1])] = true
			all = append(all, packageName(found[1])+" "+found[2]+origin(filepath.Join(site, entry.Name())))
		}
	}
	slices.Sort(all)
	return all
}

// sites are the directories in which a Python finds packages, as they mostly are: a
// script that stands for an interpreter, as pyenv's, is not looked through.
func sites(python string) []string {
	matching := func(patterns ...string) []string {
		var found []string
		for _, pattern := range patterns {
			paths, _ := filepath.Glob(pattern)
			found = append(found, paths...)
		}
		return found
	}
	var own []string
	environment := filepath.Dir(filepath.Dir(python))
	if settings, err := os.ReadFile(filepath.Join(environment, "pyvenv.cfg")); err == nil {
		in := escapeGlob(environment)
		own = matching(filepath.Join(in, "lib", "python*", "site-packages"), filepath.Join(in, "lib", "pypy*", "site-packages"), filepath.Join(in, "Lib", "site-packages"))
		if !systemPackages.Match(settings) {
			return own
		}
	}
	base := real(python)
	name, prefix := filepath.Base(base), escapeGlob(filepath.Dir(filepath.Dir(base)))
	if home, err := os.UserHomeDir(); err == nil {
		own = append(own, filepath.Join(home, ".local", "lib", name, "site-packages"))
	}
	return append(own, matching(filepath.Join(prefix, "local", "lib", name, "dist-packages"), filepath.Join(prefix, "lib", name, "site-packages"), filepath.Join(prefix, "lib", "python3", "dist-packages"))...)
}

// systemPackages matches the settings of a virtual environment in which those of its
// Python are found, too.
var systemPackages = regexp.MustCompile(`(?mi)^include-system-site-packages\s*=\s*true\s*$`)

func packageName(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// origin tells builds of one version of a package apart that comes from no index: of an
// editable one by the code that it leads to, of others by the list of its files.
func origin(information string) string {
	said, err := os.ReadFile(filepath.Join(information, "direct_url.json"))
	if err != nil {
		return ""
	}
	var from struct {
		URL       string
		Directory struct{ Editable bool } `json:"dir_info"`
	}
	if json.Unmarshal(said, &from) != nil {
		return ""
	}
	if from.Directory.Editable {
		at, err := url.Parse(from.URL)
		if err != nil || at.Path == "" {
			return ""
		}
		return "+" + codeOf(filepath.FromSlash(at.Path))
	}
	record, err := os.ReadFile(filepath.Join(information, "RECORD"))
	if err != nil {
		return ""
	}
	var files []string // but for what a first import and an installer leave
	for line := range bytes.Lines(record) {
		if !bytes.Contains(line, []byte(".dist-info/")) && !bytes.Contains(line, []byte(".pyc")) && !bytes.Contains(line, []byte("/bin/")) {
			files = append(files, string(line))
		}
	}
	slices.Sort(files)
	sum := sha256.Sum256([]byte(strings.Join(files, "")))
	return "+" + hex.EncodeToString(sum[:6])
}

// editable matches the packages of a script's lock that uv leaves where they are.
var editable = regexp.MustCompile(`(?m)^name = "([^"]+)"\n(?:version = "([^"]*)"\n)?source = \{ (?:editable|virtual) = "([^"]+)" \}`)

// editables lists what a script uses and uv leaves in a directory of the author's: its
// code may change under the lock.
func editables(script string) []string {
	lock, err := os.ReadFile(scriptLock(script))
	if err != nil {
		return nil
	}
	var all []string
	for _, found := range editable.FindAllStringSubmatch(string(lock), -1) {
		directory := filepath.FromSlash(found[3])
		if !filepath.IsAbs(directory) {
			directory = filepath.Join(filepath.Dir(script), directory)
		}
		all = append(all, packageName(found[1])+" "+found[2]+"+"+codeOf(directory))
	}
	slices.Sort(all)
	return all
}

// mostCode is how many files of an editable package are looked at. A larger tree is
// somebody's home directory.
const mostCode = 20_000

// codeOf is a digest of what a package's answers come from, below a directory.
func codeOf(directory string) string {
	sum, count := sha256.New(), 0
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read cannot be imported either
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != directory && (strings.HasPrefix(name, ".") || slices.Contains([]string{"__pycache__", "node_modules", "venv"}, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".py", ".so", ".json", ".toml", ".yaml", ".txt"}, filepath.Ext(name)) {
			return nil
		}
		if count++; count > mostCode {
			return fs.ErrInvalid
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		near, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(content)
		sum.Write([]byte(filepath.ToSlash(near) + "\x00"))
		sum.Write(digest[:])
		return nil
	})
	if err != nil {
		return "large"
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}
