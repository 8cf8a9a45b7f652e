package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// Bundle is an unpacked bundle, every byte of which is as it was written.
type Bundle struct {
	Manifest
	SHA256  string // of the archive
	Dir     string // where it is unpacked
	Run     *record.Run
	Records map[string]*record.Record // by key
}

// mostManifest bounds bundle.json: a bundle of millions of files is a mistake.
const mostManifest = 256 << 20

// Open unpacks a bundle into a directory, which is empty or absent. The error is
// *Foreign, *Newer, or *Damaged with all that is not as it was written.
func Open(ctx context.Context, path, dir string) (*Bundle, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, &Foreign{What: "it is no file"}
	}
	hash := sha256.New()
	all := io.TeeReader(file, hash)
	in := tar.NewReader(all)
	head, err := in.Next()
	if err != nil || head.Name != manifestName {
		return nil, foreign(path, head, err)
	}
	if head.Size > mostManifest {
		return nil, &Damaged{[]string{fmt.Sprintf("%s has %d bytes", manifestName, head.Size)}}
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, &Damaged{[]string{manifestName + " is cut off"}}
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: *m, Dir: dir, Records: map[string]*record.Record{}}
	if err := b.unpack(ctx, in); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(all)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, &Damaged{[]string{"something stands behind its end"}}
	}
	b.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return b, b.read()
}

// foreign says what a file is that does not begin as a bundle does.
func foreign(path string, head *tar.Header, err error) error {
	if err == nil {
		return &Foreign{What: fmt.Sprintf("it is an archive that begins with %q", head.Name)}
	}
	begin := make([]byte, 512)
	if file, err := os.Open(path); err == nil {
		n, _ := io.ReadFull(file, begin)
		begin = begin[:n]
		file.Close()
	}
	for _, kind := range []struct{ begins, what string }{
		{"\x1f\x8b", "it is compressed with gzip; unpack it with gunzip first, if there is a bundle in it"}, {"\x28\xb5\x2f\xfd", "it is compressed with zstd; unpack it first, if there is a bundle in it"},
		{"PK", "it is a zip archive"}, {"PAR1", "it is a Parquet table"}, {"{", "it is JSON"}, {"<", "it is HTML or XML"}, {"version https://git-lfs", "it is a pointer of Git LFS; git lfs pull fetches the file"},
	} {
		if bytes.HasPrefix(begin, []byte(kind.begins)) {
			return &Foreign{What: kind.what}
		}
	}
	if len(begin) == 0 {
		return &Foreign{What: "it is empty"}
	}
	if bytes.HasPrefix(begin, []byte(manifestName)) {
		return &Damaged{[]string{"it is cut off in its first entry, " + manifestName}}
	}
	return &Foreign{What: "it is no tar archive"}
}

// unpack holds the entries against the list and writes them into the directory. It goes
// on after one that is altered, so that all are told.
func (b *Bundle) unpack(ctx context.Context, in *tar.Reader) error {
	var problems []string
	tell := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	listed := map[string]int{}
	for i, file := range b.Files {
		listed[file.Path] = i
	}
	seen := map[string]bool{}
	last := manifestName
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tell("it is cut off or damaged behind %s, with %d of %d files", last, len(seen), len(b.Files))
			break
		}
		last = head.Name
		at, known := listed[head.Name]
		switch {
		case !known:
			tell("it holds %q, which its list does not name", head.Name)
			continue
		case seen[head.Name]:
			tell("it holds %s twice", b.called(at))
			continue
		}
		seen[head.Name] = true
		file := b.Files[at]
		if head.Size != file.Bytes {
			tell("%s has %d bytes in the place of %d", b.called(at), head.Size, file.Bytes)
			continue
		}
		digest, err := b.keep(in, file)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			tell("it is cut off in %s, with %d of %d files before", b.called(at), len(seen)-1, len(b.Files))
		case err != nil:
			return err
		case digest != file.SHA256:
			tell("%s was altered: its sha256 is %s…, not %s…", b.called(at), digest[:12], file.SHA256[:min(12, len(file.SHA256))])
		}
	}
	if problems == nil {
		for i, file := range b.Files {
			if !seen[file.Path] {
				tell("%s is missing", b.called(i))
			}
		}
	}
	if problems != nil {
		return &Damaged{problems}
	}
	return nil
}

// called is what messages call a file.
func (b *Bundle) called(i int) string {
	file := b.Files[i]
	if file.What == "" {
		return file.Path
	}
	return fmt.Sprintf("%s (%s)", file.Path, file.What)
}

func (b *Bundle) keep(in io.Reader, file File) (digest string, err error) {
	target := filepath.Join(b.Dir, filepath.FromSlash(file.Path))
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return "", err
	}
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	if closing := out.Close(); err == nil {
		err = closing
	}
	return hex.EncodeToString(hash.Sum(nil)), err
}

// read decodes the records, and holds them against what they stand for.
func (b *Bundle) read() error {
	var problems []string
	text, err := os.ReadFile(filepath.Join(b.Dir, runName))
	if err == nil {
		b.Run, err = record.DecodeRun(text)
	}
	if err != nil {
		var version *record.VersionError
		if errors.As(err, &version) {
			return err
		}
		return &Damaged{[]string{runName + ": " + err.Error()}}
	}
	for _, file := range b.Files {
		key, ok := strings.CutPrefix(file.Path, recordsDir)
		if !ok {
			continue
		}
		key = strings.TrimSuffix(key, ".json")
		text, err := os.ReadFile(filepath.Join(b.Dir, filepath.FromSlash(file.Path)))
		if err != nil {
			return err
		}
		r, err := record.Decode(text)
		var version *record.VersionError
		switch {
		case errors.As(err, &version):
			return err
		case err != nil:
			problems = append(problems, file.Path+": "+err.Error())
			continue
		case r.Key != key || record.KeyOf(r.KeyParts) != key:
			problems = append(problems, fmt.Sprintf("%s: the record of %s has not the key that its parts make", file.Path, r.Node))
			continue
		}
		b.Records[key] = r
		for role, output := range r.Outputs {
			if path := b.object(output.Digest); !output.Dir && path == "" {
				problems = append(problems, fmt.Sprintf("the %s of %s are not in it", role, r.Node))
			}
		}
	}
	for i, file := range b.Files {
		name, ok := strings.CutPrefix(file.Path, objectsDir)
		if ok && !strings.HasSuffix(name, captionsSuffix) && name != file.SHA256 {
			problems = append(problems, b.called(i)+" is not what its name says")
		}
	}
	told := map[string]bool{}
	for _, variant := range b.Run.Variants {
		for _, stage := range variant.Stages {
			finished := stage.Status == record.Done || stage.Status == record.Cached
			if finished && b.Records[stage.Key] == nil && !told[stage.Key] {
				told[stage.Key] = true
				problems = append(problems, "the record of "+stage.Node+" is not in it")
			}
		}
	}
	if problems != nil {
		return &Damaged{problems}
	}
	return nil
}

// object is the path of an output's content, or of its table without pixels; empty if
// neither is in the bundle.
func (b *Bundle) object(digest string) string {
	for _, name := range []string{digest, digest + captionsSuffix} {
		path := filepath.Join(b.Dir, filepath.FromSlash(objectsDir), name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// File returns the path of an output's content, as reports want it. Of images without
// pixels there is none.
func (b *Bundle) File(o record.Output) (string, error) {
	path := filepath.Join(b.Dir, filepath.FromSlash(objectsDir), o.Digest)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not in the bundle", o.Digest)
	}
	return path, nil
}
