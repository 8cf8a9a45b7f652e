package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/reference"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

func (p *program) referenceCommand() *cobra.Command {
	var asJSON, markdown, jsonSchema bool
	command := &cobra.Command{
		Use:   "reference [WORD]",
		Short: "Look up the language: blocks, arguments, components, functions",
		Long: "Look up the language: what a block may say, with types, defaults, bounds and an\n" +
			"example; a component, a loss, a function, or one of the topics that are listed\n" +
			"without WORD.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all := reference.New(p.described())
			switch {
			case markdown:
				return all.WriteMarkdown(p.raw)
			case jsonSchema:
				return all.WriteJSONSchema(p.raw)
			}
			shown := all
			if len(args) > 0 {
				if shown = all.Look(args[0]); shown.Empty() {
					return fmt.Errorf("%s is no block, component, loss, function or topic.%s `plumb reference` lists what there is, and `plumb plugins FILE` what a third party's components take", args[0], diag.DidYouMean(args[0], all.Words()))
				}
			}
			switch {
			case asJSON:
				return p.writeJSON(shown)
			case len(args) == 0:
				fmt.Fprintln(p.out, "`plumb reference WORD` looks one of these up.")
				all.WriteContents(p.out, p.style())
			default:
				shown.WriteText(p.out, p.style())
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	command.Flags().BoolVar(&markdown, "markdown", false, "print all of it as a page of Markdown")
	command.Flags().BoolVar(&jsonSchema, "json-schema", false, "print a JSON Schema of experiments in JSON, for editors")
	command.MarkFlagsMutuallyExclusive("json", "markdown", "json-schema")
	return command
}

// described are the descriptions of the built-in components.
func (p *program) described() []schema.Component {
	var all []schema.Component
	for _, component := range p.plugin.Components {
		all = append(all, component.Description)
	}
	return all
}

// style is how the reference is written to where this program writes.
func (p *program) style() reference.Style {
	return reference.Style{Width: 80, Bold: func(text string) string { return p.bold(p.out, text) }}
}
