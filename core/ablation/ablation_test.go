package ablation

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shapes is a catalog of one sampler.
type shapes struct{}

func (shapes) Component(kind, name string) (spec.Identity, bool) {
	if kind != "sampler" || name != "shapes" {
		return spec.Identity{}, false
	}
	return spec.Identity{Component: schema.Component{Schema: schema.Schema{Attributes: []schema.Attribute{
		{Name: "solver", Type: "string", Default: json.RawMessage(`"ddim"`)},
		{Name: "guidance_scale", Type: "number", Default: json.RawMessage(`3`)},
	}}}}, true
}

func (s shapes) Providers(kind, name string) []spec.Identity {
	if identity, ok := s.Component(kind, name); ok {
		return []spec.Identity{identity}
	}
	return nil
}

func (shapes) Names(kind string) []string {
	if kind == "sampler" {
		return []string{"shapes"}
	}
	return nil
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to make it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func printed(t *testing.T, list diag.List, files *spec.Files) string {
	t.Helper()
	var buffer bytes.Buffer
	if err := diag.WriteText(&buffer, list, diag.TextOptions{Width: 78, Sources: files.Sources(), Block: files.Block}); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func files(t *testing.T, directory string) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.hcl", "*.hcl.json"} {
		matches, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, matches...)
	}
	if len(list) == 0 {
		t.Fatalf("no files in %s", directory)
	}
	return list
}

// expand loads an ablation and expands it.
func expand(ctx context.Context, path string, options Options, more spec.Options) (*Ablation, []Variant, diag.List) {
	a, diagnostics := Load(ctx, path, options)
	if a == nil {
		return nil, nil, diagnostics
	}
	more.Catalog, more.Files = shapes{}, options.Files
	variants, found := Expand(ctx, a, more)
	return a, variants, append(diagnostics, found...)
}

// Every valid file expands to the variants in the .txt beside it.
func TestValid(t *testing.T) {
	for _, path := range files(t, "testdata/valid") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if !IsAblation(spec.NewFiles(), path) {
				t.Error("is not taken for an ablation")
			}
			files := spec.NewFiles()
			a, variants, diagnostics := expand(t.Context(), path, Options{Files: files}, spec.Options{})
			// An experiment has an unused variable, which invalid tables name, and one no stages.
			diagnostics = slices.DeleteFunc(diagnostics, func(d diag.Diagnostic) bool { return d.Summary == "Unused variable" || d.Summary == "Nothing to do" })
			if len(diagnostics) > 0 {
				t.Fatal(printed(t, diagnostics, files))
			}
			var text strings.Builder
			fmt.Fprintf(&text, "%s: %s\ncolumns: %s\nseeds: %v\nmeasure: %s\n", a.Name, a.Description, a.Columns, a.Seeds, a.Measure)
			for _, v := range variants {
				values, err := json.Marshal(v.Values)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&text, "%s\n  values %s, seed %d, sampler %s", v.Name, values, v.Seed, v.Spec.Samplers[0].Config)
				if v.Baseline {
					text.WriteString(", baseline")
				}
				text.WriteString("\n")
			}
			golden(t, strings.TrimSuffix(strings.TrimSuffix(path, ".json"), ".hcl")+".txt", []byte(text.String()))
		})
	}
}

// Two seeds are allowed, and warned of: they make no interval.
func TestTwoSeeds(t *testing.T) {
	content, err := os.ReadFile("testdata/valid/product.hcl")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	experiment, err := os.ReadFile("testdata/experiment.hcl")
	if err != nil {
		t.Fatal(err)
	}
	two := strings.Replace(string(content), "[2, 1, 3]", "[2, 1]", 1)
	path := filepath.Join(folder, "ablations", "two.hcl")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{path: two, filepath.Join(folder, "experiment.hcl"): string(experiment)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, diagnostics := Load(t.Context(), path, Options{})
	if a == nil || len(a.Seeds) != 2 || len(diagnostics) != 1 || diagnostics[0].Severity != diag.Warning ||
		diagnostics[0].Subject.Start.Line != 4 || !strings.Contains(diagnostics[0].Detail, "three or more") {
		t.Errorf("got %+v", diagnostics)
	}
}

// Every invalid file gives the diagnostics in the .txt beside it.
func TestInvalid(t *testing.T) {
	for _, path := range files(t, "testdata/invalid") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			files := spec.NewFiles()
			_, variants, diagnostics := expand(t.Context(), path, Options{Files: files}, spec.Options{})
			if !diagnostics.HasErrors() || variants != nil {
				t.Errorf("%d variants and no errors", len(variants))
			}
			golden(t, strings.TrimSuffix(path, ".hcl")+".txt", []byte(printed(t, diagnostics, files)))
		})
	}
}

func TestIsAblation(t *testing.T) {
	directory := t.TempDir()
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"ablation.hcl":   {`ablation "x" {}`, true},
		"broken.hcl":     {"ablation \"x\" {\n  seeds = = 1\n}\n", true},
		"json.hcl.json":  {`{"ablation": {"x": {}}}`, true},
		"experiment.hcl": {`experiment "x" {}`, false},
		"empty.hcl":      {"", false},
		"tracked.hcl":    {"experiment \"x\" {}\ntracking \"mlflow\" {}\n", false},
		"binary.hcl":     {"\x00\xff", false},
	} {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := IsAblation(spec.NewFiles(), path); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if IsAblation(spec.NewFiles(), filepath.Join(directory, "none.hcl")) {
		t.Error("a file that is not there is an ablation")
	}
}

// An ablation may say where its runs are shown; it has no variables for that.
func TestTracking(t *testing.T) {
	directory := t.TempDir()
	load := func(block string) (*Ablation, diag.List) {
		for name, text := range map[string]string{
			"experiment.hcl": "experiment \"x\" { seed = var.a }\nvariable \"a\" { default = 1 }\n",
			"ablation.hcl":   "ablation \"x\" {\n  experiment = \"experiment.hcl\"\n  vary = { a = [1, 2] }\n}\n" + block,
		} {
			if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return Load(context.Background(), filepath.Join(directory, "ablation.hcl"), Options{})
	}
	a, found := load("tracking \"mlflow\" { uri = \"http://host:1\" }\n")
	if found.HasErrors() || a.Tracking == nil || a.Tracking.URI != "http://host:1" {
		t.Errorf("%+v, %v", a, found)
	}
	if a, found := load(""); found.HasErrors() || a.Tracking != nil {
		t.Errorf("without a block: %+v, %v", a, found)
	}
	for block, want := range map[string]string{
		"tracking \"mlflow\" { uri = var.server }":       "There is no variable \"server\"",
		"tracking \"mlflow\" {}\ntracking \"mlflow\" {}": "This is a second tracking block: the first is on line 5",
		"tracking \"wandb\" {}":                          "There is no tracker \"wandb\"",
	} {
		if _, found := load(block + "\n"); !strings.Contains(found.Error(), want) && !strings.Contains(fmt.Sprint(found), want) {
			t.Errorf("%s: %v", block, found)
		}
	}
}

// Values of the table win over the command line; a missing column takes the
// command line's value, and rows that thereby become one are reported.
func TestExpandWithVariables(t *testing.T) {
	_, variants, diagnostics := expand(t.Context(), "testdata/valid/rows.hcl", Options{}, spec.Options{Variables: map[string]string{"auxiliary_weight": "7"}})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	var got []string
	for _, v := range variants {
		got = append(got, v.Name)
	}
	want := []string{
		`auxiliary_weight=7,solver=ddim,words=["red"]`,
		`auxiliary_weight=7,solver="two words",words=["red"]`,
		`auxiliary_weight=1,solver=ddim,words=["red","blue"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names differ (-want +got):\n%s", diff)
	}
	_, _, diagnostics = expand(t.Context(), "testdata/valid/rows.hcl", Options{}, spec.Options{Variables: map[string]string{"solver": "two words"}})
	if !strings.Contains(diagnostics.Error(), "Duplicate row") {
		t.Errorf("got %v", diagnostics)
	}
}

// A variable that every row gives a value is not set on the command line, nor is
// the seed where there are seeds: it would be ignored.
func TestVariedVariables(t *testing.T) {
	for _, test := range []struct {
		file, name string
		refused    bool
		line       int
	}{
		{"product.hcl", "auxiliary_weight", true, 8},
		{"product.hcl", "seed", true, 4},
		{"rows.hcl", "auxiliary_weight", false, 0}, // a row lacks it
	} {
		_, variants, diagnostics := expand(t.Context(), "testdata/valid/"+test.file, Options{}, spec.Options{Variables: map[string]string{test.name: "7"}})
		if test.refused {
			if variants != nil || len(diagnostics) == 0 || diagnostics[0].Summary != "Varied variable on the command line" || diagnostics[0].Subject.Start.Line != test.line {
				t.Errorf("%s, %s: %+v", test.file, test.name, diagnostics)
			}
		} else if diagnostics.HasErrors() {
			t.Errorf("%s, %s: %v", test.file, test.name, diagnostics)
		}
	}
}

// A path is read for its digest once, not once for each variant.
func TestExpandRemembersDigests(t *testing.T) {
	directory := t.TempDir()
	for name, text := range map[string]string{
		"x.hcl":       "experiment \"x\" { seed = var.seed }\nvariable \"seed\" { default = 1 }\nimages \"found\" { path = \"photographs\" }\n",
		"a.hcl":       "ablation \"a\" {\n  experiment = \"x.hcl\"\n  seeds = [1, 2, 3]\n}\n",
		"photographs": "",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reads := 0
	_, variants, diagnostics := expand(t.Context(), filepath.Join(directory, "a.hcl"), Options{}, spec.Options{Scan: func(_ context.Context, _ imagefolder.Folder) (imagefolder.Inventory, error) {
		reads++
		return imagefolder.Inventory{Images: 1, Digest: "digest"}, nil
	}})
	if diagnostics.HasErrors() || len(variants) != 3 || reads != 1 {
		t.Errorf("%d variants, %d reads, %v", len(variants), reads, diagnostics)
	}
}

// The product of random lists: every combination once, sorted, whatever the
// order in the file.
func TestExpandProperties(t *testing.T) {
	directory := t.TempDir()
	experiment, err := os.ReadFile("testdata/experiment.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "experiment.hcl"), experiment, 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "a.hcl")
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfNDistinct(rapid.IntRange(-20, 20), 1, 4, rapid.ID[int]).Draw(t, "weights")
		solvers := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z =,"]{1,5}`), 1, 3, rapid.ID[string]).Draw(t, "solvers")
		seeds := rapid.SliceOfNDistinct(rapid.Uint64(), 1, 3, rapid.ID[uint64]).Draw(t, "seeds")
		quoted := make([]string, len(solvers))
		for i, solver := range solvers {
			quoted[i] = fmt.Sprintf("%q", solver)
		}
		write := func() []Variant {
			text := fmt.Sprintf("ablation \"a\" {\n  experiment = \"experiment.hcl\"\n  seeds = %s\n  vary = { solver = %s, auxiliary_weight = %s }\n  baseline = { solver = %s, auxiliary_weight = %d }\n}\n",
				strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "["+strings.Join(quoted, ", ")+"]",
				strings.ReplaceAll(fmt.Sprint(weights), " ", ", "), fmt.Sprintf("%q", solvers[0]), weights[0])
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, variants, diagnostics := expand(t.Context(), path, Options{}, spec.Options{})
			if diagnostics.HasErrors() {
				t.Fatalf("%s\n%v", text, diagnostics)
			}
			return variants
		}
		variants := write()
		if want := len(weights) * len(solvers) * len(seeds); len(variants) != want {
			t.Fatalf("%d variants, want %d", len(variants), want)
		}
		names, baselines := map[string]bool{}, 0
		for i, v := range variants {
			names[v.Name] = true
			if v.Baseline {
				baselines++
				if v.Values["solver"] != solvers[0] || v.Values["auxiliary_weight"] != float64(weights[0]) {
					t.Fatalf("%s is no baseline", v.Name)
				}
			}
			if v.Spec.Seed != v.Seed || !slices.Contains(seeds, v.Seed) {
				t.Fatalf("seed %d, and %d in the Spec", v.Seed, v.Spec.Seed)
			}
			if i == 0 {
				continue
			}
			before := variants[i-1]
			order := compare(before.Values["auxiliary_weight"], v.Values["auxiliary_weight"])
			if order == 0 {
				order = compare(before.Values["solver"], v.Values["solver"])
			}
			if order > 0 || order == 0 && before.Seed >= v.Seed {
				t.Fatalf("%s stands before %s", before.Name, v.Name)
			}
		}
		if len(names) != len(variants) || baselines != len(seeds) {
			t.Fatalf("%d names of %d variants, %d baselines of %d seeds", len(names), len(variants), baselines, len(seeds))
		}
		slices.Reverse(weights[1:])
		slices.Reverse(seeds)
		again := write()
		for i := range variants {
			first, err := variants[i].Spec.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			second, err := again[i].Spec.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			if variants[i].Name != again[i].Name || !bytes.Equal(first, second) {
				t.Fatalf("%s becomes %s in another order", variants[i].Name, again[i].Name)
			}
		}
	})
}

func TestCompare(t *testing.T) {
	ordered := []any{nil, false, true, -1.0, 0.5, json.Number("9007199254740993"), 1e300, "10", "9", "a", []any{"a"}, map[string]any{}}
	for i, a := range ordered {
		for j, b := range ordered {
			got := compare(a, b)
			if (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("compare(%v, %v) = %d", a, b, got)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.hcl*", "testdata/invalid/*.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(strings.ReplaceAll(string(text), "../", ""), strings.HasSuffix(path, ".json"))
		}
	}
	directory := f.TempDir()
	for _, name := range []string{"experiment.hcl", "without_seed.hcl"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o644); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string, isJSON bool) {
		path := filepath.Join(directory, "a.hcl")
		if isJSON {
			path += ".json"
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		a, diagnostics := Load(t.Context(), path, Options{})
		if (a == nil) != diagnostics.HasErrors() {
			t.Fatalf("ablation %v beside diagnostics %v", a, diagnostics)
		}
		if a == nil || len(a.Rows)*max(1, len(a.Seeds)) > 20 {
			return
		}
		variants, diagnostics := Expand(t.Context(), a, spec.Options{Catalog: shapes{}})
		if (variants == nil) != diagnostics.HasErrors() {
			t.Fatalf("variants %v beside diagnostics %v", variants, diagnostics)
		}
	})
}
