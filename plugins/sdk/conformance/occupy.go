package conformance

import (
	"context"
	"strconv"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Occupy keeps a component at work until ctx ends or a call fails, and says once when
// it has answered for the first time.
func Occupy(ctx context.Context, p Plugin, component sdk.Description, one Case, started func()) error {
	request, err := openRequest(component, one)
	if err != nil {
		return err
	}
	one = one.filled(component)
	var once sync.Once
	return with(ctx, p, request, func(in *client.Instance) error {
		if component.Kind == sdk.KindSampler {
			for i := uint64(0); ; i++ {
				if _, err := drawn(ctx, in, one.Prompts, i); err != nil {
					return err
				}
				once.Do(started)
			}
		}
		items := one.items()
		return one.stream(ctx, in, func(yield func(client.Item, error) bool) {
			for i := 0; ctx.Err() == nil; i++ {
				item := items[i%len(items)]
				item.ID = "image-" + strconv.Itoa(i)
				if !yield(item, nil) {
					return
				}
			}
		}, func(int, []float64) error {
			once.Do(started)
			return nil
		})
	})
}
