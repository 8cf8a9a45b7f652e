package mlflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/track"
)

// Name is what HCL calls this tracker.
const Name = "mlflow"

// The tags by which items are found again.
const (
	tagRun    = "plumb.run"
	tagItem   = "plumb.item"
	tagBasis  = "plumb.basis"
	tagParent = "mlflow.parentRunId"

	tagNote       = "mlflow.note.content"
	tagNoteDigest = "plumb.note_digest" // of the note that was written from here
)

// Tracker is an MLflow server.
type Tracker struct {
	client     *client
	state      *track.State
	experiment string             // ID; empty until it is known
	tags       map[string]string  // of the experiment, that are known to be there
	remotes    map[string]*remote // by item
	notes      []string
	grid       map[string]bool // keys of pictures that were sent
}

var _ track.Tracker = (*Tracker)(nil)

// remote is what a server has of an item, as far as it is known here.
type remote struct {
	id       string
	info     runInfo
	params   map[string]string
	tags     map[string]string
	metrics  map[string]metric // the latest of each key
	appended map[string]tally  // of each curve, what was sent from here
	curves   map[string]bool   // stages whose curve is there whole
	steps    map[stepKey]bool  // what was measured at steps of a tuning, that is there
	dropped  bool              // deleted on the server
}

// stepKey is a number of a key at a step, by its bits: NaN is NaN.
type stepKey struct {
	key   string
	step  int64
	value uint64
}

func (m metric) at() stepKey { return stepKey{m.Key, m.Step, math.Float64bits(float64(m.Value))} }

// overSteps splits what was measured: numbers of which there is one of each key, and
// those of several steps.
func overSteps(points []track.Point) (single, stepped []track.Point) {
	several := map[string]bool{}
	for _, point := range points {
		several[point.Key] = several[point.Key] || point.Step > 0
	}
	for _, point := range points {
		if several[point.Key] {
			stepped = append(stepped, point)
		} else {
			single = append(single, point)
		}
	}
	return single, stepped
}

// tally stands for rows of one metric, whatever their order and times.
type tally struct {
	rows int
	sum  uint64
}

func (t tally) with(m metric) tally {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %x", m.Step, math.Float64bits(float64(m.Value)))
	return tally{t.rows + 1, t.sum + h.Sum64()}
}

type runInfo struct {
	RunID       string `json:"run_id"`
	RunName     string `json:"run_name"`
	Experiment  string `json:"experiment_id"`
	Status      string `json:"status"`
	StartTime   int64  `json:"start_time"`
	EndTime     int64  `json:"end_time"`
	ArtifactURI string `json:"artifact_uri"`
	Lifecycle   string `json:"lifecycle_stage"`
}

type storedRun struct {
	Info runInfo `json:"info"`
	Data struct {
		Metrics []metric `json:"metrics"`
		Params  []pair   `json:"params"`
		Tags    []pair   `json:"tags"`
	} `json:"data"`
}

// Answers implements track.Tracker.
func (t *Tracker) Answers() int64 { return t.client.answers.Load() }

// Place implements track.Tracker.
func (t *Tracker) Place() string { return t.client.address }

// Notes implements track.Tracker.
func (t *Tracker) Notes() []string { return slices.Clone(t.notes) }

func (t *Tracker) note(format string, arguments ...any) {
	if text := fmt.Sprintf(format, arguments...); !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

// Send implements track.Tracker.
func (t *Tracker) Send(ctx context.Context, run *track.Run) error {
	if err := t.locate(ctx, run); err != nil {
		return err
	}
	whole := ""
	for i := range run.Items {
		item := &run.Items[i]
		remote := t.remotes[item.ID]
		if remote == nil {
			var err error
			if remote, err = t.create(ctx, run, item, whole); err != nil {
				return err
			}
			t.remotes[item.ID] = remote
		}
		if item.ID == track.Whole {
			whole = remote.id
		}
		err := t.item(ctx, item, remote)
		switch {
		case gone(err):
			remote.dropped = true
		case err != nil:
			return err
		}
		if remote.dropped {
			t.note("%s was deleted on the server, and is left so; restore it there to have it sent.", title(run, item))
			if item.ID == track.Whole {
				return &track.Refused{Err: fmt.Errorf("%s was deleted on %s: restore it there (`mlflow runs restore --run-id %s`) to have it sent", run.FullName, t.client.address, remote.id)}
			}
		}
	}
	if err := t.view(ctx, run); err != nil {
		return err
	}
	return nil
}

func title(run *track.Run, item *track.Item) string {
	if item.ID == track.Whole {
		return run.FullName
	}
	return run.FullName + ", " + item.ID
}

// locate finds the experiment and what is there of the run, once.
func (t *Tracker) locate(ctx context.Context, run *track.Run) error {
	if t.experiment == "" {
		if err := t.findExperiment(ctx, t.experimentName(run)); err != nil {
			return err
		}
		if err := t.findRuns(ctx, run); err != nil {
			t.experiment = ""
			return err
		}
	}
	return nil
}

func (t *Tracker) experimentName(run *track.Run) string {
	if name := t.client.config.Experiment; name != "" {
		return name
	}
	return run.Name
}

func (t *Tracker) findExperiment(ctx context.Context, name string) error {
	var found struct {
		Experiment struct {
			ID        string `json:"experiment_id"`
			Lifecycle string `json:"lifecycle_stage"`
			Tags      []pair `json:"tags"`
		} `json:"experiment"`
	}
	read := func() error {
		return t.client.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &found)
	}
	err := read()
	if has(err, codeMissing) {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = t.client.post(ctx, "experiments/create", struct {
			Name string `json:"name"`
		}{name}, &made)
		switch {
		case err == nil && made.ID != "":
			t.experiment, t.tags = made.ID, map[string]string{}
			return nil
		case has(err, codeExists): // another has made it meanwhile
			err = read()
		}
	}
	if err != nil {
		return fmt.Errorf("find the experiment %q on MLflow: %w", name, settled(err))
	}
	if found.Experiment.Lifecycle == "deleted" {
		return &track.Refused{Err: fmt.Errorf("the experiment %q was deleted on %s: restore it there (`mlflow experiments restore --experiment-id %s`), or name another: experiment = \"...\" in the tracking block, or MLFLOW_EXPERIMENT_NAME", name, t.client.address, found.Experiment.ID)}
	}
	if found.Experiment.ID == "" {
		return t.client.stranger("answers without an experiment_id")
	}
	t.experiment, t.tags = found.Experiment.ID, map[string]string{}
	for _, tag := range found.Experiment.Tags {
		t.tags[tag.Key] = tag.Value
	}
	return nil
}

// settled makes of an error that says that a request is wrong one that is not tried again.
func settled(err error) error {
	if invalid(err) {
		return &track.Refused{Err: err}
	}
	return err
}

// findRuns finds the items of a run that are there, deleted ones too: they do not come
// back. A run that waited for people's labels, and has them now, has another name: its
// items are taken over.
func (t *Tracker) findRuns(ctx context.Context, run *track.Run) error {
	found, err := t.search(ctx, tagRun, run.FullName)
	if err == nil && len(found) == 0 && run.Basis != "" {
		found, err = t.search(ctx, tagBasis, run.Basis)
		waited := map[string]bool{} // by full name
		for _, one := range found {
			if r := remoteOf(one); !r.dropped && r.tags[tagItem] == track.Whole && r.tags["plumb.state"] == string(record.RunWaiting) {
				waited[r.tags[tagRun]] = true
			}
		}
		found = slices.DeleteFunc(found, func(one storedRun) bool {
			r := remoteOf(one)
			return r.dropped || !waited[r.tags[tagRun]]
		})
	}
	if err != nil {
		return fmt.Errorf("find %s on MLflow: %w", run.FullName, settled(err))
	}
	// The newest come first: of two of one item, which two processes made at once, the
	// older one stays.
	for _, one := range found {
		remote := remoteOf(one)
		item := remote.tags[tagItem]
		if other := t.remotes[item]; other != nil && remote.dropped && !other.dropped {
			continue
		}
		t.remotes[item] = remote
	}
	return nil
}

// search finds runs by a tag.
func (t *Tracker) search(ctx context.Context, tag, value string) ([]storedRun, error) {
	filter := fmt.Sprintf("tags.`%s` = '%s'", tag, strings.ReplaceAll(value, "'", ""))
	var all []storedRun
	token := ""
	for {
		var page struct {
			Runs []storedRun `json:"runs"`
			Next string      `json:"next_page_token"`
		}
		err := t.client.post(ctx, "runs/search", struct {
			Experiments []string `json:"experiment_ids"`
			Filter      string   `json:"filter"`
			Max         int      `json:"max_results"`
			View        string   `json:"run_view_type"`
			Token       string   `json:"page_token,omitempty"`
		}{[]string{t.experiment}, filter, 500, "ALL", token}, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Runs...)
		if token = page.Next; token == "" || len(page.Runs) == 0 {
			return all, nil
		}
	}
}

func remoteOf(run storedRun) *remote {
	r := &remote{
		id: run.Info.RunID, info: run.Info, dropped: run.Info.Lifecycle == "deleted",
		params: map[string]string{}, tags: map[string]string{}, metrics: map[string]metric{},
		appended: map[string]tally{}, curves: map[string]bool{}, steps: map[stepKey]bool{},
	}
	for _, p := range run.Data.Params {
		r.params[p.Key] = p.Value
	}
	for _, tag := range run.Data.Tags {
		r.tags[tag.Key] = tag.Value
	}
	for _, m := range run.Data.Metrics {
		r.metrics[m.Key] = m
	}
	return r
}

// create makes the server's run of an item. The tags by which it is found again are in
// the same request: whatever is killed afterwards, the next one finds it.
func (t *Tracker) create(ctx context.Context, run *track.Run, item *track.Item, parent string) (*remote, error) {
	tags := []pair{{"mlflow.runName", text(item.Name, tagLetters)}, {tagRun, run.FullName}, {tagItem, item.ID}}
	if parent != "" {
		tags = append(tags, pair{tagParent, parent})
	}
	var made struct {
		Run storedRun `json:"run"`
	}
	err := t.client.post(ctx, "runs/create", struct {
		Experiment string `json:"experiment_id"`
		Start      int64  `json:"start_time"`
		Name       string `json:"run_name"`
		Tags       []pair `json:"tags"`
	}{t.experiment, item.Started.UnixMilli(), text(item.Name, tagLetters), tags}, &made)
	if gone(err) {
		return nil, &track.Refused{Err: fmt.Errorf("the experiment %q is not on %s any more (%w)", t.experimentName(run), t.client.address, err)}
	}
	if err != nil {
		return nil, fmt.Errorf("make %s on MLflow: %w", title(run, item), settled(err))
	}
	if made.Run.Info.RunID == "" {
		return nil, t.client.stranger("makes a run without a run_id")
	}
	// What an earlier server at this address had of it is not in this one.
	t.state.Points = 0
	maps.DeleteFunc(t.state.Files, func(key, _ string) bool { return strings.HasPrefix(key, item.ID+"/") })
	return remoteOf(made.Run), nil
}

// item sends what a server lacks of an item: first what says what it is, then its
// numbers and files, and last how it stands.
func (t *Tracker) item(ctx context.Context, item *track.Item, r *remote) error {
	if r.dropped {
		return nil
	}
	steps := []func() error{
		func() error { return t.params(ctx, item, r) },
		func() error { return t.setTags(ctx, r, unedited(wantedTags(item), r.tags)) },
		func() error { return t.points(ctx, item, r) },
		func() error { return t.curves(ctx, item, r) },
		func() error { return t.files(ctx, item, r) },
		func() error { return t.status(ctx, item, r) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func wantedParams(item *track.Item) map[string]string {
	params := map[string]string{}
	for key, value := range item.Params {
		params[name(key)] = text(value, paramLetters)
	}
	return params
}

func wantedTags(item *track.Item) map[string]string {
	tags := map[string]string{}
	for key, value := range item.Tags {
		tags[name(key)] = text(value, tagLetters)
	}
	if verdict := item.Tags["plumb.verdict"]; verdict != "" || item.Tags["plumb.description"] != "" {
		note := strings.TrimSpace(strings.Join([]string{verdict, item.Tags["plumb.description"]}, "\n\n"))
		if command := item.Tags["plumb.command"]; command != "" {
			note += "\n\n`" + command + "`"
		}
		tags[tagNote] = text(note, tagLetters)
		tags[tagNoteDigest] = digestOfText(tags[tagNote])
	}
	if file := item.Tags["plumb.file"]; file != "" {
		tags["mlflow.source.name"], tags["mlflow.source.type"] = text(file, tagLetters), "LOCAL"
	}
	var infinite []string
	for _, point := range item.Points {
		if math.IsInf(point.Value, 0) {
			infinite = append(infinite, fmt.Sprintf("%s = %v", point.Key, point.Value))
		}
	}
	if infinite != nil {
		tags["plumb.infinite"] = text(strings.Join(infinite, "\n"), tagLetters)
	}
	return tags
}

// unedited is tags without the note, where people have written another on the server.
func unedited(wanted, stored map[string]string) map[string]string {
	note, there := stored[tagNote]
	if !there || digestOfText(note) == stored[tagNoteDigest] {
		return wanted
	}
	kept := maps.Clone(wanted)
	delete(kept, tagNote)
	delete(kept, tagNoteDigest)
	return kept
}

// digestOfText tells texts apart.
func digestOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// params sends parameters. A server never changes one: what it has otherwise stays, and
// is told.
func (t *Tracker) params(ctx context.Context, item *track.Item, r *remote) error {
	wanted := wantedParams(item)
	var missing []pair
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		have, there := r.params[key]
		switch {
		case !there:
			missing = append(missing, pair{key, wanted[key]})
		case have != wanted[key]:
			t.note("The parameter %s of %s is %q on the server, which does not change parameters, and %q here.", key, item.ID, have, wanted[key])
		}
	}
	for batch := range slices.Chunk(missing, batchParams) {
		err := t.batch(ctx, r, nil, batch, nil)
		if err != nil && invalid(err) && !gone(err) {
			err = t.oneByOne(ctx, item, r, batch)
		}
		if err != nil {
			return err
		}
		for _, p := range batch {
			r.params[p.Key] = p.Value
		}
	}
	return nil
}

// oneByOne sends parameters of a batch that was refused for one of them.
func (t *Tracker) oneByOne(ctx context.Context, item *track.Item, r *remote, params []pair) error {
	for _, p := range params {
		err := t.client.post(ctx, "runs/log-parameter", struct {
			RunID string `json:"run_id"`
			pair
		}{r.id, p}, nil)
		switch {
		case err != nil && invalid(err) && !gone(err):
			t.note("The server does not take the parameter %s of %s: %v.", p.Key, item.ID, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// setTags sets the tags that are not as they should be.
func (t *Tracker) setTags(ctx context.Context, r *remote, wanted map[string]string) error {
	var changed []pair
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if have, there := r.tags[key]; !there || have != wanted[key] {
			changed = append(changed, pair{key, wanted[key]})
		}
	}
	for batch := range slices.Chunk(changed, batchTags) {
		if err := t.batch(ctx, r, nil, nil, batch); err != nil {
			return err
		}
		for _, tag := range batch {
			r.tags[tag.Key] = tag.Value
		}
	}
	return nil
}

// points sends what was measured, where the server's latest number is another.
func (t *Tracker) points(ctx context.Context, item *track.Item, r *remote) error {
	var missing []metric
	single, stepped := overSteps(item.Points)
	for _, point := range single {
		m, ok := row(point)
		if !ok {
			continue
		}
		if have, there := r.metrics[m.Key]; there && have.Step == m.Step {
			if same(float64(have.Value), float64(m.Value)) {
				continue
			}
			m.Timestamp = max(m.Timestamp, have.Timestamp+1) // the later one counts
		}
		missing = append(missing, m)
	}
	if err := t.metrics(ctx, r, missing); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(stepped, func(point track.Point) bool { m, ok := row(point); return !ok || r.steps[m.at()] })
	if len(fresh) == 0 {
		return nil
	}
	missing, err := t.lacking(ctx, r, fresh)
	if err == nil {
		err = t.metrics(ctx, r, missing)
	}
	if err != nil {
		return err
	}
	for _, point := range fresh {
		if m, ok := row(point); ok {
			r.steps[m.at()] = true
		}
	}
	return nil
}

// metrics sends rows.
func (t *Tracker) metrics(ctx context.Context, r *remote, rows []metric) error {
	for batch := range slices.Chunk(rows, batchAll) {
		if err := t.batch(ctx, r, batch, nil, nil); err != nil {
			return err
		}
		for _, m := range batch {
			if have, there := r.metrics[m.Key]; !there || m.Step > have.Step || m.Step == have.Step && m.Timestamp >= have.Timestamp {
				r.metrics[m.Key] = m
			}
		}
	}
	return nil
}

// batch sends rows, parameters and tags together: no more than a server takes at once.
func (t *Tracker) batch(ctx context.Context, r *remote, metrics []metric, params, tags []pair) error {
	err := t.client.post(ctx, "runs/log-batch", struct {
		RunID   string   `json:"run_id"`
		Metrics []metric `json:"metrics,omitempty"`
		Params  []pair   `json:"params,omitempty"`
		Tags    []pair   `json:"tags,omitempty"`
	}{r.id, metrics, params, tags}, nil)
	if params == nil && invalid(err) && !gone(err) {
		return &track.Refused{Err: err} // the same again is refused again
	}
	return err
}

// Append implements track.Tracker. Points of an item that was deleted are passed over.
func (t *Tracker) Append(ctx context.Context, item string, points []track.Point) error {
	r := t.remotes[item]
	if r == nil || r.dropped {
		return nil
	}
	var rows []metric
	for _, point := range points {
		m, ok := row(point)
		if !ok {
			t.note("%s of %s is infinite at step %d, which MLflow cannot hold: it is left out there.", point.Key, item, point.Step)
			continue
		}
		rows = append(rows, m)
	}
	err := t.metrics(ctx, r, rows)
	if gone(err) {
		r.dropped = true
		t.note("%s was deleted on the server, and is left so; restore it there to have it sent.", item)
		return nil
	}
	if err == nil {
		for _, m := range rows {
			r.appended[m.Key] = r.appended[m.Key].with(m)
		}
	}
	return err
}

// curves sends what a server lacks of curves of trainings that have ended.
func (t *Tracker) curves(ctx context.Context, item *track.Item, r *remote) error {
	for _, curve := range item.Curves {
		if r.curves[curve.Version] {
			continue
		}
		points, err := curve.Points()
		if err != nil {
			t.note("A curve is not sent: %v.", err)
			continue
		}
		missing, err := t.lacking(ctx, r, points)
		if err == nil {
			err = t.metrics(ctx, r, missing)
		}
		if err != nil {
			return err
		}
		r.curves[curve.Version] = true
	}
	return nil
}

// lacking are the rows of points that a server does not have: whatever their times are
// there.
func (t *Tracker) lacking(ctx context.Context, r *remote, points []track.Point) ([]metric, error) {
	byKey := map[string][]metric{}
	for _, point := range points {
		if m, ok := row(point); ok {
			byKey[m.Key] = append(byKey[m.Key], m)
		}
	}
	var missing []metric
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		rows := byKey[key]
		if _, any := r.metrics[key]; !any {
			missing = append(missing, rows...)
			continue
		}
		var whole tally
		for _, m := range rows {
			whole = whole.with(m)
		}
		if r.appended[key] == whole {
			continue
		}
		stored, err := t.history(ctx, r.id, key)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			if !holds(stored[m.Step], float64(m.Value)) {
				missing = append(missing, m)
			}
		}
	}
	return missing, nil
}

func holds(values []float64, value float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return same(v, value) })
}

// history reads all values of a metric, by step.
func (t *Tracker) history(ctx context.Context, runID, key string) (map[int64][]float64, error) {
	stored := map[int64][]float64{}
	token := ""
	for {
		var page struct {
			Metrics []metric `json:"metrics"`
			Next    string   `json:"next_page_token"`
		}
		query := url.Values{"run_id": {runID}, "metric_key": {key}, "max_results": {"25000"}}
		if token != "" {
			query.Set("page_token", token)
		}
		if err := t.client.get(ctx, "metrics/get-history", query, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Metrics {
			stored[m.Step] = append(stored[m.Step], float64(m.Value))
		}
		if token = page.Next; token == "" || len(page.Metrics) == 0 {
			return stored, nil
		}
	}
}

// statusOf is a state in MLflow's words. What waits for people goes on later.
func statusOf(state record.RunState) string {
	switch state {
	case record.RunDone, record.RunPartial:
		return "FINISHED"
	case record.RunFailed:
		return "FAILED"
	case record.RunInterrupted, record.RunKilled:
		return "KILLED"
	case record.RunWaiting:
		return "SCHEDULED"
	}
	return "RUNNING"
}

// status sends how the item stands.
func (t *Tracker) status(ctx context.Context, item *track.Item, r *remote) error {
	update := struct {
		RunID  string `json:"run_id"`
		Status string `json:"status"`
		End    int64  `json:"end_time,omitempty"`
		Name   string `json:"run_name,omitempty"`
	}{RunID: r.id, Status: statusOf(item.State)}
	if !item.Ended.IsZero() {
		update.End = item.Ended.UnixMilli()
	}
	if update.Status == r.info.Status && (update.End == 0 || update.End == r.info.EndTime) {
		return nil
	}
	var answer struct {
		Info runInfo `json:"run_info"`
	}
	if err := t.client.post(ctx, "runs/update", update, &answer); err != nil {
		return err
	}
	r.info.Status, r.info.EndTime = update.Status, max(update.End, r.info.EndTime)
	return nil
}

// Unsent implements track.Tracker.
func (t *Tracker) Unsent(run *track.Run) track.Amount {
	var unsent track.Amount
	for i := range run.Items {
		item := &run.Items[i]
		r := t.remotes[item.ID]
		if r == nil {
			unsent.Runs++
			r = remoteOf(storedRun{})
		}
		if r.dropped {
			continue
		}
		for key := range wantedParams(item) {
			if _, there := r.params[key]; !there {
				unsent.Values++
			}
		}
		for key, value := range wantedTags(item) {
			if r.tags[key] != value && key != tagNote {
				unsent.Values++
			}
		}
		single, stepped := overSteps(item.Points)
		for _, point := range stepped {
			if m, ok := row(point); ok && !r.steps[m.at()] {
				unsent.Values++
			}
		}
		for _, point := range single {
			if m, ok := row(point); ok && !same(float64(r.metrics[m.Key].Value), float64(m.Value)) {
				unsent.Values++
			}
		}
		for _, curve := range item.Curves {
			if !r.curves[curve.Version] {
				unsent.Points += curve.Rows
			}
		}
		for _, file := range item.Files {
			if t.state.Files[fileKey(item, file.Path)] != file.Version {
				unsent.Files++
			}
		}
		if item.Pictures != nil && t.state.Files[fileKey(item, picturesFile)] != item.Pictures.Version {
			unsent.Files++
		}
	}
	return unsent
}

// errUnproxied says that a server keeps files where only its clients can reach.
var errUnproxied = errors.New("the server does not pass files on")
