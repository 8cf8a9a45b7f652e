package imagefolder

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

func (m *metadata) readCSV(file io.Reader) error {
	buffered := bufio.NewReaderSize(file, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		buffered.Discard(3)
	}
	lines := csv.NewReader(buffered)
	lines.ReuseRecord = true
	var header []string
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			if err := m.problem(m.at(wrong.Line), "The line is not CSV", wrong.Err.Error()+". A quote that begins a field must end it too, and every line has as many fields as the first."); err != nil {
				return err
			}
			if !errors.Is(wrong.Err, csv.ErrFieldCount) {
				return nil
			}
			continue
		}
		if err != nil {
			return m.problem(m.at(1), "The metadata cannot be read", err.Error()+".")
		}
		if header == nil {
			for _, name := range fields {
				header = append(header, strings.TrimSpace(strings.Clone(name)))
			}
			continue
		}
		line, _ := lines.FieldPos(0)
		if slices.ContainsFunc(fields, func(f string) bool { return !utf8.ValidString(f) }) {
			if err := m.problem(m.at(line), "The line is not UTF-8", "Its letters are of another encoding. Save the file as UTF-8."); err != nil {
				return err
			}
			continue
		}
		err = m.add(line, header, nil, func(column string) (string, bool) {
			i := slices.Index(header, column)
			if i < 0 {
				return "", false
			}
			return strings.Clone(fields[i]), true
		})
		if err != nil {
			return err
		}
	}
}
