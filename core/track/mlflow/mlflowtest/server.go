// Package mlflowtest has a server for tests that answers as MLflow's of version 3.17 do,
// in what matters to who sends to one.
package mlflowtest

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

// Server forgets the rest of a batch after a number that is none, and answers 200; it
// cuts long values; it changes no parameter; it refuses names, batches and what was
// deleted. Its fields may be changed while nobody asks it.
type Server struct {
	URL         string
	Experiments map[string]*Experiment // by ID
	Runs        map[string]*Run        // by ID
	Order       []string               // of runs, the oldest first
	Files       map[string][]byte      // by path below the artifacts' root
	Calls       []string               // method and path, in order
	Root        string                 // of artifacts
	PageSize    int                    // of histories; 0: as asked

	mu   sync.Mutex
	fail func(r *http.Request) (status int, contentType, body string)
}

// Experiment is an experiment there.
type Experiment struct {
	Name, Stage string
	Tags        map[string]string
}

// Run is a run there.
type Run struct {
	Info    Info
	Params  map[string]string
	Tags    map[string]string
	Metrics map[string][]Row // in the order of arrival
}

// Info is what a server says of a run itself.
type Info struct {
	RunID       string `json:"run_id"`
	RunName     string `json:"run_name"`
	Experiment  string `json:"experiment_id"`
	Status      string `json:"status"`
	StartTime   int64  `json:"start_time"`
	EndTime     int64  `json:"end_time,omitempty"`
	ArtifactURI string `json:"artifact_uri"`
	Lifecycle   string `json:"lifecycle_stage"`
}

// Row is a value of a metric.
type Row struct {
	Key       string `json:"key"`
	Value     Number `json:"value"`
	Timestamp int64  `json:"timestamp"`
	Step      int64  `json:"step"`
}

// Number is a value, which is written as servers do: what is not finite is a text.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(x)
	}
	return json.Marshal(fmt.Sprint(float64(n)))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"NaN"`:
		*n = Number(math.NaN())
		return nil
	case `"Infinity"`, `"inf"`:
		*n = Number(math.MaxFloat64)
		return nil
	case `"-Infinity"`, `"-inf"`:
		*n = Number(-math.MaxFloat64)
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type refused struct {
	status        int
	code, message string
}

const (
	codeExists  = "RESOURCE_ALREADY_EXISTS"
	codeMissing = "RESOURCE_DOES_NOT_EXIST"
	codeInvalid = "INVALID_PARAMETER_VALUE"
)

// New starts a server, which ends with the test.
func New(t testing.TB) *Server {
	f := &Server{Experiments: map[string]*Experiment{}, Runs: map[string]*Run{}, Files: map[string][]byte{}, Root: "mlflow-artifacts:/1/"}
	listening := httptest.NewServer(f)
	t.Cleanup(listening.Close)
	f.URL = listening.URL
	return f
}

// Fail has requests answered by a function, as long as its status is not 0; nil: as usual.
func (f *Server) Fail(answer func(r *http.Request) (status int, contentType, body string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = answer
}

// Requests counts what was asked.
func (f *Server) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.Calls)
}

// Item returns the run with a tag plumb.item; nil if there is none.
func (f *Server) Item(item string) *Run {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, run := range f.Runs {
		if run.Tags["plumb.item"] == item {
			return run
		}
	}
	return nil
}

func (f *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	path := r.URL.Path
	f.Calls = append(f.Calls, r.Method+" "+path)
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
	answer, problem := f.answer(endpoint, r, body)
	if problem != nil {
		f.refuse(w, problem.status, problem.code, problem.message)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (f *Server) refuse(w http.ResponseWriter, status int, code, message string) {
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

func refusal(status int, code, format string, arguments ...any) *refused {
	return &refused{status, code, fmt.Sprintf(format, arguments...)}
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

func (f *Server) answer(endpoint string, r *http.Request, body []byte) (any, *refused) {
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
		for id, e := range f.Experiments {
			if e.Name == query.Get("experiment_name") {
				var tags []pair
				for key, value := range e.Tags {
					tags = append(tags, pair{key, value})
				}
				return map[string]any{"experiment": map[string]any{"experiment_id": id, "lifecycle_stage": e.Stage, "tags": tags}}, nil
			}
		}
		return nil, refusal(http.StatusNotFound, codeMissing, "Could not find experiment")
	case "experiments/create":
		for _, e := range f.Experiments {
			if e.Name == in.text("name") {
				return nil, refusal(http.StatusBadRequest, codeExists, "Experiment already exists.")
			}
		}
		id := strconv.Itoa(len(f.Experiments) + 1)
		f.Experiments[id] = &Experiment{Name: in.text("name"), Stage: "active", Tags: map[string]string{}}
		return map[string]string{"experiment_id": id}, nil
	case "experiments/set-experiment-tag":
		if len(in.text("value")) > 20000 {
			return nil, refusal(http.StatusBadRequest, codeInvalid, "value exceeds the maximum length")
		}
		f.Experiments[in.text("experiment_id")].Tags[in.text("key")] = in.text("value")
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
	run := f.Runs[id]
	if run == nil {
		return nil, refusal(http.StatusNotFound, codeMissing, "Run with id=%s not found", id)
	}
	if run.Info.Lifecycle == "deleted" && r.Method == http.MethodPost {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "The run %s must be in the 'active' state. Current state is deleted.", id)
	}
	switch endpoint {
	case "runs/get":
		return map[string]any{"run": run.stored()}, nil
	case "runs/update":
		json.Unmarshal(in.fields["status"], &run.Info.Status)
		if raw := in.fields["end_time"]; raw != nil {
			json.Unmarshal(raw, &run.Info.EndTime)
		}
		return map[string]any{"run_info": run.Info}, nil
	case "runs/log-parameter":
		return struct{}{}, run.param(pair{in.text("key"), in.text("value")})
	case "metrics/get-history":
		return f.history(run, query.Get("metric_key"), query.Get("page_token"))
	case "runs/log-batch":
		return struct{}{}, run.batch(body)
	}
	return nil, refusal(http.StatusNotFound, codeMissing, "no such call: %s", endpoint)
}

func (f *Server) create(in request) (any, *refused) {
	e := f.Experiments[in.text("experiment_id")]
	if e == nil {
		return nil, refusal(http.StatusNotFound, codeMissing, "No Experiment with id=%s exists", in.text("experiment_id"))
	}
	if e.Stage == "deleted" {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "The experiment must be in the 'active' state.")
	}
	id := fmt.Sprintf("%032x", len(f.Runs)+1)
	run := &Run{
		Info:   Info{RunID: id, RunName: in.text("run_name"), Experiment: in.text("experiment_id"), Status: "RUNNING", Lifecycle: "active", ArtifactURI: f.Root + id + "/artifacts"},
		Params: map[string]string{}, Tags: map[string]string{}, Metrics: map[string][]Row{},
	}
	var tags []pair
	json.Unmarshal(in.fields["tags"], &tags)
	for _, tag := range tags {
		run.Tags[tag.Key] = tag.Value
	}
	if run.Tags["mlflow.runName"] != run.Info.RunName {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values")
	}
	f.Runs[id] = run
	f.Order = append(f.Order, id)
	return map[string]any{"run": run.stored()}, nil
}

var filter = regexp.MustCompile("^tags\\.`([^`]+)` = '([^']*)'$")

func (f *Server) search(in request) (any, *refused) {
	match := filter.FindStringSubmatch(in.text("filter"))
	if match == nil {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "Invalid filter: %s", in.text("filter"))
	}
	var within []string
	json.Unmarshal(in.fields["experiment_ids"], &within)
	var found []stored
	for _, id := range slices.Backward(f.Order) {
		if run := f.Runs[id]; run.Tags[match[1]] == match[2] && slices.Contains(within, run.Info.Experiment) && (run.Info.Lifecycle == "active" || in.text("run_view_type") == "ALL") {
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

// stored is a run as a server gives it.
type stored struct {
	Info Info `json:"info"`
	Data struct {
		Metrics []Row  `json:"metrics,omitempty"`
		Params  []pair `json:"params,omitempty"`
		Tags    []pair `json:"tags,omitempty"`
	} `json:"data"`
}

func (r *Run) stored() stored {
	stored := stored{Info: r.Info}
	for key, value := range r.Params {
		stored.Data.Params = append(stored.Data.Params, pair{key, value})
	}
	for key, value := range r.Tags {
		stored.Data.Tags = append(stored.Data.Tags, pair{key, value})
	}
	for _, rows := range r.Metrics {
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

func (f *Server) history(run *Run, key, token string) (any, *refused) {
	rows := run.Metrics[key]
	if rows == nil {
		return struct{}{}, nil
	}
	at, _ := strconv.Atoi(token)
	end := len(rows)
	if f.PageSize > 0 {
		end = min(end, at+f.PageSize)
	}
	page := map[string]any{"metrics": rows[at:end]}
	if end < len(rows) {
		page["next_page_token"] = strconv.Itoa(end)
	}
	return page, nil
}

var goodName = regexp.MustCompile(`^[\p{L}\p{Nd}_\-. /:]{1,250}$`)

// NameRefused reports whether servers refuse a name of a metric, parameter or tag.
func NameRefused(name string) bool {
	if !goodName.MatchString(name) || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") {
		return true
	}
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part == "." || part == ".." })
}

func (r *Run) param(p pair) *refused {
	if NameRefused(p.Key) {
		return refusal(http.StatusBadRequest, codeInvalid, "Invalid parameter name: '%s'", p.Key)
	}
	if have, there := r.Params[p.Key]; there && have != p.Value {
		return refusal(http.StatusBadRequest, codeInvalid, "Changing param values is not allowed. Param with key='%s' was already logged", p.Key)
	}
	if utf8.RuneCountInString(p.Value) > 6000 {
		p.Value = string([]rune(p.Value)[:6000])
	}
	r.Params[p.Key] = p.Value
	return nil
}

// batch stores a batch: nothing of one with a bad name or too many values, and of one
// with a bad number what comes before it.
func (r *Run) batch(body []byte) *refused {
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
		if have, there := r.Params[p.Key]; NameRefused(p.Key) || there && have != p.Value {
			return refusal(http.StatusBadRequest, codeInvalid, "Changing param values is not allowed, or bad name: %s", p.Key)
		}
	}
	for _, m := range metrics {
		if NameRefused(m.Key) {
			return refusal(http.StatusBadRequest, codeInvalid, "Invalid metric name: '%s'", m.Key)
		}
		if m.Timestamp < 0 {
			return refusal(http.StatusBadRequest, codeInvalid, "Got invalid timestamp %d", m.Timestamp)
		}
	}
	for _, tag := range rest.Tags {
		if NameRefused(tag.Key) {
			return refusal(http.StatusBadRequest, codeInvalid, "Invalid tag name: '%s'", tag.Key)
		}
	}
	for _, p := range rest.Params {
		if problem := r.param(p); problem != nil {
			return problem
		}
	}
	for _, m := range metrics {
		if math.IsInf(float64(m.Value), 0) {
			m.Value = Number(math.Copysign(math.MaxFloat64, float64(m.Value)))
		}
		twice := slices.ContainsFunc(r.Metrics[m.Key], func(have Row) bool {
			return have.Step == m.Step && have.Timestamp == m.Timestamp && (have.Value == m.Value || math.IsNaN(float64(have.Value)) && math.IsNaN(float64(m.Value)))
		})
		if !twice {
			r.Metrics[m.Key] = append(r.Metrics[m.Key], m)
		}
	}
	for _, tag := range rest.Tags {
		if utf8.RuneCountInString(tag.Value) > 8000 {
			tag.Value = string([]rune(tag.Value)[:8000])
		}
		r.Tags[tag.Key] = tag.Value
	}
	return nil
}

var bareNumber = regexp.MustCompile(`"value":\s*(NaN|-?Infinity|1e309)`)

// metricsOf reads the metrics of a batch; poisoned says that one of them was no number.
func metricsOf(body []byte) (metrics []Row, poisoned bool) {
	at := bareNumber.FindIndex(body)
	if at == nil {
		var in struct{ Metrics []Row }
		if json.Unmarshal(body, &in) == nil {
			return in.Metrics, false
		}
	}
	return []Row{{Key: "poisoned"}}, true
}

func (f *Server) file(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	switch {
	case strings.Contains(path, "#") || strings.Contains(path, ".."):
		f.refuse(w, http.StatusBadRequest, codeInvalid, "Invalid path")
	case slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return len(part) > 255 }):
		f.refuse(w, http.StatusInternalServerError, "", "Internal Server Error")
	case r.Method == http.MethodPut:
		f.Files[path] = body
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet && f.Files[path] != nil:
		w.Write(f.Files[path])
	default:
		f.refuse(w, http.StatusNotFound, codeMissing, "No such artifact: '"+path+"'")
	}
}
