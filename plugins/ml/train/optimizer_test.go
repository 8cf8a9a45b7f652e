package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestRate(t *testing.T) {
	constant := Optimizer{LearningRate: 2, WarmupSteps: 4, Schedule: "constant"}
	cosine := constant
	cosine.Schedule = "cosine"
	atOnce := cosine
	atOnce.WarmupSteps = 0
	for _, test := range []struct {
		o           Optimizer
		step, steps int
		want        float64
	}{
		{constant, 0, 12, 0.5}, {constant, 1, 12, 1}, {constant, 3, 12, 2}, {constant, 4, 12, 2}, {constant, 11, 12, 2},
		{cosine, 0, 12, 0.5}, {cosine, 3, 12, 2}, {cosine, 4, 12, 2}, {cosine, 8, 12, 1},
		{cosine, 11, 12, 1 + math.Cos(math.Pi*7/8)}, {cosine, 12, 12, 0},
		{atOnce, 0, 12, 2}, {atOnce, 6, 12, 1},
		{cosine, 3, 4, 2}, // nothing but warm-up
	} {
		if got := test.o.Rate(test.step, test.steps); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s, warm-up %d, step %d of %d: %v, want %v", test.o.Schedule, test.o.WarmupSteps, test.step, test.steps, got, test.want)
		}
	}
}

func TestReadOptimizer(t *testing.T) {
	want := Optimizer{LearningRate: 2e-4, WarmupSteps: 20, Schedule: "cosine", WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, GradientClipNorm: 1, EMADecay: 0.5}
	got, err := ReadOptimizer(json.RawMessage(`{"beta1":0.9,"beta2":0.999,"ema_decay":0.5,"epsilon":1e-8,"gradient_clip_norm":1,"learning_rate":2e-4,"schedule":"cosine","warmup_steps":20,"weight_decay":0.01}`))
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = ReadOptimizer(want.JSON()); err != nil || got != want {
		t.Errorf("written and read: %+v, %v", got, err)
	}
	for text, want := range map[string]string{"": "EOF", `{"momentum":0.9}`: `unknown field "momentum"`, `{"beta1":"much"}`: "beta1", `{"beta1":0.9} {}`: "more after"} {
		if _, err := ReadOptimizer(json.RawMessage(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
