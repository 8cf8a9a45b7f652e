// Package stage does the work of one stage: it streams tables through a
// plugin's instance and checks what comes back. One file per kind of stage.
//
// Memory does not grow with the number of images: rows are read, sent,
// answered and written one after another. What comes back is not trusted: a
// NaN, an infinite or a constant score, a loss that is no number, an empty
// table end the stage with a diagnostic that names the place and the way out.
//
// The package knows nothing of keys, caches or other stages. It reads the
// inputs it is given and writes into the directory of work it is given; whether
// that becomes part of the store is the caller's business.
package stage
