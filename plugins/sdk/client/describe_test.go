package client

import (
	"context"
	"errors"
	"strings"
	"testing"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

func (w *wild) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	out := &pb.DescribeResponse{Name: "wild", Version: "1"}
	for _, text := range w.components {
		out.ComponentsJson = append(out.ComponentsJson, []byte(text))
	}
	return out, nil
}

// A plugin in another language has no SDK that checks what it says of itself.
func TestDescribe(t *testing.T) {
	for name, test := range map[string]struct {
		components []string
		want       string // a part of the failure; empty: none
	}{
		"fine":         {[]string{`{"kind":"reward","name":"r","schema":{"attributes":[{"name":"a","type":"bool","default":true}]}}`}, ""},
		"not JSON":     {[]string{`{"kind":`}, `"wild" describes its component 1 in a way that is not understood`},
		"unknown":      {[]string{`{"kind":"reward","name":"r"}`, `{"kind":"reward","name":"s","taste":"sweet"}`}, `component 2 in a way that is not understood: json: unknown field "taste"`},
		"twice":        {[]string{`{"kind":"reward","name":"r"}`, `{"kind":"reward","name":"r"}`}, `reward "r" is listed twice`},
		"default":      {[]string{`{"kind":"reward","name":"r","schema":{"attributes":[{"name":"a","type":"bool","default":1}]}}`}, "attribute a: default 1"},
		"unknown need": {[]string{`{"kind":"sampler","name":"s","capabilities":["tune"],"losses":[{"name":"l","needs":["luck"]}]}`}, `"luck" is not a need`},
		"doubled need": {[]string{`{"kind":"sampler","name":"s","capabilities":["tune"],"losses":[{"name":"l","needs":["scores","scores"]}]}`}, `"scores" is declared twice`},
		"doubled loss": {[]string{`{"kind":"sampler","name":"s","capabilities":["tune"],"losses":[{"name":"l"},{"name":"l"}]}`}, `lists the loss "l" twice`},
		"reserved":     {[]string{`{"kind":"sampler","name":"s","capabilities":["tune"],"losses":[{"name":"l","needs":["rollouts"]}]}`}, `"rollouts" is reserved`},
	} {
		t.Run(name, func(t *testing.T) {
			var explained []Call
			c := connect(t, &wild{components: test.components}, 0).client
			c.options.Explain = func(_ context.Context, call Call, err error) error {
				explained = append(explained, call)
				return err
			}
			got, err := c.Describe(t.Context())
			if test.want == "" {
				if len(explained) != 0 {
					t.Errorf("explained %v, and it succeeded", explained)
				}
				if err != nil || len(got.Components) != 1 || string(got.Components[0].Schema.Attributes[0].Default) != "true" {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			var failure *Failure
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a failure with %q", err, test.want)
			}
			if want := (Call{Method: "Describe"}); len(explained) != 1 || explained[0] != want {
				t.Errorf("explained %v, want one %v", explained, want)
			}
		})
	}
}
