//go:build cgo && !windows

package backends

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

// lowered are the plugins that programs are lowered with, by the backend that the
// programs are for.
var lowered = map[string]*xla.Backend{}

// OpenLowering opens a backend that lowers programs to StableHLO as name would, one of
// xla:cpu and xla:cuda, and computes nothing: each program is given to write when it is
// executed first, and its outputs are zeros. So it is known what a GPU would be given to
// compile where there is none; a plugin of XLA is needed all the same, since go-xla
// builds no program without one. write is not called twice at a time.
func OpenLowering(name string, write func(program []byte) error) (compute.Backend, error) {
	if names[name] == "" {
		return nil, fmt.Errorf("programs can be written down for %s and %s, not for %q", XLACPU, XLACUDA, name)
	}
	plugin, err := Open(XLACPU)
	if err != nil {
		return nil, fmt.Errorf("write programs down: %w", err)
	}
	loaded, ok := plugin.(*shared)
	if !ok {
		return nil, fmt.Errorf("write programs down: %s is not XLA", plugin.Description())
	}
	lock.Lock()
	defer lock.Unlock()
	if lowered[name] == nil {
		if lowered[name], err = loweringAs(name, loaded); err != nil {
			return nil, fmt.Errorf("write programs down: %w", err)
		}
	}
	return &lowering{Backend: lowered[name], write: write}, nil
}

// loweringAs opens a plugin under the name of a backend: by that name go-xla and nn
// decide which operations there are.
func loweringAs(name string, plugin *shared) (*xla.Backend, error) {
	if name == plugin.name {
		return plugin.Backend, nil
	}
	alias := "/lowering" + names[name]
	if _, err := pjrt.Load(alias, plugin.path, nil, ""); err != nil {
		return nil, err
	}
	options := ""
	if name == XLACUDA && withoutTF32() {
		options = ",tf32=false"
	}
	return xla.NewWithOptions(alias+options, nil)
}

// lowering is a backend whose buffers are shapes.
type lowering struct {
	*xla.Backend
	lock  sync.Mutex
	write func(program []byte) error
}

var _ compute.Backend = (*lowering)(nil)

// Finalize does nothing: the plugin is also others'.
func (l *lowering) Finalize() {}

func (l *lowering) Builder(name string) compute.Builder {
	builder, ok := l.Backend.Builder(name).(*xla.Builder)
	if !ok { // the backend is finalized
		return nil
	}
	return &loweringBuilder{Builder: builder, backend: l}
}

func (l *lowering) BufferFromFlatData(device compute.DeviceNum, _ any, shape shapes.Shape) (compute.Buffer, error) {
	return &loweredBuffer{l, shape, device}, nil
}

func (l *lowering) HasSharedBuffers() bool { return false }

func (l *lowering) NewSharedBuffer(compute.DeviceNum, shapes.Shape) (compute.Buffer, any, error) {
	return nil, nil, errNoData
}

var errNoData = errors.New("a program that is only written down has no data")

type loweringBuilder struct {
	*xla.Builder
	backend *lowering
}

// Compile waits for the first execution, as sharedBuilder does.
func (b *loweringBuilder) Compile() (compute.Executable, error) {
	main := mainOf(b.Builder)
	if main == nil || len(main.Statements) == 0 {
		return nil, errors.New("go-xla no longer shows the program that it has built")
	}
	e := &loweredExecutable{builder: b}
	for _, input := range main.Inputs {
		e.names = append(e.names, input.String())
		e.inputs = append(e.inputs, xla.ShapeFromXLA(input.Shape()))
	}
	for _, output := range main.Statements[len(main.Statements)-1].Inputs {
		e.outputs = append(e.outputs, xla.ShapeFromXLA(output.Shape()))
	}
	return e, nil
}

// loweredExecutable is a program that is written down instead of being compiled.
type loweredExecutable struct {
	builder         *loweringBuilder
	names           []string
	inputs, outputs []shapes.Shape

	lock    sync.Mutex
	written bool
}

func (e *loweredExecutable) Finalize() {}
func (e *loweredExecutable) Inputs() (names []string, inputs []shapes.Shape) {
	return e.names, e.inputs
}
func (e *loweredExecutable) Outputs() []shapes.Shape { return e.outputs }

func (e *loweredExecutable) Execute(_ []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	backend := e.builder.backend
	if !e.written {
		overwrite(mainOf(e.builder.Builder), donate)
		program, err := textOf(e.builder.Builder)
		if err != nil {
			return nil, err
		}
		backend.lock.Lock()
		defer backend.lock.Unlock()
		if err := backend.write(program); err != nil {
			return nil, err
		}
		e.written = true
	}
	outputs := make([]compute.Buffer, len(e.outputs))
	for i, shape := range e.outputs {
		outputs[i] = &loweredBuffer{backend, shape, device}
	}
	return outputs, nil
}

// loweredBuffer stands for zeros.
type loweredBuffer struct {
	backend *lowering
	shape   shapes.Shape
	device  compute.DeviceNum
}

func (b *loweredBuffer) Backend() compute.Backend              { return b.backend }
func (b *loweredBuffer) Finalize() error                       { return nil }
func (b *loweredBuffer) Shape() (shapes.Shape, error)          { return b.shape, nil }
func (b *loweredBuffer) DeviceNum() (compute.DeviceNum, error) { return b.device, nil }
func (b *loweredBuffer) Data() (flat any, err error)           { return nil, errNoData }
func (b *loweredBuffer) ToFlatData(flat any) error             { reflect.ValueOf(flat).Clear(); return nil }
func (b *loweredBuffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	return &loweredBuffer{b.backend, b.shape, device}, nil
}
