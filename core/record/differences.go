package record

import (
	"maps"
	"slices"
)

// Differences says what tells runs from each other, as NAME=VALUE texts of each:
// first the variables that do not have one value in all of them, then the settings,
// but for those that are such a variable in each run. Runs of one name have many
// settings in common, and are told apart by few.
func Differences(runs []*Run) [][]string {
	all := make([][]string, len(runs))
	variables := differing(runs, func(r *Run) map[string]string { return r.Variables })
	for _, name := range variables {
		for i, run := range runs {
			all[i] = append(all[i], name+"="+valueOf(run.Variables, name))
		}
	}
	for _, setting := range differing(runs, func(r *Run) map[string]string { return r.Settings }) {
		explained := slices.ContainsFunc(variables, func(variable string) bool {
			return !slices.ContainsFunc(runs, func(run *Run) bool {
				return valueOf(run.Settings, setting) != valueOf(run.Variables, variable)
			})
		})
		if explained {
			continue
		}
		for i, run := range runs {
			all[i] = append(all[i], setting+"="+valueOf(run.Settings, setting))
		}
	}
	return all
}

func valueOf(values map[string]string, name string) string {
	if value, ok := values[name]; ok {
		return value
	}
	return "none"
}

// differing are the names that do not have one value in all runs, sorted.
func differing(runs []*Run, of func(*Run) map[string]string) []string {
	names := map[string]bool{}
	for _, run := range runs {
		for name := range of(run) {
			names[name] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		return !slices.ContainsFunc(runs, func(run *Run) bool { return valueOf(of(run), name) != valueOf(of(runs[0]), name) })
	})
}
