// Package hub knows models on Hugging Face's hub: how an experiment names one,
// which of its files a component reads, whether they are in the cache of this
// machine, and how they get there.
//
// The cache is the one that huggingface_hub for Python has, in its layout, so
// that what either fetched is found by the other:
//
//	models--OWNER--NAME/
//	  refs/REVISION        the commit that a branch or tag stood for when it was fetched
//	  blobs/DIGEST         a file: the sha256 of a large one, git's sha1 of a small one
//	  snapshots/COMMIT/... the repository's files, links to blobs
//	  plumb/COMMIT.json    what the hub lists at a commit (ours)
//	  plumb/COMMIT-.../    a view: the files that one component reads, and no others (ours)
//
// A component gets a view as a directory like any other, and the digest of the
// view's content goes into keys: a branch that moved on the hub is found out
// when its files are fetched, and never by using a result of other weights.
//
// Find looks at the disk alone. Only Client, which a command makes when it was
// told to, opens a connection. The package refuses pickles, which are programs,
// files that nobody reads, and names from the hub that lead out of the cache.
//
// The module gomlx/go-huggingface has a package of the same purpose; it cannot
// go on with an interrupted download, takes what comes for what was asked
// (neither size nor digest is compared), knows neither HF_HOME nor HF_TOKEN, and
// asks the hub even for what is in the cache.
package hub
