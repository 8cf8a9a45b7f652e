package lora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// peftConfig is what of PEFT's LoraConfig says how adapters are applied.
type peftConfig struct {
	Type      string          `json:"peft_type"`
	Rank      int             `json:"r"`
	Alpha     *float64        `json:"lora_alpha"`
	Targets   json.RawMessage `json:"target_modules"` // a list of ends, or one pattern
	Alphas    json.RawMessage `json:"alpha_pattern"`  // alpha by a pattern of layers; the first that fits counts
	Stable    bool            `json:"use_rslora"`     // alpha / sqrt(rank) (Kalajdzievski 2023)
	DoRA      bool            `json:"use_dora"`
	Biased    bool            `json:"lora_bias"`
	Bias      string          `json:"bias"`
	Turned    bool            `json:"fan_in_fan_out"`
	Saved     json.RawMessage `json:"modules_to_save"`
	Copied    json.RawMessage `json:"layer_replication"`
	Activated json.RawMessage `json:"alora_invocation_tokens"`
	Begins    json.RawMessage `json:"init_lora_weights"`
	Quantized bool            `json:"use_qalora"`
	Parts     json.RawMessage `json:"target_parameters"`

	alphas []pattern
}

// pattern is an alpha of the layers that it fits.
type pattern struct {
	layers *regexp.Regexp
	alpha  float64
}

// changesBase are ways in which PEFT begins adapters that change the network's own
// weights as well, so that the adapters are nothing without these.
var changesBase = []string{"pissa", "olora", "corda", "loftq"}

// readPEFT reads settings whose keys may have a prefix, the network's name and a dot.
func readPEFT(text []byte, prefix string) (peftConfig, error) {
	var c peftConfig
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return c, err
	}
	own := map[string]json.RawMessage{}
	for key, value := range entries {
		if key, ok := strings.CutPrefix(key, prefix); ok {
			own[key] = value
		}
	}
	text, err := json.Marshal(own)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil {
		c.alphas, err = patterns(c.Alphas)
	}
	if err != nil {
		return c, err
	}
	return c, c.check()
}

// check refuses what is not built here.
func (c peftConfig) check() error {
	var wrong []error
	refuse := func(key string, it bool) {
		if it {
			wrong = append(wrong, fmt.Errorf("%q is set in its settings, which is not supported", key))
		}
	}
	something := func(raw json.RawMessage) bool {
		return len(raw) > 0 && !slices.Contains([]string{"null", "[]", "{}", "false"}, string(raw))
	}
	if c.Type != "" && c.Type != "LORA" {
		wrong = append(wrong, fmt.Errorf("its peft_type is %q; only LORA is read", c.Type))
	}
	refuse("use_dora", c.DoRA)
	refuse("lora_bias", c.Biased)
	refuse("bias", c.Bias != "" && c.Bias != "none")
	refuse("fan_in_fan_out", c.Turned)
	refuse("modules_to_save", something(c.Saved))
	refuse("layer_replication", something(c.Copied))
	refuse("alora_invocation_tokens", something(c.Activated))
	refuse("use_qalora", c.Quantized)
	refuse("target_parameters", something(c.Parts))
	var begins string
	if json.Unmarshal(c.Begins, &begins) == nil {
		for _, method := range changesBase {
			refuse("init_lora_weights "+method, strings.HasPrefix(begins, method))
		}
	}
	if c.Alpha != nil && !(*c.Alpha > 0 && !math.IsInf(*c.Alpha, 0)) {
		wrong = append(wrong, fmt.Errorf("its lora_alpha is %v, and has to be positive", *c.Alpha))
	}
	return errors.Join(wrong...)
}

// patterns reads an object of alphas by pattern, in its order.
func patterns(raw json.RawMessage) ([]pattern, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("alpha_pattern is no object")
	}
	var all []pattern
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var alpha float64
		if err := decoder.Decode(&alpha); err != nil || !(alpha > 0) {
			return nil, fmt.Errorf("alpha_pattern has no positive number for %q", token)
		}
		// As PEFT's get_pattern_key.
		layers, err := regexp.Compile(`^(?:.*\.)?(?:` + token.(string) + `)$`)
		if err != nil {
			return nil, fmt.Errorf("alpha_pattern has the pattern %q, which is not supported", token)
		}
		all = append(all, pattern{layers, alpha})
	}
	return all, nil
}

// scale is what the output of a layer's adapter of a rank is multiplied by. Without
// settings, alpha is the rank.
func (c peftConfig) scale(layer string, rank int) float64 {
	alpha := float64(rank)
	if c.Alpha != nil {
		alpha = *c.Alpha
	}
	for _, p := range c.alphas {
		if p.layers.MatchString(layer) {
			alpha = p.alpha
			break
		}
	}
	if c.Stable {
		return alpha / math.Sqrt(float64(rank))
	}
	return alpha / float64(rank)
}

// targets are the ends of layers that have adapters.
func (c peftConfig) targets(adapters map[string]found) []string {
	var ends []string
	if json.Unmarshal(c.Targets, &ends) == nil && len(ends) > 0 {
		return ends
	}
	return slices.Sorted(maps.Keys(adapters))
}

// unreadable is a file of adapters that cannot be read.
func unreadable(path string, err error) error {
	var known sdk.Diagnostics
	if errors.As(err, &known) {
		for i := range known {
			known[i].Detail = path + ": " + known[i].Detail
		}
		return known
	}
	return sdk.Diagnostic{Summary: "Adapters that cannot be read", Detail: path + ": " + err.Error() + "."}
}
