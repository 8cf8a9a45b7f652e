//go:build unix

package plugin

import (
	"os"
	"os/exec"
	"syscall"
)

// inOwnGroup has a command start in a process group of its own, and end with its
// host where the system can do that.
func inOwnGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(command.SysProcAttr)
}

// killTree kills what is left of a process, of the group that it leads, of all that
// come of it and have its mark, in whatever session they are, of what works in its
// directory, and of what was known to have come of it before.
func killTree(leader int, mark, work string, known []relative) {
	came := append(known, descendants(leader)...)
	syscall.Kill(-leader, syscall.SIGKILL) // fails if nobody is left, as it should
	for _, one := range came {
		one.kill()
	}
	killMarked(mark, work)
}

// signalOf names the signal that ended a process, if one did.
func signalOf(state *os.ProcessState) (string, bool) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	return status.Signal().String(), true
}
