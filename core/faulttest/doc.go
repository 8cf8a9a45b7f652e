// Package faulttest tries what faults do to runs: kills, damaged files, full disks,
// pauses and power cuts, by chance, each followed by a run to the end that is compared
// bit for bit with one that was left alone.
//
// It sees Plumb from outside, as a program that is started and killed, and the store
// by package store. Disk and Trace (package syscalls) know what a power cut may leave.
// The command cmd/faulttest has the long form; the tests of this package have a short
// one, and one with a Plumb that believes what it finds: the campaign must find it.
//
// It refuses to judge messages, but for one thing: what is damaged, and taken out of
// the way or made again, must be told.
package faulttest
