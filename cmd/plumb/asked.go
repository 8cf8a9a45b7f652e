package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
)

// askedFlags name the stages that a run is asked for; none: all.
type askedFlags struct {
	until, only, force []string
}

func (a *askedFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&a.until, "until", nil, "STAGE: do it and what it needs, and nothing behind it; repeatable")
	flags.StringArrayVar(&a.only, "only", nil, "STAGE: do it alone, of inputs that are there; repeatable")
	flags.StringArrayVar(&a.force, "force", nil, "STAGE: do it again, and compare it with what it made before; repeatable")
}

// resolve finds the stages. A stage that is asked for alone and lacks an input is an
// error.
func (a *askedFlags) resolve(p *plan.Plan, forecast *run.Forecast) (run.Asked, error) {
	until, err := stagesOf(p, a.until)
	if err != nil {
		return run.Asked{}, err
	}
	only, err := stagesOf(p, a.only)
	if err != nil {
		return run.Asked{}, err
	}
	force, err := stagesOf(p, a.force)
	if err != nil {
		return run.Asked{}, err
	}
	asked := run.Asked{Again: map[*plan.Node]bool{}}
	for _, node := range force {
		asked.Again[node] = true
	}
	if len(until)+len(only) == 0 {
		return asked, nil
	}
	asked.Only = run.Until(until)
	for _, node := range only {
		asked.Only[node] = true
	}
	for _, node := range force {
		asked.Only[node] = true
	}
	for _, node := range only {
		for _, input := range node.Inputs {
			if !asked.Only[input.Node] && !forecast.Nodes[input.Node].Cached {
				return asked, fmt.Errorf("--only %s: it needs %s, which is not done yet; --until %s does that, too", node.Label, input.Node.Label, quote(node.Label))
			}
		}
	}
	return asked, nil
}

// stagesOf finds the stages that names, or patterns with * in them, mean, in the order
// of the plan.
func stagesOf(p *plan.Plan, names []string) ([]*plan.Node, error) {
	meant := map[*plan.Node]bool{}
	for _, name := range names {
		if !strings.Contains(name, "*") {
			found, err := p.Find(name)
			if err != nil {
				return nil, err
			}
			for _, node := range found {
				meant[node] = true
			}
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, ".*") + "$")
		matched := false
		for _, node := range p.Nodes {
			if pattern.MatchString(node.Label) || pattern.MatchString(node.Name) {
				meant[node], matched = true, true
			}
		}
		if !matched {
			return nil, fmt.Errorf("no stage is called %s; `plumb plan` lists them", quote(name))
		}
	}
	var all []*plan.Node
	for _, node := range p.Nodes {
		if meant[node] {
			all = append(all, node)
		}
	}
	return all, nil
}
