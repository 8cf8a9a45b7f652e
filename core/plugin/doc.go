// Package plugin is the host's side of the plugin contract: it starts plugins,
// asks them what they provide, opens instances, and turns everything that can
// go wrong into a diagnostic that says what to do.
//
// One process runs per binary. It is started when it is first needed, reused,
// and started anew at the next Open if it has died. It never outlives the
// host: it ends when its standard input does.
//
// The package refuses to look for plugins: a plugin is an explicit path or an
// entry of the lock file, pinned by the sha256 of its binary. It refuses
// answers that break the contract: missing or doubled ones, NaN, infinities.
// And it never waits for ever: starting and closing have deadlines, and a call
// without a sign of life is given up together with its process.
package plugin
