//go:build !unix

package plugin

import (
	"os"
	"os/exec"
)

// Without process groups a plugin's helpers are its own affair.

func inOwnGroup(*exec.Cmd) {}

func killTree(int, string, string, []relative) {}

func signalOf(*os.ProcessState) (string, bool) { return "", false }
