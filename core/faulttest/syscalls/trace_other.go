//go:build !(linux && amd64)

package syscalls

// Trace runs a command to its end and returns its exit code.
func Trace(Options) (code int, err error) { return 0, ErrUnsupported }
