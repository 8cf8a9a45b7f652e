package spec

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/hub"
)

// repository resolves a path argument that names a model on Hugging Face's hub:
// to a directory of the files that are read of it, if they are in the cache. If
// they are not, that is a warning as for any path; nothing is fetched here.
func (l *loader) repository(argument Attribute, value string, at hcl.Range) (string, bool) {
	if len(argument.Hub) == 0 {
		l.error(at, "No model of the hub here", "%s does not take a model of Hugging Face's hub. Name a file or directory, relative to the directory of %s.", argument.Name, l.path)
		return "", false
	}
	ref, err := hub.Parse(value)
	if err != nil {
		l.error(at, "Not a model of the hub", "%v. A model is named as in \"hf://openai/clip-vit-large-patch14\", with @REVISION and ?variant=fp16 behind it where they are wanted.", err)
		return "", false
	}
	where := FromRange(at)
	l.spec.Repositories = append(l.spec.Repositories, Repository{Ref: ref, Files: argument.Hub, Range: where})
	fetch := fmt.Sprintf("`plumb download %s`", l.path)

	found, err := l.find(ref, argument.Hub)
	var missing *hub.Absent
	var unfit *hub.Unfit
	var damaged *hub.Damaged
	note := func(summary, format string, arguments ...any) (string, bool) {
		path := ref.String()
		l.spec.Digests[path] = absent(path)
		l.spec.Missing[path] = l.warningAt(FromRange(at), summary, format, arguments...)
		return path, true
	}
	switch {
	case errors.As(err, &missing):
		size := ""
		if missing.Files == 0 {
			size = " (with --dry-run it says how large that is)"
		}
		return note("Not downloaded yet", "%v. %s fetches what is read of it%s; nothing is downloaded without being asked. A directory may be named as well.", missing, fetch, size)
	case errors.As(err, &unfit):
		return note("The model cannot be used", "%v. Take another model, revision or variant; if it has changed on the hub, %s looks again.", unfit, fetch)
	case errors.As(err, &damaged):
		return note("A downloaded file is damaged", "%v. %s fetches it again.", damaged, fetch)
	case err != nil:
		l.error(at, "Cannot read the hub's cache", "%v. HF_HOME or HF_HUB_CACHE names another directory.", err)
		return "", false
	}
	path := filepath.Clean(found.Dir)
	if _, ok := l.spec.Digests[path]; ok {
		return path, true
	}
	digest, err := l.digest(path)
	if err != nil {
		l.error(at, "Cannot read the hub's cache", "%v.", err)
		return "", false
	}
	l.spec.Digests[path] = digest
	return path, true
}
