// Command plumb runs experiments that align text-to-image models with human
// feedback. One file holds one verb; `plumb help` lists them.
//
// Here, and nowhere else, flags and the environment are read, signals are
// caught and the process exits.
package main
