package sdk

import "context"

// Warn tells the user something about the call that ctx belongs to, such as a
// prompt that was truncated. It is for what does not keep the call from going
// on; what does is an error. The text is a sentence or two that name the thing
// and say what follows from it.
//
// It works in every call but Describe, Close and Stop; in a component's own tests,
// with WithWarnings. It may be called from any goroutine of the call. The same text is sent once per call,
// and shown once per stage; of a call the first 1,000 are sent, and of each 64 KiB. Without anyone who listens it does nothing.
func Warn(ctx context.Context, text string) {
	if text == "" {
		return
	}
	if hear, ok := ctx.Value(warningsKey{}).(func(string)); ok {
		hear(text)
	}
}

// WithWarnings returns a context whose warnings go to hear, which may be called
// from several goroutines.
func WithWarnings(ctx context.Context, hear func(text string)) context.Context {
	return context.WithValue(ctx, warningsKey{}, hear)
}

type warningsKey struct{}
