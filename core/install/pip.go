package install

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// publicIndex is pip's own default.
const publicIndex = "https://pypi.org/simple"

// Pip is what pip is told of where packages are from: who works behind a mirror
// has said so there already.
type Pip struct {
	Index string // address of a package index (PEP 503)
	Cert  string // file of certificates to trust beside the system's; ""
	None  bool   // no index may be asked
	From  string // what said where the index is, for messages
}

// PipConfig reads pip's files and variables, of which the later win: of the system, of
// the user, of the active virtual environment, the one that PIP_CONFIG_FILE names in
// place of the user's, and the environment. Of a file it reads the sections global
// and install.
func PipConfig(getenv func(string) string) Pip { return pipConfig(getenv, "/etc/pip.conf") }

func pipConfig(getenv func(string) string, system string) Pip {
	p := Pip{Index: publicIndex, From: "pip's default"}
	for _, path := range pipFiles(getenv, system) {
		p.read(path)
	}
	p.set("index-url", getenv("PIP_INDEX_URL"), "PIP_INDEX_URL")
	p.set("cert", getenv("PIP_CERT"), "PIP_CERT")
	p.set("no-index", getenv("PIP_NO_INDEX"), "PIP_NO_INDEX")
	return p
}

func pipFiles(getenv func(string) string, system string) []string {
	named := getenv("PIP_CONFIG_FILE")
	if named == os.DevNull {
		return nil
	}
	home, config := getenv("HOME"), getenv("XDG_CONFIG_HOME")
	if config == "" && home != "" {
		config = filepath.Join(home, ".config")
	}
	var files []string
	for _, dir := range filepath.SplitList(getenv("XDG_CONFIG_DIRS")) {
		files = append(files, filepath.Join(dir, "pip", "pip.conf"))
	}
	files = append(files, system)
	if _, err := os.Stat(named); named == "" || err != nil { // it stands for the user's
		if home != "" {
			files = append(files, filepath.Join(home, ".pip", "pip.conf"))
		}
		if config != "" {
			files = append(files, filepath.Join(config, "pip", "pip.conf"))
		}
	}
	for _, environment := range []string{getenv("CONDA_PREFIX"), getenv("VIRTUAL_ENV")} {
		if environment != "" {
			files = append(files, filepath.Join(environment, "pip.conf"))
		}
	}
	if named != "" {
		files = append(files, named)
	}
	return files
}

// read takes from a file what is set there. A file that cannot be read sets
// nothing, as for pip.
func (p *Pip) read(path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	var all, install Pip
	section := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] \t")
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
		switch section {
		case "global":
			all.set(name, value, path)
		case "install":
			install.set(name, value, path)
		}
	}
	for _, set := range []Pip{all, install} {
		p.set("index-url", set.Index, set.From)
		p.set("cert", set.Cert, path)
		if set.None {
			p.None = true
		}
	}
}

// set sets an option of pip, unless the value is empty.
func (p *Pip) set(name, value, from string) {
	if value == "" {
		return
	}
	switch name {
	case "index-url":
		p.Index, p.From = strings.TrimRight(value, "/"), from
	case "cert":
		p.Cert = value
	case "no-index":
		switch strings.ToLower(value) {
		case "1", "yes", "on", "true":
			p.None = true
		case "0", "no", "off", "false":
			p.None = false
		}
	}
}
