package session

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// checkPrompts asks a component about the prompts that it would get: a built-in one
// in this process, others through their plugin, which has been asked what it provides
// and still runs. The variants of an ablation ask once for what they share.
func (s *Session) checkPrompts(ctx context.Context, c *spec.Component, prompts []spec.Prompt) (sdk.PromptFindings, error) {
	asked := make([]sdk.Prompt, len(prompts))
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %q %q %s\n", c.Kind, c.Provided(), c.Name, c.Config)
	to := json.NewEncoder(digest)
	for i, prompt := range prompts {
		asked[i] = sdk.Prompt{Text: prompt.Text, Category: prompt.Category, Slots: prompt.Slots}
		if err := to.Encode(asked[i]); err != nil {
			return sdk.PromptFindings{}, err
		}
	}
	key := string(digest.Sum(nil))
	if found, ok := s.checked[key]; ok {
		return found, nil
	}
	found, err := s.askAbout(ctx, c, asked)
	if err != nil {
		return sdk.PromptFindings{}, err
	}
	if s.checked == nil {
		s.checked = map[string]sdk.PromptFindings{}
	}
	s.checked[key] = found
	return found, nil
}

func (s *Session) askAbout(ctx context.Context, c *spec.Component, prompts []sdk.Prompt) (sdk.PromptFindings, error) {
	request := sdk.CheckPromptsRequest{Config: c.Config, Prompts: prompts}
	if builtin := s.builtin(c.Kind, c.Provided()); builtin.CheckPrompts != nil {
		return builtin.CheckPrompts(ctx, request)
	}
	return s.Host.CheckPrompts(ctx, c.Kind, c.Provided(), c.Name, request)
}

// builtin finds a component that comes with the program; the zero Component if there
// is none.
func (s *Session) builtin(kind, name string) sdk.Component {
	for _, c := range s.options.Builtin {
		if string(c.Kind) == kind && c.Name == name {
			return c
		}
	}
	return sdk.Component{}
}
