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

// Advice is a setting that makes a call take less memory of the device.
type Advice struct {
	Option string // its argument or block: "micro_batch_size"
	Block  string // the block of the option: "sampler", "finetune", "reward"
	Write  string // the setting, as written: "micro_batch_size = 8"
	Now    string // the present value, in words: "16"
}

// MemoryAdvisor is an instance with settings that make a call take less memory of the
// device. It is called when a call of the instance ran out of memory.
type MemoryAdvisor interface {
	// MemoryAdvice lists the settings that can still be changed, the most effective one
	// first. tune is the request of CallTune, else nil.
	MemoryAdvice(call Call, tune *TuneRequest) []Advice
}

// outOfMemory matches the messages of backends whose device has too little memory. XLA's
// RESOURCE_EXHAUSTED alone may speak of registers, too.
var outOfMemory = regexp.MustCompile(`(?i)CUDA_ERROR_OUT_OF_MEMORY|CUDA out of memory|cudaErrorMemoryAllocation|CU(BLAS|DNN|FFT|SOLVER)_STATUS_ALLOC_FAILED` +
	`|out of (device )?memory (while )?(trying to )?allocat` +
	`|RESOURCE_EXHAUSTED[^\n]*(out of memory|failed to allocate|allocation of [0-9]|exceeds? [^\n]*memory (capacity|limit|available))` +
	`|failed to allocate [^\n]*(on|from) (the )?(device|GPU)`)

// notMemory matches the messages about a kernel that is too large, whatever the batch
// size.
var notMemory = regexp.MustCompile(`(?i)shared memory size limit|out of (shared memory|registers)`)

// asked matches the size in such a message: bytes, or a number with a unit.
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

// explainOutOfMemory turns the error of a call for which the device has too little
// memory into a diagnostic with settings to lower. Other errors are returned as they
// are.
func (in *instance) explainOutOfMemory(call Call, err error) error {
	bytes, is := OutOfMemory(err)
	if !is {
		return err
	}
	var detail strings.Builder
	if bytes > 0 {
		fmt.Fprintf(&detail, "Allocating another %s failed. ", humanize.IBytesN(uint64(bytes), 3))
	}
	if advice := in.advice(call); len(advice) > 0 {
		detail.WriteString("To use less, write one or more of these; the first ones help most:\n")
		for i, s := range advice {
			end := ";"
			if i == len(advice)-1 {
				end = "."
			}
			fmt.Fprintf(&detail, "  %s in the block %s (now %s)%s\n", s.Write, s.Block, s.Now, end)
		}
	} else {
		detail.WriteString("It has no option that would use less.\n")
	}
	detail.WriteString("Or use a device with more memory, or end other processes on this one: nvidia-smi lists them.\nThe backend said: " + shortened(err))
	return Diagnostic{
		Severity: SeverityError,
		Summary:  fmt.Sprintf("The device has too little memory for %s to %s", in, call),
		Detail:   detail.String(),
	}
}

// advice asks the instance. A panic in it must not hide the error that the advice is
// for.
func (in *instance) advice(call Call) (list []Advice) {
	advisor, ok := in.value.(MemoryAdvisor)
	if !ok {
		return nil
	}
	err := in.guard(func() error { list = advisor.MemoryAdvice(call, in.tune); return nil })
	if err != nil {
		return nil
	}
	return list
}

// shortened is the line of an error with the exhausted resource: XLA adds pages of
// statistics and of a graph.
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
