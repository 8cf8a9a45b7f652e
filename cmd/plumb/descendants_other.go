//go:build !linux

package main

import "time"

// canSeeProcesses says whether descendants can be found on this system.
const canSeeProcesses = false

// otherProcess is a process that was found.
type otherProcess struct{}

func (otherProcess) kill() {}

func descendants(int) []otherProcess { return nil }

func stillThere([]otherProcess, time.Duration) []otherProcess { return nil }
