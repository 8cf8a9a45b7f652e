package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// idDigits is how many hex digits of its digest a run is known by.
const idDigits = 8

// identify says what a run of the session computes: its ID, its basis, and how it
// differs from other runs of its name. What computes is part of it; a file's path,
// comments and descriptions are not.
func (s *Session) identify(run *record.Run) error {
	type variant struct {
		Name string          `json:"name"`
		Spec json.RawMessage `json:"spec"`
	}
	identity := struct {
		Name, Baseline  string
		Ablation        bool
		Measure         []string
		Backend, Device string
		Variants        []variant
	}{Name: s.Name, Baseline: s.Baseline, Ablation: s.Ablation, Backend: s.Environment.Backend, Device: s.Environment.Device}
	digest := func(specOf func(*spec.Spec) *spec.Spec) (string, error) {
		identity.Variants = nil
		for _, source := range s.Variants {
			identity.Measure = source.Measure // of an ablation, and so of all
			document, err := specOf(source.Spec).Canonical()
			if err != nil {
				return "", fmt.Errorf("the configuration of %s: %w", s.File, err)
			}
			identity.Variants = append(identity.Variants, variant{source.Name, document})
		}
		text, err := json.Marshal(identity)
		if err != nil {
			return "", fmt.Errorf("the identity of a run of %s: %w", s.File, err)
		}
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:]), nil
	}
	whole, err := digest(s.resolved)
	if err != nil {
		return err
	}
	run.ID = whole[:idDigits]
	if run.Basis, err = digest(func(one *spec.Spec) *spec.Spec { return withoutAnswers(s.resolved(one)) }); err != nil {
		return err
	}
	return s.describeSettings(run)
}

// resolved is a variant's experiment with the backend that computes in the place of
// the one that it asks for: "auto" and what it stands for are the same.
func (s *Session) resolved(one *spec.Spec) *spec.Spec {
	copied := *one
	copied.Compute.Backend = s.Environment.Backend
	return &copied
}

// withoutAnswers leaves out what people have said, and what their files hold.
func withoutAnswers(one *spec.Spec) *spec.Spec {
	copied := *one
	copied.Digests, copied.Answers = maps.Clone(one.Digests), nil
	without := func(path string, asked *spec.People) {
		delete(copied.Digests, path)
		if asked != nil {
			delete(copied.Digests, asked.Gold)
		}
	}
	for _, labels := range one.Labels {
		without(labels.Path, labels.People)
	}
	for _, comparisons := range one.Comparisons {
		without(comparisons.Path, comparisons.People)
	}
	for _, evaluate := range one.Evaluate {
		if evaluate.Alignment != nil {
			without(evaluate.Alignment.Path, evaluate.Alignment.People)
		}
		if evaluate.Preference != nil {
			without(evaluate.Preference.Path, evaluate.Preference.People)
		}
	}
	return &copied
}

// describeSettings says of the run what tells it from others of its name, for
// people. Of an ablation, that is the first variant and the names of all.
func (s *Session) describeSettings(run *record.Run) error {
	first := s.Variants[0]
	run.Variables = map[string]string{}
	for name, value := range first.Spec.Variables {
		if _, varied := first.Values[name]; !varied {
			run.Variables[name] = shortValue(value)
		}
	}
	document, err := s.resolved(first.Spec).Canonical()
	if err != nil {
		return fmt.Errorf("the configuration of %s: %w", s.File, err)
	}
	var tree map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return fmt.Errorf("the configuration of %s: %w", s.File, err)
	}
	run.Settings = map[string]string{"device": s.Environment.Device}
	delete(tree, "experiment")
	settle("", tree, run.Settings)
	if s.Ablation {
		var names []any
		for _, variant := range s.Variants {
			names = append(names, variant.Name)
		}
		run.Settings["variants"] = shortValue(names)
	}
	return nil
}

// settle lists the leaves of a configuration by their paths. A list is walked into
// if its elements have names of their own and are few.
func settle(path string, value any, leaves map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			settle(strings.TrimPrefix(path+"."+name, "."), inner, leaves)
		}
		return
	case []any:
		const few = 8
		if len(value) <= few {
			for i, inner := range value {
				if _, named := inner.(map[string]any); !named {
					leaves[path] = shortValue(value)
					return
				}
				settle(fmt.Sprintf("%s[%d]", path, i), inner, leaves)
			}
			return
		}
	}
	leaves[path] = shortValue(value)
}

// isDigest reports whether a text stands for a file's content.
func isDigest(text string) bool {
	sum, err := hex.DecodeString(strings.TrimPrefix(text, "sha256:"))
	return err == nil && len(sum) == sha256.Size
}

// shortValue spells a value. What is long is told by its size and digest.
func shortValue(value any) string {
	const long = 60
	if text, ok := value.(string); ok && isDigest(text) {
		return "content " + strings.TrimPrefix(text, "sha256:")[:8]
	}
	if text, ok := value.(string); ok && len(text) <= long {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if len(text) <= long {
		return string(text)
	}
	sum := sha256.Sum256(text)
	if list, ok := value.([]any); ok {
		return fmt.Sprintf("%d values, %s", len(list), hex.EncodeToString(sum[:4]))
	}
	return fmt.Sprintf("%d characters, %s", len(text), hex.EncodeToString(sum[:4]))
}
