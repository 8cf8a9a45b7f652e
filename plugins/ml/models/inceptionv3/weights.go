package inceptionv3

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

const extension = ".safetensors"

// epsilon of the batch normalizations.
const epsilon = 1e-3

// first is the weight that tells how wide a network is.
const first = "Conv2d_1a_3x3.conv.weight"

// Read reads the weights from a safetensors file with the names of pytorch-fid's
// state dict. The batch normalizations are folded into the convolutions.
func Read(backend compute.Backend, path string) (Network, *model.Store, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Network{}, nil, sdk.Diagnostic{Summary: "No weights of Inception", Detail: err.Error() + ". " + Conversion}
	}
	if info.IsDir() || filepath.Ext(path) != extension {
		return Network{}, nil, sdk.Diagnostic{Summary: path + " is no safetensors file", Detail: "Name the file itself. " + Conversion}
	}
	n, inFile, err := ofFile(backend, path)
	if err != nil {
		return Network{}, nil, err
	}
	read, err := inFile.Read(filepath.Dir(path))
	if err != nil {
		return Network{}, nil, err
	}
	store, err := folded(read, n.needs(backend))
	return n, store, err
}

// Check compares a file of weights with the network, by its header alone.
func Check(backend compute.Backend, path string) error {
	_, inFile, err := ofFile(backend, path)
	if err != nil {
		return err
	}
	return inFile.Check(filepath.Dir(path))
}

// ofFile is the network that a file is of, and its weights there.
func ofFile(backend compute.Backend, path string) (Network, pretrained.Weights, error) {
	n, err := widthOf(path)
	if err != nil {
		return Network{}, pretrained.Weights{}, err
	}
	w := n.Weights(backend)
	w.File = strings.TrimSuffix(filepath.Base(path), extension)
	return n, w, nil
}

// Weights are the network's weights in files, not folded: of each convolution
// its kernel, and four vectors of its batch normalization.
func (n Network) Weights(backend compute.Backend) pretrained.Weights {
	w := pretrained.Weights{
		File:   pretrained.Transformers,
		Rename: used,
		Advice: "The weights are those of FID's Inception, which torchvision's and others are not. " + Conversion,
	}
	for _, need := range n.needs(backend) {
		if name, ok := strings.CutSuffix(need.Name, ".weight"); ok {
			channels := need.Dims[len(need.Dims)-1:]
			w.Needs = append(w.Needs, nn.Named{Name: name + ".conv.weight", Dims: need.Dims})
			for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
				w.Needs = append(w.Needs, nn.Named{Name: name + ".bn." + part, Dims: channels})
			}
		}
	}
	return w
}

// Conversion says how the weights are made.
const Conversion = "With torch and safetensors installed, this makes the file of the weights that pytorch-fid publishes " +
	"(pt_inception-2015-12-05-6726825d.pth): python3 -c \"import torch, safetensors.torch as s; " +
	"s.save_file({k: v.contiguous() for k, v in torch.load('pt_inception-2015-12-05-6726825d.pth', map_location='cpu').items()}, 'inception.safetensors')\""

// widthOf is the network that a file is of.
func widthOf(path string) (Network, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return Network{}, sdk.Diagnostic{Summary: "Weights that cannot be read", Detail: err.Error() + ". " + Conversion}
	}
	defer file.Close()
	// The published file has 32 channels here; those of tests have fewer.
	if info, ok := file.Info(first); ok && len(info.Dims) == 4 {
		for _, divisor := range []int{2, 4, 8, 16} {
			if info.Dims[0] == 32/divisor {
				return Network{divisor}, nil
			}
		}
	}
	return Network{1}, nil
}

func (n Network) needs(backend compute.Backend) []nn.Named {
	g := NewGraph(backend, "weights of Inception")
	defer g.Finalize()
	return nn.List(func(p nn.Params) {
		n.Features(p, Parameter(g, "images", shapes.Make(dtypes.Float32, 1, Side, Side, 3)))
	})
}

// used leaves out what is there for training and for classes.
func used(name string) string {
	if strings.HasSuffix(name, ".num_batches_tracked") || strings.HasPrefix(name, "fc.") || strings.HasPrefix(name, "AuxLogits.") {
		return ""
	}
	return name
}

// folded makes the convolutions' weights. With g, b, m and v of the
// normalization, which is the same for every image,
//
//	g (w x - m) / sqrt(v + epsilon) + b = (s w) x + (b - s m),  s = g / sqrt(v + epsilon)
func folded(read *model.Store, needs []nn.Named) (*model.Store, error) {
	flat := func(name string) ([]float32, error) {
		value, err := read.GetVariable("/" + name).Value()
		if err != nil {
			return nil, err
		}
		return tensors.CopyFlatData[float32](value)
	}
	store := model.NewStore()
	put := func(name string, data []float32, dims []int) error {
		_, err := store.CreateVariable("/"+name, tensors.FromFlatDataAndDimensions(data, dims...))
		return err
	}
	for _, need := range needs {
		name, ok := strings.CutSuffix(need.Name, ".weight")
		if !ok {
			continue
		}
		parts := map[string][]float32{}
		for _, part := range []string{"conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"} {
			data, err := flat(name + "." + part)
			if err != nil {
				return nil, fmt.Errorf("read weight %q: %w", name+"."+part, err)
			}
			parts[part] = data
		}
		weight, out := parts["conv.weight"], need.Dims[len(need.Dims)-1]
		bias := make([]float32, out)
		scale := make([]float64, out)
		for c := range out {
			variance := float64(parts["bn.running_var"][c])
			if !(variance >= 0) || math.IsInf(variance, 0) {
				return nil, sdk.Diagnostic{
					Summary: "Damaged weights of Inception",
					Detail:  fmt.Sprintf("Element %d of %s.bn.running_var is %v; a variance is a number from 0 on. Convert the published weights again. %s", c, name, variance, Conversion),
				}
			}
			scale[c] = float64(parts["bn.weight"][c]) / math.Sqrt(variance+epsilon)
			bias[c] = float32(float64(parts["bn.bias"][c]) - scale[c]*float64(parts["bn.running_mean"][c]))
		}
		for i := range weight {
			weight[i] = float32(float64(weight[i]) * scale[i%out])
		}
		if err := put(need.Name, weight, need.Dims); err != nil {
			return nil, err
		}
		if err := put(name+".bias", bias, []int{out}); err != nil {
			return nil, err
		}
	}
	return store, nil
}
