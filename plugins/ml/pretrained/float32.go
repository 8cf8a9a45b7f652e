package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// CopyFloat32 is Copy, with weights of 16 bits as float32, so that what is copied can
// be computed with beside weights that were trained in float32. No value changes.
func CopyFloat32(to, from, name string) error {
	f, err := openFiles(from, name)
	if err != nil {
		return err
	}
	wide := true
	for tensor, r := range f.holder {
		info, _ := r.Info(tensor)
		wide = wide && (!info.Floating() || info.DType == safetensors.F32)
	}
	if wide {
		if err := f.close(); err != nil {
			return err
		}
		return Copy(to, from, name)
	}
	total := 0
	for _, r := range f.readers {
		file := name + extension
		if f.index != "" {
			file = filepath.Base(r.Path())
		}
		size, err := writeFloat32(filepath.Join(to, file), r)
		if err != nil {
			return errors.Join(err, f.close())
		}
		total += size
	}
	if f.index != "" {
		if err := copyIndex(filepath.Join(to, name+extension+".index.json"), filepath.Join(from, f.index), total); err != nil {
			return errors.Join(err, f.close())
		}
	}
	return f.close()
}

// writeFloat32 writes all tensors of a file, and returns their size in bytes.
func writeFloat32(path string, r *safetensors.Reader) (size int, err error) {
	file := &safetensors.File{Tensors: map[string]safetensors.Tensor{}, Integers: map[string]safetensors.Integers{}, Metadata: r.Metadata()}
	for _, name := range r.Names() {
		info, _ := r.Info(name)
		if info.Floating() {
			file.Tensors[name], err = r.Floats(name)
			size += 4 * len(file.Tensors[name].Data)
		} else {
			file.Integers[name], err = r.Integers(name)
			size += 8 * len(file.Integers[name].Data)
		}
		if err != nil {
			return 0, err
		}
	}
	return size, file.Write(path)
}

// copyIndex copies the list of a model's files, with another size of all.
func copyIndex(to, from string, size int) error {
	text, err := config.File(from)
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	var index map[string]any
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("copy model: %s: %w", from, err)
	}
	index["metadata"] = map[string]any{"total_size": size}
	if text, err = json.MarshalIndent(index, "", "  "); err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	return nil
}

// ofHalf is what a configuration says of weights of 16 bits.
var ofHalf = regexp.MustCompile(`("(?:torch_)?dtype"\s*:\s*)"(?:bfloat16|float16)"`)

// CopyConfigFloat32 copies a configuration, and has it say that its weights are
// float32: transformers loads them as it says.
func CopyConfigFloat32(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	if err := os.WriteFile(to, ofHalf.ReplaceAll(text, []byte(`$1"float32"`)), 0o644); err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	return nil
}
