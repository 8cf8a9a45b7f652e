// Package pretrained reads and writes the weights of published models, in the
// directories and with the layout of diffusers and transformers: one
// safetensors file, or several and an index, of any floating-point type.
//
// What a network asks for is compared with the files' headers before any data
// is read, and all that is wrong is reported at once: a model that is nearly the
// published one would go unnoticed. The package refuses to run what it reads;
// files of pickled Python are programs, and it does not open them.
package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// Names of the weights' file, without extension.
const (
	Diffusers    = "diffusion_pytorch_model"
	Transformers = "model"
)

const extension = ".safetensors"

// variants are the types that a file may have in its name.
var variants = []string{"fp32", "fp16", "bf16"}

// files are the open files of a model's weights. Their data is on the disk until
// it is asked for.
type files struct {
	directory string
	readers   []*safetensors.Reader
	index     string                         // the name of the file that lists them; "": there is one file
	holder    map[string]*safetensors.Reader // by the tensor's name
}

// openFiles opens the weights called name in directory: in one file, in several
// that an index lists, or in those of a variant, such as name.fp16.
func openFiles(directory, name string) (*files, error) {
	f := &files{directory: directory, holder: map[string]*safetensors.Reader{}}
	if err := f.find(name); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *files) close() error {
	var failures []error
	for _, r := range f.readers {
		failures = append(failures, r.Close())
	}
	return errors.Join(failures...)
}

func (f *files) find(name string) error {
	whole, index := name+extension, name+extension+".index.json"
	candidates := [][2]string{{whole, index}}
	for _, variant := range variants {
		candidates = append(candidates, [2]string{name + "." + variant + extension, name + extension + ".index." + variant + ".json"})
	}
	for _, c := range candidates {
		if f.has(c[0]) {
			return f.openWhole(c[0])
		}
		if f.has(c[1]) {
			f.index = c[1]
			return f.openShards(c[1])
		}
	}
	return f.nothing(name)
}

func (f *files) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.directory, name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (f *files) openWhole(file string) error {
	r, err := f.open(file)
	if err != nil {
		return err
	}
	for _, name := range r.Names() {
		f.holder[name] = r
	}
	return nil
}

// openShards opens the files that an index lists. Of each it takes the tensors
// that the index says are there.
func (f *files) openShards(file string) error {
	path := filepath.Join(f.directory, file)
	text, err := config.File(path)
	if known := (sdk.Diagnostic{}); errors.As(err, &known) {
		return known
	} else if err != nil {
		return fmt.Errorf("read weights: %w", err)
	}
	var index struct {
		Shards map[string]string `json:"weight_map"` // tensor -> file
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("read weights %s: %w", path, err)
	}
	opened := map[string]*safetensors.Reader{}
	for _, name := range slices.Sorted(maps.Keys(index.Shards)) {
		file := index.Shards[name]
		if file != filepath.Base(file) || !strings.HasSuffix(file, extension) {
			return sdk.Diagnostic{
				Summary: "The weights' index is not usable",
				Detail:  fmt.Sprintf("%s puts tensor %q into %q, which is not the name of a safetensors file beside it.", path, name, file),
			}
		}
		r := opened[file]
		if r == nil {
			if !f.has(file) {
				return sdk.Diagnostic{
					Summary: "A part of the weights is missing",
					Detail:  fmt.Sprintf("%s puts tensor %q into %s, and there is no such file. Fetch it from where the weights are published.", path, name, file),
				}
			}
			if r, err = f.open(file); err != nil {
				return err
			}
			opened[file] = r
		}
		if _, ok := r.Info(name); !ok {
			return sdk.Diagnostic{
				Summary: "The weights' index does not fit its files",
				Detail:  fmt.Sprintf("%s puts tensor %q into %s, which does not hold it. Index and files may be of different models.", path, name, file),
			}
		}
		f.holder[name] = r
	}
	return nil
}

// open opens a file and keeps it.
func (f *files) open(file string) (*safetensors.Reader, error) {
	r, err := safetensors.Open(filepath.Join(f.directory, file))
	if errors.Is(err, gitlfs.Error{}) {
		return nil, sdk.Diagnostic{
			Summary: "The weights " + filepath.Join(f.directory, file) + " are not here",
			Detail:  fmt.Sprintf("In their place is a pointer: %v. Or write the model as hf://OWNER/NAME, and plumb download fetches it.", gitlfs.Error{}),
		}
	}
	if err != nil {
		return nil, sdk.Diagnostic{
			Summary: "Weights that cannot be read",
			Detail:  err.Error() + ". Fetch the file again from where the weights are published.",
		}
	}
	f.readers = append(f.readers, r)
	return r, nil
}

// nothing says that there are no weights, and what is there instead.
func (f *files) nothing(name string) error {
	file := name + extension
	detail := fmt.Sprintf("The directory needs %s, or %s.index.json with the files that it lists; either may be a variant, as in %s.fp16%s.", file, file, name, extension)
	for _, pattern := range []string{"*.bin", "*.pt", "*.ckpt", "*.h5", "*.msgpack"} {
		if found, err := filepath.Glob(filepath.Join(f.directory, pattern)); err == nil && len(found) > 0 {
			detail += " There is " + filepath.Base(found[0]) + ", which can run code when it is read, or is of another library: fetch the safetensors of the same model."
			break
		}
	}
	return sdk.Diagnostic{Summary: "No weights in " + f.directory, Detail: detail}
}
