package pretrained

// Published models have the layout of torch: a matrix is [out, in], a kernel is
// [out, in, height, width]. Ours are [in, out] and [height, width, in, out], so
// that products need no transpose while a model runs. A weight is turned once,
// when it is read or written.

// theirDims are the dimensions in the files of a weight with ours.
func theirDims(dims []int, turned bool) []int {
	switch {
	case !turned:
		return dims
	case len(dims) == 2:
		return []int{dims[1], dims[0]}
	}
	return []int{dims[3], dims[2], dims[0], dims[1]}
}

// toOurs copies a weight of the files, dims are ours.
func toOurs(theirs, ours []float32, dims []int, turned bool) {
	if !turned {
		copy(ours, theirs)
		return
	}
	each(dims, func(t, o int) { ours[o] = theirs[t] })
}

// toTheirs is the reverse of toOurs.
func toTheirs(ours, theirs []float32, dims []int, turned bool) {
	if !turned {
		copy(theirs, ours)
		return
	}
	each(dims, func(t, o int) { theirs[t] = ours[o] })
}

// each visits every element of a weight, at its place in the files and at ours.
// It goes by tiles that stay in a processor's cache.
func each(dims []int, visit func(theirs, ours int)) {
	const tile = 32
	window, in, out := 1, dims[len(dims)-2], dims[len(dims)-1]
	if len(dims) == 4 {
		window = dims[0] * dims[1]
	}
	columns := in * window
	rows := make([]int, columns) // ours, of a column of theirs
	for i := range rows {
		rows[i] = i%window*in + i/window
	}
	for o0 := 0; o0 < out; o0 += tile {
		for c0 := 0; c0 < columns; c0 += tile {
			for o := o0; o < min(o0+tile, out); o++ {
				for c := c0; c < min(c0+tile, columns); c++ {
					visit(o*columns+c, rows[c]*out+o)
				}
			}
		}
	}
}
