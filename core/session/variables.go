package session

import (
	"context"

	"github.com/plumb-ml/plumb/core/ablation"
	"github.com/plumb-ml/plumb/core/spec"
)

// Declared are the variables of an experiment, or of that of an ablation.
func Declared(ctx context.Context, file string, files *spec.Files) ([]spec.Variable, error) {
	if ablation.IsAblation(files, file) {
		loaded, found := ablation.Load(ctx, file, ablation.Options{Files: files})
		if err := found.Err(); err != nil {
			return nil, err
		}
		file = loaded.Experiment
	}
	declared, found := spec.Declared(ctx, file, spec.Options{Files: files})
	return declared, found.Err()
}
