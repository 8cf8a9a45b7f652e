package track

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Source is what a run is described from.
type Source struct {
	Run     *record.Run
	Records map[string]*record.Record // by key; those of stages that did not get so far are absent
	// Open returns the path of an output's content, and Members the files of a
	// directory: by their paths in it, the paths of their contents.
	Open    func(o record.Output) (string, error)
	Members func(o record.Output) (map[string]string, error)
	// Report is the directory of the run's report, which may not be there yet.
	Report string
	// Verdict is what the run came to, in sentences; Conclusions how each item's own
	// model did against the baseline, by the item's ID.
	Verdict     string
	Conclusions map[string]string
}

// Options are what of a run is sent beside its numbers.
type Options struct {
	Prompts         int   // whose images are sent
	CheckpointBytes int64 // a larger checkpoint stays here
}

// VariantID is the ID of a variant's item, and ModelID of a model's.
func VariantID(name string) string { return "variant " + name }

// ModelID is the ID of a model's item.
func ModelID(name string) string { return "model " + name }

// nameLength is how much of a legend a run's name may take.
const nameLength = 80

// IsAblation reports whether a run is that of an ablation.
func IsAblation(run *record.Run) bool {
	return len(run.Variants) > 1 || len(run.Variants) == 1 && run.Variants[0].Name != ""
}

// Describe says what a tracker shows of a run, as far as it is.
func Describe(source Source, options Options) *Run {
	run := source.Run
	d := &describer{Source: source, options: options, everywhere: sharedStages(run)}
	made := &Run{Name: run.Name, FullName: run.FullName(), Basis: run.Basis, Description: run.Description, Ablation: IsAblation(run)}
	whole := d.whole()
	if made.Ablation {
		for _, v := range run.Variants {
			made.Items = append(made.Items, d.variant(v))
		}
	} else if len(run.Variants) == 1 {
		v := run.Variants[0]
		about := modelsOf(v)
		d.measured(&whole, v, about, func(m record.Metric) bool {
			// The parts of a model that has an item of its own are there.
			elsewhere := len(about.models) > 1 && slices.Contains(about.models, m.Subject)
			return !elsewhere || m.Category == "" && m.Split == ""
		})
		d.trained(&whole, v, false)
		if len(about.models) > 1 {
			for _, model := range about.models {
				made.Items = append(made.Items, d.model(v, about, model))
			}
		} else if about.own != "" {
			whole.Pictures = d.pictures(v, about, about.own)
		}
	}
	made.Items = append([]Item{whole}, made.Items...)
	return made
}

type describer struct {
	Source
	options    Options
	everywhere map[string]record.StageRef // stages that all variants of an ablation share, by key
}

// sharedStages are the stages that all variants of an ablation have: they are the run's own.
func sharedStages(run *record.Run) map[string]record.StageRef {
	count := map[string]int{}
	shared := map[string]record.StageRef{}
	for _, v := range run.Variants {
		seen := map[string]bool{}
		for _, s := range v.Stages {
			if s.Key != "" && !seen[s.Key] {
				seen[s.Key] = true
				count[s.Key]++
				if count[s.Key] == len(run.Variants) && len(run.Variants) > 1 {
					shared[s.Key] = s
				}
			}
		}
	}
	return shared
}

// whole is the item of the run itself.
func (d *describer) whole() Item {
	run := d.Run
	item := d.item(Whole, run.Name)
	if !IsAblation(run) && len(run.Variables) > 0 {
		item.Name = settings(run.Variables)
	}
	maps.Copy(item.Params, run.Variables)
	if slices.ContainsFunc(run.Variants, func(v record.Variant) bool { return v.Seed != run.Variants[0].Seed }) {
		delete(item.Params, "seed") // each variant has its own
	}
	if !IsAblation(run) && len(run.Variants) == 1 {
		item.Params["seed"] = strconv.FormatUint(run.Variants[0].Seed, 10)
	}
	d.described(&item)
	for _, s := range slices.SortedFunc(maps.Values(d.everywhere), func(a, b record.StageRef) int { return cmp.Compare(a.Node, b.Node) }) {
		d.stage(&item, s)
	}
	item.Files = append(item.Files, reportFiles(d.Report)...)
	return item
}

// described sets the tags of the run itself.
func (d *describer) described(item *Item) {
	run := d.Run
	for name, value := range map[string]string{
		"description": run.Description, "file": run.File, "command": run.Command,
		"baseline": run.Baseline, "verdict": d.Verdict, "machine": fmt.Sprintf("%s/%s, %d CPUs", run.Machine.OS, run.Machine.Arch, run.Machine.CPUs),
		"stages": fmt.Sprintf("%d of %d", run.Finished, run.Stages), "notices": strings.Join(run.Notices, "\n"),
	} {
		if value != "" {
			item.Tags["plumb."+name] = value
		}
	}
	for library, version := range run.Versions {
		if library != "plumb" {
			item.Tags["plumb.version."+library] = version
		}
	}
	var failed []string
	for _, v := range run.Variants {
		for _, s := range v.Stages {
			if s.Status == record.Failed && len(s.Diagnostics) > 0 {
				failed = append(failed, strings.TrimSpace(v.Name+" "+s.Node)+": "+s.Diagnostics.Error())
			}
		}
	}
	if failed != nil {
		item.Tags["plumb.failed"] = strings.Join(failed, "\n")
	}
}

// item is an item with what all of a run's have.
func (d *describer) item(id, name string) Item {
	run := d.Run
	item := Item{
		ID: id, Name: name, State: run.State, Started: run.Started,
		Params: map[string]string{},
		Tags: map[string]string{
			"plumb.run": run.FullName(), "plumb.item": id, "plumb.basis": run.Basis, "plumb.state": string(run.State),
			"plumb.version": run.Versions["plumb"], "plumb.backend": strings.TrimSuffix(run.Machine.Backend+", "+run.Machine.Device, ", "),
		},
	}
	if run.State != record.RunRunning {
		item.Ended = run.Updated
	}
	if conclusion := d.Conclusions[id]; conclusion != "" {
		item.Tags["plumb.verdict"] = conclusion
	}
	maps.DeleteFunc(item.Tags, func(_, value string) bool { return value == "" })
	return item
}

// variant is the item of an ablation's variant.
func (d *describer) variant(v record.Variant) Item {
	item := d.item(VariantID(v.Name), cut(strings.ReplaceAll(v.Name, ",", " ")))
	for name, value := range v.Values {
		item.Params[name] = fmt.Sprint(value)
	}
	item.Params["seed"] = strconv.FormatUint(v.Seed, 10)
	item.Tags["plumb.variant"] = v.Name
	if d.Run.State == record.RunRunning {
		var ended time.Time
		if item.State, ended = d.variantState(v); item.State != record.RunRunning {
			item.Ended = ended
		}
	} else if d.Run.State != record.RunDone {
		item.State, _ = d.variantState(v)
		if item.State == record.RunRunning {
			item.State = d.Run.State
		}
	}
	item.Tags["plumb.state"] = string(item.State)
	about := modelsOf(v)
	if about.own != "" {
		item.Tags["plumb.model"] = about.own
	}
	d.measured(&item, v, about, func(record.Metric) bool { return true })
	d.trained(&item, v, true)
	item.Pictures = d.pictures(v, about, about.own)
	return item
}

// variantState is how far a variant is, and when the last of its stages ended.
func (d *describer) variantState(v record.Variant) (state record.RunState, ended time.Time) {
	state = record.RunDone
	for _, s := range v.Stages {
		if made := d.Records[s.Key]; made != nil {
			if at := endOf(made); at.After(ended) {
				ended = at
			}
		}
		switch s.Status {
		case record.Done, record.Cached:
		case record.Failed:
			return record.RunFailed, d.Run.Updated
		case record.Waiting:
			state = record.RunWaiting
		default:
			if state == record.RunDone {
				state = record.RunRunning
			}
		}
	}
	if state != record.RunDone {
		ended = d.Run.Updated
	}
	return state, ended
}

// model is the item of a model of an experiment.
func (d *describer) model(v record.Variant, about models, model string) Item {
	item := d.item(ModelID(model), model)
	item.Params["model"] = model
	item.Params["seed"] = strconv.FormatUint(v.Seed, 10)
	item.Tags["plumb.model"] = model
	about.own = model
	d.measured(&item, v, about, func(m record.Metric) bool { return m.Subject == model })
	item.Pictures = d.pictures(v, about, model)
	return item
}

// models are what a variant's first evaluation of models is about.
type models struct {
	evaluation, baseline string
	models               []string // in the order of the experiment
	// own is whose numbers have bare names: the last that was tuned by a reward, or else
	// the last but the baseline.
	own string
}

func modelsOf(v record.Variant) models {
	var found models
	for _, s := range v.Stages {
		if s.Kind != record.KindMeasure || s.Evaluation == "" || s.Choice != record.All || !metric.Measure(s.Measure).Definition().Model {
			continue
		}
		if found.evaluation == "" {
			found.evaluation, found.baseline = s.Evaluation, s.Baseline
		}
		if s.Evaluation != found.evaluation || slices.Contains(found.models, s.Subject) {
			continue
		}
		found.models = append(found.models, s.Subject)
		if s.Subject != found.baseline || found.own == "" {
			found.own = s.Subject
		}
	}
	for _, s := range v.Stages {
		if s.Kind == record.KindTune && s.Reward != "" && s.Subject != found.baseline && slices.Contains(found.models, s.Subject) {
			found.own = s.Subject
		}
	}
	return found
}

// measured adds what the measure stages of a variant measured.
func (d *describer) measured(item *Item, v record.Variant, about models, belongs func(record.Metric) bool) {
	var unmeasured []string
	taken, looked := map[string]bool{}, map[string]bool{}
	for _, s := range v.Stages {
		made := d.Records[s.Key]
		if made != nil && isLook(s) {
			look(item, s, made, !looked[s.Subject], belongs)
			looked[s.Subject] = looked[s.Subject] || s.Kind == record.KindWatch
		}
		if s.Kind != record.KindMeasure || made == nil || isLook(s) {
			continue
		}
		prefix := ""
		if s.Evaluation != about.evaluation && s.Evaluation != "" {
			prefix = s.Evaluation + "/"
		}
		for _, m := range made.Metrics {
			if !belongs(m) {
				continue
			}
			name := prefix + key(m, about.own, about.baseline)
			for n, first := 2, name; taken[name]; n++ { // two that differ in their protocol alone
				name = fmt.Sprintf("%s.%d", first, n)
			}
			taken[name] = true
			if m.Value == nil {
				unmeasured = append(unmeasured, name+": "+m.Note)
				continue
			}
			at := endOf(made)
			add := func(name string, value *float64) {
				if value != nil {
					item.Points = append(item.Points, Point{Key: name, Time: at, Value: *value})
				}
			}
			add(name, m.Value)
			if m.Category == "" && m.Split == "" {
				add(name+".low", m.Low)
				add(name+".high", m.High)
			}
		}
	}
	if unmeasured != nil {
		item.Tags["plumb.not_measured"] = strings.Join(unmeasured, "\n")
	}
}

// isLook reports whether a stage measures a finetune at a step of its tuning.
func isLook(s record.StageRef) bool {
	return s.Kind == record.KindWatch || s.Kind == record.KindMeasure && s.Evaluation == ""
}

// look adds what was measured at a step of a tuning, under the key "checkpoints/FINETUNE/"
// and the metric's name, at that step. Each look repeats the steps before it, which were
// sent with theirs; the first has that before tuning, too.
func look(item *Item, s record.StageRef, made *record.Record, first bool, belongs func(record.Metric) bool) {
	for _, m := range made.Metrics {
		m.Subject = s.Subject
		found := m.Name == metric.CheckpointChosen || m.Name == metric.CheckpointParted
		older := s.Kind == record.KindWatch && !found && m.Step < s.Step && !(first && m.Step == 0)
		if older || m.Value == nil || m.Category != "" || m.Split != "" || !belongs(m) {
			continue
		}
		name := "checkpoints/" + s.Subject + "/" + m.Name
		if found {
			m.Step = s.Step // when that was found
		}
		item.Points = append(item.Points, Point{Key: name, Step: int64(m.Step), Time: endOf(made), Value: *m.Value})
	}
}

// endOf is when a stage ended, in the milliseconds that trackers keep.
func endOf(made *record.Record) time.Time {
	return made.Started.Add(time.Duration(made.Seconds * float64(time.Second))).Truncate(time.Millisecond)
}

// trained adds the curves and checkpoints of a variant's trainings; without those that
// all variants share, which are the run's own.
func (d *describer) trained(item *Item, v record.Variant, own bool) {
	seen := map[string]bool{}
	for _, s := range v.Stages {
		if _, shared := d.everywhere[s.Key]; shared && own || seen[s.Key] {
			continue
		}
		seen[s.Key] = true
		d.stage(item, s)
	}
}

// stage adds what there is of one training: its curve, and the weights of a tuned model.
func (d *describer) stage(item *Item, s record.StageRef) {
	made := d.Records[s.Key]
	if made == nil {
		return
	}
	if s.Step > 0 { // a part of a tuning: the whole follows it
		return
	}
	if output, ok := made.Outputs["curve"]; ok && d.Open != nil {
		item.Curves = append(item.Curves, d.reported(s.Node, made, output))
	}
	output, ok := made.Outputs["checkpoint"]
	if !ok || s.Kind != record.KindTune && s.Kind != record.KindKeep || d.Members == nil {
		return
	}
	where := "checkpoints/" + strings.TrimPrefix(strings.TrimPrefix(s.Node, "tune/"), "keep/")
	if output.Bytes > d.options.CheckpointBytes {
		item.Tags["plumb.not_sent"] = strings.TrimPrefix(item.Tags["plumb.not_sent"]+"\n"+
			fmt.Sprintf("%s: %.1f MB of weights, more than checkpoint_megabytes = %d", where, float64(output.Bytes)/1e6, d.options.CheckpointBytes/1e6), "\n")
		return
	}
	members, err := d.Members(output)
	if err != nil {
		item.Tags["plumb.not_sent"] = strings.TrimPrefix(item.Tags["plumb.not_sent"]+"\n"+where+": "+err.Error(), "\n")
		return
	}
	for _, inside := range slices.Sorted(maps.Keys(members)) {
		if file, ok := fileAt(where+"/"+filepath.ToSlash(inside), members[inside], output.Digest); ok {
			item.Files = append(item.Files, file)
		}
	}
}

// reportFiles are the files of a report; none if it is not written yet.
func reportFiles(dir string) []File {
	var files []File
	if dir == "" {
		return nil
	}
	filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || !entry.Type().IsRegular() {
			return nil
		}
		inside, err := filepath.Rel(dir, name)
		if err != nil {
			return nil
		}
		if file, ok := fileAt(path.Join("report", filepath.ToSlash(inside)), name, ""); ok {
			files = append(files, file)
		}
		return nil
	})
	return files
}

// fileAt is a file on this disk; without a version, when it was last written is one.
func fileAt(where, name, version string) (File, bool) {
	info, err := os.Stat(name)
	if err != nil {
		return File{}, false
	}
	if version == "" {
		version = fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	}
	return File{Path: where, Size: info.Size(), Version: version, Open: func() (io.ReadCloser, error) { return os.Open(name) }}, true
}

// settings spells variables for a legend.
func settings(variables map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		words = append(words, name+"="+variables[name])
	}
	return cut(strings.Join(words, " "))
}

func cut(name string) string {
	if letters := []rune(name); len(letters) > nameLength {
		return string(letters[:nameLength-1]) + "…"
	}
	return name
}
