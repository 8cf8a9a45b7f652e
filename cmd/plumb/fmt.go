package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/spec"
)

func (p *program) fmtCommand() *cobra.Command {
	var check, write bool
	command := &cobra.Command{
		Use:   "fmt [-check | -w] PATH...",
		Short: "Lay out HCL files the usual way",
		Long: "Lay out HCL files the usual way. Without a flag the result is printed;\n" +
			"-w writes it into the files, -check lists the files that would change and\n" +
			"exits with 1 if there are any. Directories are searched for *.hcl.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			files, err := hclFiles(args)
			if err != nil {
				return err
			}
			changed := 0
			for _, file := range files {
				texts, err := await(command.Context(), func() (texts [2][]byte, err error) {
					texts[0], texts[1], err = spec.FormatFile(file)
					return texts, err
				})
				if err != nil {
					return err
				}
				before, after := texts[0], texts[1]
				if bytes.Equal(before, after) {
					if !check && !write {
						p.raw.Write(after)
					}
					continue
				}
				changed++
				switch {
				case check:
					fmt.Fprintln(p.out, file)
				case write:
					if err := os.WriteFile(file, after, 0o644); err != nil {
						return err
					}
					fmt.Fprintln(p.out, file)
				default:
					p.raw.Write(after)
				}
			}
			if check && changed > 0 {
				return exit{code: exitFailed}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&check, "check", false, "list files that would change")
	command.Flags().BoolVarP(&write, "write", "w", false, "write the result into the files")
	command.MarkFlagsMutuallyExclusive("check", "write")
	return command
}

// hclFiles lists files as they are named and those in directories.
func hclFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".hcl") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
