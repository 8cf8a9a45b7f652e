package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// interrupts is what signals do: the first ends the context, so that work
// stops in good order; the second ends the process at once, and with it every
// plugin.
type interrupts struct {
	mu   sync.Mutex
	kill []func()
}

// onKill has a function called before the process ends at once.
func (p *program) onKill(kill func()) {
	p.interrupts.mu.Lock()
	defer p.interrupts.mu.Unlock()
	p.interrupts.kill = append(p.interrupts.kill, kill)
}

// sweep removes files that are being written as the process ends at once: those of
// reports, and of the memory of digests. The store clears its own away when it is
// opened next.
func (p *program) sweep() {
	for _, dir := range []string{filepath.Dir(store.DigestsFile(p.storePath())), filepath.Join(p.runsDir, "*", reportDir)} {
		found, _ := filepath.Glob(dir)
		for _, dir := range found {
			atomicfile.Sweep(dir)
		}
	}
}

// listen begins to act on signals, until stop.
func (p *program) listen(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		cancel()
		say := p.say
		if say == nil {
			say = func(text string) { fmt.Fprintln(p.err, text) }
		}
		say("\nStopping; what is finished is kept. Press Ctrl-C again to stop at once.")
		select {
		case <-signals:
		case <-done:
			return
		}
		p.interrupts.mu.Lock()
		for _, kill := range p.interrupts.kill {
			kill()
		}
		p.sweep()
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
