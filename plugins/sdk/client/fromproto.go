package client

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

func descriptionFromProto(r *pb.DescribeResponse) Description {
	out := Description{Name: r.GetName(), Version: r.GetVersion()}
	for _, c := range r.GetComponents() {
		out.Components = append(out.Components, componentFromProto(c))
	}
	return out
}

func componentFromProto(c *pb.Component) sdk.Component {
	out := sdk.Component{
		Kind:           sdk.Kind(c.GetKind()),
		Name:           c.GetName(),
		Summary:        c.GetSummary(),
		Schema:         schemaFromProto(c.GetSchema()),
		PreferredBatch: int(c.GetPreferredBatch()),
		NeedsDevice:    c.GetNeedsDevice(),
		CodeVersion:    c.GetCodeVersion(),
	}
	for _, kind := range c.GetUses() {
		out.Uses = append(out.Uses, sdk.Kind(kind))
	}
	for _, capability := range c.GetCapabilities() {
		out.Capabilities = append(out.Capabilities, sdk.Capability(capability))
	}
	if c.GetTuning() != nil {
		out.Tuning = schemaFromProto(c.GetTuning())
	}
	if len(c.GetLosses()) > 0 {
		out.Losses = make(map[string]sdk.Schema, len(c.GetLosses()))
		for name, schema := range c.GetLosses() {
			out.Losses[name] = schemaFromProto(schema)
		}
	}
	return out
}

func schemaFromProto(s *pb.Schema) sdk.Schema {
	var out sdk.Schema
	for _, a := range s.GetAttributes() {
		attribute := sdk.Attribute{
			Name:     a.GetName(),
			Type:     sdk.Type(a.GetType()),
			Summary:  a.GetSummary(),
			Required: a.GetRequired(),
			Minimum:  a.Minimum,
			Maximum:  a.Maximum,
			OneOf:    a.GetOneOf(),
			Path:     a.GetPath(),
			Obtain:   a.GetObtain(),
			Hub:      a.GetHub(),
		}
		if len(a.GetDefaultJson()) > 0 {
			attribute.Default = a.GetDefaultJson()
		}
		out.Attributes = append(out.Attributes, attribute)
	}
	for _, b := range s.GetBlocks() {
		out.Blocks = append(out.Blocks, sdk.Block{
			Type:     b.GetType(),
			Labels:   b.GetLabels(),
			Summary:  b.GetSummary(),
			Required: b.GetRequired(),
			Body:     schemaFromProto(b.GetBody()),
		})
	}
	return out
}

func diagnosticsFromProto(list []*pb.Diagnostic) sdk.Diagnostics {
	var out sdk.Diagnostics
	for _, d := range list {
		severity := sdk.SeverityError
		if d.GetSeverity() == pb.Diagnostic_SEVERITY_WARNING {
			severity = sdk.SeverityWarning
		}
		out = append(out, sdk.Diagnostic{Severity: severity, Summary: d.GetSummary(), Detail: d.GetDetail()})
	}
	return out
}

func imageFromProto(img *pb.Image) (sdk.Image, error) {
	switch img.GetEncoding() {
	case pb.Image_ENCODING_PNG:
		return sdk.DecodePNG(img.GetData())
	case pb.Image_ENCODING_RGB8:
		out := sdk.Image{Width: int(img.GetWidth()), Height: int(img.GetHeight()), RGB: img.GetData()}
		if out.Width <= 0 || out.Height <= 0 || len(out.RGB) != 3*out.Width*out.Height {
			return sdk.Image{}, fmt.Errorf("%d bytes for %d x %d pixels", len(out.RGB), out.Width, out.Height)
		}
		return out, nil
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

func preferencesFromProto(preferences []pb.Preference) ([]sdk.Preference, error) {
	out := make([]sdk.Preference, len(preferences))
	for i, preference := range preferences {
		switch preference {
		case pb.Preference_PREFERENCE_FIRST:
			out[i] = sdk.PreferFirst
		case pb.Preference_PREFERENCE_SECOND:
			out[i] = sdk.PreferSecond
		case pb.Preference_PREFERENCE_TIE:
			out[i] = sdk.PreferTie
		default:
			return nil, fmt.Errorf("%v is not a preference", preference)
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
