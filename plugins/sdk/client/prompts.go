package client

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

const (
	// promptsPerCall bounds the request's size, which is one message.
	promptsPerCall = 1 << 14
	// faultsPerPrompt bounds what a plugin may have against one prompt on average.
	faultsPerPrompt = 64
)

// CheckPromptsRequest says which component is to check what.
type CheckPromptsRequest struct {
	Kind      string // as in OpenRequest
	Component string
	Name      string // as the experiment calls it, for messages

	sdk.CheckPromptsRequest
}

// CheckPrompts asks a component that has the capability what it cannot make sense
// of. No instance is opened. Faults are in the order in which the component reports
// them.
func (c *Client) CheckPrompts(ctx context.Context, r CheckPromptsRequest) (sdk.PromptFindings, error) {
	var all sdk.PromptFindings
	for start := 0; start < len(r.Prompts); start += promptsPerCall {
		part := r
		part.Prompts = r.Prompts[start:min(start+promptsPerCall, len(r.Prompts))]
		found, err := c.checkPrompts(ctx, part)
		if err != nil {
			return sdk.PromptFindings{}, c.explain(ctx, Call{Kind: r.Kind, Name: r.Name, Method: "CheckPrompts"}, err)
		}
		all.Add(found, start)
	}
	return all, nil
}

func (c *Client) checkPrompts(ctx context.Context, r CheckPromptsRequest) (found sdk.PromptFindings, err error) {
	err = receive(ctx, c.options.answering(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.CheckPromptsResponse], error) {
			return pb.NewPluginClient(c.connection).CheckPrompts(ctx, checkPromptsToProto(r))
		},
		(*pb.CheckPromptsResponse).GetSignal,
		func(answer *pb.CheckPromptsResponse) error {
			if answer.GetFindings() == nil {
				return nothing()
			}
			for _, one := range answer.GetFindings().GetFaults() {
				fault, err := faultFromProto(one, r.Prompts)
				if err != nil {
					return err
				}
				found.Faults = append(found.Faults, fault)
			}
			if len(found.Faults) > faultsPerPrompt*len(r.Prompts) {
				return violation("has more than %d faults to report of %d prompts", faultsPerPrompt*len(r.Prompts), len(r.Prompts))
			}
			found.Vocabulary = append(found.Vocabulary, answer.GetFindings().GetVocabulary()...)
			return nil
		})
	return found, err
}

// faultFromProto holds a fault against the prompts that were asked about.
func faultFromProto(f *pb.PromptFault, prompts []sdk.Prompt) (sdk.PromptFault, error) {
	if f.GetPosition() >= uint64(len(prompts)) {
		return sdk.PromptFault{}, &Unasked{Position: f.GetPosition(), Expected: len(prompts)}
	}
	prompt := Asked{What: "prompt", ID: prompts[f.GetPosition()].Text}
	reason := strings.TrimSpace(f.GetReason())
	switch {
	case reason == "":
		return sdk.PromptFault{}, violation("refuses the %s without a reason", prompt)
	case !strings.Contains(prompt.ID, f.GetExcerpt()):
		return sdk.PromptFault{}, violation("refuses %q of the %s, which does not hold it", f.GetExcerpt(), prompt)
	}
	return sdk.PromptFault{
		Prompt: int(f.GetPosition()), Excerpt: f.GetExcerpt(), Reason: reason,
		Warning: f.GetSeverity() == pb.Diagnostic_SEVERITY_WARNING,
	}, nil
}
