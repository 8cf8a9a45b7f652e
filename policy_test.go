// Package plumb_test holds the rules of the house: who may import whom.
package plumb_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/plumb-ml/plumb/"

// policy says who may import what, directly, outside of tests. A line reads
//
//	what: folders that may import it
//
// A folder stands for everything under it; "x!" is the package x alone.
const policy = `
	github.com/hashicorp/hcl      : core/spec core/ablation core/diag core/plugin
	github.com/zclconf/go-cty     : core/spec core/ablation core/plugin
	github.com/hashicorp/go-plugin: core/plugin plugins/sdk
	google.golang.org/grpc        : core/plugin plugins/sdk
	github.com/gomlx              : plugins
	github.com/spf13/cobra        : cmd
	github.com/vbauerster/mpb     : cmd
	plugins                       : cmd plugins
	plugins/sdk                   : core/plugin core/stage cmd plugins
	plugins/sdk/client            : core/plugin core/stage plugins/sdk
	plugins/sdk/schema            : core/spec core/plan core/plugin cmd plugins
	plugins/ml/models/goldentest  :
	core/hub/hubtest              :
	core                          : core cmd reports
	core/dataset                  : core cmd reports plugins
	core/run                      : cmd
	core/spec                     : core cmd
	core/ablation                 : core/plan core/run cmd
	core/plan                     : core/stage core/run cmd
	core/stage                    : core/run cmd
	reports                       : reports cmd
	cmd                           :
`

// forbidden imports, whatever the lines above allow.
const forbidden = `
	plugins/sdk  : core gomlx hcl
	plugins/sdk/schema : core plugins google.golang.org/grpc github.com
	core/metric  : core/plan core/stage core/run core/store core/plugin core/spec
	core/stats   : core
	reports      : core/plan core/stage core/run core/store core/plugin core/spec
	plugins/ml/diffusion  : gomlx
	plugins/ml/modelconfig: gomlx
	plugins/ml   : core/plan core/stage core/run core/store core/plugin core/spec
`

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// within reports whether the package or import path lies in folder.
func within(path, folder string) bool {
	path = strings.TrimPrefix(path, module)
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// rules parses lines of "what: folders".
func rules(text string) map[string][]string {
	parsed := map[string][]string{}
	for line := range strings.Lines(text) {
		what, folders, ok := strings.Cut(line, ":")
		if ok {
			parsed[strings.TrimSpace(what)] = strings.Fields(folders)
		}
	}
	return parsed
}

func TestImports(t *testing.T) {
	allowed := rules(policy)
	never := rules(forbidden)
	checked := 0
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			// The longest line that covers the import decides.
			best := ""
			for what := range allowed {
				if within(imported, what) && len(what) > len(best) {
					best = what
				}
			}
			if best != "" {
				checked++
				ok := false
				for _, folder := range allowed[best] {
					ok = ok || within(p.ImportPath, folder)
				}
				if !ok {
					t.Errorf("%s imports %s, which only %v may", p.ImportPath, imported, allowed[best])
				}
			}
			for folder, whats := range never {
				if !within(p.ImportPath, folder) {
					continue
				}
				for _, what := range whats {
					if within(imported, what) || strings.HasPrefix(imported, "github.com/gomlx/") && what == "gomlx" || strings.HasPrefix(imported, "github.com/hashicorp/hcl") && what == "hcl" {
						if !within(p.ImportPath, "core/stats") || !within(imported, "core/stats") {
							t.Errorf("%s imports %s, which is forbidden", p.ImportPath, imported)
						}
					}
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d imports were checked: is the list of packages right?", checked)
	}
}

func TestPackageNames(t *testing.T) {
	for _, p := range packages(t) {
		name := p.ImportPath[strings.LastIndex(p.ImportPath, "/")+1:]
		switch name {
		case "util", "utils", "common", "helpers", "types", "misc":
			t.Errorf("%s is named for what it is not about", p.ImportPath)
		}
	}
}
