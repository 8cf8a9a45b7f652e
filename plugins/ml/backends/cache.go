package backends

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

// CacheVariable is the environment variable that says where compiled programs are
// kept, and what XLA found out while it compiled them for a GPU: a directory, or
// CacheOff. Unset, it is plumb/xla in the user's directory of caches.
const CacheVariable = "PLUMB_XLA_CACHE"

// CacheOff as the value of CacheVariable means that nothing is kept.
const CacheOff = "off"

// The variables by which XLA's options come, from its user or from us.
const (
	flagsVariable = "XLA_FLAGS"
	debugVariable = "XLA_DEBUG_OPTIONS" // of go-xla: replaces all options that XLA has by itself
)

// cacheFlag is the flag, and the field of xla.DebugOptions, that names the
// directory of autotuning results: which of several kernels is the fastest for
// each fused operation on this kind of GPU. JAX sets the same one for its
// persistent compilation cache. XLA writes each result into a temporary file and
// renames it, so several processes may share a directory.
//
// Its neighbour xla_gpu_kernel_cache_file stays unset, as in JAX: it is read,
// extended and written in place, which two processes would spoil for each other,
// and it needs another way of linking kernels.
const cacheFlag = "xla_gpu_per_fusion_autotune_cache_dir"

// executablesLimit is how many bytes of compiled programs are kept: those of a few
// sizes of Stable Diffusion on several cards.
const executablesLimit = 8 << 30

// Cache is where XLA keeps what it found out while it compiled for a GPU.
type Cache struct {
	Dir string // "": nowhere
	Why string // nothing is kept, or somebody else says where; "" if neither

	flags string // the value for XLA_FLAGS; "": to be left as it is
}

// cacheFor decides where the autotuning results of a library lie, by the
// environment. What the user says to XLA counts more than what we would.
//
// The way is XLA_FLAGS, although an unknown flag there ends the process, and not
// the message xla.DebugOptions, in which an unknown field is passed over: a
// library takes such a message in the place of its own defaults, all of them
// (executable_build_options.cc, ExecutableBuildOptionsFromProto), so that a field
// alone would turn optimization and autotuning off. The flag is set only if the
// library holds its name.
func cacheFor(library Library, variable func(name string) string, userCache func() (string, error)) Cache {
	given := variable(flagsVariable)
	switch {
	case strings.EqualFold(variable(CacheVariable), CacheOff):
		return Cache{Why: CacheVariable + " is " + CacheOff}
	case variable(debugVariable) != "":
		return Cache{Why: debugVariable + " is set, which takes the place of all options"}
	case strings.Contains(given, cacheFlag):
		return Cache{Dir: flagValue(given, cacheFlag), Why: flagsVariable + " says where"}
	case strings.TrimSpace(given) != "" && !strings.HasPrefix(strings.TrimSpace(given), "-"):
		return Cache{Why: flagsVariable + " names a file of flags"}
	}
	root, err := cacheRoot(variable, userCache)
	switch {
	case err != nil:
		return Cache{Why: err.Error()}
	case !library.knows(cacheFlag):
		return Cache{Why: library.Path + " does not know the flag " + cacheFlag}
	}
	directory := filepath.Join(root, "tuning", tuningName(library, variable, given))
	return Cache{Dir: directory, flags: strings.TrimSpace("--" + cacheFlag + "=" + quoted(directory) + " " + given)}
}

// tuningName is a directory for each of what may be the fastest, or possible at all,
// under other conditions. XLA itself tells kinds of GPU apart, but neither its flags
// nor what NVIDIA's libraries are told by the environment: on an H200, a kernel of
// cuDNN that one process had found the fastest in TF32 could not be set up in
// another one with TF32 turned off, and decoding failed.
func tuningName(library Library, variable func(name string) string, flags string) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", library.Digest, strings.Join(strings.Fields(flags), " "))
	for _, name := range numericVariables {
		fmt.Fprintf(sum, "%s=%s\n", name, variable(name))
	}
	for _, file := range nvidiaLibraries(library.Path, variable) {
		fmt.Fprintln(sum, file)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// cacheRoot is the directory that those of all plugins lie in.
func cacheRoot(variable func(name string) string, userCache func() (string, error)) (string, error) {
	if named := variable(CacheVariable); named != "" && !strings.EqualFold(named, CacheOff) {
		return filepath.Abs(named)
	}
	directory, err := userCache()
	if err != nil {
		return "", fmt.Errorf("there is no directory of caches (%w); %s names one", err, CacheVariable)
	}
	return filepath.Join(directory, "plumb", "xla"), nil
}

// executables is where compiled programs are kept; nil: nowhere.
func executables() *pjrt.Cache {
	root, err := cacheRoot(os.Getenv, os.UserCacheDir)
	if err != nil || strings.EqualFold(os.Getenv(CacheVariable), CacheOff) {
		return nil
	}
	return &pjrt.Cache{Dir: filepath.Join(root, "executables"), Limit: executablesLimit}
}

// keepTuning has XLA keep its autotuning results. It is for before a plugin is
// loaded. A cache that cannot be made costs time, and no run.
func keepTuning(library Library) Cache {
	cache := cacheFor(library, os.Getenv, os.UserCacheDir)
	if cache.flags == "" {
		return cache
	}
	if err := os.MkdirAll(cache.Dir, 0o755); err != nil {
		return Cache{Why: err.Error()}
	}
	if err := os.Setenv(flagsVariable, cache.flags); err != nil {
		return Cache{Why: err.Error()}
	}
	return cache
}

// quoted is a value as XLA_FLAGS has it: bare, or in double quotes with
// backslashes before what is special there.
func quoted(value string) string {
	if !strings.ContainsAny(value, " \t\r\n'\"\\") {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// flagValue is the value of a flag among others; the last one counts.
func flagValue(flags, name string) string {
	at := strings.LastIndex(flags, name+"=")
	if at < 0 {
		return ""
	}
	value := flags[at+len(name)+1:]
	if value != "" && strings.ContainsAny(value[:1], `'"`) {
		quote, out := value[0], []byte{}
		for i := 1; i < len(value) && value[i] != quote; i++ {
			if value[i] == '\\' && quote == '"' && i+1 < len(value) {
				i++
			}
			out = append(out, value[i])
		}
		return string(out)
	}
	value, _, _ = strings.Cut(strings.Join(strings.Fields(value), " "), " ")
	return value
}

// sizeOf counts the files below a directory, and their bytes.
func sizeOf(directory string) (files int, size int64, err error) {
	err = filepath.WalkDir(directory, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // never made, or just removed
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		files, size = files+1, size+info.Size()
		return nil
	})
	return files, size, err
}

// describeCache writes where the cache of a plugin is and how large, and that of
// all plugins.
func describeCache(w io.Writer, cache Cache) {
	switch {
	case cache.Dir == "":
		fmt.Fprintf(w, "  cache     none: %s\n", cache.Why)
	case cache.Why != "":
		fmt.Fprintf(w, "  cache     %s (%s), %s\n", cache.Dir, cache.Why, sizeText(cache.Dir))
	default:
		fmt.Fprintf(w, "  cache     %s, %s\n", cache.Dir, sizeText(cache.Dir))
	}
	if root, err := cacheRoot(os.Getenv, os.UserCacheDir); err == nil && root != cache.Dir {
		if files, _, err := sizeOf(root); err == nil && files > 0 {
			fmt.Fprintf(w, "            of all plugins: %s, %s; it may be removed at any time\n", root, sizeText(root))
		}
	}
}

func sizeText(directory string) string {
	files, size, err := sizeOf(directory)
	if err != nil {
		return firstLine(err.Error())
	}
	if files == 0 {
		return "empty"
	}
	return fmt.Sprintf("%d autotuning results, %s", files, humanize.IBytesN(uint64(size), 3))
}
