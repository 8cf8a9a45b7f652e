package mlflow

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

const (
	picturesFile   = "images" // stands in the state for all pictures of an item
	promptsTable   = "prompts.json"
	mostTableRows  = 2000
	previewSide    = 256 // pixels
	previewQuality = 90
	segmentBytes   = 120 // of a name in a path that is made of a prompt
)

func fileKey(item *track.Item, path string) string { return item.ID + "/" + path }

// files sends the files and pictures that were not sent, or have changed since.
func (t *Tracker) files(ctx context.Context, item *track.Item, r *remote) error {
	for _, file := range item.Files {
		if t.state.Files[fileKey(item, file.Path)] == file.Version {
			continue
		}
		err := t.put(ctx, r, file)
		if errors.Is(err, errUnproxied) {
			t.note("Files stay here: the server keeps them in %s, and does not pass them on (start it with --serve-artifacts).", schemeOf(r.info.ArtifactURI))
			return nil
		}
		if err != nil {
			return err
		}
		t.state.Files[fileKey(item, file.Path)] = file.Version
	}
	if item.Pictures == nil || t.state.Files[fileKey(item, picturesFile)] == item.Pictures.Version {
		return nil
	}
	files, err := pictureFiles(ctx, item, r.id, t.grid)
	if err != nil {
		if ctx.Err() == nil {
			t.note("Pictures of %s are not sent: %v.", item.ID, err)
			return nil
		}
		return err
	}
	for _, file := range files {
		if err := t.put(ctx, r, file); errors.Is(err, errUnproxied) {
			return nil
		} else if err != nil {
			return err
		}
	}
	tags := map[string]string{
		"mlflow.loggedImages":    "True",
		"mlflow.loggedArtifacts": fmt.Sprintf(`[{"path":%q,"type":"table"}]`, promptsTable),
	}
	if err := t.setTags(ctx, r, tags); err != nil {
		return err
	}
	t.state.Files[fileKey(item, picturesFile)] = item.Pictures.Version
	return nil
}

// root is where the server takes a run's files; errUnproxied if it does not.
func (t *Tracker) root(r *remote) (string, error) {
	parsed, err := url.Parse(r.info.ArtifactURI)
	if err != nil || parsed.Scheme != "mlflow-artifacts" {
		return "", errUnproxied
	}
	base := t.client.address
	if parsed.Host != "" {
		// Another host: it gets no password that was meant for this one.
		here, err := url.Parse(base)
		if err != nil || here.Host != parsed.Host {
			return "", errUnproxied
		}
		base = here.Scheme + "://" + parsed.Host
	}
	return base + "/api/2.0/mlflow-artifacts/artifacts/" + strings.Trim(parsed.EscapedPath(), "/"), nil
}

// put sends a file. It takes the place of one that is there.
func (t *Tracker) put(ctx context.Context, r *remote, file track.File) error {
	root, err := t.root(r)
	if err != nil {
		return err
	}
	pause := t.client.pause
	for n := 1; ; n++ {
		err := t.putOnce(ctx, root+"/"+escaped(file.Path), file)
		var answer *answerError
		again := !track.IsRefused(err) && (!errors.As(err, &answer) || passing(answer.Status))
		if err == nil || !again || ctx.Err() != nil || n == tries {
			if err != nil {
				err = fmt.Errorf("send %s: %w", file.Path, settled(err))
			}
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause *= 2
	}
}

func (t *Tracker) putOnce(ctx context.Context, address string, file track.File) error {
	content, err := file.Open()
	if err != nil {
		return &track.Refused{Err: err}
	}
	defer content.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, &counted{content, t.client})
	if err != nil {
		return &track.Refused{Err: err}
	}
	request.ContentLength = file.Size
	if file.Size == 0 {
		request.Body = http.NoBody
	}
	response, err := t.client.do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return errors.Join(err, response.Body.Close())
}

// counted counts what was taken of a file as signs of life.
type counted struct {
	io.ReadCloser
	client *client
}

func (c *counted) Read(p []byte) (int, error) {
	c.client.answers.Add(1)
	return c.ReadCloser.Read(p)
}

// escaped is a path for an address. What servers refuse in names, or decode twice, is _.
func escaped(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		part = strings.Map(func(r rune) rune {
			if r == '#' || r == '%' || r == '\\' || r < ' ' {
				return '_'
			}
			return r
		}, part)
		parts[i] = url.PathEscape(strings.ReplaceAll(part, "..", "__"))
	}
	return strings.Join(parts, "/")
}

// pictureFiles are the pictures of an item by the names under which the server's page
// shows them: a key for each prompt, and its images as steps. Beside them is a table of
// all prompts.
func pictureFiles(ctx context.Context, item *track.Item, runID string, keys map[string]bool) ([]track.File, error) {
	pictures, prompts, err := item.Pictures.Read(ctx)
	if err != nil {
		return nil, err
	}
	var files []track.File
	add := func(path string, content []byte) {
		files = append(files, track.File{Path: path, Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }})
	}
	first := map[string]string{} // the path of a prompt's first picture
	for _, picture := range pictures {
		whole, preview, err := encoded(picture.PNG)
		if err != nil {
			return nil, fmt.Errorf("picture of %q: %w", picture.Prompt, err)
		}
		key := pictureKey(picture.Prompt)
		keys[key] = true
		stem := fmt.Sprintf("images/%s+step+%d+timestamp+%d+%s", strings.ReplaceAll(key, "/", "~"), picture.Index, item.Pictures.At.UnixMilli(), identity(runID, key, picture.Index))
		add(stem+".png", whole)
		add(stem+"+compressed.webp", preview)
		if first[picture.Prompt] == "" {
			first[picture.Prompt] = stem
		}
	}
	table, err := json.Marshal(tableOf(prompts, first))
	if err != nil {
		return nil, err
	}
	add(promptsTable, table)
	return files, nil
}

// encoded is a picture compressed, and a small one. The page takes any format under the
// name of a WebP.
func encoded(png []byte) (whole, preview []byte, err error) {
	picture, err := imaging.Decode(png, imaging.Exchanged)
	if err != nil {
		return nil, nil, err
	}
	if whole, err = imaging.EncodePNG(picture); err != nil {
		return nil, nil, err
	}
	side := max(picture.Width, picture.Height)
	if side <= previewSide {
		return whole, whole, nil
	}
	small := imaging.Bicubic.Resize(picture, max(1, picture.Width*previewSide/side), max(1, picture.Height*previewSide/side))
	var b bytes.Buffer
	err = jpeg.Encode(&b, small.Picture(), &jpeg.Options{Quality: previewQuality})
	return whole, b.Bytes(), err
}

// pictureKey is what a prompt's pictures are called.
func pictureKey(prompt string) string {
	key := name("samples/" + strings.ReplaceAll(prompt, "/", " "))
	if len(key) > segmentBytes {
		sum := sha1.Sum([]byte(prompt))
		key = strings.ToValidUTF8(key[:segmentBytes-8], "") + "-" + hex.EncodeToString(sum[:3])
	}
	return key
}

// identity is a UUID of version 5: the same picture has the same name whenever it is
// sent.
func identity(runID, key string, step int) string {
	sum := sha1.Sum(fmt.Appendf(nil, "plumb\x00%s\x00%s\x00%d", runID, key, step))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", binary.BigEndian.Uint32(sum[:4]), binary.BigEndian.Uint16(sum[4:6]),
		binary.BigEndian.Uint16(sum[6:8]), binary.BigEndian.Uint16(sum[8:10]), sum[10:16])
}

// shownTable is a table as the server's page reads one.
type shownTable struct {
	Columns []string `json:"columns"`
	Data    [][]any  `json:"data"`
}

func tableOf(prompts []track.Judged, pictures map[string]string) shownTable {
	made := shownTable{Columns: []string{"prompt", "image", "alignment", "images", "category", "split"}}
	// Prompts with a picture come first: the page shows the beginning.
	ordered := slices.Clone(prompts)
	slices.SortStableFunc(ordered, func(a, b track.Judged) int {
		switch one, other := pictures[a.Prompt] != "", pictures[b.Prompt] != ""; {
		case one == other:
			return 0
		case one:
			return -1
		}
		return 1
	})
	for _, prompt := range ordered[:min(len(ordered), mostTableRows)] {
		var good, picture any
		if prompt.Good != nil {
			good = *prompt.Good
		}
		if stem := pictures[prompt.Prompt]; stem != "" {
			picture = map[string]string{"type": "image", "filepath": stem + ".png", "compressed_filepath": stem + "+compressed.webp"}
		}
		made.Data = append(made.Data, []any{prompt.Prompt, picture, good, prompt.Images, prompt.Category, prompt.Split})
	}
	return made
}

func schemeOf(uri string) string {
	if parsed, err := url.Parse(uri); err == nil && parsed.Scheme != "" {
		return parsed.Scheme + ":"
	}
	return "a directory of its own"
}
