package sdk

import (
	"fmt"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

func pluginToProto(p Plugin) *pb.DescribeResponse {
	out := &pb.DescribeResponse{Name: p.Name, Version: p.Version}
	for _, c := range p.Components {
		out.Components = append(out.Components, componentToProto(c))
	}
	return out
}

func componentToProto(c Component) *pb.Component {
	out := &pb.Component{
		Kind:           string(c.Kind),
		Name:           c.Name,
		Summary:        c.Summary,
		Schema:         schemaToProto(c.Schema),
		PreferredBatch: uint32(max(c.PreferredBatch, 0)),
		NeedsDevice:    c.NeedsDevice,
		CodeVersion:    c.CodeVersion,
	}
	for _, kind := range c.Uses {
		out.Uses = append(out.Uses, string(kind))
	}
	for _, capability := range c.Capabilities {
		out.Capabilities = append(out.Capabilities, string(capability))
	}
	if len(c.Tuning.Attributes)+len(c.Tuning.Blocks) > 0 {
		out.Tuning = schemaToProto(c.Tuning)
	}
	if len(c.Losses) > 0 {
		out.Losses = make(map[string]*pb.Schema, len(c.Losses))
		for name, schema := range c.Losses {
			out.Losses[name] = schemaToProto(schema)
		}
	}
	return out
}

func schemaToProto(s Schema) *pb.Schema {
	out := &pb.Schema{}
	for _, a := range s.Attributes {
		out.Attributes = append(out.Attributes, &pb.Attribute{
			Name:        a.Name,
			Type:        string(a.Type),
			Summary:     a.Summary,
			Required:    a.Required,
			DefaultJson: a.Default,
			Minimum:     a.Minimum,
			Maximum:     a.Maximum,
			OneOf:       a.OneOf,
			Path:        a.Path,
			Obtain:      a.Obtain,
			Hub:         a.Hub,
		})
	}
	for _, b := range s.Blocks {
		out.Blocks = append(out.Blocks, &pb.Block{
			Type:     b.Type,
			Labels:   b.Labels,
			Summary:  b.Summary,
			Required: b.Required,
			Body:     schemaToProto(b.Body),
		})
	}
	return out
}

func diagnosticsToProto(list Diagnostics) []*pb.Diagnostic {
	var out []*pb.Diagnostic
	for _, d := range list {
		severity := pb.Diagnostic_SEVERITY_ERROR
		if d.Severity == SeverityWarning {
			severity = pb.Diagnostic_SEVERITY_WARNING
		}
		out = append(out, &pb.Diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail})
	}
	return out
}

func imageToProto(img Image) (*pb.Image, error) {
	if err := img.check(); err != nil {
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

func preferencesToProto(preferences []Preference) ([]pb.Preference, error) {
	known := map[Preference]pb.Preference{
		PreferFirst:  pb.Preference_PREFERENCE_FIRST,
		PreferSecond: pb.Preference_PREFERENCE_SECOND,
		PreferTie:    pb.Preference_PREFERENCE_TIE,
	}
	out := make([]pb.Preference, len(preferences))
	for i, preference := range preferences {
		value, ok := known[preference]
		if !ok {
			return nil, fmt.Errorf("%q is not a preference", preference)
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
