//go:build cgo && !windows

package pjrt

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"github.com/gomlx/go-xla/pjrt"
)

// Plugin is a plugin that is loaded. It stays until the process ends.
type Plugin struct {
	// Major and Minor are the version of the C API that it was built with.
	Major, Minor int

	api   *C.pjrt_api // its own table of functions
	cache *Cache
	salt  string // of the keys of its programs
}

var (
	lock    sync.Mutex
	plugins []*Plugin // by the numbers that C knows
)

// Load loads the library at a path and makes it known to go-xla under a name, which
// must be an absolute path for go-xla to take it as it is, and has "cpu" or "cuda"
// in it, for by this go-xla knows what it can do. What it compiles is kept in a
// cache, if that is not nil; salt is what decides about the code beside the program
// and its options: the library itself, flags, and the device.
func Load(name, path string, cache *Cache, salt string) (*Plugin, error) {
	lock.Lock()
	defer lock.Unlock()
	if len(plugins) == C.plumb_most_plugins {
		return nil, fmt.Errorf("%d PJRT plugins are loaded, and no process takes more", len(plugins))
	}
	cPath := C.CString(path)
	defer C.free(unsafe.Pointer(cPath))
	var message *C.char
	api := C.plumb_open(cPath, &message)
	if api == nil {
		defer C.free(unsafe.Pointer(message))
		return nil, errors.New(C.GoString(message))
	}
	p := &Plugin{Major: int(api.version.major), Minor: int(api.version.minor), api: api, cache: cache, salt: salt}
	functions := (uintptr(api.struct_size) - unsafe.Sizeof(*api)) / unsafe.Sizeof(uintptr(0))
	if p.Major != 0 || functions < C.pjrt_functions_needed {
		return nil, fmt.Errorf("it is built with version %d.%d of PJRT's API, and only 0.x with %d functions or more can be used", p.Major, p.Minor, int(C.pjrt_functions_needed))
	}
	hooked := C.plumb_hooked(api, C.int(len(plugins)))
	if hooked == nil {
		return nil, errors.New("out of memory")
	}
	plugins = append(plugins, p)
	if err := pjrt.RegisterPreloadedPlugin(name, uintptr(unsafe.Pointer(hooked))); err != nil {
		return nil, err
	}
	return p, nil
}

// KeepMemory has the C library's allocator keep memory that is freed. Buffers of a
// processor's plugin come from there, and a training step takes and frees gigabytes
// in blocks that the allocator would give back to the system each time: a sixth of a
// step was page faults. Settings of the user's (MALLOC_…) are left alone.
func KeepMemory() {
	for _, name := range []string{"MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	C.plumb_keep_memory()
}

// plumbCompile is what a plugin's function that compiles is replaced by.
//
//export plumbCompile
func plumbCompile(number C.int, args *C.pjrt_client_compile_args) unsafe.Pointer {
	lock.Lock()
	p := plugins[number]
	lock.Unlock()
	program := unsafe.Slice((*byte)(unsafe.Pointer(args.program.code)), args.program.code_size)
	options := unsafe.Slice((*byte)(unsafe.Pointer(args.options)), args.options_size)
	if dump := dumpDirectory(); dump != "" {
		if err := writeProgram(dump, program); err != nil {
			warn("the program is not written down: %v", err)
		}
	}
	if p.cache == nil {
		defer compiling(time.Now())()
		return C.plumb_compile(p.api, args)
	}
	key := keyOf(p.salt, program, options)
	unlock := p.cache.lock(key)
	defer unlock()
	if kept, ok := p.cache.read(key); ok {
		err := p.load(args, kept)
		if err == nil {
			return nil
		}
		p.cache.remove(key)
		warn("a compiled program that was kept cannot be loaded, and is compiled again: %v", err)
	}
	ended := compiling(time.Now())
	failed := C.plumb_compile(p.api, args)
	ended()
	if failed == nil {
		p.keep(key, args.executable)
	}
	return failed
}

// load gives a kept executable to the caller of the function that compiles.
func (p *Plugin) load(args *C.pjrt_client_compile_args, kept []byte) error {
	if len(kept) == 0 {
		return errors.New("it is empty")
	}
	var loaded unsafe.Pointer
	failed := C.plumb_deserialize(p.api, args.client, unsafe.Pointer(unsafe.SliceData(kept)), C.size_t(len(kept)), &loaded)
	if failed != nil {
		return p.text(failed)
	}
	args.executable = loaded
	return nil
}

// keep writes an executable into the cache. One that cannot be serialized is
// compiled again the next time, which costs time and no run.
func (p *Plugin) keep(key string, loaded unsafe.Pointer) {
	var args C.pjrt_executable_serialize_args
	if failed := C.plumb_serialize(p.api, loaded, &args); failed != nil {
		p.cache.refused(p.text(failed))
		return
	}
	defer C.plumb_serialized_free(&args)
	p.cache.write(key, unsafe.Slice((*byte)(unsafe.Pointer(args.bytes)), args.bytes_size))
}

func (p *Plugin) text(failed unsafe.Pointer) error {
	text := C.plumb_error_text(p.api, failed)
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}
