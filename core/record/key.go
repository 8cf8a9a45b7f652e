package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// KeyOf returns the sha256, in hex, that names a stage with these parts. Names,
// values and their order all count. Every string goes in with its length
// before it, so that no two lists of parts share an encoding.
func KeyOf(parts []KeyPart) string {
	h := sha256.New()
	write := func(s string) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(s)))
		h.Write(length[:])
		io.WriteString(h, s)
	}
	write("plumb key 1")
	for _, p := range parts {
		write(p.Name)
		write(p.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}
