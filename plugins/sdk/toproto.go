package sdk

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// descriptionToProto is for a plugin without mistakes.
func descriptionToProto(p Plugin) (*pb.DescribeResponse, error) {
	out := &pb.DescribeResponse{Name: p.Name, Version: p.Version, Environment: p.environment()}
	for _, c := range p.Components {
		text, err := json.Marshal(c.Description)
		if err != nil {
			return nil, fmt.Errorf("describe %s %q: %w", c.Kind, c.Name, err)
		}
		out.ComponentsJson = append(out.ComponentsJson, text)
	}
	return out, nil
}

func diagnosticsToProto(list Diagnostics) []*pb.Diagnostic {
	var out []*pb.Diagnostic
	for _, d := range list {
		severity := pb.Diagnostic_SEVERITY_ERROR
		if d.Severity == SeverityWarning {
			severity = pb.Diagnostic_SEVERITY_WARNING
		}
		out = append(out, &pb.Diagnostic{Severity: severity, Summary: cut(d.Summary, maxDiagnosticBytes), Detail: cut(d.Detail, maxDiagnosticBytes)})
	}
	return out
}

// What goes to the host in words at most, in bytes: more is a mistake, and nobody reads
// it.
const (
	maxDiagnosticBytes = 1 << 20
	maxWarningBytes    = 64 << 10
	maxWarnings        = 1000 // of a call
)

// cut ends a text that is too long, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + fmt.Sprintf(" … (%d bytes more)", len(text)-end)
}

func findingsToProto(f PromptFindings) *pb.PromptFindings {
	out := &pb.PromptFindings{Vocabulary: f.Vocabulary}
	for _, fault := range f.Faults {
		severity := pb.Diagnostic_SEVERITY_ERROR
		if fault.Warning {
			severity = pb.Diagnostic_SEVERITY_WARNING
		}
		out.Faults = append(out.Faults, &pb.PromptFault{Position: uint64(fault.Prompt), Excerpt: fault.Excerpt, Reason: fault.Reason, Severity: severity})
	}
	return out
}

func imageToProto(img Image) (*pb.Image, error) {
	if err := img.Check(); err != nil {
		return nil, err
	}
	return &pb.Image{
		Encoding: pb.Image_ENCODING_RGB8,
		Width:    uint32(img.Width),
		Height:   uint32(img.Height),
		Data:     img.RGB,
	}, nil
}

func labelsToProto(labels []Label) ([]pb.Label, error) {
	known := map[Label]pb.Label{LabelGood: pb.Label_LABEL_GOOD, LabelBad: pb.Label_LABEL_BAD, LabelSkip: pb.Label_LABEL_SKIP}
	out := make([]pb.Label, len(labels))
	for i, label := range labels {
		value, ok := known[label]
		if !ok {
			return nil, fmt.Errorf("%q is not a label", label)
		}
		out[i] = value
	}
	return out, nil
}

func choicesToProto(choices []Choice) ([]pb.Choice, error) {
	known := map[Choice]pb.Choice{ChooseFirst: pb.Choice_CHOICE_FIRST, ChooseSecond: pb.Choice_CHOICE_SECOND, Tie: pb.Choice_CHOICE_TIE}
	out := make([]pb.Choice, len(choices))
	for i, choice := range choices {
		value, ok := known[choice]
		if !ok {
			return nil, fmt.Errorf("%q is not a choice", choice)
		}
		out[i] = value
	}
	return out, nil
}

func progressToProto(p Progress) *pb.Progress {
	return &pb.Progress{
		Step:   uint64(max(p.Step, 0)),
		Steps:  uint64(max(p.Steps, 0)),
		Values: p.Values,
	}
}
