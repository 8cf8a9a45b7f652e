package stablediffusion

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// shelf keeps rows of numbers, all of one width, on the disk. A shelf that is
// opened again has the rows that were whole when its process ended.
type shelf struct {
	file  *os.File
	width int // numbers in a row
	rows  int
}

// openShelf opens or makes a shelf. Rows from the first damaged one on, half
// written perhaps, are dropped.
func openShelf(path string, width int) (*shelf, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open prepared examples: %w", err)
	}
	s := &shelf{file: file, width: width}
	in, row := bufio.NewReaderSize(file, 1<<20), make([]byte, s.bytes())
	for {
		_, err := io.ReadFull(in, row)
		if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil && !intact(row) {
			break
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read prepared examples: %w", err), file.Close())
		}
		s.rows++
	}
	if err := file.Truncate(int64(s.rows) * int64(s.bytes())); err != nil {
		return nil, errors.Join(fmt.Errorf("open prepared examples: %w", err), file.Close())
	}
	return s, nil
}

// bytes of a row: its numbers, and their checksum.
func (s *shelf) bytes() int { return 4*s.width + crc32.Size }

func intact(row []byte) bool {
	end := len(row) - crc32.Size
	return crc32.ChecksumIEEE(row[:end]) == binary.LittleEndian.Uint32(row[end:])
}

// append adds a row.
func (s *shelf) append(values ...[]float32) error {
	row := make([]byte, 0, s.bytes())
	for _, part := range values {
		for _, v := range part {
			row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
		}
	}
	if len(row) != 4*s.width {
		return fmt.Errorf("keep prepared examples: a row of %d bytes, want %d", len(row), 4*s.width)
	}
	row = binary.LittleEndian.AppendUint32(row, crc32.ChecksumIEEE(row))
	if _, err := s.file.WriteAt(row, int64(s.rows)*int64(s.bytes())); err != nil {
		return fmt.Errorf("keep prepared examples: %w", err)
	}
	s.rows++
	return nil
}

// read fills out with the numbers of a row, from the given one on.
func (s *shelf) read(row, from int, out []float32) error {
	if row < 0 || row >= s.rows || from+len(out) > s.width {
		return fmt.Errorf("read prepared examples: row %d of %d, numbers %d to %d of %d", row, s.rows, from, from+len(out), s.width)
	}
	raw := make([]byte, 4*len(out))
	if _, err := s.file.ReadAt(raw, int64(row)*int64(s.bytes())+4*int64(from)); err != nil {
		return fmt.Errorf("read prepared examples: %w", err)
	}
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

func (s *shelf) close() error { return s.file.Close() }
