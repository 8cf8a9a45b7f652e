package main

import (
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func (p *program) pluginsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plugins [FILE | COMPONENT]",
		Short: "List components with what their blocks may say",
		Long: "List the built-in components with what their blocks may say, or one of them\n" +
			"alone. With FILE, list also those of the plugins that the experiment names.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				if named, err := p.named(args[0]); err != nil || len(named) > 0 {
					for _, component := range named {
						p.writeComponent(string(component.Kind), component.Name, component.Summary, schemaOf(component))
					}
					return err
				}
			}
			fmt.Fprintln(p.out, "Built in:")
			for _, component := range p.plugin.Components {
				p.writeComponent(string(component.Kind), component.Name, component.Summary, schemaOf(component))
			}
			if len(args) == 0 {
				return nil
			}
			all, host, err := p.openCatalog(command.Context(), args[0])
			if err != nil {
				return err
			}
			if host == nil {
				return nil
			}
			defer host.Kill()
			fmt.Fprintf(p.out, "\nOf plugins in %s:\n", args[0])
			for _, kind := range []sdk.Kind{sdk.KindSampler, sdk.KindReward, sdk.KindRater, sdk.KindEncoder} {
				for _, name := range all.Names(string(kind)) {
					if _, builtin := all.builtin[place{string(kind), name}]; builtin {
						continue
					}
					if schema, ok := all.Component(string(kind), name); ok {
						p.writeComponent(string(kind), name, "", schema)
					}
				}
			}
			return nil
		},
	}
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

func (p *program) writeComponent(kind, name, summary string, schema spec.ComponentSchema) {
	fmt.Fprintf(p.out, "\n%s\n", p.bold(p.out, fmt.Sprintf("%s %q", kind, name)))
	var can []string
	for _, used := range schema.Uses {
		can = append(can, "Needs "+used+" = "+used+".NAME.")
	}
	if schema.CanTune {
		can = append(can, "Can be fine-tuned.")
	}
	if schema.CanFit {
		can = append(can, "Can learn.")
	}
	if text := strings.TrimSpace(summary + " " + strings.Join(can, " ")); text != "" {
		fmt.Fprintf(p.out, "  %s\n", indent(text, 2, 80))
	}
	writeSchema(p.out, schema.Body, 2)
	if len(schema.Tuning.Attributes)+len(schema.Tuning.Blocks) > 0 {
		fmt.Fprintln(p.out, "  finetune")
		writeSchema(p.out, schema.Tuning, 4)
	}
	var losses []string
	for loss := range schema.Losses {
		losses = append(losses, loss)
	}
	sort.Strings(losses)
	for _, loss := range losses {
		fmt.Fprintf(p.out, "  loss %q\n", loss)
		writeSchema(p.out, schema.Losses[loss], 4)
	}
}

// writeSchema prints what a block may say, one argument after the other.
func writeSchema(w io.Writer, schema spec.Schema, margin int) {
	space := strings.Repeat(" ", margin)
	for _, a := range schema.Attributes {
		text := a.Type
		if a.Path {
			text = "path"
		}
		switch {
		case len(a.OneOf) > 0:
			text = strings.Join(a.OneOf, " | ")
		case a.Minimum != nil && a.Maximum != nil:
			text += fmt.Sprintf(" from %g to %g", *a.Minimum, *a.Maximum)
		case a.Minimum != nil:
			text += fmt.Sprintf(" from %g", *a.Minimum)
		case a.Maximum != nil:
			text += fmt.Sprintf(" up to %g", *a.Maximum)
		}
		if a.Required {
			text += ", required"
		} else if a.Default != nil {
			text += ", " + string(a.Default) + " if not given"
		}
		if a.Summary != "" {
			text += ": " + a.Summary
		}
		fmt.Fprintf(w, "%s%-21s %s\n", space, a.Name, indent(text, margin+22, 80))
	}
	for _, b := range schema.Blocks {
		head := b.Type
		if len(b.Labels) > 0 {
			head += " " + strings.Join(b.Labels, " | ")
		}
		fmt.Fprintf(w, "%s%s { }%s\n", space, head, strings.TrimRight("  "+indent(b.Summary, margin+2, 80), " "))
		writeSchema(w, b.Body, margin+2)
	}
}
