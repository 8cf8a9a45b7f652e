//go:build unix

package plugin

import (
	"os"
	"os/exec"
	"syscall"
)

// inOwnGroup has a command start in a process group of its own.
func inOwnGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup kills what is left of the process group that a process leads.
func killGroup(leader int) {
	syscall.Kill(-leader, syscall.SIGKILL) // fails if nobody is left, as it should
}

// signalOf names the signal that ended a process, if one did.
func signalOf(state *os.ProcessState) (string, bool) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	return status.Signal().String(), true
}
