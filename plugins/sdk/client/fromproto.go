package client

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// descriptionFromProto reads a description and holds it against the contract,
// in whatever language the plugin is written.
func descriptionFromProto(r *pb.DescribeResponse) (Description, error) {
	out := Description{Name: r.GetName(), Version: r.GetVersion(), Environment: r.GetEnvironment()}
	for i, text := range r.GetComponentsJson() {
		c, err := schema.ParseComponent(text)
		if err != nil {
			return Description{}, &Failure{Diagnostics: sdk.Diagnostics{{
				Severity: sdk.SeverityError,
				Summary:  fmt.Sprintf("Plugin %q describes its component %d in a way that is not understood", out.Name, i+1),
				Detail:   fmt.Sprintf("%v. The plugin was built for another version of Plumb, or has a mistake: update the one or the other.", err),
			}}}
		}
		out.Components = append(out.Components, c)
	}
	if mistakes := sdk.ValidateDescriptions(out.Name, out.Components); len(mistakes) > 0 {
		return Description{}, &Failure{Diagnostics: mistakes}
	}
	return out, nil
}

func diagnosticsFromProto(list []*pb.Diagnostic) sdk.Diagnostics {
	var out sdk.Diagnostics
	room := maxFailureBytes // of all of them
	for i, d := range list {
		if i == maxDiagnostics || room <= 0 {
			out.Addf("And more that is not shown", "The plugin says %d things; these are the first %d.", len(list), i)
			break
		}
		severity := sdk.SeverityError
		if d.GetSeverity() == pb.Diagnostic_SEVERITY_WARNING {
			severity = sdk.SeverityWarning
		}
		summary := cut(d.GetSummary(), maxSummaryBytes)
		room = max(0, room-len(summary))
		detail := cut(d.GetDetail(), room)
		room -= len(detail)
		out = append(out, sdk.Diagnostic{Severity: severity, Summary: summary, Detail: detail})
	}
	return out
}

// What is kept of a plugin's words.
const (
	maxFailureBytes = 1 << 20 // of all diagnostics of a failure
	maxSummaryBytes = 4 << 10
	maxDiagnostics  = 100
	maxWarningBytes = 64 << 10
	maxWarnings     = 1000 // of a call
)

// cut is the beginning of a text, said to be one if it is.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return fmt.Sprintf("%s... (cut: %d bytes in all)", text[:most], len(text))
}

func imageFromProto(img *pb.Image) (sdk.Image, error) {
	switch img.GetEncoding() {
	case pb.Image_ENCODING_PNG:
		return imaging.Decode(img.GetData(), imaging.Exchanged)
	case pb.Image_ENCODING_RGB8:
		out := sdk.Image{Width: int(img.GetWidth()), Height: int(img.GetHeight()), RGB: img.GetData()}
		return out, out.Check()
	}
	return sdk.Image{}, fmt.Errorf("unknown encoding %v", img.GetEncoding())
}

func labelsFromProto(labels []pb.Label) ([]sdk.Label, error) {
	out := make([]sdk.Label, len(labels))
	for i, label := range labels {
		switch label {
		case pb.Label_LABEL_GOOD:
			out[i] = sdk.LabelGood
		case pb.Label_LABEL_BAD:
			out[i] = sdk.LabelBad
		case pb.Label_LABEL_SKIP:
			out[i] = sdk.LabelSkip
		default:
			return nil, fmt.Errorf("%v is not a label", label)
		}
	}
	return out, nil
}

func choicesFromProto(choices []pb.Choice) ([]sdk.Choice, error) {
	out := make([]sdk.Choice, len(choices))
	for i, choice := range choices {
		switch choice {
		case pb.Choice_CHOICE_FIRST:
			out[i] = sdk.ChooseFirst
		case pb.Choice_CHOICE_SECOND:
			out[i] = sdk.ChooseSecond
		case pb.Choice_CHOICE_TIE:
			out[i] = sdk.Tie
		default:
			return nil, fmt.Errorf("%v is not a choice", choice)
		}
	}
	return out, nil
}

func progressFromProto(p *pb.Progress) sdk.Progress {
	return sdk.Progress{
		Step:   int(p.GetStep()),
		Steps:  int(p.GetSteps()),
		Values: p.GetValues(),
	}
}
