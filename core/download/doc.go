// Package download brings a file from a server that may break off, be silent or
// send something else: what came is kept and gone on with, and a file has its name
// only after it was compared with its digest.
//
// It knows no server: whoever uses it asks for the file (Source.Get) and says in
// its own words what went wrong. Nothing is fetched that was not asked for.
package download
