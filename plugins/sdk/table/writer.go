package table

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

const (
	// chunk is the number of rows that go to and come from the Parquet library
	// at once. That it is fixed makes the bytes of a table independent of how
	// its rows are handed to Write.
	chunk = 16

	// rowGroupBytes is the size at which a row group ends: what a reader or
	// writer needs of memory, and what datasets fetches at once.
	rowGroupBytes = 32 << 20
)

// Writer writes a table of rows T. Nothing is at its path before Close returns
// nil. A Writer is for one goroutine.
type Writer[T any] struct {
	path    string
	file    *atomicfile.File
	sink    sink[T]
	pending []T // less than a chunk
	err     error
	closed  bool
}

// sink is what writes rows T: rows as they are, images, or scores.
type sink[T any] interface {
	write(rows []T) error
	close() error
}

// NewWriter begins a table. A row type is one of this package's, or any struct
// with `parquet` tags.
func NewWriter[T any](path string) (*Writer[T], error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create table: %w", err)
	}
	w := &Writer[T]{path: path, file: f}
	if err := w.begin(f); err != nil {
		return nil, errors.Join(err, w.Discard())
	}
	return w, nil
}

func (w *Writer[T]) begin(output io.Writer) error {
	return guard(w.path, func() error {
		w.sink = newSink[T](output)
		return nil
	})
}

func newSink[T any](output io.Writer) sink[T] {
	if _, ok := any(imageSink{}).(sink[T]); ok {
		return any(newImageSink(output)).(sink[T])
	}
	if _, ok := any(&scoreSink{}).(sink[T]); ok {
		return any(&scoreSink{output: output}).(sink[T])
	}
	return newRowSink[T](output)
}

// Write adds rows. It may keep them until a later Write or Close.
func (w *Writer[T]) Write(rows ...T) error {
	if w.closed {
		return fmt.Errorf("write table %s: it is closed", w.path)
	}
	for len(rows) > 0 && w.err == nil {
		n := min(len(rows), chunk-len(w.pending))
		w.pending, rows = append(w.pending, rows[:n]...), rows[n:]
		if len(w.pending) == chunk {
			w.err = w.flush()
		}
	}
	return w.err
}

func (w *Writer[T]) flush() error {
	err := guard(w.path, func() error { return w.sink.write(w.pending) })
	clear(w.pending)
	w.pending = w.pending[:0]
	if err != nil {
		return fmt.Errorf("write table %s: %w", w.path, err)
	}
	return nil
}

// Close finishes the table and puts it at its path. If that or an earlier
// Write failed, it leaves nothing behind and returns the error.
func (w *Writer[T]) Close() error {
	if w.closed {
		return w.err
	}
	if w.err == nil {
		w.err = w.finish()
	}
	if w.err != nil {
		return errors.Join(w.err, w.Discard())
	}
	w.closed = true
	return nil
}

func (w *Writer[T]) finish() error {
	if len(w.pending) > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	err := guard(w.path, w.sink.close)
	if err == nil {
		err = w.file.Commit()
	}
	if err != nil {
		return fmt.Errorf("close table %s: %w", w.path, err)
	}
	return nil
}

// Discard ends a table that will not be finished and leaves nothing behind.
// After Close it does nothing.
func (w *Writer[T]) Discard() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if err := w.file.Discard(); err != nil {
		return fmt.Errorf("discard table: %w", err)
	}
	return nil
}

// WriteAll writes a whole table.
func WriteAll[T any](path string, rows []T) error {
	w, err := NewWriter[T](path)
	if err != nil {
		return err
	}
	if err := w.Write(rows...); err != nil {
		return errors.Join(err, w.Discard())
	}
	return w.Close()
}

// rowSink writes rows S as they are.
type rowSink[S any] struct {
	parquet *parquet.GenericWriter[S]
	start   int64 // where the current row group begins
}

func newRowSink[S any](output io.Writer, options ...parquet.WriterOption) *rowSink[S] {
	options = append([]parquet.WriterOption{
		// The default names the library's version, and so would change every
		// digest with it.
		parquet.CreatedBy("plumb", "1.0.0", "0"),
		// Of the codecs, the one whose encoder gives the same bytes on every
		// machine and compresses columns of text well.
		parquet.Compression(&parquet.Zstd),
		// What every reader understands, also old ones.
		parquet.DefaultEncoding(&parquet.Plain),
		parquet.DataPageVersion(1),
	}, options...)
	return &rowSink[S]{parquet: parquet.NewGenericWriter[S](output, options...)}
}

func (s *rowSink[S]) write(rows []S) error {
	if _, err := s.parquet.Write(rows); err != nil {
		return err
	}
	return s.endGroup()
}

// endGroup ends a row group that is large enough.
func (s *rowSink[S]) endGroup() error {
	if s.parquet.Size()-s.start < rowGroupBytes {
		return nil
	}
	if err := s.parquet.Flush(); err != nil {
		return err
	}
	s.start = s.parquet.Size()
	return nil
}

func (s *rowSink[S]) close() error { return s.parquet.Close() }
