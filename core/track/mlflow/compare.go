package mlflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/plumb-ml/plumb/core/track"
)

// Compare implements track.Tracker: it reads everything anew.
func (t *Tracker) Compare(ctx context.Context, run *track.Run, further map[string][]track.Point) (track.Comparison, error) {
	c := &comparing{tracker: t, run: run}
	for i := range run.Items {
		if err := c.item(ctx, &run.Items[i], further[run.Items[i].ID]); err != nil {
			return c.Comparison, err
		}
	}
	return c.Comparison, nil
}

type comparing struct {
	track.Comparison
	tracker *Tracker
	run     *track.Run
}

func (c *comparing) wrong(item *track.Item, format string, arguments ...any) {
	c.Wrong = append(c.Wrong, title(c.run, item)+": "+fmt.Sprintf(format, arguments...))
}

func (c *comparing) item(ctx context.Context, item *track.Item, further []track.Point) error {
	r := c.tracker.remotes[item.ID]
	if r == nil {
		c.wrong(item, "it is not there")
		return nil
	}
	var found struct {
		Run storedRun `json:"run"`
	}
	err := c.tracker.client.get(ctx, "runs/get", url.Values{"run_id": {r.id}}, &found)
	if gone(err) {
		c.wrong(item, "it is not there any more")
		return nil
	}
	if err != nil {
		return err
	}
	stored := remoteOf(found.Run)
	c.Read.Runs++
	if stored.dropped {
		c.wrong(item, "it was deleted there")
		return nil
	}
	if status := statusOf(item.State); stored.info.Status != status {
		c.wrong(item, "its status is %s there, and %s here", stored.info.Status, status)
	}
	c.texts(item, "parameter", wantedParams(item), stored.params)
	c.texts(item, "tag", unedited(wantedTags(item), stored.tags), stored.tags)
	single, stepped := overSteps(item.Points)
	for _, point := range single {
		m, ok := row(point)
		if !ok {
			continue
		}
		c.Read.Values++
		switch have, there := stored.metrics[m.Key]; {
		case !there:
			c.wrong(item, "it lacks the number %s", m.Key)
		case !same(float64(have.Value), float64(m.Value)):
			c.wrong(item, "%s is %v there, and %v here", m.Key, float64(have.Value), float64(m.Value))
		}
	}
	if err := c.curves(ctx, item, stored, append(slices.Clip(further), stepped...)); err != nil {
		return err
	}
	return c.files(ctx, item, stored)
}

func (c *comparing) texts(item *track.Item, what string, wanted, stored map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		c.Read.Values++
		switch have, there := stored[key]; {
		case !there:
			c.wrong(item, "it lacks the %s %s", what, key)
		case have != wanted[key]:
			c.wrong(item, "the %s %s is %q there, and %q here", what, key, have, wanted[key])
		}
	}
}

// curves compares curves of trainings that ended, and what was queued of others.
func (c *comparing) curves(ctx context.Context, item *track.Item, stored *remote, further []track.Point) error {
	byKey := map[string][]metric{}
	whole := map[string]bool{}
	for _, curve := range item.Curves {
		points, err := curve.Points()
		if err != nil {
			c.wrong(item, "%v", err)
			continue
		}
		for _, point := range points {
			if m, ok := row(point); ok {
				whole[m.Key] = true
				byKey[m.Key] = append(byKey[m.Key], m)
			}
		}
	}
	for _, point := range further {
		if m, ok := row(point); ok && !whole[m.Key] {
			byKey[m.Key] = append(byKey[m.Key], m)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		have, err := c.tracker.history(ctx, stored.id, key)
		if err != nil {
			return err
		}
		missing := 0
		for _, m := range byKey[key] {
			if !holds(have[m.Step], float64(m.Value)) {
				missing++
			}
		}
		c.Read.Points += len(byKey[key])
		if missing > 0 {
			c.wrong(item, "%d of %d points of %s are not there", missing, len(byKey[key]), key)
		}
	}
	return nil
}

// files compares the contents of files.
func (c *comparing) files(ctx context.Context, item *track.Item, stored *remote) error {
	root, err := c.tracker.root(stored)
	if err != nil {
		return nil // it is told that files stay here
	}
	wanted := item.Files
	lost := func(path string) {
		delete(c.tracker.state.Files, fileKey(item, path))
		if !slices.ContainsFunc(item.Files, func(file track.File) bool { return file.Path == path }) {
			delete(c.tracker.state.Files, fileKey(item, picturesFile))
		}
	}
	if item.Pictures != nil {
		pictures, err := pictureFiles(ctx, item, stored.id, map[string]bool{})
		if err != nil {
			c.wrong(item, "%v", err)
		}
		wanted = append(slices.Clip(wanted), pictures...)
	}
	for _, file := range wanted {
		here, err := digestOf(file.Open)
		if err != nil {
			c.wrong(item, "%s: %v", file.Path, err)
			continue
		}
		there, err := digestOf(func() (io.ReadCloser, error) { return c.tracker.open(ctx, root, file.Path) })
		var answer *answerError
		switch {
		case errors.As(err, &answer) && (!passing(answer.Status) || answer.Status == http.StatusInternalServerError): // as 2.x says it
			c.wrong(item, "it lacks the file %s", file.Path)
			lost(file.Path)
			continue
		case err != nil:
			return err
		}
		c.Read.Files++
		if here != there {
			c.wrong(item, "the file %s is another there", file.Path)
			lost(file.Path)
		}
	}
	return nil
}

// open reads a file that the server has.
func (t *Tracker) open(ctx context.Context, root, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, root+"/"+escaped(path), nil)
	if err != nil {
		return nil, err
	}
	response, err := t.client.do(request)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

func digestOf(open func() (io.ReadCloser, error)) (sum [sha256.Size]byte, err error) {
	content, err := open()
	if err != nil {
		return sum, err
	}
	defer content.Close()
	h := sha256.New()
	if _, err := io.Copy(h, content); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
