//go:build !(linux || darwin || freebsd)

package store

import "errors"

// diskFree is not known here.
func diskFree(string) (bytes int64, files uint64, err error) { return 0, 0, errors.ErrUnsupported }
