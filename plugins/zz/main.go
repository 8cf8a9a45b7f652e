package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	mlshapes "github.com/plumb-ml/plumb/plugins/ml/shapes"
	"github.com/plumb-ml/plumb/plugins/sampler/shapes"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func main() {
	ctx := context.Background()
	state, out, guidance := os.Args[1], os.Args[2], os.Args[3]
	f, err := safetensors.Read(state)
	if err != nil { panic(err) }
	os.MkdirAll("/tmp/snap", 0o755)
	w := &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for n, t := range f.Tensors {
		if strings.HasPrefix(n, "/ema/") { w.Tensors[strings.TrimPrefix(n, "/ema/")] = t }
	}
	fmt.Println(f.Metadata["step"], len(w.Tensors))
	if err := w.Write("/tmp/snap/model.safetensors"); err != nil { panic(err) }
	b, _ := json.Marshal(mlshapes.DefaultDenoiser())
	os.WriteFile("/tmp/snap/config.json", b, 0o644)
	m2, err := shapes.Component().Open(ctx, sdk.OpenRequest{Config: json.RawMessage(`{"guidance_scale":` + guidance + `,"num_inference_steps":8,"solver":"dpmpp_2m"}`), Backend: "go", Checkpoint: "/tmp/snap"})
	if err != nil { panic(err) }
	prompts := []string{"a red circle", "a blue star", "one heart", "two square", "three cross", "a triangle at night", "a star in snow", "two yellow heart on grass", "three purple circle on sand", "one green cross at night", "three orange square in snow"}
	const k, n = 3, 11
	im := image.NewRGBA(image.Rect(0, 0, n*34*k, len(prompts)*34*k))
	var draws []sdk.Draw
	for _, p := range prompts { for i := range n { draws = append(draws, sdk.Draw{Prompt: sdk.Prompt{Text: p}, Seed: uint64(i)}) } }
	if err := m2.(sdk.Sampler).Sample(ctx, draws, func(i int, p sdk.Image) error {
		for y := range 32 * k { for x := range 32 * k { o := ((y/k)*32 + x/k) * 3; im.Set(i%n*34*k+x, i/n*34*k+y, color.RGBA{p.RGB[o], p.RGB[o+1], p.RGB[o+2], 255}) } }
		return nil
	}); err != nil { panic(err) }
	o, _ := os.Create(out); png.Encode(o, im); o.Close()
}
