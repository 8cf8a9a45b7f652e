//go:build !(linux || darwin || freebsd)

package store

import "errors"

// diskFree is not known here.
func diskFree(string) (int64, error) { return 0, errors.ErrUnsupported }

// syncDir does nothing: directories cannot be synced here.
func syncDir(string) error { return nil }
