package sdk

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

type shared struct {
	Steps int `json:"steps" plumb:"min=1" help:"Steps."`
}

type settings struct {
	Scale   float64   `json:"scale" plumb:"min=0,max=1e3" help:"A factor."`
	Solver  string    `json:"solver" plumb:"one_of=ddim|euler"`
	Center  bool      `json:"center,omitempty"`
	Layers  []float64 `json:"layers"`
	Sizes   []int     `json:"sizes"`
	Words   []string  `json:"words" plumb:"required"`
	Weights string    `json:"weights" plumb:"path,optional"`
	shared
}

func TestSettings(t *testing.T) {
	got := Settings(settings{Scale: 0.5, Solver: "ddim", Layers: []float64{64, 32}, Sizes: []int{8}, shared: shared{Steps: 1500}})
	want := Schema{Attributes: []Attribute{
		{Name: "scale", Type: TypeNumber, Default: json.RawMessage("0.5"), Minimum: Bound(0), Maximum: Bound(1000), Summary: "A factor."},
		{Name: "solver", Type: TypeString, Default: json.RawMessage(`"ddim"`), OneOf: []string{"ddim", "euler"}},
		{Name: "center", Type: TypeBool, Default: json.RawMessage("false")},
		{Name: "layers", Type: TypeNumberList, Default: json.RawMessage("[64,32]")},
		{Name: "sizes", Type: TypeIntegerList, Default: json.RawMessage("[8]")},
		{Name: "words", Type: TypeStringList, Required: true},
		{Name: "weights", Type: TypeString, Path: true},
		{Name: "steps", Type: TypeInteger, Default: json.RawMessage("1500"), Minimum: Bound(1), Summary: "Steps."},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if mistakes := got.Mistakes(); len(mistakes) > 0 {
		t.Error(mistakes)
	}
	changed := got.Change("solver", func(a *Attribute) { a.OneOf = []string{"ddim", "heun"} })
	if solver, _ := changed.Attribute("solver"); solver.OneOf[1] != "heun" {
		t.Errorf("changed to %+v", solver)
	}
	if solver, _ := got.Attribute("solver"); solver.OneOf[1] != "euler" {
		t.Error("a change shows in the schema that it was made from")
	}
	if mistakes := got.Change("slover", func(*Attribute) {}).Mistakes(); len(mistakes) != 1 || !strings.Contains(mistakes[0], "slover") {
		t.Errorf("a change of what is not there gives %q", mistakes)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for want, schema := range map[string]Schema{
		`"chan int of field Wire" is not a type`: Settings(struct{ Wire chan int }{}),
		`"number with the tag mni=3" is not`: Settings(struct {
			A float64 `json:"a" plumb:"mni=3"`
		}{}),
		`"integer with the tag min=little" is not`: Settings(struct {
			A int `json:"a" plumb:"max=3,min=little"`
		}{}),
		"no name": Settings(struct{ A int }{}),
		"below 1": Settings(shared{}),
	} {
		if got := strings.Join(schema.Mistakes(), "\n"); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	got, err := Decode[settings](json.RawMessage(`{"scale":2,"weights":null,"steps":7}`))
	if err != nil || got.Scale != 2 || got.Weights != "" || got.Steps != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
	for text, want := range map[string]string{`{"scael":2}`: `read configuration: json: unknown field "scael"`, `{"scale":"x"}`: "scale", `{"scale":2}{}`: "more after", "": "read configuration"} {
		if _, err := Decode[settings](json.RawMessage(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
