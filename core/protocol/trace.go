package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// Trace finds what is behind a number among the records of a variant.
type Trace struct {
	makers map[string]*record.Record // by the digest of an output
	sets   map[string]ImageSet       // that were asked for, by digest
	known  map[asked]Protocol
}

// asked is what the protocol of a metric depends on: a stage has many metrics, of few
// protocols.
type asked struct {
	of                                              *record.Record
	subject, versus, rater, raters, reward, encoder string
	choice                                          record.Choice
}

// NewTrace takes in the records of one variant; nil ones are of stages that did not get
// so far.
func NewTrace(records []*record.Record) *Trace {
	t := &Trace{map[string]*record.Record{}, map[string]ImageSet{}, map[asked]Protocol{}}
	for _, r := range records {
		if r == nil {
			continue
		}
		for _, output := range r.Outputs {
			if _, known := t.makers[output.Digest]; !known {
				t.makers[output.Digest] = r
			}
		}
	}
	return t
}

// Protocol is that of a metric of a measure stage. Whoever changes it changes that of
// other metrics, too.
func (t *Trace) Protocol(measured *record.Record, m *record.Metric) Protocol {
	key := asked{measured, m.Subject, m.Versus, m.Rater, m.Protocol["raters"], m.Reward, m.Encoder, m.Choice}
	p, known := t.known[key]
	if !known {
		p = t.protocol(measured, m)
		t.known[key] = p
	}
	return p
}

func (t *Trace) protocol(measured *record.Record, m *record.Metric) Protocol {
	p := Protocol{Metric: strings.TrimSpace(measured.Measure + " " + version(measured))}
	var own, others []input
	for _, in := range inputs(measured) {
		switch {
		case strings.HasPrefix(in.role, "baseline "):
			// The other side of a comparison within an evaluation is made alike.
		case strings.HasPrefix(in.role, "reference "):
			if in.role == "reference images" {
				set := t.images(in.digest)
				p.Reference = &set
			}
		case t.about(in, m):
			own = append(own, in)
		default:
			others = append(others, in)
		}
	}
	if own == nil {
		own = others
	}
	for _, in := range own {
		maker := t.makers[in.digest]
		if maker == nil {
			continue
		}
		if _, drawn := maker.Outputs["images"]; drawn {
			p.Images = t.images(in.digest)
			continue
		}
		if p.Images == (ImageSet{}) {
			if images := inputOf(maker, "images"); images != "" {
				p.Images = t.images(images)
			}
		}
		p.Instruments = t.instruments(p.Instruments, maker, m)
	}
	if p.Images.PromptsID != "" {
		p.Images.Content = "" // the subject's own; the protocol is that of all subjects
	}
	return p
}

// Table is a table that a number was made of.
type Table struct {
	Role   string // that the measure stage has it under, such as "labels" or "reference features"
	Output record.Output
}

// Tables are what a metric of a measure stage was made of, but for the other side of a
// comparison within the evaluation: labels, scores or features of the metric's own
// subject, and those of the reference.
func (t *Trace) Tables(measured *record.Record, m *record.Metric) []Table {
	var tables []Table
	for _, in := range inputs(measured) {
		maker := t.makers[in.digest]
		if maker == nil || strings.HasPrefix(in.role, "baseline ") || !t.about(in, m) {
			continue
		}
		for _, output := range maker.Outputs {
			if output.Digest == in.digest {
				tables = append(tables, Table{in.role, output})
			}
		}
	}
	return tables
}

// about reports whether an input of a measure stage is of the metric's own subject.
func (t *Trace) about(in input, m *record.Metric) bool {
	maker := t.makers[in.digest]
	if maker == nil {
		return false
	}
	reward, scores := strings.CutPrefix(strings.TrimPrefix(in.role, "perturbed "), "scores ")
	switch {
	case scores && m.Reward != "":
		return reward == m.Reward
	case scores:
		return reward == m.Subject || reward == m.Versus
	case m.Choice == record.Best:
		return maker.Choice == m.Choice && maker.Reward == m.Reward || strings.HasSuffix(in.role, "labels "+m.Reward)
	case m.Choice == record.Random:
		return strings.HasPrefix(in.role, "random ")
	}
	return !strings.HasPrefix(in.role, "random ") && !strings.HasPrefix(in.role, "best ")
}

// instruments adds what a stage looked at images with, and what that stands on. A reward
// that is itself what is measured is no instrument.
func (t *Trace) instruments(all []Instrument, maker *record.Record, m *record.Metric) []Instrument {
	one := instrumentOf(maker)
	if one.Kind == "rater" && m.Rater != "" {
		one.Name = m.Rater
	}
	measured := one.Kind == "reward" && m.Reward == "" && (one.Name == m.Subject || one.Name == m.Versus)
	if one.Kind != "" && !measured && !slices.ContainsFunc(all, func(known Instrument) bool { return known.Kind == one.Kind && known.Name == one.Name }) {
		if one.Kind == "rater" {
			one.Raters = m.Protocol["raters"]
		}
		if one.Kind == "encoder" && m.Encoder != "" {
			one.Name = m.Encoder
		}
		all = append(all, one)
	}
	if measured {
		return all
	}
	for _, in := range inputs(maker) {
		below := t.makers[in.digest]
		if below == nil {
			continue
		}
		switch below.Kind {
		case record.KindEncode, record.KindScore, record.KindBlend:
			all = t.instruments(all, below, m)
		}
	}
	return all
}

// instrumentOf is what a stage looked at images with; of no kind if it did not.
func instrumentOf(r *record.Record) Instrument {
	kind := map[record.Kind]string{
		record.KindRate: "rater", record.KindCompare: "rater", record.KindPrefer: "rater", record.KindScore: "reward", record.KindBlend: "reward", record.KindEncode: "encoder",
	}[r.Kind]
	i := Instrument{Kind: kind, Name: r.Component, Resizing: r.Resizing}
	if kind == "reward" {
		i.Name = r.Reward
	}
	for _, part := range r.KeyParts {
		switch {
		case part.Name == kind:
			i.Component = part.Value
		case part.Name == "plugin":
			i.Component += ", plugin " + part.Value
		case part.Name == kind+" input" && i.Resizing == "":
			i.Resizing = part.Value
		case part.Name == kind+" config":
			i.Settings = part.Value
			i.Weights = append(i.Weights, digests(part.Value)...)
		case part.Name == "dtype":
			i.DType = part.Value
		case part.Name == "compute":
			i.Backend = part.Value
		case part.Name == "compiler":
			i.Compiler = part.Value
		case part.Input && strings.HasSuffix(part.Name, " checkpoint"):
			i.Weights = append(i.Weights, "sha256 "+part.Value)
		case part.Name == "config" && i.Component == "" && (r.Kind == record.KindRate || r.Kind == record.KindBlend || r.Kind == record.KindCompare || r.Kind == record.KindPrefer):
			i.Settings = part.Value // who judges is in a file, or scores are added up
		}
	}
	if i.Component == "" && kind == "rater" {
		i.Name, i.Component = "people", "labels of a file"
	}
	if r.Kind == record.KindBlend {
		i.Component = "weighted sum"
	}
	return i
}

// images is what is known of a table of images.
func (t *Trace) images(digest string) ImageSet {
	set, known := t.sets[digest]
	if !known {
		set = t.imageSet(digest)
		t.sets[digest] = set
	}
	return set
}

func (t *Trace) imageSet(digest string) ImageSet {
	set := ImageSet{Content: digest}
	maker := t.makers[digest]
	if maker == nil {
		return set
	}
	for _, output := range maker.Outputs {
		if output.Digest == digest {
			set.Images, set.Size = output.Rows, output.Size
		}
	}
	var config struct {
		PerPrompt int               `json:"per_prompt"`
		Prompts   []json.RawMessage `json:"prompts"`
		Keep      int               `json:"keep"`
		Folder    struct {
			Width, Height int
			Stretch       bool
		} `json:"folder"`
	}
	text := partOf(maker, "config")
	if json.Unmarshal([]byte(text), &config) != nil {
		return set
	}
	switch maker.Kind {
	case record.KindChoose:
		from := t.images(inputOf(maker, "images"))
		set.PromptsID, set.Prompts, set.Seeds, set.PerPrompt, set.Resizing = from.PromptsID, from.Prompts, from.Seeds, config.Keep, from.Resizing
		if set.Size == "" {
			set.Size = from.Size
		}
		return set
	case record.KindImport:
		set.Resizing = resized(config.Folder.Width, config.Folder.Height, config.Folder.Stretch)
		return set
	}
	from := inputOf(maker, "images")
	switch {
	case maker.Kind == record.KindMatch: // images of a folder, by the prompts of an evaluation
		set.Resizing = t.images(from).Resizing
	case maker.Kind != record.KindSample && from != "": // made of others
		of := t.images(from)
		set.PromptsID, set.Prompts, set.Seeds, set.Resizing = of.PromptsID, of.Prompts, of.Seeds, of.Resizing
		return set
	}
	set.PerPrompt, set.Prompts = max(1, config.PerPrompt), len(config.Prompts)
	hash := sha256.New()
	for _, prompt := range config.Prompts {
		hash.Write(prompt)
		hash.Write([]byte("\n"))
	}
	set.PromptsID = hex.EncodeToString(hash.Sum(nil))
	set.Seeds = partOf(maker, "seed")
	return set
}

// version is that of the code of a stage: "5" of "measure 5".
func version(r *record.Record) string {
	_, version, _ := strings.Cut(partOf(r, "stage"), " ")
	return version
}

// input is an input of a stage: its role and the digest of what was read.
type input struct{ role, digest string }

func inputs(r *record.Record) []input {
	var all []input
	for _, part := range r.KeyParts {
		if role, ok := strings.CutPrefix(part.Name, "input "); ok && part.Input {
			all = append(all, input{role, part.Value})
		}
	}
	return all
}

func inputOf(r *record.Record, role string) string {
	for _, in := range inputs(r) {
		if in.role == role {
			return in.digest
		}
	}
	return ""
}

func partOf(r *record.Record, name string) string {
	for _, part := range r.KeyParts {
		if part.Name == name && !part.Input {
			return part.Value
		}
	}
	return ""
}

// digests are those in the place of paths in a configuration, in the order of the text.
func digests(config string) []string {
	var all []string
	decoder := json.NewDecoder(strings.NewReader(config))
	for {
		token, err := decoder.Token()
		if err != nil {
			return all
		}
		text, ok := token.(string)
		if hex, is := strings.CutPrefix(text, "sha256:"); ok && is && hex != "" {
			all = append(all, "sha256 "+hex)
		}
	}
}
