//go:build !(linux || darwin || freebsd)

package download

// FreeBytes is not known here.
func FreeBytes(string) (free int64, known bool) { return 0, false }
