package plugintest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ProcessorTime is what a process and its children have computed, to a hundredth of a
// second, where the system tells (Linux); 0 elsewhere. Of a benchmark on a machine that
// does other things, too, it says more than the clock.
func ProcessorTime(process int) time.Duration {
	sum := ProcessorTimeAlone(process)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", process))
	if err != nil {
		return sum
	}
	for _, thread := range threads {
		children, err := os.ReadFile(thread)
		if err != nil {
			continue // has ended
		}
		for _, child := range strings.Fields(string(children)) {
			if number, err := strconv.Atoi(child); err == nil {
				sum += ProcessorTime(number)
			}
		}
	}
	return sum
}

// ProcessorTimeAlone is that of the process without its children.
func ProcessorTimeAlone(process int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:13] { // in user and in system mode
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		sum += time.Duration(ticks) * 10 * time.Millisecond
	}
	return sum
}
