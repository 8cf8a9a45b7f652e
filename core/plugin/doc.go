// Package plugin is the host's side of the plugin contract: it finds out what a
// plugin is, starts it, asks it what it provides, opens instances, and turns
// everything that can go wrong into a diagnostic that says what to do.
//
// A plugin is what it answers with: the digest of a program, or of a script or
// directory with all that lies in it, with its command, and with the versions of
// interpreter and packages that it reports. What was digested is what runs: a
// program is started by the file that was read, on Linux, and the files of a script
// are looked at again after it has started and whenever a component is opened. The
// lock file pins all of that together with the plugin's description, so that
// nothing has to run to check or plan an experiment.
//
// One process runs per plugin. It is started when it is first needed, reused,
// and started anew at the next Open if it has died. It never outlives the host,
// and what comes of it does not outlive it: by its process group, by the end of
// its standard input, by the death of its parent, and, on Linux, by a mark in the
// environment of all that it starts. It has a small environment and an empty
// directory to work in, and what it prints is kept in a file.
//
// The package refuses to look for plugins: a plugin is what an experiment names. It
// executes nothing of one that is neither locked nor allowed. It refuses answers
// that break the contract: missing or doubled ones, NaN, infinities. It believes no
// description: what one promises is looked for. And it never waits for ever, nor
// twice for the same: starting and closing have deadlines, a call without a sign
// of life is given up together with its process, and a component that hung is not
// asked again.
//
// What it does not cover: shared libraries of the system that a program loads, what
// a plugin fetches from elsewhere, and daemons, which have left the plugin's session,
// environment and directory and whose parents have ended.
package plugin
