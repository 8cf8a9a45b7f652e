package conformance

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Check is one thing that is held against a component.
type Check struct {
	Name string
	What string // what holds if it passes, in a few words

	described sdk.Description
	one       Case
	run       func(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error
}

// Outcome is what there is to say of a check that passed.
type Outcome struct {
	Notes    []string // measured, such as how many images a second
	Findings []string // what looks wrong and breaks no rule, such as a constant score
}

// Run makes the check. An error says what is wrong with the component.
func (k Check) Run(ctx context.Context, c Plugin) (Outcome, error) {
	request, err := openRequest(k.described, k.one)
	if err != nil {
		return Outcome{}, err
	}
	one := k.one.filled(k.described)
	err = k.run(ctx, c, request, one)
	if *one.apart > 0 {
		one.note("batches of other sizes differ by up to %.1g", *one.apart)
	}
	return *one.outcome, err
}

// Describe is what a plugin says of itself: always the same.
func Describe(ctx context.Context, c Plugin) (client.Description, error) {
	first, err := c.Describe(ctx)
	if err != nil {
		return first, fmt.Errorf("describe: %w", err)
	}
	second, err := c.Describe(ctx)
	if err != nil {
		return first, fmt.Errorf("describe again: %w", err)
	}
	if !reflect.DeepEqual(first, second) {
		return first, fmt.Errorf("Describe answers differently the second time:\n%+v\n%+v", first, second)
	}
	return first, nil
}

// Checks are what the contract asks of a component by its kind and capabilities.
func Checks(component sdk.Description, one Case) []Check {
	has := component.Has
	checks := []Check{{Name: "close", What: "a closed instance answers nothing", run: checkClose}}
	add := func(name, what string, run func(context.Context, Plugin, client.OpenRequest, Case) error) {
		checks = append(checks, Check{Name: name, What: what, run: run})
	}
	switch one.Kind {
	case sdk.KindSampler:
		add("sample", "a draw gives the same image in any order and batch", checkSample)
		add("cancel", "a cancelled call ends soon", checkCancelSample)
		if has(sdk.CapabilityPrecompute) {
			add("precompute", "the same images give the same bytes", checkPrecompute)
		}
		if has(sdk.CapabilityTune) && one.Tune != nil {
			add("tune", "the same job writes the same checkpoint", checkTune)
			if has(sdk.CapabilityTuneInParts) && one.Tune.Steps > 1 {
				add("tune_in_parts", "a job in two parts writes the same checkpoint as in one", checkTuneInParts)
			}
		}
	case sdk.KindReward:
		add("score", "an item's score is the same in any order and batch", checkScore)
		add("cancel", "a cancelled call ends soon", checkCancelItems)
	case sdk.KindRater:
		add("rate", "an item's labels are the same in any order and batch", checkRate)
		add("cancel", "a cancelled call ends soon", checkCancelItems)
		if has(sdk.CapabilityCompare) {
			add("compare", "choices are the same in any order, and no side is favoured", checkCompare)
		}
	case sdk.KindEncoder:
		add("encode", "a vector is the same in any order and batch", checkEncode)
		add("cancel", "a cancelled call ends soon", checkCancelItems)
	}
	if has(sdk.CapabilityCheckPrompts) {
		add("check_prompts", "prompts are checked each by itself", checkPrompts)
	}
	if has(sdk.CapabilityFit) && one.Fit != nil {
		add("fit", "the same labels and seed give the same checkpoint", checkFit)
		if has(sdk.CapabilityFitTexts) {
			add("fit_texts", "a fit always lists the same texts", checkFitTexts)
		}
	}
	return about(checks, component, one)
}

// about is checks of a component.
func about(checks []Check, component sdk.Description, one Case) []Check {
	checks = slices.Clone(checks)
	for i := range checks {
		checks[i].described, checks[i].one = component, one
	}
	return checks
}
