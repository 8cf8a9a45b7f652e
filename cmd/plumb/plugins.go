package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
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
						p.writeComponent("", component.Description)
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
				p.writeComponent("", component.Description)
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
				p.writeComponent(identity.Plugin, identity.Component)
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

// writeComponent prints a component of a plugin; "" is built in.
func (p *program) writeComponent(plugin string, c schema.Component) {
	name := c.Name
	if plugin != "" {
		name = plugin + "/" + name
	}
	fmt.Fprintf(p.out, "\n%s\n", p.bold(p.out, fmt.Sprintf("%s %q", c.Kind, name)))
	words := []string{c.Summary}
	if c.ReadsFeatures() {
		words = append(words, "Reads features: needs encoder = encoder.NAME.")
	}
	if c.Has(schema.Texts) {
		words = append(words, "Encodes texts as well as images.")
	}
	if c.Has(schema.Tune) {
		words = append(words, "Can be fine-tuned.")
	}
	if c.Has(schema.Fit) {
		words = append(words, "Can learn.")
	}
	if text := strings.TrimSpace(strings.Join(words, " ")); text != "" {
		fmt.Fprintf(p.out, "  %s\n", indent(text, 2, 80))
	}
	writeSchema(p.out, c.Schema, 2)
	if !c.Tuning.Empty() {
		fmt.Fprintln(p.out, "  finetune")
		writeSchema(p.out, c.Tuning, 4)
	}
	for _, loss := range c.Losses {
		fmt.Fprintf(p.out, "  loss %q\n", loss.Name)
		if text := needsText(loss); text != "" {
			fmt.Fprintf(p.out, "    %s\n", indent(text, 4, 80))
		}
		writeSchema(p.out, loss.Schema, 4)
	}
}

// needsText says what a loss is, and what it is computed from.
func needsText(loss schema.Loss) string {
	text := loss.Summary
	if len(loss.Needs) > 0 {
		words := make([]string, len(loss.Needs))
		for i, need := range loss.Needs {
			words[i] = strings.ReplaceAll(string(need), "_", " ")
		}
		text += " Needs " + strings.Join(words, ", ") + "."
	}
	return strings.TrimSpace(text)
}

// writeSchema prints what a block may say, one argument after the other.
func writeSchema(w io.Writer, body schema.Schema, margin int) {
	space := strings.Repeat(" ", margin)
	for _, a := range body.Attributes {
		text := string(a.Type)
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
	for _, b := range body.Blocks {
		head := b.Type
		if len(b.Labels) > 0 {
			head += " " + strings.Join(b.Labels, " | ")
		}
		fmt.Fprintf(w, "%s%s { }%s\n", space, head, strings.TrimRight("  "+indent(b.Summary, margin+2, 80), " "))
		writeSchema(w, b.Body, margin+2)
	}
}
