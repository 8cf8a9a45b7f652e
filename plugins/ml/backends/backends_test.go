package backends

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// openVariable makes the test binary a process that opens the backend of this
// name, says on standard error which one it got, and ends.
const openVariable = "PLUMB_TEST_OPEN"

func TestMain(m *testing.M) {
	name, set := os.LookupEnv(openVariable)
	if !set {
		os.Exit(m.Run())
	}
	backend, err := Open(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "opened:", backend.String())
	choice, _ := Choose(name)
	for _, passed := range choice.Passed {
		fmt.Fprintln(os.Stderr, "passed over:", passed)
	}
	again, err := Open(name)
	fmt.Fprintln(os.Stderr, "again:", again == backend, err)
}

// openAlone opens a backend in a process of its own, with no PJRT plugin in
// reach and every way to the network watched. It returns what was written to
// standard output and standard error, and how often the network was tried.
func openAlone(t *testing.T, name string, variables ...string) (stdout, stderr string, connections int64, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var tried atomic.Int64
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			tried.Add(1)
			connection.Close()
		}
	}()
	home, proxy := t.TempDir(), "http://"+listener.Addr().String()
	command := exec.Command(os.Args[0])
	command.Env = []string{
		openVariable + "=" + name, "HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + home,
		"PJRT_PLUGIN_LIBRARY_PATH=" + home,
		"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "http_proxy=" + proxy, "https_proxy=" + proxy,
	}
	command.Env = append(command.Env, variables...)
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	err = command.Run()
	if left, readErr := os.ReadDir(home); readErr != nil || len(left) > 0 {
		t.Errorf("opening %q leaves %v in the home directory, %v", name, left, readErr)
	}
	return out.String(), log.String(), tried.Load(), err
}

// TestAutoWithoutPlugin: auto falls back to the pure-Go backend, quietly.
func TestAutoWithoutPlugin(t *testing.T) {
	for _, name := range []string{Auto, "", Go} {
		stdout, stderr, connections, err := openAlone(t, name)
		if err != nil {
			t.Errorf("open %q: %v\n%s", name, err, stderr)
		}
		if !strings.Contains(stderr, "opened: go\n") || !strings.Contains(stderr, "again: true <nil>") {
			t.Errorf("open %q: %s", name, stderr)
		}
		if stdout != "" {
			t.Errorf("open %q writes %q to standard output, where a plugin's handshake is read", name, stdout)
		}
		if connections != 0 {
			t.Errorf("open %q tried the network %d times", name, connections)
		}
	}
}

// TestXLAWithoutPlugin: what was asked for by name is not replaced by
// something else, and not downloaded.
func TestXLAWithoutPlugin(t *testing.T) {
	for _, name := range []string{XLACPU, XLACUDA} {
		stdout, stderr, connections, err := openAlone(t, name)
		if err == nil {
			t.Errorf("open %q without a plugin: %s", name, stderr)
		}
		if !strings.Contains(stderr, "error: backend "+name+": ") {
			t.Errorf("open %q: the error does not name the backend: %s", name, stderr)
		}
		if stdout != "" {
			t.Errorf("open %q writes %q to standard output", name, stdout)
		}
		if connections != 0 {
			t.Errorf("open %q tried the network %d times", name, connections)
		}
	}
}

// TestPassedOver: plugins that are there and do not open are told one by one, with
// the command that installs one; auto goes on without them.
func TestPassedOver(t *testing.T) {
	site := t.TempDir()
	page, missing := filepath.Join(site, "pjrt_c_api_cpu_plugin.so"), filepath.Join(site, "none.so")
	if err := os.WriteFile(page, []byte("<html></html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	environment := touch(t, site, "lib/python3.12/site-packages/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so")
	variables := []string{PJRTPathVariable + "=" + page + string(os.PathListSeparator) + missing, "VIRTUAL_ENV=" + site}
	_, stderr, _, err := openAlone(t, XLACPU, variables...)
	if err == nil {
		t.Fatalf("it opens: %s", stderr)
	}
	at := 0
	for _, want := range []string{
		"error: backend xla:cpu: no PJRT plugin of it opens",
		page + " (" + Sources[0] + "): it is not a shared library",
		missing + " (" + Sources[0] + "): there is no such file",
		environment + " (" + Sources[2] + "): it is not a shared library",
		"`plumb backend install xla:cpu`",
	} {
		found := strings.Index(stderr[at:], want)
		if found < 0 {
			t.Fatalf("it does not say %q, or too early: %s", want, stderr)
		}
		at += found
	}
	_, stderr, _, err = openAlone(t, Auto, variables...)
	if err != nil || !strings.Contains(stderr, "opened: go\n") || strings.Count(stderr, "passed over: ") < 3 {
		t.Errorf("auto: %v, %s", err, stderr)
	}
}

// TestNextChoice: where a plugin is, it is opened after one that does not open.
func TestNextChoice(t *testing.T) {
	found := Find(XLACPU, os.Getenv)
	if len(found) == 0 || found[0].Why != "" {
		t.Skip("no PJRT plugin for processors is here: `plumb backend install xla:cpu`, or --pjrt")
	}
	whole, err := os.ReadFile(found[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut_cpu.so")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	paths := cut + string(os.PathListSeparator) + found[0].Path
	stdout, stderr, _, err := openAlone(t, XLACPU, PJRTPathVariable+"="+paths, CacheVariable+"="+t.TempDir())
	if err != nil || !strings.Contains(stderr, "again: true <nil>") || !strings.Contains(stderr, "passed over: "+cut) || stdout != "" {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}

func TestUnknownBackend(t *testing.T) {
	for _, name := range []string{"cuda", "GO", "xla", "xla:tpu", "go "} {
		backend, err := Open(name)
		if err == nil {
			t.Errorf("%q opens %s", name, backend)
			continue
		}
		for _, want := range []string{fmt.Sprintf("%q", name), Auto, Go, XLACPU, XLACUDA} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %s", err, want)
			}
		}
	}
}

// TestGo computes something, and finds standard output where it was.
func TestGo(t *testing.T) {
	before := os.Stdout
	backend, err := Open(Go)
	if err != nil {
		t.Fatal(err)
	}
	if os.Stdout != before {
		t.Error("standard output is another one")
	}
	if again, err := Open(Go); err != nil || again != backend {
		t.Errorf("the second time it is another backend (%v)", err)
	}
	if Parallel(backend) < 1 {
		t.Errorf("%d parts", Parallel(backend))
	}
	product, err := ExecOnce(backend, func(x, y *Node) *Node { return MatMul(x, y) },
		tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4}, 2, 2), tensors.FromFlatDataAndDimensions([]float32{5, 6}, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](product); got[0] != 17 || got[1] != 39 {
		t.Errorf("product %v, want [17 39]", got)
	}
}

func TestFirstLine(t *testing.T) {
	for text, want := range map[string]string{"one": "one", "one\ntwo\nthree": "one", "\n": ""} {
		if got := firstLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
