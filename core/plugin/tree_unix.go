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

// killTree kills what is left of a process, of the group that it leads, and of all
// that come of it and have its mark, in whatever session they are.
func killTree(leader int, mark string) {
	came := descendants(leader)
	syscall.Kill(-leader, syscall.SIGKILL) // fails if nobody is left, as it should
	for _, pid := range came {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	killMarked(mark)
}

// signalOf names the signal that ended a process, if one did.
func signalOf(state *os.ProcessState) (string, bool) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	return status.Signal().String(), true
}
