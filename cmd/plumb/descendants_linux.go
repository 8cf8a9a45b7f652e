package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// canSeeProcesses says whether descendants can be found on this system.
const canSeeProcesses = true

// otherProcess is a process, known by its number and the time it was started at.
type otherProcess struct {
	pid     int
	parent  int
	started string // in clock ticks since boot
	name    string
	ended   bool // a zombie
}

func (o otherProcess) String() string { return fmt.Sprintf("%s (process %d)", o.name, o.pid) }

// kill ends the process, if it is still the same.
func (o otherProcess) kill() {
	if now, ok := lookAt(o.pid); ok && now.started == o.started {
		_ = syscall.Kill(o.pid, syscall.SIGKILL) // it may have gone meanwhile
	}
}

// lookAt reads /proc/PID/stat: proc(5).
func lookAt(pid int) (otherProcess, bool) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return otherProcess{}, false
	}
	text := string(content)
	open, close := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || close < open {
		return otherProcess{}, false
	}
	fields := strings.Fields(text[close+1:]) // from the third field on
	if len(fields) < 20 {
		return otherProcess{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return otherProcess{pid: pid, parent: parent, started: fields[19], name: text[open+1 : close], ended: fields[0] == "Z" || fields[0] == "X"}, err == nil
}

// descendants are the processes that a process has started, and they in turn.
func descendants(of int) []otherProcess {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	children := map[int][]otherProcess{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if one, ok := lookAt(pid); ok {
			children[one.parent] = append(children[one.parent], one)
		}
	}
	var found []otherProcess
	for next := []int{of}; len(next) > 0; next = next[1:] {
		for _, child := range children[next[0]] {
			found = append(found, child)
			next = append(next, child.pid)
		}
	}
	return found
}

// stillThere waits for processes to end, and returns those that have not.
func stillThere(processes []otherProcess, patience time.Duration) []otherProcess {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var left []otherProcess
		for _, one := range processes {
			if now, ok := lookAt(one.pid); ok && now.started == one.started && !now.ended {
				left = append(left, one)
			}
		}
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}
