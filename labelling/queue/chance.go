package queue

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// keyed is a digest of words that nobody can make who does not have the secret.
func keyed(secret []byte, words ...string) []byte {
	h := hmac.New(sha256.New, secret)
	for _, word := range words {
		fmt.Fprintf(h, "%d:%s", len(word), word)
	}
	return h.Sum(nil)
}

// name is an unguessable name, of 128 bits.
func name(secret []byte, words ...string) string {
	return base64.RawURLEncoding.EncodeToString(keyed(secret, words...)[:16])
}

// namer names pairs of numbers: unguessably, by one block of AES, and so that whoever has
// the secret finds the numbers again.
type namer struct{ block cipher.Block }

func newNamer(secret []byte) namer {
	block, err := aes.NewCipher(keyed(secret, "names"))
	if err != nil {
		panic(err) // a digest has the length of a key
	}
	return namer{block}
}

func (n namer) name(a, b uint64) string {
	block := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a), b)
	n.block.Encrypt(block, block)
	return base64.RawURLEncoding.EncodeToString(block)
}

func (n namer) named(name string) (a, b uint64, ok bool) {
	block, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(block) != aes.BlockSize {
		return 0, 0, false
	}
	n.block.Decrypt(block, block)
	return binary.BigEndian.Uint64(block), binary.BigEndian.Uint64(block[8:]), true
}

// chance is a number that is as good as random and always the same for the same words.
func chance(secret []byte, words ...string) uint64 {
	return binary.BigEndian.Uint64(keyed(secret, words...))
}

// share is chance in [0, 1).
func share(secret []byte, words ...string) float64 {
	return float64(chance(secret, words...)>>11) / (1 << 53)
}

// mixed makes one number of two by the finalizer of splitmix64 (Steele, Lea and Flood
// 2014): as good as chance where the two are, and a hundred times faster.
func mixed(a, b uint64) uint64 {
	x := a ^ b
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
