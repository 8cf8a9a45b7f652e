package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// provenance is how a run was made: of what, when, on what, by which versions.
func provenance(run *record.Run, variants []variant) []page.Fact {
	var all []page.Fact
	add := func(name, value string) {
		if value != "" {
			all = append(all, page.Fact{Name: name, Value: value})
		}
	}
	if run.ID != "" {
		add("Run", run.FullName())
	}
	add("File", run.File)
	add("Command", run.Command)
	if !run.Started.IsZero() {
		add("Started", run.Started.UTC().Format(time.DateTime)+" UTC")
	}
	if run.Seconds > 0 {
		add("Work", (time.Duration(math.Round(run.Seconds))*time.Second).String()+", that of cached stages included")
	}
	add("State", string(run.State))
	if run.Stages > 0 {
		add("Stages", fmt.Sprintf("%d of %d finished", run.Finished, run.Stages))
	}
	if len(variants) > 1 {
		add("Variants", fmt.Sprint(len(variants)))
	}
	add("Baseline variant", run.Baseline)
	var seeds []string
	for _, v := range variants {
		if seed := fmt.Sprint(v.Seed); !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
	}
	add("Seeds", strings.Join(seeds, ", "))
	add("Variables", pairs(run.Variables, "="))
	machine := run.Machine
	if machine.OS != "" {
		add("Machine", fmt.Sprintf("%s/%s, %d CPUs", machine.OS, machine.Arch, machine.CPUs))
	}
	add("Backend", machine.Backend)
	add("Device", machine.Device)
	add("Compiler", machine.Compiler)
	add("Versions", pairs(run.Versions, " "))
	names, values := protocolsOf(variants).lines()
	for i, name := range names {
		add(name, values[i])
	}
	return all
}

// pairs lists names and values in the order of the names.
func pairs(values map[string]string, between string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, name+between+values[name])
	}
	return strings.Join(all, ", ")
}
