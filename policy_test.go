// Package plumb_test holds the rules of the house: who may import whom.
package plumb_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/plumb-ml/plumb/"

// policy says who may depend on what, outside of tests. A line reads
//
//	what : who may import it : who may reach it through these
//
// Whoever is in neither list has it nowhere among all that it depends on. A
// folder stands for everything under it, and "-x" takes x out again. Of several
// lines for a package the one with the longest folder holds.
const policy = `
	github.com/hashicorp/hcl      : core/spec core/ablation core/plugin : core/reference core/plan core/stage core/run core/session core/bundle cmd
	github.com/zclconf/go-cty     : core/spec core/ablation core/plugin : core/reference core/plan core/stage core/run core/session core/bundle cmd
	github.com/hashicorp/go-plugin: core/plugin plugins/sdk : plugins core/stage core/run core/session cmd
	google.golang.org/grpc        : core/plugin plugins/sdk -plugins/sdk/table -plugins/sdk/imaging -plugins/sdk/gitlfs -plugins/sdk/atomicfile -plugins/sdk/sealed -plugins/sdk/schema : plugins core/stage core/run core/session cmd
	github.com/gomlx              : plugins/ml plugins/bench plugins/sampler plugins/reward plugins/encoder plugins/rater -plugins/ml/diffusion -plugins/ml/pretrained/config : plugins/builtin cmd
	github.com/spf13/cobra        : cmd
	github.com/vbauerster/mpb     : cmd
	modernc.org/sqlite            : core/people/database : core/session labelling cmd

	plugins                       : plugins -plugins/sdk cmd
	plugins/sdk                   : plugins core/plugin core/stage core/session cmd : core/run
	plugins/sdk/atomicfile        : plugins core reports labelling cmd
	plugins/sdk/sealed            : plugins core : cmd
	plugins/sdk/client            : plugins/sdk/plugintest plugins/sdk/conformance core/plugin core/stage core/session cmd : core/run
	plugins/sdk/gitlfs            : plugins core : cmd reports labelling
	plugins/sdk/imaging           : plugins core reports cmd : labelling
	plugins/sdk/schema            : core/spec core/reference core/plan core/plugin core/stage plugins cmd : core/ablation core/run core/session core/bundle
	plugins/sdk/table             : plugins core reports labelling : cmd
	plugins/ml/models/goldentest  :
	plugins/ml/models/shallowtest :

	core                          : core -core/stats reports labelling cmd
	core/hub/hubtest              :
	core/track                    : core/track cmd
	core/track/mlflow/mlflowtest  :
	core/spec                     : core/ablation core/reference core/plan core/plugin core/stage core/session cmd : core/run core/bundle
	core/ablation                 : core/session core/reference : cmd
	core/reference                : cmd
	core/bundle                   : cmd
	core/plan                     : core/stage core/run core/session core/bundle cmd
	core/plugin                   : core/run core/session cmd
	core/starter                  : cmd
	core/store                    : core/run core/session core/faulttest cmd
	core/stage                    : core/run core/session cmd
	core/browsertest              :
	core/faulttest                : core/faulttest cmd
	core/run                      : core/session cmd
	core/session                  : cmd
	reports                       : cmd reports/coverage
	reports/live                  : cmd
	labelling                     : labelling cmd
	labelling/quality             : labelling : cmd
	labelling/exchange            : cmd
	labelling/queue               : labelling cmd
	labelling/server              : cmd
	labelling/scripted            : cmd
	reports/page                  : reports : cmd
	reports/thumbnail             : reports : cmd
	reports/figure                : reports : cmd
	cmd                           :
`

// rule is a line of the policy.
type rule struct {
	direct, through []string
}

func rules(text string) map[string]rule {
	parsed := map[string]rule{}
	for line := range strings.Lines(text) {
		parts := strings.Split(line, ":")
		if len(parts) < 2 {
			continue
		}
		r := rule{direct: strings.Fields(parts[1])}
		if len(parts) > 2 {
			r.through = strings.Fields(parts[2])
		}
		parsed[strings.TrimSpace(parts[0])] = r
	}
	return parsed
}

// within reports whether the package or import path lies in folder.
func within(path, folder string) bool {
	path = strings.TrimPrefix(path, module)
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// covers returns the folder of a list in which a package lies, and whether the
// list lets it in.
func covers(list []string, path string) (folder string, in bool) {
	for _, entry := range list {
		name, out := strings.CutPrefix(entry, "-")
		if within(path, name) && len(name) > len(folder) {
			folder, in = name, !out
		}
	}
	return folder, in
}

// of returns the line of the policy that holds for a package, "" if none does.
func of(policy map[string]rule, path string) string {
	best := ""
	for what := range policy {
		if within(path, what) && len(what) > len(best) {
			best = what
		}
	}
	return best
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string // all that it depends on
}

func packages(t *testing.T) []listed {
	t.Helper()
	// The cache of test results does not see what another process reads: looking
	// at the folders here keeps it from answering for sources that have changed.
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != "." && strings.HasPrefix(e.Name(), ".") && e.IsDir() {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
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

func TestImports(t *testing.T) {
	policy := rules(policy)
	used := map[string]bool{} // "what: folder", and "what" alone
	for _, p := range packages(t) {
		for _, dep := range p.Deps {
			what := of(policy, dep)
			if what == "" {
				continue
			}
			used[what] = true
			r := policy[what]
			folder, in := covers(r.direct, p.ImportPath)
			if slices.Contains(p.Imports, dep) {
				if !in {
					t.Errorf("%s imports %s, which only %v may", p.ImportPath, dep, r.direct)
				}
				used[what+": "+folder] = true
				continue
			}
			if in {
				continue
			}
			if through, in := covers(r.through, p.ImportPath); in {
				used[what+": "+through] = true
			} else {
				t.Errorf("%s depends on %s, which only %v and %v may: see go list -deps", p.ImportPath, dep, r.direct, r.through)
			}
		}
	}
	// What nobody needs is not allowed.
	for what, r := range policy {
		if !used[what] && len(r.direct) > 0 {
			t.Errorf("nothing depends on %s: take its line out", what)
		}
		for _, folder := range slices.Concat(r.direct, r.through) {
			if used[what] && !strings.HasPrefix(folder, "-") && !used[what+": "+folder] {
				t.Errorf("nothing in %s needs %s: take it out of the line", folder, what)
			}
		}
	}
}

// TestRules: the rules themselves, on imports that are made up.
func TestRules(t *testing.T) {
	policy := rules(`
		a/b  : x y -y/z : w
		a/b/c: x
		d    :
	`)
	for _, test := range []struct {
		dep, from       string
		direct, through bool
	}{
		{"a/b", module + "x", true, false},
		{"a/b/k", module + "x/deep", true, false},
		{"a/b", module + "y/z", false, false},
		{"a/b", module + "y/zz", true, false},
		{"a/b", module + "w", false, true},
		{"a/b/c", module + "y", false, false},
		{"a/b/c/e", module + "x", true, false},
		{"d", module + "x", false, false},
	} {
		r := policy[of(policy, test.dep)]
		_, direct := covers(r.direct, test.from)
		_, through := covers(r.through, test.from)
		if direct != test.direct || through != test.through {
			t.Errorf("%s on %s: direct %v, through %v", test.from, test.dep, direct, through)
		}
	}
	if what := of(policy, "a/bc"); what != "" {
		t.Errorf("a/bc is in %q", what)
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
