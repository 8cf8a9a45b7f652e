package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// state is the optimizer's variable in scope that belongs to the weight v. It
// starts as a copy of like, or as zeros if like is nil.
func state(store *model.Store, scope string, v, like *model.Variable) *model.Variable {
	path := scope + v.Path()
	if s := store.GetVariable(path); s != nil {
		return s
	}
	value := tensors.FromShape(v.Shape())
	if like != nil {
		var err error
		if value, err = like.MustValue().LocalClone(); err != nil {
			panic(err)
		}
	}
	return store.VariableWithValue(path, value).SetTrainable(false)
}

// tensorOf copies a variable to the host.
func tensorOf(v *model.Variable) safetensors.Tensor {
	data := tensors.MustCopyFlatData[float32](v.MustValue())
	return safetensors.Tensor{Dims: append([]int{}, v.Shape().Dimensions...), Data: data}
}

// stateFile is where a loop that was killed goes on.
const stateFile = "state.safetensors"

// save writes weights, optimizer state, and what was reported of the finished steps.
// What does not change stays out: frozen weights, and sums of gradients, which begin
// anew with every step.
func save(store *model.Store, directory string, identity string, reported reports) error {
	file := &safetensors.File{
		Tensors:  map[string]safetensors.Tensor{},
		Integers: map[string]safetensors.Integers{curveTensor: bytesTensor(reported.lines)},
		Metadata: map[string]string{"step": strconv.Itoa(reported.steps), "identity": identity},
	}
	for v := range store.IterVariables() {
		frozen := !v.Trainable && !isState(v.Path())
		if frozen || strings.HasPrefix(v.Path(), gradientScope+"/") {
			continue
		}
		file.Tensors[v.Path()] = tensorOf(v)
	}
	path := filepath.Join(directory, stateFile)
	if err := file.Write(path); err != nil {
		return err
	}
	return sealed.Seal(path)
}

// reports are what was reported of the steps so far, as lines of JSON: a map for each
// would take several times the memory.
type reports struct {
	lines []byte
	steps int
}

func (r *reports) add(progress sdk.Progress) error {
	line, err := json.Marshal(progress)
	if err != nil {
		return fmt.Errorf("keep what was reported: %w", err)
	}
	r.lines = append(append(r.lines, line...), '\n')
	r.steps++
	return nil
}

// each decodes the reports.
func (r reports) each(do func(sdk.Progress) error) error {
	for line := range bytes.Lines(r.lines) {
		var progress sdk.Progress
		if err := json.Unmarshal(line, &progress); err != nil {
			return err
		}
		if err := do(progress); err != nil {
			return err
		}
	}
	return nil
}

// curveTensor holds the reports, one byte a number: a header of safetensors is too
// small for those of many steps.
const curveTensor = "reported"

func bytesTensor(b []byte) safetensors.Integers {
	t := safetensors.Integers{DType: safetensors.U8, Dims: []int{len(b)}, Data: make([]int64, len(b))}
	for i, v := range b {
		t.Data[i] = int64(v)
	}
	return t
}

func tensorBytes(t safetensors.Integers) []byte {
	b := make([]byte, len(t.Data))
	for i, v := range t.Data {
		b[i] = byte(v)
	}
	return b
}

// restore reads what save wrote and returns the reports of the finished steps; none if
// there is nothing to go on from, or if it belongs to other settings or is damaged:
// then the loop starts anew, and of damage it tells.
func restore(ctx context.Context, store *model.Store, directory string, identity string) (none reports) {
	path := filepath.Join(directory, stateFile)
	name, err := sealed.Find(path)
	if damaged := new(*sealed.Damaged); errors.As(err, damaged) {
		sdk.Repaired(ctx, fmt.Sprintf("The training's saved state is damaged (%s); it begins anew.", path))
	}
	if name == "" {
		return none
	}
	file, err := safetensors.Read(name)
	if err != nil || file.Metadata["identity"] != identity {
		return none
	}
	reported, err := load(store, file)
	if err != nil {
		return none
	}
	return reported
}

// resume reads what save wrote for another loop to go on from. What it is of is for the
// caller to know; that it fits the store is checked.
func resume(store *model.Store, directory string) (reports, error) {
	name, err := sealed.Find(filepath.Join(directory, stateFile))
	if err != nil {
		return reports{}, err
	}
	if name == "" {
		return reports{}, fmt.Errorf("there is no %s", stateFile)
	}
	file, err := safetensors.Read(name)
	if err != nil {
		return reports{}, err
	}
	return load(store, file)
}

// load takes a saved state over, or none of it.
func load(store *model.Store, file *safetensors.File) (reports, error) {
	reported := reports{lines: tensorBytes(file.Integers[curveTensor])}
	var err error
	if reported.steps, err = strconv.Atoi(file.Metadata["step"]); err != nil || bytes.Count(reported.lines, []byte("\n")) != reported.steps {
		return reports{}, errors.New("the state does not hold a report of each of its steps")
	}
	for name, tensor := range file.Tensors { // before anything is overwritten
		if v := store.GetVariable(name); v != nil && !slices.Equal(v.Shape().Dimensions, tensor.Dims) {
			return reports{}, fmt.Errorf("weight %q: shape is %v, expected %v", name, tensor.Dims, v.Shape().Dimensions)
		}
	}
	for name, tensor := range file.Tensors {
		if err := setVariable(store, name, tensor, !isState(name)); err != nil {
			return reports{}, err
		}
	}
	return reported, nil
}

func setVariable(store *model.Store, path string, tensor safetensors.Tensor, trainable bool) error {
	value := tensors.FromFlatDataAndDimensions(tensor.Data, tensor.Dims...)
	if v := store.GetVariable(path); v != nil {
		if !v.Shape().Equal(value.Shape()) {
			return fmt.Errorf("weight %q: shape is %v, expected %v", path, tensor.Dims, v.Shape().Dimensions)
		}
		return v.SetValue(value)
	}
	v, err := store.CreateVariable(path, value)
	if err != nil {
		return err
	}
	v.SetTrainable(trainable)
	return nil
}

// Weights reads a model's weights from a safetensors file into a new store.
func Weights(file *safetensors.File) (*model.Store, error) {
	store := model.NewStore()
	for name, tensor := range file.Tensors {
		if err := setVariable(store, "/"+name, tensor, true); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// Tensors are the model's weights in store, by name; averaged ones if the loop
// kept an average.
func Tensors(store *model.Store) map[string]safetensors.Tensor {
	return tensorsOf(store, func(*model.Variable) bool { return true })
}

// Trained are those of Tensors that were trained.
func Trained(store *model.Store) map[string]safetensors.Tensor {
	return tensorsOf(store, func(v *model.Variable) bool { return v.Trainable })
}

func tensorsOf(store *model.Store, wanted func(v *model.Variable) bool) map[string]safetensors.Tensor {
	weights := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		if isState(v.Path()) || nn.IsFrozen(v.Path()) || !wanted(v) {
			continue
		}
		source := v
		if average := store.GetVariable(averageScope + v.Path()); average != nil {
			source = average
		}
		weights[v.Path()[1:]] = tensorOf(source)
	}
	return weights
}

// Identify tells a job from another one, for Loop.Identity, by what decides its
// result. A job that was killed is asked for again with another output: leave out of
// a request where the result and the unfinished state are put.
func Identify(parts ...any) (string, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("identify the job: %w", err)
	}
	return Digest(text), nil
}

// Digest is a short name of a job's settings.
func Digest(settings []byte) string {
	sum := sha256.Sum256(settings)
	return hex.EncodeToString(sum[:])
}
