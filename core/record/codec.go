package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrCorrupt says that the bytes are not what was written: cut short, altered,
// or never a record at all.
var ErrCorrupt = errors.New("not an intact file of Plumb")

// VersionError says that the bytes were written in a format that this version
// does not read. It is no corruption: another version can read them.
type VersionError struct {
	What    string // "record" or "run"
	Version int    // of the bytes
	Known   int    // the newest that is understood here
}

func (e *VersionError) Error() string {
	if e.Version < e.Known {
		return fmt.Sprintf("the %s has format version %d, of an older Plumb: run the experiment again to make it anew; what is cached stays", e.What, e.Version)
	}
	return fmt.Sprintf("the %s has format version %d, this version of Plumb understands up to %d: use a newer Plumb", e.What, e.Version, e.Known)
}

// The format versions that are read, oldest to newest. The newest changes only if
// older readers would misunderstand the bytes; a new field is no such change. A
// run of version 1 has none of its stages' facts, so that its report would be empty;
// one of version 2 has no identity.
const (
	oldestRecord, recordVersion = 2, 2
	oldestRun, runVersion       = 3, 3
)

// Encode returns the record's bytes. The same record always gives the same
// bytes. NaN and infinity are errors: a number that could not be computed is
// nil, with a note.
func Encode(r *Record) ([]byte, error) {
	stable := *r
	stable.Started = r.Started.UTC()
	b, err := seal("record", recordVersion, &stable)
	if err != nil {
		return nil, fmt.Errorf("encode record of %s: %w", r.Node, err)
	}
	return b, nil
}

// Decode is the inverse of Encode. Fields that it does not know are ignored;
// bytes that are not exactly as they were written are ErrCorrupt.
func Decode(b []byte) (*Record, error) {
	r := new(Record)
	if err := open("record", oldestRecord, recordVersion, b, r); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}

// envelope is the JSON around a record or a run. The file is plain JSON for
// every other reader, yet no byte of it can change unnoticed: the digest covers
// the format and the body's bytes, and the envelope has only one spelling.
type envelope struct {
	Format string          `json:"format"` // such as "plumb record 1"
	SHA256 string          `json:"sha256"` // of Format, a line break and Body's bytes, hex
	Body   json.RawMessage `json:"body"`
}

func (e envelope) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"format\": %q,\n  \"sha256\": %q,\n  \"body\": ", e.Format, e.SHA256)
	b.Write(e.Body)
	b.WriteString("\n}\n")
	return b.Bytes()
}

func seal(what string, version int, value any) ([]byte, error) {
	body, err := json.MarshalIndent(value, "  ", "  ")
	if err != nil {
		return nil, err
	}
	e := envelope{Format: fmt.Sprintf("plumb %s %d", what, version), Body: body}
	e.SHA256 = e.digest()
	return e.bytes(), nil
}

func open(what string, oldest, known int, b []byte, value any) error {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	number, ok := strings.CutPrefix(e.Format, "plumb "+what+" ")
	version, err := strconv.Atoi(number)
	if !ok || err != nil || version < 1 {
		return fmt.Errorf("%w: its format is %q, not that of a %s", ErrCorrupt, e.Format, what)
	}
	// The checksum comes first: a bit in the version must not pass for another version.
	// Version 1 of both had it over the body alone.
	intact := e.digest() == e.SHA256 || version < oldest && digest(e.Body) == e.SHA256
	if !intact || !bytes.Equal(e.bytes(), b) {
		return fmt.Errorf("%w: its checksum does not match its content", ErrCorrupt)
	}
	if version > known || version < oldest {
		return &VersionError{What: what, Version: version, Known: known}
	}
	if err := json.Unmarshal(e.Body, value); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

func (e envelope) digest() string {
	return digest(append([]byte(e.Format+"\n"), e.Body...))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
