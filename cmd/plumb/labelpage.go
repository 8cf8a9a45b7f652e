package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/exchange"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// largePage is how large a page may be before that is said, in bytes: mail servers take
// hardly more.
const largePage = 20 << 20

func (p *program) labelPageCommand() *cobra.Command {
	rater, question, limit := "", "", 0
	command := &cobra.Command{
		Use:   "page FILE OUT.html --rater NAME",
		Short: "Write a page on which somebody judges images without a server",
		Long: "Write a page on which one rater judges the images that still want answers: a single\n" +
			"file with the images in it, which works offline and from a disk. The browser keeps\n" +
			"the answers as they are given and saves them as a file, which `plumb label import`\n" +
			"takes in. Keys are those of the page that `plumb label` serves. Nothing in the file\n" +
			"says which model made an image, or what others said.",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			if err := database.CheckName(rater); err != nil {
				return fmt.Errorf("%w; say whose page it is with --rater NAME", err)
			}
			if ext := filepath.Ext(args[1]); !strings.EqualFold(ext, ".html") {
				return fmt.Errorf("%s: the page is a file of HTML: its name ends in .html", args[1])
			}
			if isDatabase(args[0]) {
				return errors.New("a page needs the experiment's file, not a database: that has no images")
			}
			h, err := p.hear(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer h.close()
			all, err := h.chosen(question)
			if err != nil {
				return err
			}
			if err := h.drawn(all); err != nil {
				return err
			}
			var asked []exchange.Asked
			n := 0
			for _, one := range all {
				items := exchange.Open(one.Question, one.Items, h.judgements, h.reported, rater)
				if limit > 0 {
					items = items[:min(len(items), limit-n)]
				}
				n += len(items)
				asked = append(asked, exchange.Asked{Question: one.Question, Items: items})
			}
			var page bytes.Buffer
			if err := exchange.Page(command.Context(), &page, rater, asked, h.Image); err != nil {
				return failedToWrite(args[1], err)
			}
			if err := atomicfile.Write(args[1], page.Bytes()); err != nil {
				return failedToWrite(args[1], err)
			}
			fmt.Fprintf(p.out, "%s for %s in %s (%s)\n", plural(n, "item", "items"), rater, args[1], byteSize(int64(page.Len())))
			fmt.Fprintf(p.out, "the file that it saves is taken in by %s\n", p.command("label", "import", args[0], "judgements.jsonl"))
			if page.Len() > largePage {
				fmt.Fprintf(p.err, "The page is larger than %s: mail may refuse it. --limit makes a smaller one.\n", byteSize(largePage))
			}
			return nil
		},
	}
	command.Flags().StringVar(&rater, "rater", "", "the name of who judges")
	command.Flags().StringVar(&question, "question", "", "of this question alone")
	command.Flags().IntVar(&limit, "limit", 0, "of at most so many items")
	return command
}
