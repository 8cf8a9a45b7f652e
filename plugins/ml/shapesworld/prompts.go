package shapesworld

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// CheckPrompts finds what the world of shapes cannot make sense of, for all of its
// components: words that it does not have, two values of one attribute, and prompts
// that ask for nothing, which every image would show.
func CheckPrompts(ctx context.Context, request sdk.CheckPromptsRequest) (sdk.PromptFindings, error) {
	findings := sdk.PromptFindings{Vocabulary: Vocabulary}
	for i, prompt := range request.Prompts {
		if i%1024 == 0 && ctx.Err() != nil {
			return sdk.PromptFindings{}, ctx.Err()
		}
		for _, fault := range faults(prompt.Text) {
			fault.Prompt = i
			findings.Faults = append(findings.Faults, fault)
		}
	}
	return findings, nil
}

// Refuse is the error of a component that is given a prompt which it cannot make sense
// of, such as the caption of an image in a folder, which nobody has checked before.
func Refuse(prompt string) error {
	found := faults(prompt)
	if len(found) == 0 {
		return nil
	}
	return sdk.Diagnostic{
		Severity: sdk.SeverityError,
		Summary:  fmt.Sprintf("The world of shapes %s", found[0].Reason),
		Detail:   fmt.Sprintf("The prompt is %q. Known words: %s.", prompt, strings.Join(Vocabulary, ", ")),
	}
}

// faults is what is wrong with one prompt.
func faults(prompt string) []sdk.PromptFault {
	var found []sdk.PromptFault
	var asked [len(kinds)]word // the first word that says what each is to be
	nothing := true
	for w := range split(prompt) {
		switch {
		case w.known():
			nothing = false
			kind, _ := kindOf(w.index)
			first := asked[kind]
			if first.text != "" && first.index != w.index {
				found = append(found, sdk.PromptFault{
					Excerpt: w.text,
					Reason:  fmt.Sprintf("has one %s in an image, and is asked for %q and %q", kinds[kind].name, first.text, w.text),
				})
			}
			asked[kind] = cmp.Or(first, w)
		case w.article():
			nothing = false // it counts
		case !w.filler():
			found = append(found, sdk.PromptFault{Excerpt: w.text, Reason: fmt.Sprintf("does not know the word %q", w.text)})
		}
	}
	if nothing && len(found) == 0 {
		found = append(found, sdk.PromptFault{Reason: "is asked for nothing that it could draw or look for"})
	}
	return found
}

// WarnOfUnknown tells of captions with words that the world does not have, and reports
// whether there are any. Captions of images that people bring along may say more than
// a model can learn; what they say of the world is still true.
func WarnOfUnknown(ctx context.Context, captions []string) bool {
	count, example := 0, ""
	for _, caption := range captions {
		if _, unknown := Words(caption); len(unknown) > 0 {
			if count++; example == "" {
				example = fmt.Sprintf("%q in %q", unknown[0], caption)
			}
		}
	}
	if count > 0 {
		sdk.Warn(ctx, fmt.Sprintf("Captions have words that the world of shapes does not know, such as %s. These words are passed over. Known words: %s.", example, strings.Join(Vocabulary, ", ")))
	}
	return count > 0
}
