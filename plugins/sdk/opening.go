package sdk

import "context"

// OpenProgress tells how far Component.Open is, such as in bytes of weights that have
// been read: whoever watches sees a share of it. It works in the context of Open, from
// any goroutine of it; elsewhere it does nothing.
func OpenProgress(ctx context.Context, step, steps int) {
	if hear, ok := ctx.Value(openingKey{}).(func(Progress)); ok {
		hear(Progress{Step: step, Steps: steps})
	}
}

// withOpenProgress returns a context whose OpenProgress goes to hear.
func withOpenProgress(ctx context.Context, hear func(Progress)) context.Context {
	return context.WithValue(ctx, openingKey{}, hear)
}

type openingKey struct{}
