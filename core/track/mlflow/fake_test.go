package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// fake is a server that answers as MLflow's of version 3.17 do, in what matters to who
// sends: it forgets the rest of a batch after a number that is none, and answers 200; it
// cuts long values; it takes no parameter twice; it refuses names, batches and what was
// deleted.
type fake struct {
	t *testing.T

	mu          sync.Mutex
	experiments map[string]*fakeExperiment // by ID
	runs        map[string]*fakeRun        // by ID
	order       []string                   // of runs, the oldest first
	files       map[string][]byte          // by path below the artifacts' root
	calls       []string                   // method and path, in order
	requests    int
	fail        func(r *http.Request) (status int, contentType, body string) // status 0: go on
	root        string                                                       // of artifacts
	pageSize    int                                                          // of histories; 0: as asked
}

type fakeExperiment struct {
	name, stage string
	tags        map[string]string
}

type fakeRun struct {
	info    runInfo
	params  map[string]string
	tags    map[string]string
	metrics map[string][]metric // rows in the order of arrival
}

func newFake(t *testing.T) (*fake, *httptest.Server) {
	f := &fake{t: t, experiments: map[string]*fakeExperiment{}, runs: map[string]*fakeRun{}, files: map[string][]byte{}, root: "mlflow-artifacts:/1/"}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	body, _ := io.ReadAll(r.Body)
	path := r.URL.Path
	f.calls = append(f.calls, r.Method+" "+path)
	if f.fail != nil {
		if status, contentType, text := f.fail(r); status != 0 {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			io.WriteString(w, text)
			return
		}
	}
	if r.Header.Get("Origin") != "" {
		f.refuse(w, http.StatusForbidden, "", "Cross-origin request blocked")
		return
	}
	if file, ok := strings.CutPrefix(path, "/api/2.0/mlflow-artifacts/artifacts/"); ok {
		f.file(w, r, file, body)
		return
	}
	endpoint, ok := strings.CutPrefix(path, "/api/2.0/mlflow/")
	reads := slices.Contains([]string{"experiments/get-by-name", "runs/get", "metrics/get-history"}, endpoint)
	if !ok || reads != (r.Method == http.MethodGet) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>")
		return
	}
	if !reads && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		f.refuse(w, http.StatusBadRequest, codeInvalid, "Bad Request. Content-Type header must be application/json.")
		return
	}
	answer, refused := f.answer(endpoint, r, body)
	if refused != nil {
		f.refuse(w, refused.Status, refused.Code, refused.Message)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (f *fake) refuse(w http.ResponseWriter, status int, code, message string) {
	if code == "" {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		io.WriteString(w, message)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error_code": code, "message": message})
}

func refusal(status int, code, format string, arguments ...any) *answerError {
	return &answerError{Status: status, Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// request is a body read field by field, as protobuf's JSON reader does: at the first
// bad field the rest is gone, and nobody is told.
type request struct {
	fields map[string]json.RawMessage
}

func (r request) text(name string) string {
	var value string
	json.Unmarshal(r.fields[name], &value)
	return value
}

func (f *fake) answer(endpoint string, r *http.Request, body []byte) (any, *answerError) {
	var in request
	if r.Method == http.MethodPost && !bytes.Contains(body, []byte("NaN")) && json.Unmarshal(body, &in.fields) != nil {
		return nil, refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "broken JSON")
	}
	if in.fields == nil {
		json.Unmarshal(body, &in.fields)
	}
	query := r.URL.Query()
	switch endpoint {
	case "experiments/get-by-name":
		for id, e := range f.experiments {
			if e.name == query.Get("experiment_name") {
				var tags []pair
				for key, value := range e.tags {
					tags = append(tags, pair{key, value})
				}
				return map[string]any{"experiment": map[string]any{"experiment_id": id, "lifecycle_stage": e.stage, "tags": tags}}, nil
			}
		}
		return nil, refusal(http.StatusNotFound, codeMissing, "Could not find experiment")
	case "experiments/create":
		for _, e := range f.experiments {
			if e.name == in.text("name") {
				return nil, refusal(http.StatusBadRequest, codeExists, "Experiment already exists.")
			}
		}
		id := strconv.Itoa(len(f.experiments) + 1)
		f.experiments[id] = &fakeExperiment{name: in.text("name"), stage: "active", tags: map[string]string{}}
		return map[string]string{"experiment_id": id}, nil
	case "experiments/set-experiment-tag":
		if len(in.text("value")) > 20000 {
			return nil, refusal(http.StatusBadRequest, codeInvalid, "value exceeds the maximum length")
		}
		f.experiments[in.text("experiment_id")].tags[in.text("key")] = in.text("value")
		return struct{}{}, nil
	case "runs/create":
		return f.create(in)
	case "runs/search":
		return f.search(in)
	}
	id := in.text("run_id")
	if r.Method == http.MethodGet {
		id = query.Get("run_id")
	}
	run := f.runs[id]
	if run == nil {
		return nil, refusal(http.StatusNotFound, codeMissing, "Run with id=%s not found", id)
	}
	if run.info.Lifecycle == "deleted" && r.Method == http.MethodPost {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "The run %s must be in the 'active' state. Current state is deleted.", id)
	}
	switch endpoint {
	case "runs/get":
		return map[string]any{"run": run.stored()}, nil
	case "runs/update":
		json.Unmarshal(in.fields["status"], &run.info.Status)
		if raw := in.fields["end_time"]; raw != nil {
			json.Unmarshal(raw, &run.info.EndTime)
		}
		return map[string]any{"run_info": run.info}, nil
	case "runs/log-parameter":
		return struct{}{}, run.param(pair{in.text("key"), in.text("value")})
	case "metrics/get-history":
		return f.history(run, query.Get("metric_key"), query.Get("page_token"))
	case "runs/log-batch":
		return struct{}{}, run.batch(body)
	}
	return nil, refusal(http.StatusNotFound, codeMissing, "no such call: %s", endpoint)
}

func (f *fake) create(in request) (any, *answerError) {
	e := f.experiments[in.text("experiment_id")]
	if e == nil {
		return nil, refusal(http.StatusNotFound, codeMissing, "No Experiment with id=%s exists", in.text("experiment_id"))
	}
	if e.stage == "deleted" {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "The experiment must be in the 'active' state.")
	}
	id := fmt.Sprintf("%032x", len(f.runs)+1)
	run := &fakeRun{
		info:   runInfo{RunID: id, RunName: in.text("run_name"), Experiment: in.text("experiment_id"), Status: "RUNNING", Lifecycle: "active", ArtifactURI: f.root + id + "/artifacts"},
		params: map[string]string{}, tags: map[string]string{}, metrics: map[string][]metric{},
	}
	var tags []pair
	json.Unmarshal(in.fields["tags"], &tags)
	for _, tag := range tags {
		run.tags[tag.Key] = tag.Value
	}
	if run.tags["mlflow.runName"] != run.info.RunName {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values")
	}
	f.runs[id] = run
	f.order = append(f.order, id)
	return map[string]any{"run": run.stored()}, nil
}

var filter = regexp.MustCompile("^tags\\.`([^`]+)` = '([^']*)'$")

func (f *fake) search(in request) (any, *answerError) {
	match := filter.FindStringSubmatch(in.text("filter"))
	if match == nil {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "Invalid filter: %s", in.text("filter"))
	}
	var within []string
	json.Unmarshal(in.fields["experiment_ids"], &within)
	var found []storedRun
	for _, id := range slices.Backward(f.order) {
		if run := f.runs[id]; run.tags[match[1]] == match[2] && slices.Contains(within, run.info.Experiment) && (run.info.Lifecycle == "active" || in.text("run_view_type") == "ALL") {
			found = append(found, run.stored())
		}
	}
	if found == nil {
		return struct{}{}, nil
	}
	at, _ := strconv.Atoi(in.text("page_token"))
	end := min(len(found), at+2) // pages of two, to have several
	page := map[string]any{"runs": found[at:end]}
	if end < len(found) {
		page["next_page_token"] = strconv.Itoa(end)
	}
	return page, nil
}

func (r *fakeRun) stored() storedRun {
	stored := storedRun{Info: r.info}
	for key, value := range r.params {
		stored.Data.Params = append(stored.Data.Params, pair{key, value})
	}
	for key, value := range r.tags {
		stored.Data.Tags = append(stored.Data.Tags, pair{key, value})
	}
	for _, rows := range r.metrics {
		latest := rows[0]
		for _, row := range rows[1:] {
			if row.Step > latest.Step || row.Step == latest.Step && row.Timestamp > latest.Timestamp {
				latest = row
			}
		}
		stored.Data.Metrics = append(stored.Data.Metrics, latest)
	}
	return stored
}

func (f *fake) history(run *fakeRun, key, token string) (any, *answerError) {
	rows := run.metrics[key]
	if rows == nil {
		return struct{}{}, nil
	}
	at, _ := strconv.Atoi(token)
	end := len(rows)
	if f.pageSize > 0 {
		end = min(end, at+f.pageSize)
	}
	page := map[string]any{"metrics": rows[at:end]}
	if end < len(rows) {
		page["next_page_token"] = strconv.Itoa(end)
	}
	return page, nil
}

var goodName = regexp.MustCompile(`^[\p{L}\p{Nd}_\-. /:]{1,250}$`)

func nameRefused(name string) bool {
	if !goodName.MatchString(name) || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") {
		return true
	}
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part == "." || part == ".." })
}

func (r *fakeRun) param(p pair) *answerError {
	if nameRefused(p.Key) {
		return refusal(http.StatusBadRequest, codeInvalid, "Invalid parameter name: '%s'", p.Key)
	}
	if have, there := r.params[p.Key]; there && have != p.Value {
		return refusal(http.StatusBadRequest, codeInvalid, "Changing param values is not allowed. Param with key='%s' was already logged", p.Key)
	}
	if utf8.RuneCountInString(p.Value) > 6000 {
		p.Value = string([]rune(p.Value)[:6000])
	}
	r.params[p.Key] = p.Value
	return nil
}

// batch stores a batch: nothing of one with a bad name or too many values, and of one
// with a bad number what comes before it.
func (r *fakeRun) batch(body []byte) *answerError {
	metrics, poisoned := metricsOf(body)
	var rest struct{ Params, Tags []pair }
	json.Unmarshal(body, &rest)
	if poisoned {
		rest.Params, rest.Tags = nil, nil
	}
	if len(metrics) > 1000 || len(rest.Params) > 100 || len(rest.Tags) > 100 || len(metrics)+len(rest.Params)+len(rest.Tags) > 1000 {
		return refusal(http.StatusBadRequest, codeInvalid, "A batch logging request can contain at most 1000 metrics")
	}
	keys := map[string]bool{}
	for _, p := range rest.Params {
		if keys[p.Key] {
			return refusal(http.StatusBadRequest, codeInvalid, "Duplicate parameter keys have been submitted: %s", p.Key)
		}
		keys[p.Key] = true
		if have, there := r.params[p.Key]; nameRefused(p.Key) || there && have != p.Value {
			return refusal(http.StatusBadRequest, codeInvalid, "Changing param values is not allowed, or bad name: %s", p.Key)
		}
	}
	for _, m := range metrics {
		if nameRefused(m.Key) {
			return refusal(http.StatusBadRequest, codeInvalid, "Invalid metric name: '%s'", m.Key)
		}
		if m.Timestamp < 0 {
			return refusal(http.StatusBadRequest, codeInvalid, "Got invalid timestamp %d", m.Timestamp)
		}
	}
	for _, tag := range rest.Tags {
		if nameRefused(tag.Key) {
			return refusal(http.StatusBadRequest, codeInvalid, "Invalid tag name: '%s'", tag.Key)
		}
	}
	for _, p := range rest.Params {
		if refused := r.param(p); refused != nil {
			return refused
		}
	}
	for _, m := range metrics {
		if math.IsInf(float64(m.Value), 0) {
			m.Value = number(math.Copysign(math.MaxFloat64, float64(m.Value)))
		}
		twice := slices.ContainsFunc(r.metrics[m.Key], func(have metric) bool {
			return have.Step == m.Step && have.Timestamp == m.Timestamp && same(float64(have.Value), float64(m.Value))
		})
		if !twice {
			r.metrics[m.Key] = append(r.metrics[m.Key], m)
		}
	}
	for _, tag := range rest.Tags {
		if utf8.RuneCountInString(tag.Value) > 8000 {
			tag.Value = string([]rune(tag.Value)[:8000])
		}
		r.tags[tag.Key] = tag.Value
	}
	return nil
}

var bareNumber = regexp.MustCompile(`"value":\s*(NaN|-?Infinity|1e309)`)

// metricsOf reads the metrics of a batch; poisoned says that one of them was no number.
func metricsOf(body []byte) (metrics []metric, poisoned bool) {
	at := bareNumber.FindIndex(body)
	if at == nil {
		var in struct{ Metrics []metric }
		if json.Unmarshal(body, &in) == nil {
			return in.Metrics, false
		}
	}
	return []metric{{Key: "poisoned"}}, true
}

func (f *fake) file(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	switch {
	case strings.Contains(path, "#") || strings.Contains(path, ".."):
		f.refuse(w, http.StatusBadRequest, codeInvalid, "Invalid path")
	case slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return len(part) > 255 }):
		f.refuse(w, http.StatusInternalServerError, "", "Internal Server Error")
	case r.Method == http.MethodPut:
		f.files[path] = body
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet && f.files[path] != nil:
		w.Write(f.files[path])
	default:
		f.refuse(w, http.StatusNotFound, codeMissing, "No such artifact: '"+path+"'")
	}
}
