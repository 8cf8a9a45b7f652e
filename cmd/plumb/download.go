package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/download"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/spec"
)

func (p *program) downloadCommand() *cobra.Command {
	dry := false
	command := &cobra.Command{
		Use:   "download FILE",
		Short: "Fetch the models of Hugging Face's hub that an experiment or ablation names",
		Long: "Fetch the models that an experiment or ablation names on Hugging Face's hub\n" +
			"(weights = \"hf://openai/clip-vit-large-patch14\"), as far as they are not here:\n" +
			"the files that the components read, and no others. Nothing else of plumb downloads\n" +
			"anything, but `plumb backend install`.\n\n" +
			"They go into the cache of huggingface_hub, and its variables are understood:\n" +
			"HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, and the token of\n" +
			"`hf auth login`. An interrupted download goes on where it was; every file is\n" +
			"compared with its digest. A branch such as main is looked up anew each time:\n" +
			"if it has moved, the stages that read it run again.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			s, err := p.read(ctx, args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			return s.download(ctx, dry)
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().BoolVar(&dry, "dry-run", false, "say what would be fetched and how large it is; fetch nothing")
	return command
}

// hubCache is the cache of Hugging Face's hub on this machine.
func (p *program) hubCache(config hub.Config) hub.Cache {
	cache := hub.Cache{Dir: config.Cache, Digest: p.digests().Path}
	if dir, err := os.UserCacheDir(); err == nil {
		cache.Views = filepath.Join(dir, "plumb", "hub")
	}
	return cache
}

// wanted is a model, and all places of the experiment that name it.
type wanted struct {
	spec.Repository
	ranges []diag.Range
}

// wants are the models that the experiment names, each once.
func (s *loaded) wants() []wanted {
	var all []wanted
	for _, repository := range s.Repositories() {
		i := slices.IndexFunc(all, func(w wanted) bool {
			return w.Ref == repository.Ref && slices.Equal(w.Files, repository.Files)
		})
		if i < 0 {
			i = len(all)
			all = append(all, wanted{Repository: repository})
		}
		if !slices.Contains(all[i].ranges, repository.Range) {
			all[i].ranges = append(all[i].ranges, repository.Range)
		}
	}
	return all
}

// download fetches what the experiment names, after it has asked for all of it:
// that something is wrong with the last model should not be known when the first
// gigabytes are here.
func (s *loaded) download(ctx context.Context, dry bool) error {
	p := s.program
	wants := s.wants()
	said := downloadJSON{Models: []modelJSON{}}
	if len(wants) == 0 && p.json {
		return p.writeJSON(said)
	}
	if len(wants) == 0 {
		fmt.Fprintf(p.out, "%s names no model of Hugging Face's hub: nothing to download.\n", s.File)
		return nil
	}
	config := hub.Environment(os.Getenv)
	client := hub.NewClient(config, p.hubCache(config))
	var fetches []*hub.Fetch
	var problems diag.List
	var toCome int64
	for _, want := range wants {
		fetch, err := client.Plan(ctx, want.Ref, want.Files)
		if err != nil {
			list, err := told(err, want)
			if err != nil {
				return err
			}
			problems = append(problems, list...)
			continue
		}
		fetches = append(fetches, fetch)
		toCome += fetch.ToCome
		said.Models = append(said.Models, modelOf(fetch))
		if !p.json {
			fmt.Fprintf(p.out, "%s\n", describeFetch(fetch))
		}
	}
	said.Cache, said.Bytes = config.Cache, toCome
	if err := problems.Err(); err != nil {
		return exit{exitFailed, err}
	}
	if dry || toCome == 0 && !slices.ContainsFunc(fetches, func(f *hub.Fetch) bool { return len(f.Missing) > 0 }) {
		if !p.json {
			fmt.Fprintf(p.out, "to download: %s, into %s\n", byteSize(toCome), config.Cache)
		}
		if dry && p.json {
			return p.writeJSON(said)
		}
		if dry {
			return nil
		}
	}
	for i, fetch := range fetches {
		screen := p.newDownloads()
		client.Progress = screen.progress
		err := client.Fetch(ctx, fetch)
		screen.close()
		if ctx.Err() != nil {
			fmt.Fprintf(p.err, "\nInterrupted. What came is kept; go on with\n  plumb download %s\n", quote(s.File))
			return exit{code: exitInterrupted}
		}
		if err != nil {
			list, err := told(err, wants[i])
			if err != nil {
				return exit{exitFailed, err}
			}
			return exit{exitFailed, list}
		}
	}
	for i, fetch := range fetches {
		// What is here is what a run will find.
		found, err := client.Cache.Find(ctx, fetch.Ref, wants[i].Files)
		if err != nil {
			return exit{exitFailed, err}
		}
		if !p.json {
			fmt.Fprintf(p.out, "%s is here, commit %s\n", fetch.Ref, found.Commit)
		}
		said.Models[i].Here, said.Models[i].Commit = true, found.Commit
	}
	if p.json {
		return p.writeJSON(said)
	}
	if moving := slices.IndexFunc(fetches, func(f *hub.Fetch) bool { return !f.Ref.Pinned() }); moving >= 0 {
		f := fetches[moving]
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("A branch may move; who runs the experiment later gets the same with %s.", f.Ref.At(f.Manifest.Commit)), 0, 80))
	}
	return nil
}

// downloadJSON is what was fetched, or would be, for scripts.
type downloadJSON struct {
	Models []modelJSON `json:"models"`
	Bytes  int64       `json:"bytes"` // that were to come
	Cache  string      `json:"cache,omitempty"`
}

// modelJSON is a model of the hub.
type modelJSON struct {
	Model   string `json:"model"`
	Commit  string `json:"commit"`
	Pinned  bool   `json:"pinned"` // the experiment names the commit, and no branch
	Here    bool   `json:"here"`   // all of it
	Files   int    `json:"files"`
	Missing int    `json:"missing"` // files that were not here
	Bytes   int64  `json:"bytes"`
	ToCome  int64  `json:"bytes_to_come"`
}

func modelOf(f *hub.Fetch) modelJSON {
	return modelJSON{
		Model: f.Ref.String(), Commit: f.Manifest.Commit, Pinned: f.Ref.Pinned(), Here: len(f.Missing) == 0,
		Files: len(f.Files), Missing: len(f.Missing), Bytes: f.Bytes, ToCome: f.ToCome,
	}
}

// told points problems to the places that name the model. Other errors are
// returned as they are.
func told(err error, want wanted) (diag.List, error) {
	var list diag.List
	if !errors.As(err, &list) {
		return nil, err
	}
	var out diag.List
	for _, d := range list {
		d.Subject = want.ranges[0]
		out = append(out, d)
	}
	return out, nil
}

func describeFetch(f *hub.Fetch) string {
	text := fmt.Sprintf("%s: commit %s, %s, %s", f.Ref, f.Manifest.Commit[:12], plural(len(f.Files), "file", "files"), byteSize(f.Bytes))
	switch {
	case len(f.Missing) == 0:
		text += "; all here"
	case f.ToCome < f.Bytes:
		text += fmt.Sprintf("; %s to come", byteSize(f.ToCome))
	}
	return text
}

// downloads shows how files come: bars on a terminal, else lines.
type downloads struct {
	to        io.Writer
	container *mpb.Progress
	bars      map[string]*mpb.Bar
	shown     time.Time
}

func (p *program) newDownloads() *downloads {
	d := &downloads{to: p.err, bars: map[string]*mpb.Bar{}, shown: time.Now()}
	if file, is := terminal(p.err); is && !p.noColor {
		d.container = mpb.New(mpb.WithOutput(file), mpb.WithRefreshRate(150*time.Millisecond))
	}
	return d
}

// progress shows a file. Files come one after the other.
func (d *downloads) progress(at download.Progress) {
	if d.container != nil {
		bar := d.bars[at.File]
		if bar == nil {
			name := fit(at.File, 44)
			bar = d.container.New(at.Total,
				mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"), mpb.BarWidth(10),
				mpb.PrependDecorators(decor.Name("  "+name+"  ")),
				mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
					return fmt.Sprintf("  %s of %s", byteSize(s.Current), byteSize(s.Total))
				})),
			)
			d.bars[at.File] = bar
		}
		bar.SetCurrent(at.Done)
		return
	}
	const every = 5 * time.Second
	if at.Done < at.Total && time.Since(d.shown) < every {
		return
	}
	d.shown = time.Now()
	fmt.Fprintf(d.to, "  %s  %s of %s\n", fit(at.File, 48), strings.TrimSpace(byteSize(at.Done)), byteSize(at.Total))
}

func (d *downloads) close() {
	if d.container == nil {
		return
	}
	for _, bar := range d.bars {
		if !bar.Completed() {
			bar.Abort(false)
		}
	}
	d.container.Wait()
}
