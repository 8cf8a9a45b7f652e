package schema

// PromptFindings is what a component has to say of prompts before anything is
// computed (Component.Capabilities, CheckPrompts).
type PromptFindings struct {
	Faults []PromptFault
	// Vocabulary lists the words that the component knows, if it has such a list:
	// the host suggests one of them in place of an unknown one.
	Vocabulary []string
}

// PromptFault is something in a prompt that a component cannot make sense of.
type PromptFault struct {
	Prompt int // its position in the request, from 0
	// Excerpt is what is wrong, as it stands in the prompt's text, so that the host
	// finds the place where it is written; empty: the text as a whole.
	Excerpt string
	// Reason goes on in a sentence that begins with the component's name and has
	// neither a full stop nor a line break: `does not know the word "unicorn"`.
	Reason string
	// Warning says that the prompt can be used all the same.
	Warning bool
}

// Add takes the findings of further prompts in, whose positions count from first. A
// component's vocabulary is the same in all of them.
func (f *PromptFindings) Add(further PromptFindings, first int) {
	for _, fault := range further.Faults {
		fault.Prompt += first
		f.Faults = append(f.Faults, fault)
	}
	if len(f.Vocabulary) == 0 {
		f.Vocabulary = further.Vocabulary
	}
}
