package shapesworld

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

func TestCheckPrompts(t *testing.T) {
	unknown := func(word string) sdk.PromptFault {
		return sdk.PromptFault{Excerpt: word, Reason: `does not know the word "` + word + `"`}
	}
	for _, test := range []struct {
		prompt string
		want   []sdk.PromptFault
	}{
		{"a red ring", nil},
		{"Two BLUE moons, at night.", nil},
		{"three crosses on the sand", nil},
		{"a", nil}, // one of anything
		{"one one ring", nil},
		{"a red unicorn", []sdk.PromptFault{unknown("unicorn")}},
		{"Four Rings of Gold!", []sdk.PromptFault{unknown("Four"), unknown("of"), unknown("Gold")}},
		{"", []sdk.PromptFault{{Reason: "is asked for nothing that it could draw or look for"}}},
		{"in the", []sdk.PromptFault{{Reason: "is asked for nothing that it could draw or look for"}}},
		{"a red Blue ring", []sdk.PromptFault{{Excerpt: "Blue", Reason: `has one color in an image, and is asked for "red" and "Blue"`}}},
		{"a ring and a moon", []sdk.PromptFault{unknown("and"), {Excerpt: "moon", Reason: `has one object in an image, and is asked for "ring" and "moon"`}}},
	} {
		found, err := CheckPrompts(t.Context(), sdk.CheckPromptsRequest{Prompts: []sdk.Prompt{{Text: test.prompt}}})
		if err != nil || !reflect.DeepEqual(found.Faults, test.want) {
			t.Errorf("%q: got %+v, %v, want %+v", test.prompt, found.Faults, err, test.want)
		}
		if err := Refuse(test.prompt); (err != nil) != (len(test.want) > 0) {
			t.Errorf("%q: refused with %v", test.prompt, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CheckPrompts(ctx, sdk.CheckPromptsRequest{Prompts: []sdk.Prompt{{Text: "a ring"}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after a cancel: %v", err)
	}
}

// TestWarnOfUnknown: captions from elsewhere are learnt from, and it is said.
func TestWarnOfUnknown(t *testing.T) {
	var said []string
	ctx := sdk.WithWarnings(t.Context(), func(text string) { said = append(said, text) })
	if WarnOfUnknown(ctx, []string{"a red ring"}) || len(said) > 0 {
		t.Errorf("of known words: %q", said)
	}
	if !WarnOfUnknown(ctx, []string{"a red ring", "a photo of a ring"}) || len(said) != 1 {
		t.Errorf("of unknown words: %q", said)
	}
}
