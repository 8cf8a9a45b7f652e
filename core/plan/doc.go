// Package plan turns experiments into one static graph of stages.
//
// Everything is expanded before anything runs: variants, seeds and rounds are
// nodes of their own, and no node makes nodes. Equal stages of different
// variants are one node.
//
// A stage's key is a readable list (see KeyParts): what kind of stage it is
// and the version of its code, its configuration, the digests of what it
// reads, who computes it and on what. It has no paths, no times and no names
// of machines in it, so the same work has the same key everywhere. Digests of
// inputs are known only once the inputs exist; package run therefore asks for
// a key when a stage's turn comes, and its Predict follows records already in the
// store to say what is cached before anything runs.
//
// The package refuses to run anything, to open a plugin, and to read a file.
package plan
