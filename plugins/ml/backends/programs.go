package backends

import (
	"errors"
	"slices"
	"sync"

	"github.com/gomlx/compute"
)

// idlePrograms is how many compiled programs are kept that nobody uses.
const idlePrograms = 64

// programs are what is compiled in this process, by the program. Instances
// come and go with the stages of a run, and the next one often has the same
// networks: XLA takes seconds for a small one, and minutes for one of Stable
// Diffusion. Weights are inputs of a program, so these do not stay.
type programs struct {
	lock sync.Mutex
	all  map[string]*program
	idle []string // keys of those that nobody uses, the one that was used last at the end
}

// errPanicked is the error of a program whose compilation panicked, for those who
// waited for it.
var errPanicked = errors.New("compiling an equal program panicked")

type program struct {
	once       sync.Once
	executable compute.Executable
	err        error
	users      int
}

// get is the program called key, compiled now if it is not there. What it returns
// is finalized like an executable of its own.
func (p *programs) get(key string, compile func() (compute.Executable, error)) (compute.Executable, error) {
	p.lock.Lock()
	if p.all == nil {
		p.all = map[string]*program{}
	}
	one := p.all[key]
	if one == nil {
		one = &program{}
		p.all[key] = one
	}
	one.users++
	p.idle = slices.DeleteFunc(p.idle, func(other string) bool { return other == key })
	p.lock.Unlock()
	one.once.Do(func() {
		one.err = errPanicked
		one.executable, one.err = compile()
	})
	if one.err != nil {
		p.lock.Lock()
		defer p.lock.Unlock()
		if p.all[key] == one { // the next one tries again
			delete(p.all, key)
		}
		return nil, one.err
	}
	return &user{Executable: one.executable, leave: func() { p.leave(key, one) }}, nil
}

// leave is called by each user of a program once.
func (p *programs) leave(key string, one *program) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if one.users--; one.users > 0 {
		return
	}
	p.idle = append(p.idle, key)
	if len(p.idle) > idlePrograms {
		p.all[p.idle[0]].executable.Finalize()
		delete(p.all, p.idle[0])
		p.idle = slices.Delete(p.idle, 0, 1)
	}
}

// user is a program in the hands of one of its users.
type user struct {
	compute.Executable
	once  sync.Once
	leave func()
}

// Finalize ends this use; the program stays for others.
func (u *user) Finalize() { u.once.Do(u.leave) }
