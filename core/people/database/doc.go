// Package database keeps what people say of images, and who they are: one SQLite file
// for all runs of an experiment's name, in WAL mode. It is append-only: a judgement that
// is taken back keeps its row and has another that says so; only a rater who is forgotten
// takes rows along. What Add has returned from outlasts a kill and a power cut.
//
// It refuses to decide who is asked what, which is package labelling/queue's, and to
// count judgements, which is package people's.
package database
