//go:build !goexperiment.simd

package session

// BuiltWithSIMD says whether the compute kernels use SIMD instructions.
const BuiltWithSIMD = false
