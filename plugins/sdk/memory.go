package sdk

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// The calls that no estimate is made of, beside those of estimate.go.
const (
	CallOpen  Call = "open"
	CallFit   Call = "fit"
	CallScore Call = "score"
	CallRate  Call = "rate"
)

// Saving is advice to a user: an option that makes a call need less memory of the
// device.
type Saving struct {
	Option string // argument or block that it is about: "micro_batch_size"
	Block  string // that the option belongs into: "sampler", "finetune", "reward"
	Write  string // what to write: "micro_batch_size = 8"
	Now    string // what it is now, in words: "16"
}

// Saver is an instance that knows which options lower the memory of a call. The
// SDK asks it when one of its calls ran out of the device's memory.
type Saver interface {
	// Savings lists the options that can still be changed, the most effective
	// first. tune is the request of CallTune; nil for other calls.
	Savings(call Call, tune *TuneRequest) []Saving
}

// outOfMemory is how backends say that a device has too little memory. XLA's
// RESOURCE_EXHAUSTED alone may speak of registers, too.
var outOfMemory = regexp.MustCompile(`(?i)CUDA_ERROR_OUT_OF_MEMORY|CUDA out of memory|cudaErrorMemoryAllocation|CU(BLAS|DNN|FFT|SOLVER)_STATUS_ALLOC_FAILED` +
	`|out of (device )?memory (while )?(trying to )?allocat` +
	`|RESOURCE_EXHAUSTED[^\n]*(out of memory|failed to allocate|allocation of [0-9]|exceeds? [^\n]*memory (capacity|limit|available))` +
	`|failed to allocate [^\n]*(on|from) (the )?(device|GPU)`)

// notMemory are messages of a kernel that is too large, which no batch size
// helps.
var notMemory = regexp.MustCompile(`(?i)shared memory size limit|out of (shared memory|registers)`)

// asked is the size in such a message: bytes, or a number with a unit.
var asked = regexp.MustCompile(`(?i)allocat[a-z]*(?: request for)?\s+([0-9]+(?:\.[0-9]+)?)\s?(bytes|[KMGT]i?B)`)

// OutOfMemory reports whether an error is a backend's that a device has too
// little memory, and how many bytes could not be allocated; 0 if it does not say.
func OutOfMemory(err error) (bytes int64, is bool) {
	if err == nil {
		return 0, false
	}
	text := err.Error()
	if !outOfMemory.MatchString(text) || notMemory.MatchString(text) {
		return 0, false
	}
	if parts := asked.FindStringSubmatch(text); parts != nil {
		number, err := strconv.ParseFloat(parts[1], 64)
		const largest = 1 << 62
		if size := number * float64(unit(parts[2])); err == nil && size < largest {
			bytes = int64(size)
		}
	}
	return bytes, true
}

func unit(name string) int64 {
	for i, letter := range "KMGT" {
		if strings.HasPrefix(strings.ToUpper(name), string(letter)) {
			return 1 << (10 * (i + 1))
		}
	}
	return 1
}

// explainOutOfMemory turns an error into a diagnostic that says what to lower, if it is that
// the device has too little memory for a call.
func (in *instance) explainOutOfMemory(call Call, err error) error {
	bytes, is := OutOfMemory(err)
	if !is {
		return err
	}
	var detail strings.Builder
	if bytes > 0 {
		fmt.Fprintf(&detail, "Allocating another %s failed. ", humanize.IBytesN(uint64(bytes), 3))
	}
	if savings := in.savings(call); len(savings) > 0 {
		detail.WriteString("To take less, write one or more of these, the first ones help most:\n")
		for i, s := range savings {
			end := ";"
			if i == len(savings)-1 {
				end = "."
			}
			fmt.Fprintf(&detail, "  %s in the block %s (now %s)%s\n", s.Write, s.Block, s.Now, end)
		}
	} else {
		detail.WriteString("It has no option that would take less.\n")
	}
	detail.WriteString("Or take a device with more memory, or end what else holds memory of this one: nvidia-smi lists that.\nThe backend said: " + shortened(err))
	return Diagnostic{
		Severity: SeverityError,
		Summary:  fmt.Sprintf("The device has too little memory for %s to %s", in, call),
		Detail:   detail.String(),
	}
}

// savings asks the instance. What it says is about an error that is there
// already: a panic over it must not hide that.
func (in *instance) savings(call Call) (list []Saving) {
	saver, ok := in.value.(Saver)
	if !ok {
		return nil
	}
	err := in.guard(func() error { list = saver.Savings(call, in.tune); return nil })
	if err != nil {
		return nil
	}
	return list
}

// shortened is the line of an error that says what was exhausted: XLA adds pages
// of statistics and of a graph.
func shortened(err error) string {
	text := err.Error()
	var said Diagnostic
	if errors.As(err, &said) {
		text = said.Summary
	}
	at := outOfMemory.FindStringIndex(text)
	if at != nil {
		start, end := strings.LastIndexByte(text[:at[0]], '\n')+1, len(text)
		if line := strings.IndexByte(text[at[0]:], '\n'); line >= 0 {
			end = at[0] + line
		}
		text = text[start:end]
	}
	const most = 300
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strings.TrimSpace(text)
}
