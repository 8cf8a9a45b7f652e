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

// descendants lists the processes that came of a process and whose parents still
// live.
func descendants(leader int) []int {
	children := map[int][]int{}
	for _, pid := range processes() {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			continue
		}
		// After the name in parentheses: state, parent.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	var all []int
	for next := children[leader]; len(next) > 0; {
		all = append(all, next...)
		var further []int
		for _, pid := range next {
			further = append(further, children[pid]...)
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
// with a slash, until there are none.
func killMarked(mark string) {
	if mark == "" {
		return
	}
	setting := []byte(treeVariable + "=" + mark)
	for range 20 { // one that forks faster than it is killed is not waited for
		found := false
		for _, pid := range processes() {
			environment, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ")) // those of others cannot be read
			if err != nil {
				continue
			}
			marked := slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(one []byte) bool {
				rest, ok := bytes.CutPrefix(one, setting)
				return ok && (len(rest) == 0 || rest[0] == '/')
			})
			if marked && syscall.Kill(pid, syscall.SIGKILL) == nil {
				found = true
			}
		}
		if !found {
			return
		}
	}
}
