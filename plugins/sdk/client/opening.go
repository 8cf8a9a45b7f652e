package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// opening turns what a plugin says of its progress in Open into words for whoever
// listens to what calls wait for (WithBusy). Words of the plugin's own come first.
type opening struct {
	to context.Context

	mu  sync.Mutex
	far string // the progress in words; empty: none was told
}

func (o *opening) progress(p sdk.Progress) {
	o.mu.Lock()
	o.far = "opening"
	if p.Steps > 0 {
		o.far += fmt.Sprintf(", %d %%", 100*min(p.Step, p.Steps)/p.Steps)
	}
	text := o.far
	o.mu.Unlock()
	Busy(o.to, text)
}

func (o *opening) busy(text string) {
	o.mu.Lock()
	if text == "" {
		text = o.far
	}
	o.mu.Unlock()
	Busy(o.to, text)
}

// end says that nothing is waited for any more.
func (o *opening) end() { Busy(o.to, "") }
