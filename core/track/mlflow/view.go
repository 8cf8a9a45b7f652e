package mlflow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/track"
)

// The ready view: what the link opens. The form is the page's own and documented
// nowhere; a server whose page has another shows its usual one.
const (
	viewName = "plumb"
	viewTag  = "mlflow.sharedViewState." + viewName
	// tagViewDigest is of the view that was written from here.
	tagViewDigest = "plumb.view_digest"

	mostColumns  = 8
	mostScatters = 6
	mostShown    = 12 // keys of pictures, and of numbers in one chart
	viewLetters  = 20000
)

// Link implements track.Tracker.
func (t *Tracker) Link() string {
	if t.experiment == "" {
		return ""
	}
	return fmt.Sprintf("%s/#/experiments/%s/runs?viewStateShareKey=%s&compareRunsMode=CHART", t.client.address, t.experiment, viewName)
}

// viewState is the state of the page of an experiment's runs.
type viewState struct {
	SearchFilter       string          `json:"searchFilter"`
	OrderByKey         string          `json:"orderByKey"`
	OrderByAsc         bool            `json:"orderByAsc"`
	StartTime          string          `json:"startTime"`
	LifecycleFilter    string          `json:"lifecycleFilter"`
	DatasetsFilter     []any           `json:"datasetsFilter"`
	ModelVersionFilter string          `json:"modelVersionFilter"`
	SelectedColumns    []string        `json:"selectedColumns"`
	RunsPinned         []string        `json:"runsPinned"`
	RunsHidden         []string        `json:"runsHidden"`
	RunsVisibilityMap  map[string]bool `json:"runsVisibilityMap"`
	RunsHiddenMode     string          `json:"runsHiddenMode"`
	Charts             []chart         `json:"compareRunCharts"`
	Sections           []section       `json:"compareRunSections"`
	ViewMaximized      bool            `json:"viewMaximized"`
	RunListHidden      bool            `json:"runListHidden"`
	AccordionReordered bool            `json:"isAccordionReordered"`
	GroupedValues      bool            `json:"useGroupedValuesInCharts"`
	HideEmptyCharts    bool            `json:"hideEmptyCharts"`
	GroupBy            any             `json:"groupBy"`
	GroupsExpanded     map[string]bool `json:"groupsExpanded"`
	AutoRefresh        bool            `json:"autoRefreshEnabled"`
	LineConfig         lineConfig      `json:"globalLineChartConfig"`
	RunsExpanded       map[string]bool `json:"runsExpanded"`
}

type lineConfig struct {
	XAxis          string `json:"xAxisKey"`
	Smoothness     int    `json:"lineSmoothness"`
	SelectedMetric string `json:"selectedXAxisMetricKey"`
}

type section struct {
	UUID      string `json:"uuid"`
	Name      string `json:"name"`
	Display   bool   `json:"display"`
	Reordered bool   `json:"isReordered"`
	Deleted   bool   `json:"deleted"`
	Generated bool   `json:"isGenerated"`
	Columns   int    `json:"columns"`
	Height    int    `json:"cardHeight"` // pixels
}

type axis struct {
	Key  string `json:"key"`
	Type string `json:"type"`
}

type chart struct {
	UUID            string   `json:"uuid"`
	Type            string   `json:"type"`
	Runs            int      `json:"runsCountToCompare"`
	Section         string   `json:"metricSectionId"`
	Deleted         bool     `json:"deleted"`
	Generated       bool     `json:"isGenerated"`
	DisplayName     string   `json:"displayName,omitempty"`
	X               *axis    `json:"xaxis,omitempty"`
	Y               *axis    `json:"yaxis,omitempty"`
	MetricKey       string   `json:"metricKey,omitempty"`
	Selected        []string `json:"selectedMetricKeys,omitempty"`
	XAxisKey        string   `json:"xAxisKey,omitempty"`
	Scale           string   `json:"scaleType,omitempty"`
	XAxisScale      string   `json:"xAxisScaleType,omitempty"`
	SelectedParams  []string `json:"selectedParams,omitempty"`
	SelectedMetrics []string `json:"selectedMetrics,omitempty"`
	ImageKeys       []string `json:"imageKeys,omitempty"`
	Step            *int     `json:"step,omitempty"`
	ShowRunParams   *bool    `json:"showRunParams,omitempty"`
}

// view writes what the experiment's page opens with: alignment against FID, the numbers
// beside what was varied, curves, and the same prompts' images of every run.
func (t *Tracker) view(ctx context.Context, run *track.Run) error {
	wanted := map[string]string{"mlflow.experiment.primaryMetric.name": track.Alignment, "mlflow.experiment.primaryMetric.greaterIsBetter": "True"}
	if run.Description != "" {
		wanted[tagNote] = text(run.Description, tagLetters)
	}
	// What people have set there, and a view that they have changed, stays.
	maps.DeleteFunc(wanted, func(key, _ string) bool { _, there := t.tags[key]; return there })
	before, there := t.tags[viewTag]
	state, err := json.Marshal(t.viewOf(run))
	if err == nil && len(state) <= viewLetters && (!there || digestOfText(before) == t.tags[tagViewDigest]) {
		wanted[viewTag], wanted[tagViewDigest] = string(state), digestOfText(string(state))
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if t.tags[key] == wanted[key] {
			continue
		}
		err := t.client.post(ctx, "experiments/set-experiment-tag", struct {
			Experiment string `json:"experiment_id"`
			pair
		}{t.experiment, pair{key, wanted[key]}}, nil)
		switch {
		case invalid(err): // an older server takes no tags that long
		case track.IsRefused(err): // the runs are this user's, and the experiment is another's
			t.note("The experiment's page opens as it was: %v.", err)
		case err != nil:
			return err
		}
		t.tags[key] = wanted[key]
	}
	return nil
}

func (t *Tracker) viewOf(run *track.Run) viewState {
	before := t.earlierView()
	state := viewState{
		OrderByKey: "metrics.`" + track.Alignment + "`", StartTime: "ALL", LifecycleFilter: "Active", DatasetsFilter: []any{}, ModelVersionFilter: "All Runs",
		RunsPinned: []string{}, RunsHidden: []string{}, RunsVisibilityMap: map[string]bool{}, RunsHiddenMode: "FIRST_20_RUNS",
		AccordionReordered: true, GroupedValues: true, HideEmptyCharts: true, GroupsExpanded: map[string]bool{}, AutoRefresh: true,
		LineConfig: lineConfig{XAxis: "step"}, RunsExpanded: map[string]bool{},
	}
	params, numeric := varied(run)
	points, curves := keysOf(t, run)
	for _, p := range params[:min(len(params), mostColumns)] {
		state.SelectedColumns = append(state.SelectedColumns, "params.`"+p+"`")
	}
	measured := slices.DeleteFunc([]string{track.Alignment, "win_minus_lose", "fid", "kid"}, func(key string) bool { return !slices.Contains(points, key) })
	for _, m := range measured {
		state.SelectedColumns = append(state.SelectedColumns, "metrics.`"+m+"`")
	}
	state.SelectedColumns = append(state.SelectedColumns, "tags.`plumb.verdict`", "tags.`plumb.state`")

	add := func(id, name string, columns, height int, charts ...chart) {
		if len(charts) == 0 {
			return
		}
		state.Sections = append(state.Sections, section{UUID: id, Name: name, Display: true, Columns: columns, Height: height})
		for i, c := range charts {
			c.UUID, c.Section = fmt.Sprintf("%s-%d", id, i), id
			c.Runs = 20
			state.Charts = append(state.Charts, c)
		}
	}
	both := slices.Contains(points, track.Alignment) && slices.Contains(points, "fid")
	var numbers []chart
	if both {
		numbers = append(numbers, chart{Type: "SCATTER", DisplayName: "Alignment against FID", X: &axis{"fid", "METRIC"}, Y: &axis{track.Alignment, "METRIC"}})
	}
	for _, key := range points { // further models of an ablation's variants
		model, other := strings.CutPrefix(key, track.Alignment+"/")
		if other && run.Ablation && len(numbers) < mostScatters && slices.Contains(points, "fid/"+model) {
			numbers = append(numbers, chart{Type: "SCATTER", DisplayName: "Alignment against FID: " + model, X: &axis{"fid/" + model, "METRIC"}, Y: &axis{key, "METRIC"}})
		}
	}
	for _, m := range measured {
		numbers = append(numbers, chart{Type: "BAR", MetricKey: m})
	}
	if len(numeric) > 0 && len(measured) > 0 {
		numbers = append(numbers, chart{Type: "PARALLEL", DisplayName: "What was varied", SelectedParams: numeric, SelectedMetrics: measured})
	}
	add("plumb-numbers", "Alignment against fidelity", 2, 380, numbers...)
	if images := t.imageKeys(before); len(images) > 0 {
		first, show := 0, false
		add("plumb-images", "Images: prompts and runs", 1, 900, chart{Type: "IMAGE", DisplayName: "The same prompts", ImageKeys: images, Step: &first, ShowRunParams: &show})
	}
	var lines []chart
	for _, key := range curves[:min(len(curves), mostShown)] {
		lines = append(lines, chart{Type: "LINE", MetricKey: key, Selected: []string{key}, XAxisKey: "step", Scale: "linear", XAxisScale: "linear"})
	}
	add("plumb-curves", "Training", 3, 360, lines...)
	return state
}

// earlierView is what the experiment's page opens with by now.
func (t *Tracker) earlierView() viewState {
	var before viewState
	if json.Unmarshal([]byte(t.tags[viewTag]), &before) != nil {
		return viewState{}
	}
	return before
}

// imageKeys are the keys of pictures that were sent, now or before.
func (t *Tracker) imageKeys(before viewState) []string {
	keys := maps.Clone(t.grid)
	if len(keys) == 0 {
		for _, c := range before.Charts {
			if c.Type == "IMAGE" {
				return c.ImageKeys
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(keys))
	return sorted[:min(len(sorted), mostShown)]
}

// varied are the parameters of which the items do not all have one value, and those of
// them that are numbers.
func varied(run *track.Run) (all, numeric []string) {
	items := run.Items
	if len(items) > 1 {
		items = items[1:] // what stands above them has other parameters
	}
	values := map[string]map[string]bool{}
	numbers := map[string]bool{}
	for i := range items {
		for key, value := range wantedParams(&items[i]) {
			if values[key] == nil {
				values[key], numbers[key] = map[string]bool{}, true
			}
			values[key][value] = true
			numbers[key] = numbers[key] && isNumber(value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if len(values[key]) < 2 && len(items) > 1 {
			continue
		}
		all = append(all, key)
		if numbers[key] && len(values[key]) > 1 {
			numeric = append(numeric, key)
		}
	}
	return all, numeric
}

func isNumber(text string) bool {
	var x float64
	return json.Unmarshal([]byte(text), &x) == nil
}

// keysOf lists the names of what was measured, and of losses and rewards of trainings.
func keysOf(t *Tracker, run *track.Run) (points, curves []string) {
	measured, trained := map[string]bool{}, map[string]bool{}
	for i := range run.Items {
		item := &run.Items[i]
		for _, point := range item.Points {
			measured[name(point.Key)] = true
		}
		if r := t.remotes[item.ID]; r != nil {
			for key := range r.metrics {
				if !measured[key] {
					trained[key] = true
				}
			}
		}
	}
	maps.DeleteFunc(trained, func(key string, _ bool) bool {
		return measured[key] || !strings.HasPrefix(key, "tune/") && !strings.HasPrefix(key, "fit/")
	})
	curves = slices.SortedFunc(maps.Keys(trained), func(a, b string) int {
		return cmp.Or(cmp.Compare(curveRank(a), curveRank(b)), cmp.Compare(a, b))
	})
	return slices.Sorted(maps.Keys(measured)), curves
}

// curveRank orders curves: what people look at first comes first.
func curveRank(key string) int {
	parts := strings.Split(key, "/")
	rank := 0
	if parts[0] == "fit" {
		rank += 10
	}
	switch last := parts[len(parts)-1]; {
	case last == "loss":
		return rank
	case strings.Contains(key, "reward"), strings.Contains(key, "judge"):
		return rank + 1
	case slices.Contains(parts, "loss"), slices.Contains(parts, "validation"):
		return rank + 2
	}
	return rank + 3
}
