package server

import (
	"sync"

	"golang.org/x/time/rate"
)

// How much a rater's page may ask for. One who answers every half second with a page
// that looks ahead stays far below.
const (
	callsASecond, callsAtOnce   = 20, 100
	imagesASecond, imagesAtOnce = 100, 600
)

// limits bounds what each visitor asks for.
type limits struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

// allow reports whether a visitor may ask once more now.
func (l *limits) allow(who, what string, perSecond, atOnce int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*rate.Limiter{}
	}
	limiter := l.of[what+" "+who]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Limit(perSecond), atOnce)
		l.of[what+" "+who] = limiter
	}
	return limiter.Allow()
}
