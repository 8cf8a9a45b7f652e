// Package python holds plumb_plugin, the Python package that plugins are written
// with, and hands it out: as a wheel, and inside the files of a new plugin.
//
// The package is under src, its tests under tests, plugins for real models under
// examples, and the files of a new plugin under template. Nothing of it runs in
// this process: a plugin in Python is a process of its own, like any other.
//
// The package refuses to know how environments are made: uv, venv and whatever
// else installs wheels do that.
package python
