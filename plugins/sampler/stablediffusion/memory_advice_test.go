package stablediffusion

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// written are the options that an advice names: each must be one that its block
// has, and what is written must begin with it.
func written(t *testing.T, advice []sdk.Advice) string {
	t.Helper()
	known := map[string]map[string]bool{"sampler": {}, "finetune": {}}
	for block, schema := range map[string]sdk.Schema{"sampler": Component().Schema, "finetune": Component().Tuning} {
		for _, a := range schema.Attributes {
			known[block][a.Name] = true
		}
		for _, b := range schema.Blocks {
			known[block][b.Type] = true
		}
	}
	var arguments map[string]any // of every finetune block
	text, err := json.Marshal(train.Optimizer{})
	if err == nil {
		err = json.Unmarshal(text, &arguments)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name := range arguments {
		known["finetune"][name] = true
	}
	var all []string
	for _, s := range advice {
		if !known[s.Block][s.Option] || !strings.HasPrefix(s.Write, s.Option) || s.Now == "" {
			t.Errorf("advice %+v", s)
		}
		all = append(all, s.Write)
	}
	return strings.Join(all, "; ")
}

// TestMemoryAdvice: only what can still be changed is advised, with what it is now.
func TestMemoryAdvice(t *testing.T) {
	s, err := openWith(t, map[string]any{"batch_size": 4, "height": 256, "width": 64})
	if err != nil {
		t.Fatal(err)
	}
	tune := func(options string, ema float64, images int) *sdk.TuneRequest {
		return &sdk.TuneRequest{Options: []byte(options), Losses: make([]sdk.TuneLoss, 2), BatchSize: images, Optimizer: train.Optimizer{EMADecay: ema}.JSON()}
	}
	pairs := func(options string, images int) *sdk.TuneRequest {
		request := tune(options, 0, images)
		request.Losses[1].Name = "diffusion_dpo"
		return request
	}
	for _, test := range []struct {
		call sdk.Call
		tune *sdk.TuneRequest
		want string
	}{
		{sdk.CallSample, nil, `batch_size = 2; precision = "bfloat16"; height = 128`},
		{sdk.CallPrecompute, nil, `height = 128`},
		{sdk.CallTune, tune(`{}`, 0.999, 8), `micro_batch_size = 8; gradient_checkpointing = true; precision = "bfloat16"; ema_decay = 0; lora {}; height = 128`},
		{sdk.CallTune, tune(`{"micro_batch_size":1,"gradient_checkpointing":true,"precision":"bfloat16","lora":{"rank":4}}`, 0, 8), `height = 128`},
		{sdk.CallTune, tune(`{"micro_batch_size":6,"precision":"bfloat16"}`, 0, 8), `micro_batch_size = 3; gradient_checkpointing = true; lora {}; height = 128`},
		{sdk.CallTune, tune(`{"micro_batch_size":64,"gradient_checkpointing":true,"lora":{"rank":4}}`, 0, 1), `micro_batch_size = 1; precision = "bfloat16"; height = 128`},
		{sdk.CallTune, pairs(`{"micro_batch_size":6,"precision":"bfloat16"}`, 8), `micro_batch_size = 2; gradient_checkpointing = true; lora {}; height = 128`},
		{sdk.CallTune, pairs(`{"micro_batch_size":2,"precision":"bfloat16"}`, 8), `gradient_checkpointing = true; lora {}; height = 128`},
	} {
		if got := written(t, s.MemoryAdvice(test.call, test.tune)); got != test.want {
			t.Errorf("%s %+v: %s\nwant %s", test.call, test.tune, got, test.want)
		}
	}
	if now := s.MemoryAdvice(sdk.CallTune, tune(`{}`, 0, 8))[0].Now; now != "all 16 images of a step at once" {
		t.Errorf("without micro_batch_size it is now %q", now)
	}
}
