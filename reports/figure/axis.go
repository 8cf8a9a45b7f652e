package figure

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// scale maps numbers to places.
type scale struct {
	log       bool
	low, high float64 // numbers; of a logarithmic scale their decimal logarithms
	from, to  float64 // places
}

func (s scale) at(x float64) float64 {
	if s.log {
		x = math.Log10(x)
	}
	return s.from + (x-s.low)/(s.high-s.low)*(s.to-s.from)
}

// tick is a number on an axis.
type tick struct {
	value float64
	label string
}

// margin is how much of an axis stays free on either side of the numbers.
const margin = 0.05

// span is the range of an axis over some numbers.
func (a Axis) span(numbers []float64) scale {
	if a.Scale == Even {
		return scale{low: -0.5, high: float64(max(1, len(a.Names))) - 0.5}
	}
	log := a.Scale == Log
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range slices.Concat(numbers, a.Values) {
		if !known(x) || log && x <= 0 {
			continue
		}
		low, high = min(low, x), max(high, x)
	}
	switch {
	case low > high:
		low, high = 0, 1
	case log:
		low, high = math.Log10(low), math.Log10(high)
	}
	least, most := low, high
	if size := max(math.Abs(low), math.Abs(high)); high-low <= 1e-11*size || high-low < 1e-140 {
		room := size / 10
		if log || room < 1e-140 {
			room = 0.5
		}
		low, high = low-room, high+room
	} else {
		room := margin * (high - low)
		low, high = low-room, high+room
	}
	if !log {
		if a.Least != nil {
			low = max(low, min(*a.Least, least))
		}
		if a.Most != nil {
			high = min(high, max(*a.Most, most))
		}
	}
	return scale{log: log, low: low, high: high}
}

// ticks are at most some numbers within the range: those that the axis names, or round
// ones.
func (a Axis) ticks(s scale, most int) []tick {
	if a.Values != nil || a.Scale == Even {
		var all []tick
		for i, name := range a.Names {
			value := float64(i)
			if a.Scale != Even {
				value = a.Values[i]
			}
			if !s.log || value > 0 {
				all = append(all, tick{value, name})
			}
		}
		return all
	}
	if s.log {
		return logarithmicTicks(s.low, s.high, most)
	}
	return linearTicks(s.low, s.high, most)
}

// linearTicks are the multiples of 1, 2 or 5 times a power of ten within a range, no more
// than most of them.
func linearTicks(low, high float64, most int) []tick {
	exponent := int(math.Floor(math.Log10((high - low) / float64(max(1, most)))))
	for ; ; exponent++ {
		for _, factor := range []int64{1, 2, 5} {
			step := float64(factor) * math.Pow10(exponent)
			first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
			if last-first+1 > float64(max(1, most)) {
				continue
			}
			var all []tick
			notation := notationOf(max(math.Abs(first), math.Abs(last)) * step)
			for k := int64(first); k <= int64(last); k++ {
				all = append(all, tick{round(k*factor, exponent), notation.label(k*factor, exponent)})
			}
			return all
		}
	}
}

// logarithmicTicks are powers of ten, or, over less than two decades, 1, 2 and 5 times
// these; low and high are decimal logarithms.
func logarithmicTicks(low, high float64, most int) []tick {
	first, last := int(math.Ceil(low-1e-9)), int(math.Floor(high+1e-9))
	var all []tick
	notation := notationOf(math.Pow(10, high))
	if low < -4 { // one notation for all
		notation = scientific
	}
	if high-low >= 2 {
		stride := 1
		for (last-first)/stride+1 > max(1, most) {
			stride++
		}
		for k := first; k <= last; k += stride {
			all = append(all, tick{round(1, k), notation.label(1, k)})
		}
		return all
	}
	for k := first - 1; k <= last; k++ {
		for _, factor := range []int64{1, 2, 5} {
			if at := math.Log10(float64(factor)) + float64(k); at >= low-1e-9 && at <= high+1e-9 {
				all = append(all, tick{round(factor, k), notation.label(factor, k)})
			}
		}
	}
	if len(all) < 2 || len(all) > most {
		return slices.DeleteFunc(linearTicks(math.Pow(10, low), math.Pow(10, high), most), func(t tick) bool { return t.value <= 0 })
	}
	return all
}

// round is the number nearest to digits times a power of ten.
func round(digits int64, exponent int) float64 {
	x, err := strconv.ParseFloat(strconv.FormatInt(digits, 10)+"e"+strconv.Itoa(exponent), 64)
	if err != nil { // beyond what a number holds, which no axis is
		return float64(digits) * math.Pow10(exponent)
	}
	return x
}

// notation is how the numbers of an axis are written.
type notation struct {
	power int // the numbers are written as multiples of this power of ten
	each  bool
}

// scientific writes each number with its own power of ten.
var scientific = notation{each: true}

// notationOf is that of an axis whose largest number is this.
func notationOf(largest float64) notation {
	if largest == 0 || largest >= 1e-3 && largest < 1e6 {
		return notation{}
	}
	return notation{power: int(math.Floor(math.Log10(largest) + 1e-12))}
}

// label writes digits times a power of ten, exactly.
func (n notation) label(digits int64, exponent int) string {
	if digits == 0 {
		return "0"
	}
	sign := ""
	if digits < 0 {
		sign, digits = "−", -digits
	}
	power := n.power
	if n.each {
		power = exponent + len(strconv.FormatInt(digits, 10)) - 1
	}
	written := sign + decimal(digits, exponent-power)
	if power != 0 {
		written += "e" + strings.ReplaceAll(strconv.Itoa(power), "-", "−")
	}
	return written
}

// decimal writes digits times a power of ten without a power.
func decimal(digits int64, exponent int) string {
	written := strconv.FormatInt(digits, 10)
	if exponent >= 0 {
		return written + strings.Repeat("0", exponent)
	}
	if missing := 1 - exponent - len(written); missing > 0 {
		written = strings.Repeat("0", missing) + written
	}
	point := len(written) + exponent
	return written[:point] + "." + written[point:]
}
