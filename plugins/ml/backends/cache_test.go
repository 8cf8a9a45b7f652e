package backends

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// library writes a file that has what a shared library has around its strings.
func library(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "xla_cuda_plugin.so")
	if err := os.WriteFile(path, []byte("\x7fELF"+strings.Join(parts, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScan: a flag is a C string of its own, wherever it lies; a field of a
// message, or a longer name, is none.
func TestScan(t *testing.T) {
	flag, filler := "\x00"+cacheFlag+"\x00", strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		content string
		knows   bool
	}{
		"a flag":             {"\x01" + flag + "help", true},
		"in a longer string": {"\x00set --" + cacheFlag + "\x00", true},
		"a message's field":  {"\x00%" + cacheFlag + "\x18\xb6\x02", false},
		"a longer name":      {"\x00" + cacheFlag + "_mode\x00", false},
		"a name before it":   {"\x00my_" + cacheFlag + "\x00", false},
		"nothing":            {"", false},
		"far away":           {filler + filler + flag, true},
		"across the seam":    {filler[:1<<20-4-20] + flag, true}, // parts of 1 MiB, of which 4 bytes are ELF's
		"at the very end":    {filler + "\x00" + cacheFlag + "\x00", true},
		"cut off":            {filler + "\x00" + cacheFlag, false},
	} {
		path := library(t, test.content)
		digest, knows, err := scan(path, cacheFlag)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("\x7fELF" + test.content))
		if knows != test.knows || digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: found %v, digest %s", name, knows, digest)
		}
	}
	// The same for parts of any size, as a reader may give them.
	for size := 1; size < 60; size++ {
		s := &scanner{hash: sha256.New(), names: [][]byte{[]byte(flag)}}
		for rest := []byte("some text before" + flag + "and after"); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := s.Write(rest[:min(size, len(rest))]); n != min(size, len(rest)) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if !s.found {
			t.Errorf("in parts of %d bytes it is not found", size)
		}
	}
	if _, _, err := scan(filepath.Join(t.TempDir(), "none.so"), cacheFlag); err == nil {
		t.Error("no file has no error")
	}
}

// TestCacheFor: what would be sent to XLA, and that its user's word goes before
// ours.
func TestCacheFor(t *testing.T) {
	knows, other := library(t, "\x00"+cacheFlag+"\x00"), library(t, "\x00"+cacheFlag+"\x00", "version 2")
	without := library(t, "\x00xla_gpu_autotune_level\x00")
	home := func() (string, error) { return "/home/ann/.cache", nil }
	homeless := func() (string, error) { return "", errors.New("$HOME is not defined") }
	digest, _, err := scan(knows, cacheFlag)
	if err != nil {
		t.Fatal(err)
	}
	own := "/home/ann/.cache/plumb/xla/" + digest[:16]
	for name, test := range map[string]struct {
		plugin    string
		variables map[string]string
		home      func() (string, error)
		flags     string // of XLA_FLAGS; "": left as they are
		dir       string
		why       string
	}{
		"by default":             {knows, nil, home, "--" + cacheFlag + "=" + own, own, ""},
		"beside other flags":     {knows, map[string]string{flagsVariable: " --xla_gpu_autotune_level=2"}, home, "--" + cacheFlag + "=" + own + "  --xla_gpu_autotune_level=2", own, ""},
		"moved":                  {knows, map[string]string{CacheVariable: "/scratch/my xla"}, home, "--" + cacheFlag + `="/scratch/my xla/` + digest[:16] + `"`, "/scratch/my xla/" + digest[:16], ""},
		"moved, without home":    {knows, map[string]string{CacheVariable: "/scratch"}, homeless, "--" + cacheFlag + "=/scratch/" + digest[:16], "/scratch/" + digest[:16], ""},
		"off":                    {knows, map[string]string{CacheVariable: "OFF"}, home, "", "", "is off"},
		"the user's flag":        {knows, map[string]string{flagsVariable: "--" + cacheFlag + "=/mine --xla_gpu_autotune_level=2"}, home, "", "/mine", "says where"},
		"the user's, quoted":     {knows, map[string]string{flagsVariable: "--" + cacheFlag + `="/my \"own\" one"`}, home, "", `/my "own" one`, "says where"},
		"the user's, turned off": {knows, map[string]string{flagsVariable: "--" + cacheFlag + "="}, home, "", "", "says where"},
		"a file of flags":        {knows, map[string]string{flagsVariable: "/etc/xla.flags"}, home, "", "", "file of flags"},
		"all options given":      {knows, map[string]string{debugVariable: "xla_gpu_autotune_level: 4"}, home, "", "", debugVariable},
		"an old library":         {without, nil, home, "", "", "does not know"},
		"no library":             {"", nil, home, "", "", "--pjrt"},
		"a library that went":    {"/nowhere/xla_cuda_plugin.so", nil, home, "", "", "no such file"},
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
	none := func(string) string { return "" }
	if a, b := cacheFor(knows, none, home), cacheFor(other, none, home); a.Dir == b.Dir {
		t.Error("two libraries share a directory")
	}
}

// TestKeepTuning: the directory is there before XLA is, a second time changes
// nothing, and what cannot be made is no error.
func TestKeepTuning(t *testing.T) {
	plugin, root := library(t, "\x00"+cacheFlag+"\x00"), t.TempDir()
	t.Setenv(CacheVariable, root)
	t.Setenv(debugVariable, "")
	t.Setenv(flagsVariable, "")
	first := keepTuning(plugin)
	if info, err := os.Stat(first.Dir); err != nil || !info.IsDir() || filepath.Dir(first.Dir) != root {
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
