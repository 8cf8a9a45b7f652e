package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	goplugin_runner "github.com/hashicorp/go-plugin/runner"
)

// killPatience is how long a killed process may take to be gone.
const killPatience = 5 * time.Second

// child is a plugin's process: its pipes, its first line, its last words and
// how it ended.
//
// It stands in for go-plugin's own so that the process lives in a group of its
// own (Ctrl-C in the terminal is for the host alone, and helpers of the plugin
// die with it), has a pipe as standard input whose end tells it that the host
// is gone, and leaves its exit status behind.
type child struct {
	command *exec.Cmd
	shown   string   // what messages call it
	own     []string // directories that are removed with it: that of its socket, and that it works in
	sockets string   // the directory of its socket, which marks all that come of it
	work    string   // the directory that it works in, without links; empty: the host's
	last    *tail    // what it printed

	handshake      *io.PipeReader // its first line of output, for go-plugin
	handshakeWrite *io.PipeWriter
	stdin          *os.File // our end

	mu    sync.Mutex
	first string     // the handshake; empty: there is none yet
	wrong string     // why the handshake leads to no connection; empty: it does
	came  []relative // what had come of it when it was asked to end

	killed atomic.Bool // by us

	pumps sync.WaitGroup
	done  chan struct{} // closed when the process has ended and been read out
}

var _ goplugin_runner.Runner = (*child)(nil)

// newChild is the process of a program that is not started yet. The file, if it is
// not nil, is the program itself, whatever its path leads to by then.
func newChild(p program, file *os.File, environment []string, own []string, sockets string, last *tail) *child {
	command := exec.Command(p.argv[0], p.argv[1:]...)
	if path := descriptorPath(file); path != "" {
		command.Path, command.Err = path, nil
	}
	command.Env = environment
	inOwnGroup(command)
	c := &child{command: command, shown: p.shown, own: own, sockets: sockets, last: last, done: make(chan struct{})}
	c.handshake, c.handshakeWrite = io.Pipe()
	return c
}

// descriptorPath is a path that leads to an open file while this process has it;
// empty where there is none.
func descriptorPath(file *os.File) string {
	if file == nil || runtime.GOOS != "linux" {
		return ""
	}
	path := fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Start starts the process.
func (c *child) Start(context.Context) error {
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
	c.command.Stdin, c.command.Stdout, c.command.Stderr = ends[0], ends[1], ends[2]
	err := c.command.Start()
	closeAll(ends)
	if err != nil {
		closeAll(ours)
		return err
	}
	c.stdin = ours[0]
	stdout, stderr := ours[1], ours[2]
	c.pumps.Go(func() { c.readOutput(stdout) })
	c.pumps.Go(func() { c.last.readFrom(stderr) })
	go c.reap(stdout, stderr)
	return nil
}

// readOutput gives the handshake to go-plugin and the rest to the log: libraries
// print what they like before a plugin comes to its own words.
func (c *child) readOutput(stdout io.Reader) {
	reader := bufio.NewReaderSize(stdout, 16<<10)
	for {
		line, err := readEnds(reader, lineBytes, handshakeBytes)
		text, before := handshakeIn(line)
		if before != "" || text == "" && err == nil {
			c.last.add(before[:min(len(before), lineBytes)])
		}
		if text != "" {
			wrong := whatIsWrong(text, c.sockets, overPorts)
			c.mu.Lock()
			c.first, c.wrong = text, wrong
			c.mu.Unlock()
			if wrong == "" {
				io.WriteString(c.handshakeWrite, text+"\n")
			} else {
				c.handshakeWrite.Close()
			}
			break
		}
		if err != nil {
			c.handshakeWrite.Close() // there will be none
			return
		}
	}
	c.last.readFrom(reader)
}

// reap waits for the process to end, ends its helpers with it, and reads its
// pipes out.
func (c *child) reap(stdout, stderr *os.File) {
	c.command.Wait()
	c.killTree()
	drained := make(chan struct{})
	go func() {
		c.pumps.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(time.Second): // somebody without the mark holds a pipe
	}
	stdout.Close()
	stderr.Close()
	c.stdin.Close()
	c.handshakeWrite.Close()
	<-drained
	c.removeOwn()
	close(c.done)
}

// kill ends the process and its helpers at once.
func (c *child) kill() {
	if !c.started() || c.exited() {
		return
	}
	c.killed.Store(true)
	c.killTree()
	c.command.Process.Kill()
}

// remember notes what has come of the process. Once it has ended, nothing tells whose
// child a process was.
func (c *child) remember() {
	came := descendants(c.command.Process.Pid)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came = came
}

func (c *child) killTree() {
	c.mu.Lock()
	came := c.came
	c.mu.Unlock()
	killTree(c.command.Process.Pid, c.sockets, c.work, came)
}

func (c *child) removeOwn() {
	for _, directory := range c.own {
		os.RemoveAll(directory)
	}
}

// started reports whether there ever was a process. It must not be called
// while Start runs.
func (c *child) started() bool { return c.command.Process != nil }

// wait reports whether the process has ended within a time.
func (c *child) wait(patience time.Duration) bool {
	select {
	case <-c.done:
		return true
	case <-time.After(patience):
		return false
	}
}

func (c *child) exited() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// introduction is the handshake, empty if there was none, and why it leads to no
// connection, empty if it does.
func (c *child) introduction() (first, wrong string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first, c.wrong
}

// address is where it says that it listens; empty before it has said so.
func (c *child) address() (network, address string) {
	first, _ := c.introduction()
	if fields := strings.Split(first, "|"); len(fields) > 3 {
		return fields[2], fields[3]
	}
	return "", ""
}

// status says how the process ended. Only once it has exited.
func (c *child) status() string {
	state := c.command.ProcessState
	if state == nil {
		return "did not end"
	}
	if signal, ok := signalOf(state); ok {
		if signal == "killed" && c.killed.Load() {
			return "had to be killed"
		}
		if signal == "killed" {
			return "was killed (signal 9): out of memory?"
		}
		return "died of a signal: " + signal
	}
	said := "exited with status " + strconv.Itoa(state.ExitCode())
	if number := syscall.Signal(state.ExitCode() - 128); number > 0 && number < 32 { // as shells and uv tell how their own child ended
		said += fmt.Sprintf(", which stands for signal %d, %v", int(number), number)
		if number == syscall.SIGKILL {
			said += ": out of memory?"
		}
	}
	return said
}

// What go-plugin asks of a Runner.

func (c *child) Diagnose(context.Context) string { return "" }
func (c *child) Name() string                    { return c.shown }
func (c *child) Stdout() io.ReadCloser           { return c.handshake }

// Stderr is empty for go-plugin: this package reads it, to the last line.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (c *child) ID() string {
	if !c.started() {
		return ""
	}
	return strconv.Itoa(c.command.Process.Pid)
}

func (c *child) Wait(context.Context) error {
	<-c.done
	if !c.command.ProcessState.Success() {
		return errors.New(c.status())
	}
	return nil
}

// Kill is called by go-plugin when a start fails. A program that is no plugin
// mostly ends by itself; how it does is worth knowing.
func (c *child) Kill(context.Context) error {
	if c.started() && !c.wait(300*time.Millisecond) {
		c.kill()
	}
	return nil
}

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
