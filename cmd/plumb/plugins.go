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
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

func (p *program) pluginsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plugins [FILE | COMPONENT]",
		Short: "List components with what their blocks may say",
		Long: "List the built-in components with what their blocks may say, or one of them\n" +
			"alone. With FILE, list those of the plugins that the experiment names first.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				if named, err := p.named(args[0]); err != nil || len(named) > 0 {
					for _, component := range named {
						reference.WriteComponent(p.out, "", component.Description, p.style())
					}
					return err
				}
			}
			if len(args) > 0 {
				if err := p.writePlugins(command.Context(), args[0]); err != nil {
					return err
				}
			}
			fmt.Fprintln(p.out, "Built in:")
			for _, component := range p.plugin.Components {
				reference.WriteComponent(p.out, "", component.Description, p.style())
			}
			return nil
		},
	}
}

// writePlugins prints the components of the plugins that an experiment names.
func (p *program) writePlugins(ctx context.Context, file string) error {
	if !strings.HasSuffix(file, ".hcl") && !strings.HasSuffix(file, ".hcl.json") {
		return fmt.Errorf("%s is no experiment: the name of one ends in .hcl or .hcl.json; `plumb plugin check %s` says what a plugin provides", file, quote(file))
	}
	options, err := p.sessionOptions()
	if err != nil {
		return err
	}
	all, host, err := session.Catalog(ctx, file, options)
	if err != nil {
		return err
	}
	defer host.Kill()
	heading := fmt.Sprintf("Of the plugins in %s:\n", file)
	for _, kind := range schema.Kinds() {
		names := all.Names(string(kind))
		for i := range names {
			names[i] = names[i][strings.LastIndexByte(names[i], '/')+1:]
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			for _, identity := range all.Providers(string(kind), name) {
				if identity.Builtin() {
					continue
				}
				fmt.Fprint(p.out, heading)
				heading = ""
				reference.WriteComponent(p.out, identity.Plugin, identity.Component, p.style())
			}
		}
	}
	if heading == "" {
		fmt.Fprintln(p.out)
	}
	return nil
}

// named returns the built-in components that an argument names; none if it names a
// file.
func (p *program) named(argument string) ([]sdk.Component, error) {
	var found []sdk.Component
	var names []string
	for _, component := range p.plugin.Components {
		if component.Name == argument {
			found = append(found, component)
		}
		names = append(names, component.Name)
	}
	if _, err := os.Stat(argument); err == nil || len(found) > 0 {
		return found, nil
	}
	return nil, fmt.Errorf("%s is neither a file nor a built-in component.%s The components are %s",
		argument, diag.DidYouMean(argument, names), strings.Join(names, ", "))
}
