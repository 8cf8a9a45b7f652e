// Package store keeps what stages made: blobs named by their content, and the
// action cache that says which stage made which blobs. Both live in one
// directory, the store, which several processes, also of several machines that
// share the directory, may use at once.
//
// # What is where
//
//	format                 "plumb store 2", with its checksum: the version of all that follows
//	blobs/ab/abcd…         a blob; its name is the sha256 of its content, in hex
//	records/KE/KEY.json    what the stage with this key did (package record)
//	nodes/…                the key of the newest record of a node; a hint, for explain
//	runs/NAME@ID.json      what a run is made of (package record); the list of runs
//	runs/NAME@ID.lock      held by who has the run under way
//	runs/NAME@ID.removed   the run is listed no longer, and may be collected
//	views/ab/abcd…/        a directory output with its files under their names
//	digests/files          digests of files outside, by their times (package digest); a hint
//	scratch/KEY/           unfinished state of a stage, kept between tries
//	work/ID/, work/ID.lock what the living process ID is writing
//	quarantine/…           blobs and records that were found damaged
//	locks/use              held shared by all who have the store open
//	locks/sessions         held while a process signs on
//	locks/keys/KEY.lock    held by who makes the stage with this key
//
// A file output is one blob. A directory output is one blob for each of its
// files and one for its listing, which holds their relative paths, sizes and
// digests, sorted by path; the digest of the directory is that of its listing.
// Empty directories, permissions and times are not kept. Two outputs with a
// file in common share its blob.
//
// # Atomicity and crash safety
//
// Nothing is ever written under a final name. A file is written in the
// process's own directory under work, fsynced, made read-only and then renamed,
// and the directory that it is now in is fsynced too. A record is put only
// after all of its outputs are, and never replaced. So at any moment, and after
// a crash at any moment, a blob is whole or absent, and a record is absent or
// has all of its outputs. What a crash leaves behind is in work, and the next
// Open removes it: a process holds a lock on its work/ID.lock as long as it
// lives, so a directory whose lock can be had belongs to the dead.
//
// # Damage
//
// Disks and people alter files all the same. Sizes are checked on every use;
// the content is hashed on the first use in a process, and again if size, a time of
// change or the inode are others: a file that was altered and given its old time is
// found, too. A record carries its own checksum, which covers its version. What does
// not match is moved to quarantine, so that it is never used again, and reported as
// *Corrupt; the stage that made it then counts as not yet run. Unfinished state in
// scratch is sealed (package sealed). A format file that is damaged is written anew
// where everything else is that of a store.
//
// Quarantine ends by itself: what is older than 30 days goes, and of 1 GiB of younger
// things the oldest; Collect removes all of it.
//
// # Concurrency
//
// Any number of processes may read and write. Putting the same blob twice at
// once is harmless, as both renames put the same bytes there. Lock keeps two
// processes from working at the same stage; it is advisory, and forgetting it
// costs time only: the first record wins. Collect, which removes, runs alone:
// it needs locks/use for itself and refuses while anyone else has the store
// open. Locks are flock(2), which shared file systems pass on between
// machines.
//
// Reading needs no writing: Read opens a store that cannot be written to, and
// then nothing in it is made, locked or moved.
//
// # What stays
//
// Collect takes what no run of the list needs, whatever a run's state: what a run
// was killed or ran out of space over is needed like what one has finished. What
// no listed run needs stays, too, for as long as it is young, unless its run was
// removed from the list. Only RemoveRun takes a run from the list.
//
// # What it refuses
//
// The store does not know what a stage is, does not read tables and decides
// nothing about keys. It refuses a directory of an unknown format, a directory
// that holds other files, symbolic links in outputs, and names that would lead
// out of it.
package store
