package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// study is a run of one measure over labels of 12 prompts: of the model all images of
// the first 6 are good, of the baseline none.
type study struct {
	run     *record.Run
	records map[string]*record.Record
	paths   map[string]string // of outputs, by digest
	measure *record.Record
}

func newStudy(t *testing.T) *study {
	t.Helper()
	dir := t.TempDir()
	s := &study{records: map[string]*record.Record{}, paths: map[string]string{}}
	s.run = &record.Run{Name: "study", ID: "0123abcd", State: record.RunDone, Dir: dir, Variants: []record.Variant{{ID: "v", Seed: 1}}}
	put := func(path string, rows int) record.Output {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:])
		s.paths[digest] = path
		return record.Output{Digest: digest, Bytes: int64(len(content)), Rows: rows}
	}
	add := func(r *record.Record) {
		r.Key = record.KeyOf(r.KeyParts)
		s.records[r.Key] = r
		stage := &s.run.Variants[0].Stages
		*stage = append(*stage, record.StageRef{Node: r.Node, Key: r.Key, Status: record.Done, Stage: r.Stage})
	}
	labels := func(name string, good int) record.Output {
		var rows []table.Label
		for prompt := range 12 {
			label := "bad"
			if prompt < good {
				label = "good"
			}
			rows = append(rows, table.Label{ImageID: fmt.Sprintf("c/%04d/000", prompt), Prompt: fmt.Sprint("prompt ", prompt), Category: "c", Split: "seen", Rater: "ann", Label: label})
		}
		path := filepath.Join(dir, name)
		if err := table.WriteAll(path, rows); err != nil {
			t.Fatal(err)
		}
		return put(path, len(rows))
	}
	images := func() record.Output {
		path := filepath.Join(dir, "images")
		if err := table.WriteAll(path, []table.Image{{ID: "c/0000/000", Image: table.File{Bytes: []byte("a picture")}, Prompt: "prompt 0", Category: "c", Split: "seen"}}); err != nil {
			t.Fatal(err)
		}
		return put(path, 1)
	}()
	add(&record.Record{Node: "sample/base", Stage: record.Stage{Kind: record.KindSample}, KeyParts: []record.KeyPart{{Name: "stage", Value: "sample 2"}}, Outputs: map[string]record.Output{"images": images}})
	model, baseline := labels("model", 6), labels("baseline", 0)
	for i, output := range []record.Output{model, baseline} {
		add(&record.Record{Node: fmt.Sprint("rate/", i), Stage: record.Stage{Kind: record.KindRate}, KeyParts: []record.KeyPart{{Name: "rate", Value: fmt.Sprint(i)}}, Outputs: map[string]record.Output{"labels": output}})
	}
	work := &plan.AlignmentWork{Subject: "tuned", Baseline: "base", Rater: "ann"}
	metrics, values, err := work.Compute(context.Background(), &plan.MeasureInputs{Path: func(role string) (string, error) {
		if role == "labels" {
			return s.paths[model.Digest], nil
		}
		return s.paths[baseline.Digest], nil
	}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.WriteAll(filepath.Join(dir, "values"), values); err != nil {
		t.Fatal(err)
	}
	s.measure = &record.Record{
		Node: "measure/main/alignment/tuned", Stage: record.Stage{Kind: record.KindMeasure, Measure: "alignment", Evaluation: "main", Subject: "tuned"},
		KeyParts: []record.KeyPart{{Name: "stage", Value: "measure " + plan.Version(work)}, {Name: "measure", Value: "alignment"},
			{Name: "config", Value: `{"baseline":"base","rater":"ann","subject":"tuned"}`}, {Name: "seed", Value: "0000000000000007"},
			{Name: "input labels", Value: model.Digest, Input: true}, {Name: "input baseline labels", Value: baseline.Digest, Input: true}},
		Outputs: map[string]record.Output{"values": put(filepath.Join(dir, "values"), len(values))}, Metrics: metrics,
	}
	add(s.measure)
	return s
}

// write bundles the study.
func (s *study) write(t *testing.T, images bool) (path, digest string, m *Manifest) {
	t.Helper()
	var b bytes.Buffer
	digest, m, err := Write(context.Background(), &b, Contents{
		Run: s.run, Records: s.records, Images: images,
		Open: func(o record.Output) (string, error) { return s.paths[o.Digest], nil },
	}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "study.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, digest, m
}

func recompute(t *testing.T, path string) *Verdict {
	t.Helper()
	b, err := Open(context.Background(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := b.Recompute(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBundle(t *testing.T) {
	s := newStudy(t)
	path, digest, _ := s.write(t, true)
	if _, again, _ := s.write(t, true); again != digest {
		t.Errorf("the same run gives %s and %s", digest, again)
	}
	b, err := Open(context.Background(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if b.SHA256 != digest || b.Run.FullName() != "study@0123abcd" || b.Run.Dir != "" || len(b.Records) != 4 {
		t.Errorf("%+v", b.Manifest)
	}
	v := recompute(t, path)
	if !v.Agrees() || len(v.Numbers) != len(s.measure.Metrics) || v.Count(Same) != len(v.Numbers) || v.Remarks != nil {
		t.Errorf("%+v", v)
	}
}

// Without pixels, the digest of each picture stays, and the numbers can be checked.
func TestBundleWithoutImages(t *testing.T) {
	s := newStudy(t)
	path, _, m := s.write(t, false)
	if len(m.LeftOut) != 1 || !strings.Contains(m.LeftOut[0].What, "pixels of images of sample/base") {
		t.Errorf("left out: %+v", m.LeftOut)
	}
	if !recompute(t, path).Agrees() {
		t.Error("the numbers differ")
	}
	dir := t.TempDir()
	b, err := Open(context.Background(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	output := b.Records[record.KeyOf([]record.KeyPart{{Name: "stage", Value: "sample 2"}})].Outputs["images"]
	rows, err := table.ReadAll[table.Image](b.object(output.Digest))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("a picture"))
	if len(rows) != 1 || rows[0].Image.Bytes != nil || rows[0].Image.Path != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", rows)
	}
}

// TestAlteredNumbers: a number that does not follow from the tables is found, however
// carefully the rest of the bundle was made to fit.
func TestAlteredNumbers(t *testing.T) {
	find := func(metrics []record.Metric, name string) *record.Metric {
		for i := range metrics {
			if m := &metrics[i]; m.Name == name && m.Category == "" && m.Split == "" {
				return m
			}
		}
		t.Fatalf("no %s", name)
		return nil
	}
	for _, test := range []struct {
		name      string
		alter     func(m *record.Metric)
		agreement Agreement
		words     string
	}{
		{"good_share", func(m *record.Metric) { *m.Value = 0.55 }, Within, "0.55, and 0.5 again, within"},
		{"good_share", func(m *record.Metric) { *m.Value, *m.Low, *m.High = 0.95, 0.9, 0.99 }, Beyond, "0.95, and 0.5 again, outside [0.9, 0.99]"},
		{"win_minus_lose_p", func(m *record.Metric) { *m.Value = 0.001 }, Beyond, "0.001, and 0.03125 again, of the same tables"},
		{"good_share", func(m *record.Metric) { *m.High = 0.6 }, Unequal, "upper bound"},
		{"good_share", func(m *record.Metric) { m.N = 99 }, Unequal, "over 99 images"},
		{"good_share", func(m *record.Metric) { m.Value = nil }, Unequal, "could not be computed"},
		{"good_share", func(m *record.Metric) { m.Subject = "other" }, NotFound, "not measured"},
	} {
		s := newStudy(t)
		test.alter(find(s.measure.Metrics, test.name))
		path, _, _ := s.write(t, true)
		v := recompute(t, path)
		if v.Agrees() != (test.agreement == Within) || v.Count(test.agreement) != 1 || v.Count(Same) != len(v.Numbers)-1 {
			t.Errorf("%s, %s: %d of %d the same", test.name, test.words, v.Count(Same), len(v.Numbers))
		}
		for _, number := range v.Numbers {
			if number.Agreement != Same && (number.Agreement != test.agreement || !strings.Contains(number.Difference, test.words)) {
				t.Errorf("%s, %s: %+v", test.name, test.words, number)
			}
		}
	}
}

// alter unpacks a bundle and packs it again, each entry as alter has it; nil leaves one
// out.
func alter(t *testing.T, path string, alter func(name string, content []byte) []byte) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var b bytes.Buffer
	in, out := tar.NewReader(file), tar.NewWriter(&b)
	for {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if content = alter(head.Name, content); content == nil {
			continue
		}
		if err := out.WriteHeader(&tar.Header{Name: head.Name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "altered.tar")
	if err := os.WriteFile(target, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return target
}

// TestDamage: what is not as it was written is named.
func TestDamage(t *testing.T) {
	whole, _, m := newStudy(t).write(t, true)
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	object := m.Files[len(m.Files)-1].Path
	flip := func(b []byte) []byte {
		b[len(b)/2] ^= 1
		return b
	}
	file := func(content []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	only := func(which string, how func([]byte) []byte) string {
		return alter(t, whole, func(name string, content []byte) []byte {
			if name == which {
				return how(content)
			}
			return content
		})
	}
	manifest := func(how func(*Manifest)) string {
		return only(manifestName, func(content []byte) []byte {
			var m Manifest
			if err := json.Unmarshal(content, &m); err != nil {
				t.Fatal(err)
			}
			how(&m)
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return text
		})
	}
	for _, test := range []struct{ name, path, words string }{
		{"altered table", only(object, flip), object + " (labels"},
		{"altered record", only(runName, flip), runName + " (the run's record) was altered"},
		{"left out", only(object, func([]byte) []byte { return nil }), "is missing"},
		{"longer", only(object, func(b []byte) []byte { return append(b, 0) }), "bytes in the place of"},
		{"cut in an entry", file(content[:len(content)-5000]), "cut off"},
		{"cut between entries", file(content[:1024*(len(content)/2048)]), "cut off"},
		{"cut in the list", file(content[:700]), "cut off"},
		{"longer than its end", file(append(bytes.Clone(content), "more"...)), "behind its end"},
		{"unlisted", manifest(func(m *Manifest) { m.Files = m.Files[:len(m.Files)-1] }), "its list does not name"},
		{"outside", manifest(func(m *Manifest) { m.Files[0].Path = "../run.json" }), "no place in a bundle"},
		{"newer", manifest(func(m *Manifest) { m.Version = 2 }), "use a newer Plumb"},
		{"another format", manifest(func(m *Manifest) { m.Format = "zoo" }), "not a bundle"},
		{"HTML", file([]byte("<html><body>Sign in</body></html>" + strings.Repeat(" ", 600))), "it is HTML"},
		{"gzip", file([]byte("\x1f\x8b\x08 and so on")), "compressed with gzip"},
		{"text", file([]byte("hello")), "no tar archive"},
		{"empty", file(nil), "it is empty"},
		{"a directory", t.TempDir(), "it is no file"},
	} {
		_, err := Open(context.Background(), test.path, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: %v, without %q", test.name, err, test.words)
		}
	}
	// An object that was altered together with the list: its name gives it away.
	path := only(object, flip)
	path = alter(t, path, func(name string, content []byte) []byte {
		if name != manifestName {
			return content
		}
		changed := only(object, flip)
		in, err := os.Open(changed)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		reader := tar.NewReader(in)
		for {
			head, err := reader.Next()
			if err != nil {
				t.Fatal(err)
			}
			if head.Name != object {
				continue
			}
			hash := sha256.New()
			if _, err := io.Copy(hash, reader); err != nil {
				t.Fatal(err)
			}
			return bytes.Replace(content, []byte(`"sha256": "`+filepath.Base(object)), []byte(`"sha256": "`+hex.EncodeToString(hash.Sum(nil))), 1)
		}
	})
	if _, err := Open(context.Background(), path, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not what its name says") {
		t.Errorf("%v", err)
	}
}
