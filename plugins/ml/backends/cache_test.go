package backends

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheFor: what would be sent to XLA, and that its user's word goes before
// ours.
func TestCacheFor(t *testing.T) {
	knows := Library{Path: "/lib/xla_cuda_plugin.so", Digest: strings.Repeat("ab", 32), Flags: ourFlags}
	without := Library{Path: "/lib/old.so", Digest: strings.Repeat("cd", 32)}
	home := func() (string, error) { return "/home/ann/.cache", nil }
	homeless := func() (string, error) { return "", errors.New("$HOME is not defined") }
	none := func(string) string { return "" }
	name := tuningName(knows, none, "")
	own := "/home/ann/.cache/plumb/xla/tuning/" + name
	flagged := "/home/ann/.cache/plumb/xla/tuning/" + tuningName(knows, none, "--xla_gpu_autotune_level=2")
	for name, test := range map[string]struct {
		plugin    Library
		variables map[string]string
		home      func() (string, error)
		flags     string // of XLA_FLAGS; "": left as they are
		dir       string
		why       string
	}{
		"by default":             {knows, nil, home, "--" + cacheFlag + "=" + own, own, ""},
		"beside other flags":     {knows, map[string]string{flagsVariable: " --xla_gpu_autotune_level=2"}, home, "--" + cacheFlag + "=" + flagged + "  --xla_gpu_autotune_level=2", flagged, ""},
		"moved":                  {knows, map[string]string{CacheVariable: "/scratch/my xla"}, home, "--" + cacheFlag + `="/scratch/my xla/tuning/` + name + `"`, "/scratch/my xla/tuning/" + name, ""},
		"moved, without home":    {knows, map[string]string{CacheVariable: "/scratch"}, homeless, "--" + cacheFlag + "=/scratch/tuning/" + name, "/scratch/tuning/" + name, ""},
		"off":                    {knows, map[string]string{CacheVariable: "OFF"}, home, "", "", "is off"},
		"the user's flag":        {knows, map[string]string{flagsVariable: "--" + cacheFlag + "=/mine --xla_gpu_autotune_level=2"}, home, "", "/mine", "says where"},
		"the user's, quoted":     {knows, map[string]string{flagsVariable: "--" + cacheFlag + `="/my \"own\" one"`}, home, "", `/my "own" one`, "says where"},
		"the user's, turned off": {knows, map[string]string{flagsVariable: "--" + cacheFlag + "="}, home, "", "", "says where"},
		"a file of flags":        {knows, map[string]string{flagsVariable: "/etc/xla.flags"}, home, "", "", "file of flags"},
		"all options given":      {knows, map[string]string{debugVariable: "xla_gpu_autotune_level: 4"}, home, "", "", debugVariable},
		"an old library":         {without, nil, home, "", "", "does not know"},
		"no home":                {knows, nil, homeless, "", "", CacheVariable},
	} {
		got := cacheFor(test.plugin, func(name string) string { return test.variables[name] }, test.home)
		if got.flags != test.flags || got.Dir != test.dir || !strings.Contains(got.Why, test.why) || (test.why == "") != (got.Why == "") {
			t.Errorf("%s: %+v", name, got)
		}
		if got.flags != "" && flagValue(got.flags, cacheFlag) != test.dir {
			t.Errorf("%s: XLA would read %q of %s", name, flagValue(got.flags, cacheFlag), got.flags)
		}
	}
	// What changes which kernels are possible, or fast, has a directory of its own.
	dir := func(library Library, variables map[string]string) string {
		return cacheFor(library, func(name string) string { return variables[name] }, home).Dir
	}
	other := knows
	other.Digest = strings.Repeat("ef", 32)
	libraries := t.TempDir()
	if err := os.WriteFile(filepath.Join(libraries, "libcudnn.so.9"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{own: true}
	for what, got := range map[string]string{
		"another library": dir(other, nil),
		"without TF32":    dir(knows, map[string]string{tf32Variable: "0"}),
		"other flags":     dir(knows, map[string]string{flagsVariable: "--xla_gpu_enable_triton_gemm=false"}),
		"another cuDNN":   dir(knows, map[string]string{"LD_LIBRARY_PATH": libraries}),
	} {
		if seen[got] {
			t.Errorf("%s shares the directory %s", what, got)
		}
		seen[got] = true
	}
}

// TestKeepTuning: the directory is there before XLA is, a second time changes
// nothing, and what cannot be made is no error.
func TestKeepTuning(t *testing.T) {
	plugin, root := Library{Digest: strings.Repeat("ab", 32), Flags: ourFlags}, t.TempDir()
	t.Setenv(CacheVariable, root)
	t.Setenv(debugVariable, "")
	t.Setenv(flagsVariable, "")
	first := keepTuning(plugin)
	if info, err := os.Stat(first.Dir); err != nil || !info.IsDir() || filepath.Dir(first.Dir) != filepath.Join(root, "tuning") {
		t.Fatalf("%+v: %v", first, err)
	}
	set := os.Getenv(flagsVariable)
	if want := "--" + cacheFlag + "=" + first.Dir; set != want {
		t.Errorf("%s is %q, want %q", flagsVariable, set, want)
	}
	if again := keepTuning(plugin); again.Dir != first.Dir || os.Getenv(flagsVariable) != set {
		t.Errorf("a second time: %+v, %q", again, os.Getenv(flagsVariable))
	}
	t.Setenv(flagsVariable, "")
	blocked := filepath.Join(root, "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(CacheVariable, filepath.Join(blocked, "below"))
	if got := keepTuning(plugin); got.Dir != "" || got.Why == "" || os.Getenv(flagsVariable) != "" {
		t.Errorf("where none can be made: %+v, %q", got, os.Getenv(flagsVariable))
	}
}

// TestDescribeCache: how large it is, with what other plugins left behind.
func TestDescribeCache(t *testing.T) {
	root := t.TempDir()
	t.Setenv(CacheVariable, root)
	own := filepath.Join(root, "0123456789abcdef")
	says := func(cache Cache, wants ...string) {
		t.Helper()
		var out bytes.Buffer
		describeCache(&out, cache)
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("it does not say %q:\n%s", want, out.String())
			}
		}
	}
	says(Cache{Dir: own}, own+", empty")
	says(Cache{Why: "it is off"}, "none: it is off")
	for _, file := range []string{own + "/NVIDIA H100/a.pb", own + "/NVIDIA H100/b.pb", root + "/other/c.pb"} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, make([]byte, 1<<19), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	says(Cache{Dir: own}, "2 autotuning results, 1.00 MiB", "of all plugins: "+root+", 3 autotuning results, 1.50 MiB")
}
