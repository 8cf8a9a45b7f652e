//go:build goexperiment.simd

package main

// builtWithSIMD says whether the compute kernels use SIMD instructions.
const builtWithSIMD = true
