package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// read returns the rows of a text as "file_name|text", with their lines.
func read(content string) (rows []string, err error) {
	c, err := NewCSV(strings.NewReader(content), "t.csv", []string{"file_name", "text"})
	if err != nil {
		return nil, err
	}
	for {
		if err := c.Next(); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		name, _ := c.Get("file_name")
		text, _ := c.Get("text")
		rows = append(rows, fmt.Sprintf("%d:%s|%s", c.Line(), name, text))
	}
}

func TestDialects(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		want    []string
	}{
		"commas":                 {"file_name,text\n1.png,a cat\n", []string{"2:1.png|a cat"}},
		"semicolons":             {"\xef\xbb\xbffile_name;text\r\n1.png;a cat, sleeping\r\n2.png;a dog\r\n", []string{"2:1.png|a cat, sleeping", "3:2.png|a dog"}},
		"tabs":                   {"file_name\ttext\n1.png\ta cat, a dog; a hen", []string{"2:1.png|a cat, a dog; a hen"}},
		"bars":                   {"file_name|text\n1.png|a cat", []string{"2:1.png|a cat"}},
		"CR":                     {"file_name,text\r1.png,a cat\r2.png,a dog\r", []string{"2:1.png|a cat", "3:2.png|a dog"}},
		"CR, semicolons":         {"file_name;text\r\"1.png\";a cat", []string{"2:1.png|a cat"}},
		"sep=":                   {"sep=;\r\nfile_name;text\r\n1.png;a cat\r\n", []string{"3:1.png|a cat"}},
		"sep= of a comma":        {"\xef\xbb\xbf\"sep=,\"\nfile_name,\"a;b;c\",text\n1.png,x,a cat\n", []string{"3:1.png|a cat"}},
		"comma in a name":        {"file_name;\"text, as shown\";text\n1.png;x;a cat\n", []string{"2:1.png|a cat"}},
		"bare comma in a name":   {"file_name;text;note, long, with commas, many\n1.png;a cat;x\n", []string{"2:1.png|a cat"}},
		"line break in a name":   {"file_name,\"of\nwhom\",text\n1.png,x,a cat\n", []string{"3:1.png|a cat"}},
		"case":                   {"File_Name,TEXT\n1.png,a cat\n", []string{"2:1.png|a cat"}},
		"spaces":                 {" file_name , text \n1.png,a cat\n", []string{"2:1.png|a cat"}},
		"blank rows":             {"file_name,text,,\n1.png,a cat,,\n,,,\n\n , ,,\n,\n2.png,a dog,,\n,,,\n", []string{"2:1.png|a cat", "7:2.png|a dog"}},
		"blank rows before":      {"\n,,\nfile_name,text,\n1.png,a cat,\n", []string{"4:1.png|a cat"}},
		"quoted separators":      {"file_name,text\n1.png,\"a \"\"red\"\" cat, asleep\"\n", []string{"2:1.png|a \"red\" cat, asleep"}},
		"a single column":        {"file_name\n1.png\n", []string{"2:1.png|"}},
		"other columns twice":    {"file_name,x,x,text\n1.png,1,2,a cat\n", []string{"2:1.png|a cat"}},
		"CR within CRLF's quote": {"file_name,text\r\n1.png,\"a\rcat\"\r\n", []string{"2:1.png|a\rcat"}},
	} {
		got, err := read(test.content)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func wide(text string, order func(uint16) []byte) string {
	var b bytes.Buffer
	for _, unit := range utf16.Encode([]rune(text)) {
		b.Write(order(unit))
	}
	return b.String()
}

func TestMistakes(t *testing.T) {
	little := func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} }
	big := func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} }
	text := "file_name,text\n1.png,a cat\n"
	for name, test := range map[string]struct {
		content, want string
		line          int
	}{
		"UTF-16":           {"\xff\xfe" + wide(text, little), "UTF-16", 0},
		"UTF-16, big":      {"\xfe\xff" + wide(text, big), "UTF-16", 0},
		"UTF-16, no mark":  {wide(text, little), "UTF-16", 0},
		"UTF-32":           {"\xff\xfe\x00\x00f\x00\x00\x00", "UTF-32", 0},
		"xlsx":             {"PK\x03\x04\x14\x00", ".xlsx", 0},
		"xls":              {"\xd0\xcf\x11\xe0\xa1\xb1", ".xls", 0},
		"Parquet":          {"PAR1\x15", "a Parquet table", 0},
		"gzip":             {"\x1f\x8b\x08", "gzip", 0},
		"pointer":          {"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "git lfs pull", 0},
		"binary":           {"abc\x00" + strings.Repeat("x", 100), "no text", 0},
		"JSON":             {"\xef\xbb\xbf [\n{\"file_name\": 1}]", "The file is JSON:", 0},
		"JSON, an object":  {"{\n \"a\": [1]\n}", "The file is JSON:", 0},
		"JSON lines":       {"{\"file_name\": \"1.png\"}\n{\"file_name\": \"2.png\"}\n", "JSON lines", 0},
		"HTML":             {"<table>", "HTML", 0},
		"empty":            {"", "empty", 0},
		"blank":            {"\n,,,\n\n", "empty", 0},
		"twice":            {"file_name,text,Text\n1.png,a,b\n", `The column "text" is there twice`, 1},
		"twice, behind":    {"\nfile_name,text,text\n1.png,a,b\n", `The column "text" is there twice`, 2},
		"too few fields":   {"file_name,text\n1.png,a\n2.png\n", "The line has 1 fields", 3},
		"too many":         {"file_name,text\n1.png,a,b\n", "The line has 3 fields", 2},
		"bare quote":       {"sep=,\nfile_name,text\n1.png,a \"cat\n", "not CSV", 3},
		"quote, no end":    {"file_name,text\n1.png,\"a cat\n2.png,a dog\n", "not CSV", 2},
		"Windows-1252":     {"file_name,text\n1.png,caf\xe9\n", "not UTF-8", 2},
		"Windows-1252, CR": {"file_name,text\r1.png,a\r1.png,caf\xe9\r", "not UTF-8", 3},
	} {
		_, err := read(test.content)
		var wrong *Mistake
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) || wrong.Line != test.line {
			t.Errorf("%s: %v; want %q in line %d", name, err, test.want, test.line)
		}
	}
}

// TestGoesOn: after a row with a mistake of its own the next one is read.
func TestGoesOn(t *testing.T) {
	c, err := NewCSV(strings.NewReader("a,b\n1\n2,3,4\nx,\xe9\n5,6\n"), "t.csv", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var wrong *Mistake
		if err := c.Next(); !errors.As(err, &wrong) || wrong.Final {
			t.Errorf("got %v", err)
		}
	}
	if err := c.Next(); err != nil {
		t.Fatal(err)
	}
	if b, _ := c.Get("B"); b != "6" || c.Where("b").Start.Line != 5 || c.Where("b").Start.Column != 3 {
		t.Errorf("%q at %v", b, c.Where("b"))
	}
	if _, ok := c.Get("c"); ok {
		t.Error("a column that is not there")
	}
}

// endless is a row that never ends.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	if !e.begun {
		copy(p, "a,b\n1,\"")
		e.begun = true
	}
	return len(p), nil
}

func TestRowWithoutAnEnd(t *testing.T) {
	c, err := NewCSV(&endless{}, "t.csv", nil)
	if err == nil {
		err = c.Next()
	}
	var wrong *Mistake
	if !errors.As(err, &wrong) || !wrong.Final || !strings.Contains(err.Error(), "longer than 16 MiB") {
		t.Errorf("got %v", err)
	}
	var after runtime.MemStats
	if runtime.ReadMemStats(&after); after.HeapAlloc > 1<<30 {
		t.Errorf("%d bytes are held", after.HeapAlloc)
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "sep=;\na;b\n", "a\tb\r1\t2", "\"a\nb\";c\r\n,\n", "\xef\xbb\xbfa|b\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := NewCSV(strings.NewReader(text), "t", []string{"a", "b"})
		for err == nil {
			err = c.Next()
			var wrong *Mistake
			if errors.As(err, &wrong) && !wrong.Final {
				err = nil
			} else if err == nil {
				c.Get("a")
				c.Where("b")
			}
		}
		var wrong *Mistake
		if !errors.Is(err, io.EOF) && !errors.As(err, &wrong) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
