package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// File is a file that is to come.
type File struct {
	Path string // where it will be
	Part string // where it is while it comes, on the same disk
	Size int64  // bytes

	// Get asks for the file from an offset on. It answers with status 200, 206 or
	// 416, or an error.
	Get func(ctx context.Context, from int64) (*http.Response, error)
	// Whole reports whether a path holds the file.
	Whole func(ctx context.Context, path string) (bool, error)
	// Progress, if not nil, is called while the file comes.
	Progress func(have int64)

	Patience Patience
	Stall    time.Duration // how long the server may say nothing; 0: 30 s
}

// Progress says how much of a file is here, to who shows it.
type Progress struct {
	File        string
	Done, Total int64 // bytes
}

// Broken is a download that broke off, or an answer that does not fit; what came is kept.
type Broken struct{ Sent string }

func (b *Broken) Error() string { return "the server sent " + b.Sent }

// Silent is a server that said nothing for too long.
type Silent struct{ For time.Duration }

func (s *Silent) Error() string { return fmt.Sprintf("the server was silent for %s", s.For) }

// Unwritten is an error of the disk.
type Unwritten struct {
	Err    error
	ToCome int64 // bytes
}

func (u *Unwritten) Error() string { return u.Err.Error() }
func (u *Unwritten) Unwrap() error { return u.Err }

// ErrDiffers is the error of a file that came whole twice, and was another one.
var ErrDiffers = errors.New("what came is not what was to come")

// Fetch brings the file. An error leaves what has come, for the next call, unless
// it is another file's.
func (f File) Fetch(ctx context.Context) error {
	if f.Stall == 0 {
		f.Stall = 30 * time.Second
	}
	for again := false; ; again = true {
		var furthest int64 // a server that begins anew each time does not get on
		err := f.Patience.Do(ctx, func() (bool, error) {
			have, err := f.more(ctx)
			progress := have > furthest
			furthest = max(furthest, have)
			return progress, err
		})
		if err != nil {
			return err
		}
		whole, err := f.Whole(ctx, f.Part)
		if err != nil {
			return err
		}
		if whole {
			return f.written(atomicfile.Rename(f.Part, f.Path), 0)
		}
		// What was there before may be of another file: begin anew, once.
		if err := os.Remove(f.Part); err != nil {
			return f.written(err, 0)
		}
		if again {
			return ErrDiffers
		}
	}
}

// more fetches what is missing, and appends it to the part. It returns how many
// bytes are there then.
func (f File) more(ctx context.Context) (have int64, err error) {
	out, err := os.OpenFile(f.Part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, f.written(err, f.Size)
	}
	defer func() {
		if closing := f.written(out.Close(), f.Size); err == nil {
			err = closing
		}
	}()
	if have, err = out.Seek(0, io.SeekEnd); err != nil {
		return 0, f.written(err, f.Size)
	}
	if have == f.Size {
		return have, nil
	}
	anew := func() error {
		have = 0
		_, err := out.Seek(0, io.SeekStart)
		return f.written(errors.Join(err, out.Truncate(0)), f.Size)
	}
	if have > f.Size {
		if err := anew(); err != nil {
			return 0, err
		}
	}

	silent := &Silent{f.Stall}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(f.Stall, func() { cancel(silent) })
	defer watch.Stop()
	ended := func(err error) error { // by the watch, by the user, or by itself
		if context.Cause(ctx) == error(silent) {
			return &Temporary{Err: silent}
		}
		return err
	}
	response, err := f.Get(ctx, have)
	if err != nil {
		return have, ended(err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
		var from int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != have {
			return 0, errors.Join(anew(), odd("a part of the file that was not asked for"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, errors.Join(anew(), odd("that the file is shorter than is listed"))
	default: // the whole file
		if err := anew(); err != nil {
			return have, err
		}
	}
	buffer := make([]byte, 256<<10)
	for {
		n, readErr := response.Body.Read(buffer)
		watch.Reset(f.Stall)
		if n > 0 {
			if have+int64(n) > f.Size {
				return 0, errors.Join(anew(), odd("more than is listed"))
			}
			if _, err := out.Write(buffer[:n]); err != nil {
				return have, f.written(err, f.Size-have)
			}
			have += int64(n)
			watch.Reset(f.Stall) // a slow disk is not a silent server
			if f.Progress != nil {
				f.Progress(have)
			}
		}
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			if ctx.Err() != nil {
				return have, ended(ctx.Err())
			}
			return have, odd(fmt.Sprintf("%s of %s (%v)", size(have), size(f.Size), readErr))
		}
		if readErr != nil {
			break
		}
	}
	if have < f.Size {
		return have, odd(fmt.Sprintf("%s of %s", size(have), size(f.Size)))
	}
	return have, f.written(out.Sync(), f.Size)
}

// odd is an answer that another try may better.
func odd(sent string) error { return &Temporary{Err: &Broken{sent}} }

func (f File) written(err error, toCome int64) error {
	if err == nil {
		return nil
	}
	return &Unwritten{err, toCome}
}

// size prints bytes for people.
func size(bytes int64) string { return humanize.IBytesN(uint64(bytes), 3) }
