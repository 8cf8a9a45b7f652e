// Package install puts compute backends onto this machine: PJRT plugins, which are
// files of wheels in the Python registry, without Python and without root.
//
// Below a directory of the user's there is one for each backend and version, laid
// out like site-packages, so that a plugin finds its libraries where its RPATH says:
//
//	xla-cpu/0.0.1/
//	  manifest.json                 what it is, and where it is from
//	  xla_plugins/xla_cpu_pjrt/     as the wheel has it
//	.downloads/                     wheels that are coming; gone on with by the next call
//	.new-*/                         one that is being unpacked; removed by the next call
//	.lock                           of several that install, one does
//
// A directory has its name only when all of it is there, so one that was killed
// half-way has installed nothing. Versions and digests stand in one table
// (releases.go); nothing else is taken, whoever serves it.
//
// The package opens no plugin: package plugins/ml/backends finds and opens what
// lies there. It fetches nothing unless Install is called, and refuses wheels that
// are not in its table.
package install
