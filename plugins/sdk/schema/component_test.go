package schema

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestComponentMistakes(t *testing.T) {
	settings := Schema{Attributes: []Attribute{{Name: "rank", Type: Integer}}}
	broken := Schema{Attributes: []Attribute{{Name: "rank", Type: "float"}}}
	for name, test := range map[string]struct {
		component Component
		want      string // a part of the one mistake; empty: none
	}{
		"fine": {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune, Precompute}, Tuning: settings,
			Losses: []Loss{{Name: "l", Needs: []Need{NeedPairs, NeedReference}}}}, ""},
		"kind":               {Component{Kind: "oracle", Name: "o"}, "unknown kind"},
		"name":               {Component{Kind: Reward}, "no name"},
		"reading":            {Component{Kind: Reward, Name: "r", Reads: []Reading{"tea_leaves"}}, `something unknown, "tea_leaves"`},
		"reading twice":      {Component{Kind: Reward, Name: "r", Reads: []Reading{ReadPixels, ReadPixels}}, `says twice that it reads "pixels"`},
		"part":               {Component{Kind: Reward, Name: "r", Parts: []string{"Terms, all"}}, `names a part "Terms, all"`},
		"part twice":         {Component{Kind: Reward, Name: "r", Parts: []string{"itm", "itm"}}, `names the part "itm" twice`},
		"part of a rater":    {Component{Kind: Rater, Name: "r", Parts: []string{"itm"}}, "which only a reward gives"},
		"input":              {Component{Kind: Rater, Name: "r", Input: &Input{224, 336, Bicubic, Crop}}, ""},
		"input of a sampler": {Component{Kind: Sampler, Name: "s", Input: &Input{224, 224, Bicubic, Crop}}, "a sampler gets none"},
		"input not read":     {Component{Kind: Reward, Name: "r", Reads: []Reading{ReadTextFeatures}, Input: &Input{224, 224, Bicubic, Crop}}, `does not read "pixels"`},
		"input's width":      {Component{Kind: Encoder, Name: "e", Input: &Input{0, 224, Bicubic, Crop}}, "with the width 0: it may be 1 to 4096"},
		"input's height":     {Component{Kind: Encoder, Name: "e", Input: &Input{224, 4097, Bicubic, Crop}}, "with the height 4097"},
		"input's filter":     {Component{Kind: Encoder, Name: "e", Input: &Input{224, 224, "lanczos", Crop}}, `unknown filter, "lanczos": it may be [nearest box bilinear bicubic]`},
		"input's aspect":     {Component{Kind: Encoder, Name: "e", Input: &Input{224, 224, Box, ""}}, `unknown aspect, "": it may be [squash crop]`},
		"reading sampler":    {Component{Kind: Sampler, Name: "s", Reads: []Reading{ReadPixels}}, "which only a reward does"},
		"fit_texts":          {Component{Kind: Reward, Name: "r", Capabilities: []Capability{Fit, FitTexts}}, `needs the capability "fit" and a reward that reads "text_features"`},
		"texts":              {Component{Kind: Reward, Name: "r", Capabilities: []Capability{Texts}}, `cannot have the capability "texts"`},
		"taken name":         {Component{Kind: Reward, Name: WeightedSum}, "has a name that is taken"},
		"batch":              {Component{Kind: Reward, Name: "r", PreferredBatch: -1}, "preferred_batch of -1"},
		"taken option":       {Component{Kind: Reward, Name: "r", Capabilities: []Capability{Fit}, Schema: Schema{Attributes: []Attribute{{Name: "labels", Type: String}}}}, `an option "labels", and that is the argument`},
		"taken by a loss":    {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedImages}, Schema: Schema{Attributes: []Attribute{{Name: "weight", Type: Number}}}}}}, `an option "weight", which every loss has`},
		"capability":         {Component{Kind: Reward, Name: "r", Capabilities: []Capability{"fly"}}, `unknown capability, "fly"`},
		"another's":          {Component{Kind: Reward, Name: "r", Capabilities: []Capability{Tune}}, `cannot have the capability "tune": it is for [sampler]`},
		"capability twice":   {Component{Kind: Reward, Name: "r", Capabilities: []Capability{Fit, Fit}}, `"fit" twice`},
		"schema":             {Component{Kind: Reward, Name: "r", Schema: broken}, "schema: attribute rank"},
		"losses untuned":     {Component{Kind: Sampler, Name: "s", Losses: []Loss{{Name: "l", Needs: []Need{NeedImages}}}}, "losses without"},
		"settings untuned":   {Component{Kind: Sampler, Name: "s", Tuning: settings}, "fine-tuning without"},
		"settings":           {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Tuning: broken}, "fine-tuning: attribute rank"},
		"loss twice":         {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedImages}}, {Name: "l", Needs: []Need{NeedImages}}}}, `the loss "l" twice`},
		"loss without name":  {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{}}}, "no name"},
		"loss's schema":      {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedImages}, Schema: broken}}}, `loss "l": attribute rank`},
		"loss's need":        {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{"luck"}}}}, `"luck" is not a need`},
		"never read":         {Component{Kind: Sampler, Name: "s", Schema: Schema{Attributes: []Attribute{{Name: "a", Type: Number, When: &When{"b", "x"}}, {Name: "b", Type: String, OneOf: []string{"y"}}}}}, `"x", which that is never`},
		"no images":          {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedReference}}}}, "where its images come from"},
		"images from two":    {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedScores, NeedPairs}}}}, "where its images come from"},
		"need twice":         {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedScores, NeedScores}}}}, `"scores" is declared twice`},
		"need that is not":   {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedRollouts}}}}, `"rollouts" is reserved`},
		"need that will be ": {Component{Kind: Sampler, Name: "s", Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Needs: []Need{NeedRewardGradient}}}}, `"reward_gradient" is reserved`},
	} {
		t.Run(name, func(t *testing.T) { hasMistake(t, test.component.Mistakes(), test.want) })
	}
}

// full has every property of every type.
func full() Component {
	low, high := 0.5, 8.0
	attribute := Attribute{Name: "a", Type: Number, Summary: "s", Default: json.RawMessage(`1`), Minimum: &low, Maximum: &high}
	path := Attribute{Name: "p", Type: String, When: &When{"o", "x"}, Required: true, OneOf: []string{"x"}, Path: true, Obtain: "o", Hub: []string{"config.json", "?merges.txt"}}
	other := Attribute{Name: "o", Type: String, OneOf: []string{"x"}}
	body := Schema{
		Attributes: []Attribute{attribute, path, other},
		Blocks:     []Block{{Type: "b", Labels: []string{"l"}, Summary: "s", Required: true, Body: Schema{Attributes: []Attribute{attribute}}}},
	}
	return Component{
		Kind: Sampler, Name: "n", Summary: "s", Schema: body, Reads: []Reading{ReadPixels}, Parts: []string{"p"}, Input: &Input{224, 336, Box, Squash}, Resizing: "r", PreferredBatch: 3, DeviceMemory: 5, NeedsDevice: true, CodeVersion: "4", Notice: "n",
		Capabilities: []Capability{Tune}, Losses: []Loss{{Name: "l", Summary: "s", Schema: body, Needs: []Need{NeedScores}}}, Tuning: body,
	}
}

func TestComponentJSON(t *testing.T) {
	want := full()
	filled(t, reflect.ValueOf(want), "Component")
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseComponent(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nread back is\n%+v\nwant\n%+v", text, got, want)
	}
}

// filled finds fields of a struct that stand at zero: a property that is new in
// the package and not in the test. One of two attributes may lack what the
// other has.
func filled(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[Schema]():
		seen := map[string]bool{}
		for _, a := range v.Interface().(Schema).Attributes {
			for i := range reflect.TypeFor[Attribute]().NumField() {
				if !reflect.ValueOf(a).Field(i).IsZero() {
					seen[reflect.TypeFor[Attribute]().Field(i).Name] = true
				}
			}
		}
		if name == "Component.Schema" && len(seen) != reflect.TypeFor[Attribute]().NumField() {
			t.Errorf("%s: the attributes have only %v", name, seen)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			field := name + "." + v.Type().Field(i).Name
			if v.Field(i).IsZero() {
				t.Errorf("%s is not in the test", field)
			}
			filled(t, v.Field(i), field)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			filled(t, v.Index(i), name)
		}
	}
}

// TestNullDefault: on the wire null is what some languages write for nothing.
func TestNullDefault(t *testing.T) {
	const attributes = `{"attributes":[{"name":"a","type":"number","default":null},{"name":"b","type":"string","required":true,"default": null }]}`
	got, err := ParseComponent([]byte(`{"kind":"reward","name":"r","schema":{"attributes":[{"name":"a","type":"bool","default":null}],"blocks":[{"type":"b","body":` + attributes + `}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(got.Schema.Attributes, got.Schema.Blocks[0].Body.Attributes...) {
		if a.Default != nil {
			t.Errorf("attribute %s has the default %q", a.Name, a.Default)
		}
	}
	hasMistake(t, got.Mistakes(), "")
}

func TestParseComponentRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":                {"", "EOF"},
		"no JSON":              {"{", "unexpected EOF"},
		"two":                  {`{"kind":"reward"} {}`, "more after"},
		"unknown property":     {`{"kind":"reward","colour":1}`, `unknown field "colour"`},
		"of an attribute":      {`{"schema":{"attributes":[{"name":"a","type":"bool","step":1}]}}`, `unknown field "step"`},
		"of a condition":       {`{"schema":{"attributes":[{"name":"a","type":"bool","when":{"not":"x"}}]}}`, `unknown field "not"`},
		"of a loss":            {`{"losses":[{"name":"l","wants":["scores"]}]}`, `unknown field "wants"`},
		"value of other types": {`{"needs_device":"yes"}`, "cannot unmarshal"},
	} {
		if _, err := ParseComponent([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
