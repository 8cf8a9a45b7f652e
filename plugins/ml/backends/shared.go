//go:build cgo

package backends

import (
	"crypto/sha256"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
)

// shared is a backend of go-xla that compiles equal programs once. Buffers know
// their backend, so they are wrapped, too.
type shared struct {
	*xla.Backend
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

func (b *sharedBuilder) Compile() (compute.Executable, error) {
	var inner compute.Executable
	var err error
	if key := keyOf(b.Builder); key != "" && !b.spread {
		inner, err = b.backend.programs.get(key, b.Builder.Compile)
	} else {
		inner, err = b.Builder.Compile()
	}
	if err != nil {
		return nil, err
	}
	return &sharedExecutable{Executable: inner, backend: b.backend}, nil
}

// keyOf is the SHA-256 of the StableHLO of a builder that is ready to compile, or "".
// go-xla has no way to the text but a field of its own; if that is gone, equal
// programs are not known to be equal, and each is compiled.
func keyOf(builder *xla.Builder) string {
	field := builderField(builder)
	if !field.IsValid() || field.IsNil() {
		return ""
	}
	text, err := (*stablehlo.Builder)(field.UnsafePointer()).Build()
	if err != nil {
		return "" // Compile says so
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
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

type sharedExecutable struct {
	compute.Executable
	backend *shared
}

func (e *sharedExecutable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	inner := make([]compute.Buffer, len(inputs))
	for i, input := range inputs {
		inner[i] = input
		if wrapped, ok := input.(*sharedBuffer); ok {
			inner[i] = wrapped.Buffer
		}
	}
	outputs, err := e.Executable.Execute(inner, donate, device)
	for i := range outputs {
		outputs[i] = &sharedBuffer{Buffer: outputs[i], backend: e.backend}
	}
	return outputs, err
}
