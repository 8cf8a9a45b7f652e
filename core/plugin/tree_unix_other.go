//go:build unix && !linux

package plugin

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
