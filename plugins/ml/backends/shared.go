//go:build cgo && !windows

package backends

import (
	"crypto/sha256"
	"errors"
	"reflect"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
)

// shared is a backend of go-xla that compiles equal programs once. Buffers know
// their backend, so they are wrapped, too.
type shared struct {
	*xla.Backend
	name     string // in the words of HCL
	path     string // of the plugin
	api      string // version of PJRT's API, as the plugin has it
	compiler string // what makes code, as Compiler says it
	inPlace  bool   // whether programs may overwrite inputs that are given away
	programs programs
}

var _ compute.Backend = (*shared)(nil)

func (s *shared) Builder(name string) compute.Builder {
	builder, ok := s.Backend.Builder(name).(*xla.Builder)
	if !ok { // the backend is finalized
		return nil
	}
	return &sharedBuilder{Builder: builder, backend: s}
}

func (s *shared) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	return s.wrap(s.Backend.BufferFromFlatData(device, flat, shape))
}

func (s *shared) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	inner, flat, err := s.Backend.NewSharedBuffer(device, shape)
	buffer, err := s.wrap(inner, err)
	return buffer, flat, err
}

func (s *shared) wrap(inner compute.Buffer, err error) (compute.Buffer, error) {
	if err != nil {
		return nil, err
	}
	return &sharedBuffer{Buffer: inner, backend: s}, nil
}

type sharedBuffer struct {
	compute.Buffer
	backend *shared
}

func (b *sharedBuffer) Backend() compute.Backend { return b.backend }

func (b *sharedBuffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	return b.backend.wrap(b.Buffer.CopyToDevice(device))
}

type sharedBuilder struct {
	*xla.Builder
	backend *shared
	spread  bool // over several devices
}

func (b *sharedBuilder) DistributedSPMD(devices int) error {
	b.spread = true
	return b.Builder.DistributedSPMD(devices)
}

func (b *sharedBuilder) DistributedAutoSharding(meshes ...compute.Mesh) error {
	b.spread = true
	return b.Builder.DistributedAutoSharding(meshes...)
}

func (b *sharedBuilder) DeviceAssignment(devices ...compute.DeviceNum) error {
	b.spread = true
	return b.Builder.DeviceAssignment(devices...)
}

// Compile puts the compilation off until the program is executed for the first time:
// only then is it known which inputs it may overwrite.
func (b *sharedBuilder) Compile() (compute.Executable, error) {
	return &sharedExecutable{builder: b, backend: b.backend}, nil
}

// compiled compiles the program, whose inputs are given away where donated says so.
func (b *sharedBuilder) compiled(donated []bool) (compute.Executable, error) {
	if b.spread {
		return b.Builder.Compile()
	}
	if main := mainOf(b.Builder); main != nil && b.backend.inPlace {
		overwrite(main, donated)
	}
	if key := keyOf(b.Builder); key != "" {
		return b.backend.programs.get(key, b.Builder.Compile)
	}
	return b.Builder.Compile()
}

// keyOf is the SHA-256 of the StableHLO of a builder that is ready to compile, or "":
// then equal programs are not known to be equal, and each is compiled.
func keyOf(builder *xla.Builder) string {
	text, err := textOf(builder)
	if err != nil {
		return "" // Compile says so
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// textOf is the StableHLO of a builder that is ready to compile. go-xla has no way to
// it but a field of its own.
func textOf(builder *xla.Builder) ([]byte, error) {
	field := builderField(builder)
	if !field.IsValid() || field.IsNil() {
		return nil, errors.New("go-xla no longer shows the program that it has built")
	}
	return (*stablehlo.Builder)(field.UnsafePointer()).Build()
}

// builderField is where a builder holds the builder of its StableHLO; invalid if it
// is there no more.
func builderField(builder *xla.Builder) reflect.Value {
	field := reflect.ValueOf(builder).Elem().FieldByName("builder")
	if field.IsValid() && field.Type() != reflect.TypeFor[*stablehlo.Builder]() {
		return reflect.Value{}
	}
	return field
}

// mainOf is the function in StableHLO that a program begins with, and nil if go-xla
// holds it no more where it did: then nothing is computed in place.
func mainOf(builder *xla.Builder) *stablehlo.Function {
	field := reflect.ValueOf(builder).Elem().FieldByName("mainFn")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*xla.Function]() || field.IsNil() {
		return nil
	}
	field = field.Elem().FieldByName("fn")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*stablehlo.Function]() {
		return nil
	}
	return (*stablehlo.Function)(field.UnsafePointer())
}

// sharedExecutable is a program that is compiled when it is executed first.
type sharedExecutable struct {
	backend *shared

	lock     sync.Mutex
	builder  *sharedBuilder // nil once it is compiled
	compiled compute.Executable
}

// ready is the program, compiled. Of a compilation that fails the next call tries
// again.
func (e *sharedExecutable) ready(donated []bool) (compute.Executable, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.compiled != nil {
		return e.compiled, nil
	}
	if e.builder == nil {
		return nil, errors.New("the program has been finalized")
	}
	compiled, err := e.builder.compiled(donated)
	if err != nil {
		return nil, err
	}
	e.compiled, e.builder = compiled, nil
	return compiled, nil
}

func (e *sharedExecutable) Finalize() {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.compiled != nil {
		e.compiled.Finalize()
	}
	e.compiled, e.builder = nil, nil
}

// Inputs are nothing of a program that cannot be compiled.
func (e *sharedExecutable) Inputs() (names []string, inputs []shapes.Shape) {
	if compiled, err := e.ready(nil); err == nil {
		return compiled.Inputs()
	}
	return nil, nil
}

// Outputs are nothing of a program that cannot be compiled.
func (e *sharedExecutable) Outputs() []shapes.Shape {
	if compiled, err := e.ready(nil); err == nil {
		return compiled.Outputs()
	}
	return nil
}

func (e *sharedExecutable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	compiled, err := e.ready(donate)
	if err != nil {
		return nil, err
	}
	inner := make([]compute.Buffer, len(inputs))
	for i, input := range inputs {
		inner[i] = input
		if wrapped, ok := input.(*sharedBuffer); ok {
			inner[i] = wrapped.Buffer
		}
	}
	outputs, err := compiled.Execute(inner, donate, device)
	for i := range outputs {
		outputs[i] = &sharedBuffer{Buffer: outputs[i], backend: e.backend}
	}
	return outputs, err
}
