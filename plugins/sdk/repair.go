package sdk

import "context"

// Repaired tells that something which a component had kept, such as unfinished
// state in a request's Scratch, is damaged, and that it is made again. It is no
// warning about what the call gives, which is as if nothing had been kept, but about
// the disk: the run tells it, and its report counts it. The text is a sentence that
// names the file.
//
// It works where Warn does; in a component's own tests, with WithRepairs.
func Repaired(ctx context.Context, text string) {
	if hear, ok := ctx.Value(repairsKey{}).(func(string)); ok && text != "" {
		hear(text)
	}
}

// WithRepairs returns a context whose repairs go to hear, which may be called from
// several goroutines.
func WithRepairs(ctx context.Context, hear func(text string)) context.Context {
	return context.WithValue(ctx, repairsKey{}, hear)
}

type repairsKey struct{}
