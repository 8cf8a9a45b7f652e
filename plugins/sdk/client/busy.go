package client

import "context"

// WithBusy returns a context of calls whose plugin says from time to time what keeps
// it from getting on, such as compiling; an empty text when nothing does. hear may be
// called from several goroutines.
func WithBusy(ctx context.Context, hear func(text string)) context.Context {
	return context.WithValue(ctx, busyKey{}, hear)
}

type busyKey struct{}

// Busy says to whom WithBusy named what keeps a call from getting on.
func Busy(ctx context.Context, text string) {
	if hear, ok := ctx.Value(busyKey{}).(func(string)); ok {
		hear(text)
	}
}
