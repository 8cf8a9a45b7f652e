package imagefolder

import (
	"cmp"
	"errors"
	"io"

	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func (m *metadata) readCSV(file io.Reader) error {
	lines, err := textfile.NewCSV(file, m.whole(m.file), m.columns())
	if err != nil {
		return m.form(err)
	}
	has := func(column string) bool { _, ok := lines.Column(column); return ok }
	if complete, err := m.judge(m.at(lines.Line()), lines.Names(), has); !complete {
		return cmp.Or(err, errStop)
	}
	for {
		err := lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if err := m.form(err); err != nil {
				return err
			}
			continue
		}
		text, _ := lines.Get("slots")
		slots, err := table.ParseSlots(text)
		if err != nil {
			if err := m.problem(m.at(lines.Line()), "The image's slots cannot be read", err.Error()+"."); err != nil {
				return err
			}
			continue
		}
		if err := m.add(lines.Line(), lines.Names(), slots, lines.Get); err != nil {
			return err
		}
	}
}

// form notes a mistake of the file's form. It returns nil if reading goes on.
func (m *metadata) form(err error) error {
	var form *textfile.Mistake
	if !errors.As(err, &form) {
		return m.problem(m.at(1), "The metadata cannot be read", err.Error()+".")
	}
	if err := m.problem(form.Range(m.whole(m.file)), form.Summary, form.Detail); err != nil || !form.Final {
		return err
	}
	return errStop
}
