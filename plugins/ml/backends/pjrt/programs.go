package pjrt

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// ProgramsVariable is the environment variable that names a directory into which
// each program is written before it is compiled, as StableHLO.
const ProgramsVariable = "PLUMB_XLA_PROGRAMS"

func dumpDirectory() string { return os.Getenv(ProgramsVariable) }

// writeProgram writes a program under the digest of its text.
func writeProgram(directory string, program []byte) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	sum := sha256.Sum256(program)
	path := filepath.Join(directory, hex.EncodeToString(sum[:8])+".mlir")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(path, program)
}

// warn says something that costs time and no run. Standard error of a plugin's
// process is in the run's log.
func warn(format string, values ...any) { fmt.Fprintf(os.Stderr, "XLA: "+format+"\n", values...) }
