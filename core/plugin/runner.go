package plugin

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	goplugin_runner "github.com/hashicorp/go-plugin/runner"
)

// killPatience is how long a killed process may take to be gone.
const killPatience = 5 * time.Second

// runner is a plugin's process: its pipes, its first line, its last words and
// how it ended.
//
// It stands in for go-plugin's own so that the process lives in a group of its
// own (Ctrl-C in the terminal is for the host alone, and helpers of the plugin
// die with it), has a pipe as standard input whose end tells it that the host
// is gone, and leaves its exit status behind.
type runner struct {
	command *exec.Cmd
	pinned  []byte // sha256 that the binary must have; nil: any
	sockets string // the directory of its socket, removed with it
	last    *tail  // what it printed

	handshake      *io.PipeReader // its first line of output, for go-plugin
	handshakeWrite *io.PipeWriter
	stdin          *os.File // our end

	mu    sync.Mutex
	first string // the first line of output

	killed atomic.Bool // by us

	pumps sync.WaitGroup
	done  chan struct{} // closed when the process has ended and been read out
}

var _ goplugin_runner.Runner = (*runner)(nil)

func newRunner(path string, arguments, environment []string, pinned, sockets string, last *tail) (*runner, error) {
	command := exec.Command(path, arguments...)
	command.Env = environment
	inOwnGroup(command)
	r := &runner{command: command, sockets: sockets, last: last, done: make(chan struct{})}
	r.handshake, r.handshakeWrite = io.Pipe()
	if pinned != "" {
		digest, err := hex.DecodeString(pinned)
		if err != nil {
			return nil, fmt.Errorf("read pinned sha256: %w", err)
		}
		r.pinned = digest
	}
	return r, nil
}

// Start starts the process. The digest is checked right before, so that what
// runs is what was pinned.
func (r *runner) Start(context.Context) error {
	if r.pinned != nil {
		secure := &goplugin.SecureConfig{Checksum: r.pinned, Hash: sha256.New()}
		if same, err := secure.Check(r.command.Path); err != nil {
			return fmt.Errorf("check sha256: %w", err)
		} else if !same {
			return goplugin.ErrChecksumsDoNotMatch
		}
	}
	var ends []*os.File // the process's
	closeAll := func(files []*os.File) {
		for _, file := range files {
			file.Close()
		}
	}
	var ours []*os.File
	for range 3 {
		read, write, err := os.Pipe()
		if err != nil {
			closeAll(append(ends, ours...))
			return fmt.Errorf("make pipe: %w", err)
		}
		if len(ends) == 0 { // standard input: we write, and never do
			ends, ours = append(ends, read), append(ours, write)
		} else {
			ends, ours = append(ends, write), append(ours, read)
		}
	}
	r.command.Stdin, r.command.Stdout, r.command.Stderr = ends[0], ends[1], ends[2]
	err := r.command.Start()
	closeAll(ends)
	if err != nil {
		closeAll(ours)
		return err
	}
	r.stdin = ours[0]
	stdout, stderr := ours[1], ours[2]
	r.pumps.Go(func() { r.readOutput(stdout) })
	r.pumps.Go(func() { r.last.readFrom(stderr) })
	go r.reap(stdout, stderr)
	return nil
}

// readOutput gives the first line to go-plugin and the rest to the log.
func (r *runner) readOutput(stdout io.Reader) {
	reader := bufio.NewReaderSize(stdout, 16<<10)
	line, _ := reader.ReadSlice('\n') // of something that is no plugin, a part of it will do
	r.mu.Lock()
	r.first = strings.TrimSpace(string(line))
	r.mu.Unlock()
	r.handshakeWrite.Write(line)
	r.last.readFrom(reader)
}

// reap waits for the process to end, ends its helpers with it, and reads its
// pipes out.
func (r *runner) reap(stdout, stderr *os.File) {
	r.command.Wait()
	killGroup(r.command.Process.Pid)
	drained := make(chan struct{})
	go func() {
		r.pumps.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(time.Second): // somebody outside the group holds a pipe
	}
	stdout.Close()
	stderr.Close()
	r.stdin.Close()
	r.handshakeWrite.Close()
	<-drained
	os.RemoveAll(r.sockets)
	close(r.done)
}

// kill ends the process and its helpers at once.
func (r *runner) kill() {
	if !r.started() || r.exited() {
		return
	}
	r.killed.Store(true)
	killGroup(r.command.Process.Pid)
	r.command.Process.Kill()
}

// started reports whether there ever was a process. It must not be called
// while Start runs.
func (r *runner) started() bool { return r.command.Process != nil }

// wait reports whether the process has ended within a time.
func (r *runner) wait(patience time.Duration) bool {
	select {
	case <-r.done:
		return true
	case <-time.After(patience):
		return false
	}
}

func (r *runner) exited() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// firstLine is the first line that the process printed on standard output.
func (r *runner) firstLine() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first
}

// status says how the process ended. Only once it has exited.
func (r *runner) status() string {
	state := r.command.ProcessState
	if state == nil {
		return "did not end"
	}
	if signal, ok := signalOf(state); ok {
		if signal == "killed" && r.killed.Load() {
			return "had to be killed"
		}
		if signal == "killed" {
			return "was killed (signal 9): out of memory?"
		}
		return "died of a signal: " + signal
	}
	return "exited with status " + strconv.Itoa(state.ExitCode())
}

// What go-plugin asks of a runner.

func (r *runner) Diagnose(context.Context) string { return "" }
func (r *runner) Name() string                    { return r.command.Path }
func (r *runner) Stdout() io.ReadCloser           { return r.handshake }

// Stderr is empty for go-plugin: this package reads it, to the last line.
func (r *runner) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (r *runner) ID() string {
	if !r.started() {
		return ""
	}
	return strconv.Itoa(r.command.Process.Pid)
}

func (r *runner) Wait(context.Context) error {
	<-r.done
	if !r.command.ProcessState.Success() {
		return errors.New(r.status())
	}
	return nil
}

// Kill is called by go-plugin when a start fails. A program that is no plugin
// mostly ends by itself; how it does is worth knowing.
func (r *runner) Kill(context.Context) error {
	if r.started() && !r.wait(300*time.Millisecond) {
		r.kill()
	}
	return nil
}

func (r *runner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (r *runner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
