package golang

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write template.txtar anew")

const source = "../template"

// TestArchive: the archive is plugins/template.
func TestArchive(t *testing.T) {
	var want txtar.Archive
	for _, pattern := range []string{"go.mod", "go.sum", "*/*.go", "*/*.md"} {
		names, err := filepath.Glob(filepath.Join(source, pattern))
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			inside, err := filepath.Rel(source, name)
			if err != nil {
				t.Fatal(err)
			}
			want.Files = append(want.Files, txtar.File{Name: filepath.ToSlash(inside), Data: content})
		}
	}
	if *update {
		if err := os.WriteFile("template.txtar", txtar.Format(&want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(txtar.Format(&want), archive) {
		t.Error("template.txtar is not plugins/template: run go generate ./plugins/golang")
	}
}

// TestVersions: the template needs what Plumb needs, in the same versions.
func TestVersions(t *testing.T) {
	requirement := regexp.MustCompile(`(?m)^\s+(\S+) (v\S+)`)
	versions := map[string]string{}
	root, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range requirement.FindAllStringSubmatch(string(root), -1) {
		versions[match[1]] = match[2]
	}
	own, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range requirement.FindAllStringSubmatch(string(own), -1) {
		if versions[match[1]] != match[2] {
			t.Errorf("plugins/template needs %s %s, and Plumb %q: run go mod tidy there, and go generate ./plugins/golang", match[1], match[2], versions[match[1]])
		}
	}
}

// TestTemplate: what comes out is a plugin of each kind, offline, and nothing of the
// sample's name is left in it. Its tests are those of plugins/template, which .ci/run
// makes; here they run for a reward.
func TestTemplate(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			files, err := Template(kind, "my_own", SDK{Directory: root})
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "a b") // a place with a space in its name
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if bytes.Contains(file.Content, []byte(samples[kind])) {
					t.Errorf("%s speaks of %s", file.Name, samples[kind])
				}
				if err := os.WriteFile(filepath.Join(dir, file.Name), file.Content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			commands := [][]string{{"vet", "."}}
			if kind == "reward" && !testing.Short() {
				commands = append(commands, []string{"test", "."}, []string{"build", "-trimpath", "-buildvcs=false"})
			}
			for _, arguments := range commands {
				command := exec.Command("go", arguments...)
				command.Dir = dir
				command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
				if said, err := command.CombinedOutput(); err != nil {
					t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, said)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "my_own")); err != nil && len(commands) > 1 {
				t.Error(err)
			}
		})
	}
}

func TestTemplateRefuses(t *testing.T) {
	here := SDK{Directory: "/plumb"}
	for name, try := range map[string]func() ([]File, error){
		"kind":    func() ([]File, error) { return Template("oracle", "x", here) },
		"name":    func() ([]File, error) { return Template("reward", "My-Own", here) },
		"empty":   func() ([]File, error) { return Template("reward", "", here) },
		"main":    func() ([]File, error) { return Template("reward", "main", here) },
		"system":  func() ([]File, error) { return Template("reward", "my_windows", here) },
		"machine": func() ([]File, error) { return Template("rater", "my_arm64", here) },
		"test":    func() ([]File, error) { return Template("reward", "my_test", here) },
		"nowhere": func() ([]File, error) { return Template("reward", "x", SDK{}) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
	files, err := Template("reward", "x", SDK{Version: "v0.3.0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text := string(file.Content); file.Name == "go.mod" && (!strings.Contains(text, "github.com/plumb-ml/plumb v0.3.0") || strings.Contains(text, "replace")) {
			t.Error(text)
		}
	}
}
