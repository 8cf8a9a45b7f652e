package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has a process killed when the thread ends that starts it: see launcher.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }

// launcher starts processes on a thread that lives as long as it: the system takes
// the end of a thread for that of the processes' parent.
type launcher struct{ work chan func() }

func newLauncher() *launcher {
	l := &launcher{work: make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for do := range l.work {
			do()
		}
	}()
	return l
}

// do calls a function on the launcher's thread.
func (l *launcher) do(start func() error) error {
	done := make(chan error, 1)
	l.work <- func() { done <- start() }
	return <-done
}

// close ends the thread. All processes have to have ended.
func (l *launcher) close() { close(l.work) }

// relative is a process, known by its number and the time it was started at.
type relative struct {
	pid      int
	parent   int
	started  string // in clock ticks since boot
	terminal bool   // it has one that controls it: somebody works in it
}

// lookAt reads what a process is: proc(5), stat.
func lookAt(pid int) (relative, bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return relative{}, false
	}
	// After the name in parentheses: state, parent, group, session, terminal, ...
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return relative{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return relative{pid: pid, parent: parent, started: fields[19], terminal: fields[4] != "0"}, err == nil
}

// kill ends the process, if it is still the same.
func (r relative) kill() {
	if now, there := lookAt(r.pid); there && now.started == r.started {
		syscall.Kill(r.pid, syscall.SIGKILL)
	}
}

// descendants lists the processes that came of a process and whose parents still
// live.
func descendants(leader int) []relative {
	children := map[int][]relative{}
	for _, pid := range processes() {
		if one, there := lookAt(pid); there {
			children[one.parent] = append(children[one.parent], one)
		}
	}
	var all []relative
	for next := children[leader]; len(next) > 0; {
		all = append(all, next...)
		var further []relative
		for _, one := range next {
			further = append(further, children[one.pid]...)
		}
		next = further
	}
	return all
}

func processes() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && pid != os.Getpid() {
			all = append(all, pid)
		}
	}
	return all
}

// killMarked kills all processes whose environment has the mark, or one that goes on
// with a slash, and those that work in a directory or below: helpers that were given an
// environment of their own mostly stay where they began. A shell in which somebody
// looks around there has a terminal, and stays.
func killMarked(mark, work string) {
	if mark == "" {
		return
	}
	setting := []byte(treeVariable + "=" + mark)
	for range 20 { // one that forks faster than it is killed is not waited for
		found := false
		for _, pid := range processes() {
			about := filepath.Join("/proc", strconv.Itoa(pid))
			environment, err := os.ReadFile(filepath.Join(about, "environ")) // those of others cannot be read
			if err != nil {
				continue
			}
			marked := slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(one []byte) bool {
				rest, ok := bytes.CutPrefix(one, setting)
				return ok && (len(rest) == 0 || rest[0] == '/')
			})
			if !marked && work != "" {
				where, err := os.Readlink(filepath.Join(about, "cwd"))
				rest, below := strings.CutPrefix(where, work)
				if err == nil && below && (rest == "" || rest[0] == '/' || rest[0] == ' ') { // " (deleted)"
					one, there := lookAt(pid)
					marked = there && !one.terminal
				}
			}
			if marked && syscall.Kill(pid, syscall.SIGKILL) == nil {
				found = true
			}
		}
		if !found {
			return
		}
	}
}
