package plugin

import (
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/plumb-ml/plumb/core/diag"
)

// header is the block of comments in which a Python script lists the packages that it
// needs (PEP 723).
var header = regexp.MustCompile(`(?m)^# /// script\s*\n(?:#(?:| .*)\n)*?# ///\s*$`)

// mostScript bounds how far a header is looked for.
const mostScript = 1 << 20

func hasHeader(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostScript))
	return err == nil && header.Match(text)
}

// scriptLock is where uv keeps the versions of a script's packages.
func scriptLock(path string) string { return path + ".lock" }

const installUV = "Scripts with their packages in their header are run by uv: see https://docs.astral.sh/uv, or pip install uv."

// offline keeps uv from downloading anything.
const offline = "--offline"

// byUV is the program of a script that uv makes an environment for. A locked one is
// run from what `plumb plugin lock` fetched: a run waits for no download.
func (e Entry) byUV(p program, path string) (program, diag.List) {
	uv, err := lookPath("uv")
	if err != nil {
		return p, diag.Errorf(e.Place("source"), fmt.Sprintf("Plugin %q needs uv, which is not on the PATH", e.called()),
			"%s A virtual environment does as well: command = [\".venv/bin/python\", %q].", installUV, e.near(path))
	}
	p.argv = []string{uv, "run", "--quiet", "--no-progress", "--script"}
	if _, err := os.Stat(scriptLock(path)); err == nil {
		p.argv = append(p.argv, "--frozen")
		if e.Lock != nil {
			p.argv = append(p.argv, offline)
		}
	}
	p.argv = append(p.argv, path)
	p.packages = editables(path)
	if p.contents[0].tree {
		return p, nil
	}
	p.contents = append(p.contents, content{path: scriptLock(path), name: scriptLock(p.contents[0].name)})
	return p, nil
}
