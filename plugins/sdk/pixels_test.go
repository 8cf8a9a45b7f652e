package sdk_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// keeper scores an image by all of its pixels, and looks at them again later: it may
// keep what it gets.
type keeper struct{ kept []sdk.Item }

func sum(image sdk.Image) float64 { return float64(crc32.ChecksumIEEE(image.RGB)) }

func (k *keeper) Score(_ context.Context, item sdk.Item) (float64, error) {
	k.kept = append(k.kept, item)
	return sum(item.Image), nil
}

// reuser draws every image into the same memory.
type reuser struct{ image sdk.Image }

func (r *reuser) Sample(_ context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i, draw := range draws {
		for j := range r.image.RGB {
			r.image.RGB[j] = byte(draw.Seed)
		}
		if err := emit(i, r.image); err != nil {
			return err
		}
	}
	return nil
}

// Every image arrives as it is, of whatever size and from several calls at once,
// although both sides use the memory of those before it again.
func TestPixelsArrive(t *testing.T) {
	const calls, images = 3, 120
	var keepers []*keeper
	c := client.New(plugintest.Connect(t, sdk.Plugin{Name: "p", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "keeper", PreferredBatch: 4}, Open: func(context.Context, sdk.OpenRequest) (any, error) {
			keepers = append(keepers, &keeper{})
			return keepers[len(keepers)-1], nil
		}},
		{Description: sdk.Description{Kind: sdk.KindSampler, Name: "reuser"}, Open: func(context.Context, sdk.OpenRequest) (any, error) {
			return &reuser{sdk.Image{Width: 200, Height: 100, RGB: make([]byte, 3*200*100)}}, nil
		}},
	}}), client.Options{})
	chance := rand.New(rand.NewPCG(1, 2))
	sums, items := make([]float64, images), make([]client.Item, images)
	for i := range items {
		image := sdk.Image{Width: 1 + chance.IntN(200), Height: 1 + chance.IntN(200)}
		image.RGB = make([]byte, 3*image.Width*image.Height)
		for j := range image.RGB {
			image.RGB[j] = byte(chance.Uint32())
		}
		sums[i], items[i].ID = sum(image), fmt.Sprint(i)
		var err error
		switch i % 3 {
		case 0:
			items[i].Pixels = image
		case 1:
			items[i].PNG, err = imaging.EncodePNG(image)
		default:
			items[i].PNG, err = imaging.EncodeStored(image)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	failures := make(chan error)
	for range calls {
		in, err := c.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "keeper"})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			failures <- in.Score(t.Context(), func(yield func(client.Item, error) bool) {
				for _, item := range items {
					if !yield(item, nil) {
						return
					}
				}
			}, func(position int, score sdk.Score) error {
				if score.Score != sums[position] {
					t.Errorf("image %d arrives as another one", position)
				}
				return nil
			})
		}()
	}
	for range calls {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	runtime.GC()
	for _, k := range keepers {
		for i, item := range k.kept {
			if sum(item.Image) != sums[i] {
				t.Errorf("image %d changed while it was kept", i)
			}
		}
	}

	sampler, err := c.Open(t.Context(), client.OpenRequest{Kind: "sampler", Component: "reuser"})
	if err != nil {
		t.Fatal(err)
	}
	draws := make([]client.Draw, 50)
	for i := range draws {
		draws[i] = client.Draw{ID: fmt.Sprint(i), Seed: uint64(i)}
	}
	err = sampler.Sample(t.Context(), draws, func(position int, image sdk.Image) error {
		for _, v := range image.RGB {
			if v != byte(position) {
				return fmt.Errorf("image %d has the value %d of another one", position, v)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
