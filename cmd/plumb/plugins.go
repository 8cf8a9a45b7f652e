package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/reference"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

func (p *program) pluginsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plugins [FILE | COMPONENT]",
		Short: "List components with what their blocks may say",
		Long: "List the built-in components with what their blocks may say, or one of them\n" +
			"alone. With FILE, list those of the plugins that the experiment names first.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			list := p.shippedComponents()
			if len(args) > 0 {
				named, err := p.named(args[0])
				if err != nil {
					return err
				}
				if len(named) == 0 {
					if named, err = p.ofFile(command.Context(), args[0]); err != nil {
						return err
					}
					named = append(named, list...)
				}
				list = named
			}
			if p.json {
				return p.writeJSON(list)
			}
			heading := ""
			for i, one := range list {
				of := "Built in:"
				if one.Plugin != spec.Builtin {
					of = fmt.Sprintf("Of the plugins in %s:", args[0])
				}
				if of != heading && len(list) >= len(p.plugin.Components) {
					if i > 0 {
						fmt.Fprintln(p.out)
					}
					fmt.Fprintln(p.out, of)
				}
				heading = of
				reference.WriteComponent(p.out, strings.TrimPrefix(one.Plugin, spec.Builtin), one.Component, p.style())
			}
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// provided is a component, and whose it is.
type provided struct {
	Plugin    string           `json:"plugin"`
	SHA256    string           `json:"sha256,omitempty"` // of what the plugin is made of; of none that is built in
	Component schema.Component `json:"component"`
}

// shippedComponents are those that come with Plumb.
func (p *program) shippedComponents() []provided {
	var list []provided
	for _, component := range p.plugin.Components {
		list = append(list, provided{Plugin: spec.Builtin, Component: component.Description})
	}
	return list
}

// ofFile are the components of the plugins that an experiment names.
func (p *program) ofFile(ctx context.Context, file string) ([]provided, error) {
	if !strings.HasSuffix(file, ".hcl") && !strings.HasSuffix(file, ".hcl.json") {
		return nil, fmt.Errorf("%s is no experiment: the name of one ends in .hcl or .hcl.json; `plumb plugin check %s` says what a plugin provides", file, quote(file))
	}
	options, err := p.sessionOptions()
	if err != nil {
		return nil, err
	}
	all, host, err := session.Catalog(ctx, file, options)
	if err != nil {
		return nil, err
	}
	defer host.Kill()
	var list []provided
	for _, kind := range schema.Kinds() {
		names := all.Names(string(kind))
		for i := range names {
			names[i] = names[i][strings.LastIndexByte(names[i], '/')+1:]
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			for _, identity := range all.Providers(string(kind), name) {
				if !identity.Builtin() {
					list = append(list, provided{identity.Plugin, identity.SHA256, identity.Component})
				}
			}
		}
	}
	return list, nil
}

// named returns the built-in components that an argument names; none if it names a
// file.
func (p *program) named(argument string) ([]provided, error) {
	var found []provided
	var names []string
	for _, one := range p.shippedComponents() {
		if one.Component.Name == argument {
			found = append(found, one)
		}
		names = append(names, one.Component.Name)
	}
	if _, err := os.Stat(argument); err == nil || len(found) > 0 {
		return found, nil
	}
	return nil, fmt.Errorf("%s is neither a file nor a built-in component.%s The components are %s",
		argument, diag.DidYouMean(argument, names), strings.Join(names, ", "))
}
