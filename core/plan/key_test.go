package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

var here = Environment{Backend: "go", Device: "cpu", DType: "float32", Libraries: map[string]string{"gomlx": "v1"}}

func keyOf(n *Node, environment Environment) string {
	parts, _ := KeyParts(n, environment, func(input Input) (string, bool) { return "digest of " + input.Node.Name, true })
	return record.KeyOf(parts)
}

func TestKeySaysAllThatAResultDependsOn(t *testing.T) {
	p := build(t, Source{Spec: experiment(1)})
	reference := keyOf(node(t, p, "score/labelled/with_aux"), here)
	changed := map[string]func() string{
		"configuration": func() string {
			s := experiment(1)
			s.Rewards[1].Config = json.RawMessage(`{"weight":0.25}`)
			return keyOf(node(t, build(t, Source{Spec: s}), "score/labelled/with_aux"), here)
		},
		"code of the component": func() string {
			other, err := Build([]Source{{Spec: experiment(1)}}, everyone{"2"})
			if err != nil {
				t.Fatal(err)
			}
			return keyOf(node(t, other, "score/labelled/with_aux"), here)
		},
		"setting of the component's own fine-tuning": func() string {
			s := experiment(1)
			s.Finetunes[0].Options, s.Finetunes[0].Paths = json.RawMessage(`{"start":"/a"}`), []string{"/a"}
			s.Digests["/a"] = "d1g357"
			tune := node(t, build(t, Source{Spec: s}), "tune/full")
			parts, _ := KeyParts(tune, here, func(Input) (string, bool) { return "", true })
			if config := parts[1].Value; !strings.Contains(config, `"options":{"start":"sha256:d1g357"}`) {
				t.Errorf("the settings stand in the key as %s", config)
			}
			if work := tune.Work.(*TuneWork); string(work.Options) != `{"start":"/a"}` {
				t.Errorf("the component is told %s", work.Options)
			}
			plain, _ := KeyParts(node(t, p, "tune/full"), here, func(Input) (string, bool) { return "", true })
			if record.KeyOf(parts) == record.KeyOf(plain) {
				t.Error("settings are not in the key")
			}
			if config := plain[1].Value; !strings.Contains(config, `"optimizer":{"learning_rate":0.1},"steps":40}`) { // the last there is
				t.Errorf("without settings the key has %s", config)
			}
			return keyOf(tune, here)
		},
		"size of images": func() string {
			n := *node(t, p, "score/labelled/with_aux")
			instance := *n.Instance
			instance.Identity.Input = &schema.Input{Width: 224, Height: 224, Filter: schema.Bicubic, Aspect: schema.Crop}
			n.Instance = &instance
			return keyOf(&n, here)
		},
		"compiler": func() string {
			other := here
			other.Compiler = "PJRT 0.81, sha256 aa"
			return keyOf(node(t, p, "score/labelled/with_aux"), other)
		},
		"input": func() string {
			parts, _ := KeyParts(node(t, p, "score/labelled/with_aux"), here, func(Input) (string, bool) { return "other", true })
			return record.KeyOf(parts)
		},
		"backend": func() string {
			there := here
			there.Backend = "xla:cuda"
			return keyOf(node(t, p, "score/labelled/with_aux"), there)
		},
		"library": func() string {
			there := here
			there.Libraries = map[string]string{"gomlx": "v2"}
			return keyOf(node(t, p, "score/labelled/with_aux"), there)
		},
	}
	for what, key := range changed {
		if key() == reference {
			t.Errorf("another %s has the same key", what)
		}
	}
	// The features' digests stand for the encoder, whose own stages its settings are in.
	s := experiment(1)
	s.Encoders[0].Config = json.RawMessage(`{"width":1}`)
	for name, same := range map[string]bool{"score/labelled/with_aux": true, "fit/with_aux": true, "encode/labelled/clip": false, "encode/texts/with_aux/clip": false} {
		if (keyOf(node(t, build(t, Source{Spec: s}), name), here) == keyOf(node(t, p, name), here)) != same {
			t.Errorf("%s: the encoder's settings are in the key, or not in it: %v", name, same)
		}
	}
	measure := node(t, p, "measure/main/alignment/full")
	there := here
	there.Backend = "xla:cuda"
	if keyOf(measure, here) != keyOf(measure, there) {
		t.Error("what Plumb computes by itself depends on the backend")
	}
}

func TestKeyHasDigestsInThePlaceOfPaths(t *testing.T) {
	with := func(path, digest string) string {
		s := experiment(1)
		config, err := json.Marshal(map[string]string{"weights": path})
		if err != nil {
			t.Fatal(err)
		}
		s.Samplers[0].Config = config
		s.Samplers[0].Paths = []string{path}
		s.Digests[path] = digest
		*s.Images[2] = spec.Images{Name: "real", Folder: &imagefolder.Folder{Path: path}, Inventory: imagefolder.Inventory{Images: 3, Digest: digest}}
		p := build(t, Source{Spec: s})
		for _, n := range []*Node{node(t, p, "sample/labelled"), node(t, p, "import/real")} {
			parts, _ := KeyParts(n, here, func(Input) (string, bool) { return "", true })
			for _, part := range parts {
				if strings.Contains(part.Value, path) {
					t.Errorf("%s: the path is in the key: %s", n.Name, part.Value)
				}
			}
		}
		if config := node(t, p, "sample/labelled").Instance.Config; !strings.Contains(string(config), path) {
			t.Errorf("the component does not get its path: %s", config)
		}
		return keyOf(node(t, p, "sample/labelled"), here) + keyOf(node(t, p, "import/real"), here)
	}
	if with("/a/weights", "11") != with("/b/weights", "11") {
		t.Error("the same content at another path has another key")
	}
	if with("/a/weights", "11") == with("/a/weights", "22") {
		t.Error("other content at the same path has the same key")
	}
}

func TestKeyIsUnknownWhileAnInputIs(t *testing.T) {
	p := build(t, Source{Spec: experiment(1)})
	if _, known := KeyParts(node(t, p, "rate/human"), here, func(Input) (string, bool) { return "", false }); known {
		t.Error("a key without its inputs")
	}
}

func TestCanonical(t *testing.T) {
	for _, value := range []any{
		&SampleWork{PerPrompt: 2, Prompts: []spec.Prompt{{Text: "a <b> & \"c\", {d: [e]}", Slots: map[string]string{"x": "1", "a\"": "}"}}}},
		struct {
			B int    `json:"b"`
			A string `json:"a"`
		}{1, "{\"b\": 1, \"a\": 2}"},
		map[string]any{"a": []any{map[string]any{"c": 1.50, "b": nil}, 1e300, "\\"}, "Z": json.RawMessage(`{ "y": 1, "x": 12345678901234567890 }`), "é\n": true},
		[]any{}, nil, "text", struct{}{},
	} {
		got, err := canonical(value)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		want, err := canonicalJSON(encoded, nil)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("canonical JSON of %s is %s", want, got)
		}
	}
}

func TestSorted(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":{"b":1,"c":"\"d"},"b":[{"z":1},{"a":2}]}`: true,
		`{"b":1,"a":2}`:                   false,
		`[{"a":1,"a":2}]`:                 false,
		`{"a":[1,{"c":1,"b":2}]}`:         false,
		`{"a":{"x":1},"A":2}`:             false,
		`{"a":"b","c":"a","d":["c","b"]}`: true,
		`{"":1,"a":2}`:                    true,
		`{"a\n":1}`:                       false, // it may be: escapes are not compared
		`3`:                               true,
	} {
		if got := sorted([]byte(text)); got != want {
			t.Errorf("sorted(%s) = %v", text, got)
		}
	}
	// What there may be hundreds of thousands of stands in order.
	work, err := json.Marshal(&SampleWork{PerPrompt: 1, Prompts: []spec.Prompt{{Text: "t", Category: "c", Split: "s", Slots: map[string]string{"s": "w"}}}})
	if err != nil || !sorted(work) {
		t.Errorf("%s is not in order, %v", work, err)
	}
}

// What a third party's plugin gets of the environment is in the key, a variable a line.
func TestPluginVariables(t *testing.T) {
	of := spec.Identity{Plugin: "redness", SHA256: "00", Variables: map[string]string{"MODE": "sha256 01", "GONE": "not set"}}
	var got []string
	for _, part := range pluginParts(of) {
		got = append(got, part.Name+" = "+part.Value)
	}
	want := "plugin = sha256 00; plugin variable GONE = not set; plugin variable MODE = sha256 01"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
}
