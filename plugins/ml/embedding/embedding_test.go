package embedding

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// lengths encodes a text as its length, and an image as its width.
type lengths struct {
	texts []string // that were asked for
	spoil func(vectors [][]float32) [][]float32
}

func (l *lengths) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	var vectors [][]float32
	for _, image := range images {
		vectors = append(vectors, []float32{float32(image.Width), 1})
	}
	return vectors, nil
}

func (l *lengths) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	l.texts = append(l.texts, texts...)
	var vectors [][]float32
	for _, text := range texts {
		vectors = append(vectors, []float32{float32(len(text)), 2})
	}
	if l.spoil != nil {
		vectors = l.spoil(vectors)
	}
	return vectors, nil
}

func of(t *testing.T, encoder any) *Encoder {
	t.Helper()
	e, err := Of(sdk.OpenRequest{Uses: map[sdk.Kind]any{sdk.KindEncoder: encoder}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTextsAreEncodedOnce(t *testing.T) {
	l := &lengths{}
	e := of(t, l)
	for range 2 {
		got, err := e.Texts(t.Context(), []string{"a", "bbb", "a"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]float32{{1, 2}, {3, 2}, {1, 2}}, got); diff != "" {
			t.Fatalf("vectors (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"a", "bbb"}, l.texts); diff != "" {
		t.Fatalf("encoded texts (-want +got):\n%s", diff)
	}
}

func TestImagesKeepTheirOrder(t *testing.T) {
	images := make([]sdk.Image, 2*batch+3)
	for i := range images {
		images[i].Width = i
	}
	vectors, err := of(t, &lengths{}).Images(t.Context(), images)
	if err != nil {
		t.Fatal(err)
	}
	for i, vector := range vectors {
		if vector[0] != float32(i) {
			t.Fatalf("vector %d is that of image %v", i, vector[0])
		}
	}
}

func TestWrongVectorsAreRefused(t *testing.T) {
	for name, one := range map[string]struct {
		spoil func([][]float32) [][]float32
		want  string
	}{
		"missing":  {func(v [][]float32) [][]float32 { return v[1:] }, "gave 1 vectors for 2 texts"},
		"short":    {func(v [][]float32) [][]float32 { v[1] = v[1][:1]; return v }, "have 1 numbers"},
		"empty":    {func(v [][]float32) [][]float32 { v[0] = nil; return v }, "have 0 numbers"},
		"NaN":      {func(v [][]float32) [][]float32 { v[1][0] = float32(math.NaN()); return v }, "holds NaN"},
		"infinity": {func(v [][]float32) [][]float32 { v[0][1] = float32(math.Inf(-1)); return v }, "holds -Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := of(t, &lengths{spoil: one.spoil}).Texts(t.Context(), []string{"a", "b"})
			if err == nil || !strings.Contains(err.Error(), one.want) {
				t.Fatalf("error is %v, want one that says %q", err, one.want)
			}
		})
	}
}

// blind encodes images alone.
type blind struct{}

func (blind) EncodeImages(context.Context, []sdk.Image) ([][]float32, error) { return nil, nil }

func TestEncoderWithoutTextsIsRefused(t *testing.T) {
	_, err := Of(sdk.OpenRequest{Uses: map[sdk.Kind]any{sdk.KindEncoder: blind{}}})
	if err == nil || !strings.Contains(err.Error(), "reads no texts") {
		t.Fatalf("error is %v", err)
	}
}
