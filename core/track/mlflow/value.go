package mlflow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/plumb-ml/plumb/core/track"
)

// The limits of a server, and of what is shown well.
const (
	batchAll     = 1000 // metrics, parameters and tags together
	batchParams  = 100
	batchTags    = 100
	nameLetters  = 250
	paramLetters = 500  // 2.x servers cut at 6000, or at 500 before
	tagLetters   = 5000 // cut at 8000, or at 5000 before
)

type metric struct {
	Key       string `json:"key"`
	Value     number `json:"value"`
	Timestamp int64  `json:"timestamp"` // ms
	Step      int64  `json:"step"`
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// number is a metric's value. A bare NaN in a body makes a server forget the rest of it
// and answer that all is well; infinities are stored as the largest number, and so are
// never sent.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	switch x := float64(n); {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 0):
		return nil, fmt.Errorf("an infinite number cannot be sent")
	default:
		return json.Marshal(x)
	}
}

// UnmarshalJSON implements json.Unmarshaler: servers write what is not finite as a text.
func (n *number) UnmarshalJSON(text []byte) error {
	switch strings.ToLower(strings.Trim(string(text), `"`)) {
	case "nan":
		*n = number(math.NaN())
	case "infinity", "inf":
		*n = number(math.Inf(1))
	case "-infinity", "-inf":
		*n = number(math.Inf(-1))
	default:
		var x float64
		if err := json.Unmarshal(text, &x); err != nil {
			return err
		}
		*n = number(x)
	}
	return nil
}

// same reports whether two numbers are one, NaN being NaN.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// row is a point as a metric; ok is false for an infinite one.
func row(p track.Point) (m metric, ok bool) {
	return metric{name(p.Key), number(p.Value), p.Time.UnixMilli(), p.Step}, !math.IsInf(p.Value, 0)
}

// allowed reports whether servers of all versions take a character in a name.
func allowed(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-. /", r)
}

// name is a key as a name of a metric, parameter or tag. One that servers refuse is
// written with _ and ends in digits of its own, so that no two keys become one.
func name(key string) string {
	normal := norm.NFC.String(strings.ToValidUTF8(key, "_"))
	parts := strings.Split(normal, "/")
	for i, part := range parts {
		part = strings.Map(func(r rune) rune {
			if !allowed(r) {
				return '_'
			}
			return r
		}, part)
		if part == "" || part == "." || part == ".." {
			part = "_"
		}
		parts[i] = part
	}
	made := strings.Join(parts, "/")
	if utf8.RuneCountInString(made) <= nameLetters && made == normal {
		return made
	}
	sum := sha256.Sum256([]byte(key))
	ending := "-" + hex.EncodeToString(sum[:3])
	letters := []rune(made)
	return strings.TrimRight(string(letters[:min(len(letters), nameLetters-len(ending))]), "/ ") + ending
}

// text is a value of a parameter or a tag, cut before a server would cut it.
func text(value string, letters int) string {
	value = strings.ReplaceAll(strings.ToValidUTF8(value, "�"), "\x00", "")
	n := utf8.RuneCountInString(value)
	if n <= letters {
		return value
	}
	ending := fmt.Sprintf("… (%d characters)", n)
	return string([]rune(value)[:letters-utf8.RuneCountInString(ending)]) + ending
}
