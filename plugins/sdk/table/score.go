package table

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Score is a row of a scores table: a reward's number for one image.
type Score struct {
	ImageID  string  `parquet:"image_id"`      // the image's id in its table
	Prompt   string  `parquet:"prompt,dict"`   // of the image, as in its table
	Category string  `parquet:"category,dict"` // as in its table
	Split    string  `parquet:"split,dict"`    // as in its table
	Score    float64 `parquet:"score"`         // finite; higher is better, in the reward's own unit

	// Parts are further numbers of the reward about the image, by name: the same names
	// in all rows. In the file each is a column of numbers, "part_NAME".
	Parts map[string]float64 `parquet:"-"`
}

// partPrefix begins the name of a part's column.
const partPrefix = "part_"

// scoreRow is the type of a row with parts: the fields of a Score that are columns,
// and one for each part.
func scoreRow(parts []string) reflect.Type {
	var fields []reflect.StructField
	for i := range scoreColumns {
		field := reflect.TypeFor[Score]().Field(i)
		fields = append(fields, reflect.StructField{Name: field.Name, Type: field.Type, Tag: field.Tag})
	}
	for i, part := range parts {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Part%d", i), Type: reflect.TypeFor[float64](), Tag: reflect.StructTag(fmt.Sprintf("parquet:%q", partPrefix+part)),
		})
	}
	return reflect.StructOf(fields)
}

// scoreColumns is how many fields of a Score are columns: all but Parts, the last.
var scoreColumns = reflect.TypeFor[Score]().NumField() - 1

// scoreSink writes scores. The first row says which parts all have.
type scoreSink struct {
	output io.Writer
	begun  bool
	plain  *rowSink[Score] // if there are no parts
	parts  []string        // sorted
	row    reflect.Type
	schema *parquet.Schema
	rows   *rowSink[any]
}

func (s *scoreSink) begin(first map[string]float64) {
	s.begun = true
	if len(first) == 0 {
		s.plain = newRowSink[Score](s.output)
		return
	}
	s.parts = slices.Sorted(maps.Keys(first))
	s.row = scoreRow(s.parts)
	s.schema = parquet.SchemaOf(reflect.New(s.row).Interface())
	s.rows = newRowSink[any](s.output, s.schema)
}

func (s *scoreSink) write(scores []Score) error {
	if !s.begun {
		s.begin(scores[0].Parts)
	}
	for _, score := range scores {
		if names := slices.Sorted(maps.Keys(score.Parts)); !slices.Equal(names, s.parts) {
			return fmt.Errorf("the score of image %q has the parts %q, those before it %q", score.ImageID, names, s.parts)
		}
	}
	if s.plain != nil {
		return s.plain.write(scores)
	}
	rows := make([]parquet.Row, len(scores))
	for i, score := range scores {
		row := reflect.New(s.row).Elem()
		for column := range scoreColumns {
			row.Field(column).Set(reflect.ValueOf(score).Field(column))
		}
		for p, part := range s.parts {
			row.Field(scoreColumns + p).SetFloat(score.Parts[part])
		}
		rows[i] = s.schema.Deconstruct(nil, row.Interface())
	}
	if _, err := s.rows.parquet.WriteRows(rows); err != nil {
		return err
	}
	return s.rows.endGroup()
}

func (s *scoreSink) close() error {
	if !s.begun {
		s.begin(nil)
	}
	if s.plain != nil {
		return s.plain.close()
	}
	return s.rows.close()
}

// scoreSource reads scores with their parts.
type scoreSource struct {
	parts  []string
	row    reflect.Type
	schema *parquet.Schema
	rows   *parquet.GenericReader[any]
}

func newScoreSource(t *table) (source[Score], error) {
	var parts []string
	for _, column := range t.parquet.Schema().Columns() {
		if name, is := strings.CutPrefix(column[0], partPrefix); is && len(column) == 1 {
			parts = append(parts, name)
		}
	}
	if len(parts) == 0 {
		return newRowSource[Score](t)
	}
	slices.Sort(parts)
	s := &scoreSource{parts: parts, row: scoreRow(parts)}
	s.schema = parquet.SchemaOf(reflect.New(s.row).Interface())
	if err := t.checkColumns(s.schema); err != nil {
		return nil, err
	}
	s.rows = parquet.NewGenericReader[any](t.parquet, s.schema)
	return s, nil
}

func (s *scoreSource) read() ([]Score, error) {
	rows := make([]parquet.Row, chunk)
	n, err := s.rows.ReadRows(rows)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	scores := make([]Score, n)
	for i, row := range rows[:n] {
		read := reflect.New(s.row)
		if err := s.schema.Reconstruct(read.Interface(), row); err != nil {
			return scores[:i], fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		score := reflect.ValueOf(&scores[i]).Elem()
		for column := range scoreColumns {
			score.Field(column).Set(read.Elem().Field(column))
		}
		scores[i].Parts = make(map[string]float64, len(s.parts))
		for p, part := range s.parts {
			scores[i].Parts[part] = read.Elem().Field(scoreColumns + p).Float()
		}
	}
	return scores, err
}
