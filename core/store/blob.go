package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// anySize is for files whose size is not known beforehand.
const anySize = -1

// File returns the path of a file output. The file is as it was put: a
// missing, cut or altered one is *Corrupt. Only read it.
func (s *Store) File(o record.Output) (path string, err error) {
	if o.Dir {
		return "", fmt.Errorf("output %s is a directory, not a file", o.Digest)
	}
	return s.blob(o.Digest, o.Bytes)
}

func (s *Store) blobPath(digest string) string {
	return s.path(blobsDir, digest[:2], digest)
}

func blobName(digest string) string { return "blob " + digest }

// blob returns the path of an intact blob.
func (s *Store) blob(digest string, size int64) (path string, err error) {
	if err := checkDigest(digest); err != nil {
		return "", err
	}
	path = s.blobPath(digest)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", s.quarantine(blobName(digest), path, nil, "is missing")
	} else if err != nil {
		return "", fmt.Errorf("open blob: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("look at blob: %w", err)
	}
	if reason := wrongSize(info, size); reason != "" {
		return "", s.quarantine(blobName(digest), path, info, reason)
	}
	if s.verified.has(path, info) {
		return path, nil
	}
	got, err := hash(f)
	if errors.Is(err, syscall.EIO) { // a bad sector
		return "", s.quarantine(blobName(digest), path, info, "cannot be read from the disk")
	} else if err != nil {
		return "", fmt.Errorf("read blob: %w", err)
	}
	if got != digest {
		return "", s.quarantine(blobName(digest), path, info, "has other content than was put there")
	}
	s.verified.add(path, info)
	return path, nil
}

// present checks existence and size of a blob, without reading it.
func (s *Store) present(digest string, size int64) error {
	if err := checkDigest(digest); err != nil {
		return err
	}
	path := s.blobPath(digest)
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return s.quarantine(blobName(digest), path, nil, "is missing")
	} else if err != nil {
		return fmt.Errorf("look at blob: %w", err)
	}
	if reason := wrongSize(info, size); reason != "" {
		return s.quarantine(blobName(digest), path, info, reason)
	}
	return nil
}

func wrongSize(info os.FileInfo, size int64) string {
	switch {
	case !info.Mode().IsRegular():
		return "is not a regular file"
	case size != anySize && info.Size() != size:
		return fmt.Sprintf("has %d bytes instead of %d", info.Size(), size)
	}
	return ""
}

// put moves a finished file into the blobs. The file is gone afterwards, also
// if an intact blob of its content was there already.
func (s *Store) put(source string) (digest string, size int64, err error) {
	digest, size, err = settle(source)
	if err != nil {
		return "", 0, s.CheckSpace(err, 0)
	}
	target := s.blobPath(digest)
	var corrupt *Corrupt
	if _, err := s.blob(digest, size); err == nil {
		return digest, size, os.Remove(source)
	} else if !errors.As(err, &corrupt) {
		return "", 0, err
	}
	if err := s.place(source, target); err != nil {
		return "", 0, s.CheckSpace(err, size)
	}
	if info, err := os.Lstat(target); err == nil {
		s.verified.add(target, info)
	}
	return digest, size, nil
}

// settle makes a file's content final: on the disk, hashed, read-only.
func settle(path string) (digest string, size int64, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("%s is not a regular file", path)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return "", 0, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) // some systems sync only what is open for writing
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return "", 0, err
	}
	digest, err = hash(f)
	if err != nil {
		return "", 0, err
	}
	if info, err = f.Stat(); err != nil {
		return "", 0, err
	}
	return digest, info.Size(), os.Chmod(path, 0o444)
}

// place renames a settled file to its final name and makes the name last.
func (s *Store) place(source, target string) error {
	return s.name(target, func() error { return os.Rename(source, target) })
}

// placeOnce is place, unless the name is taken: then the error is ErrExist.
func (s *Store) placeOnce(source, target string) error {
	return s.name(target, func() error {
		err := os.Link(source, target)
		if err == nil || errors.Is(err, os.ErrExist) || isFull(err) {
			return err
		}
		// No hard links here. The key's Lock is what keeps others away.
		return os.Rename(source, target)
	})
}

// name makes the directory of a final name and what is put there last.
func (s *Store) name(target string, put func() error) error {
	parent := filepath.Dir(target)
	if err := os.Mkdir(parent, 0o777); err == nil {
		if err := atomicfile.SyncDir(filepath.Dir(parent)); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := put(); err != nil {
		return err
	}
	return atomicfile.SyncDir(parent)
}

func hash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
