package conformance

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// checkPrompts: what the component says of a prompt depends on it alone, it has nothing
// against the prompts that the other checks ask about, and it refuses nonsense.
func checkPrompts(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	ask := func(prompts []sdk.Prompt) (sdk.PromptFindings, error) {
		return c.CheckPrompts(ctx, client.CheckPromptsRequest{
			Kind: r.Kind, Component: r.Component, CheckPromptsRequest: sdk.CheckPromptsRequest{Config: r.Config, Prompts: prompts},
		})
	}
	prompts := slices.Concat(one.Prompts, one.Nonsense)
	var vocabulary []string
	err := sameInAllViews(len(prompts), func(questions []int) ([][]sdk.PromptFault, error) {
		found, err := ask(pick(prompts, questions))
		if err != nil {
			return nil, err
		}
		if vocabulary == nil {
			vocabulary = found.Vocabulary
		} else if !slices.Equal(vocabulary, found.Vocabulary) {
			return nil, fmt.Errorf("the vocabulary changes from %q to %q", vocabulary, found.Vocabulary)
		}
		byPrompt := make([][]sdk.PromptFault, len(questions))
		for _, fault := range found.Faults {
			at := fault.Prompt
			fault.Prompt = 0
			byPrompt[at] = append(byPrompt[at], fault)
		}
		return byPrompt, nil
	}, func(a, b []sdk.PromptFault, _ bool) string {
		sort := func(a, b sdk.PromptFault) int {
			return cmp.Or(cmp.Compare(a.Excerpt, b.Excerpt), cmp.Compare(a.Reason, b.Reason))
		}
		slices.SortFunc(a, sort)
		slices.SortFunc(b, sort)
		if !reflect.DeepEqual(a, b) {
			return fmt.Sprintf("faults %+v and %+v", a, b)
		}
		return ""
	})
	if err != nil {
		return err
	}
	found, err := ask(one.Prompts)
	if err != nil {
		return err
	}
	for _, fault := range found.Faults {
		if !fault.Warning {
			return fmt.Errorf("the prompt %q is refused (%s), and the other checks ask about it: give the case Prompts that the component knows", one.Prompts[fault.Prompt].Text, fault.Reason)
		}
	}
	for _, prompt := range one.Nonsense {
		found, err := ask([]sdk.Prompt{prompt})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(found.Faults, func(fault sdk.PromptFault) bool { return !fault.Warning }) {
			return fmt.Errorf("the prompt %q passes", prompt.Text)
		}
	}
	return nil
}
