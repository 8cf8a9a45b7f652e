package main

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// TestModelsOfTheHub: a setting names one where its option takes one, and is plain text
// where the option is no path.
func TestModelsOfTheHub(t *testing.T) {
	set := optionSettings{"--set", []string{"weights=hf://a/b", "text=hf://a/b"}, func(name string, files []string) (string, error) {
		return "/cache/" + name[len("hf://"):] + "/" + files[0], nil
	}}
	component := schema.Component{Kind: schema.Reward, Name: "r", Schema: schema.Schema{Attributes: []schema.Attribute{
		{Name: "weights", Type: schema.String, Path: true, Hub: []string{"config.json"}},
		{Name: "text", Type: schema.String},
	}}}
	config, err := set.configure(component)
	if want := `{"text":"hf://a/b","weights":"/cache/a/b/config.json"}`; err != nil || string(config) != want {
		t.Errorf("%s, %v; want %s", config, err, want)
	}
	component.Schema.Attributes[0].Hub = nil
	_, err = set.configure(component)
	if want := `reward "r": --set weights=hf://a/b: does not take a model of Hugging Face's hub: give a file or directory`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}
