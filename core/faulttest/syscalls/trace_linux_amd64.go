package syscalls

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Trace runs a command to its end, and all that it starts, and returns its exit code.
func Trace(o Options) (code int, err error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// The kernel knows a tracer by its thread. The thread is not given back: it
		// has been a tracer.
		runtime.LockOSThread()
		code, err = (&tracer{Options: o, threads: map[int]*thread{}, dirty: map[inode]bool{}}).run()
	}()
	<-ended
	return code, err
}

// tracer is a trace under way.
type tracer struct {
	Options
	root    int
	threads map[int]*thread
	dirty   map[inode]bool // written to since their content was last told
	writes  int
}

// thread is a thread that is traced.
type thread struct {
	inside  bool // between the two stops of a call
	call    *call
	resumed bool // it has been seen to begin
}

// call is a call of a thread that has begun.
type call struct {
	number uint64
	args   [6]uint64
	path   string // of the file that it is about, absolute
	other  string
	flags  uint64 // with which a file is opened
	isNew  bool   // the file was not there before
	fail   int    // errno in place of the call
}

type inode struct{ device, number uint64 }

func (t *tracer) run() (int, error) {
	stdout, err := os.OpenFile(firstOf(t.Stdout, os.DevNull), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer stdout.Close()
	process, err := os.StartProcess(t.Command[0], t.Command, &os.ProcAttr{
		Dir: t.Dir, Env: t.Env, Files: []*os.File{nil, stdout, stdout},
		Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	t.root = process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(t.root, &status, 0, nil); err != nil || !status.Stopped() {
		return 0, fmt.Errorf("%w: it did not stop at its beginning (%v)", ErrUnsupported, err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(t.root, options); err != nil {
		process.Kill()
		return 0, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	t.threads[t.root] = &thread{resumed: true}
	if err := syscall.PtraceSyscall(t.root, 0); err != nil {
		return 0, err
	}
	code := -1
	for {
		id, err := syscall.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			return code, nil
		case err != nil:
			return code, err
		}
		if status.Exited() || status.Signaled() {
			delete(t.threads, id)
			if id == t.root {
				code = status.ExitStatus()
				if status.Signaled() {
					code = 128 + int(status.Signal())
				}
			}
			continue
		}
		if !status.Stopped() {
			continue
		}
		one := t.threads[id]
		if one == nil {
			one = &thread{}
			t.threads[id] = one
		}
		deliver := 0
		switch signal := status.StopSignal(); {
		case signal == syscall.SIGTRAP|0x80:
			t.stop(id, one)
		case signal == syscall.SIGTRAP: // a thread or a process begins, or execs
			if status.TrapCause() == unix.PTRACE_EVENT_EXEC {
				one.inside = true // the end of execve is still to come
			}
		case signal == syscall.SIGSTOP && !one.resumed:
		default:
			deliver = int(signal)
		}
		one.resumed = true
		if err := syscall.PtraceSyscall(id, deliver); err != nil && !errors.Is(err, syscall.ESRCH) {
			return code, fmt.Errorf("go on with thread %d: %w", id, err)
		}
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// stop is one of a call's two stops.
func (t *tracer) stop(id int, one *thread) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(id, &regs) != nil {
		return
	}
	if !one.inside {
		one.inside = true
		one.call = t.enter(id, &regs)
		if one.call != nil && one.call.fail != 0 {
			regs.Orig_rax = ^uint64(0) // no call at all
			syscall.PtraceSetRegs(id, &regs)
		}
		return
	}
	one.inside = false
	begun := one.call
	one.call = nil
	if begun == nil {
		return
	}
	if begun.fail != 0 {
		regs.Rax = uint64(-int64(begun.fail))
		syscall.PtraceSetRegs(id, &regs)
		return
	}
	if result := int64(regs.Rax); result >= 0 {
		t.leave(id, begun, result)
	}
}

// enter notes a call that may change a directory.
func (t *tracer) enter(id int, regs *syscall.PtraceRegs) *call {
	c := &call{number: regs.Orig_rax, args: [6]uint64{regs.Rdi, regs.Rsi, regs.Rdx, regs.R10, regs.R8, regs.R9}}
	needsSpace := ""
	switch c.number {
	case unix.SYS_OPENAT, unix.SYS_OPEN:
		c.path, c.flags = t.absolute(id, t.text(id, c.args[0])), c.args[1]
		if c.number == unix.SYS_OPENAT {
			c.path, c.flags = t.pathAt(id, c.args[0], c.args[1]), c.args[2]
		}
		_, err := os.Lstat(c.path)
		c.isNew = err != nil
		if c.isNew && c.flags&unix.O_CREAT != 0 {
			needsSpace = "open"
		}
	case unix.SYS_MKDIRAT:
		c.path, needsSpace = t.pathAt(id, c.args[0], c.args[1]), "mkdir"
	case unix.SYS_UNLINKAT:
		c.path = t.pathAt(id, c.args[0], c.args[1])
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		c.path, c.other = t.pathAt(id, c.args[0], c.args[1]), t.pathAt(id, c.args[2], c.args[3])
		needsSpace = "rename"
	case unix.SYS_LINKAT:
		c.path, c.other = t.pathAt(id, c.args[0], c.args[1]), t.pathAt(id, c.args[2], c.args[3])
		needsSpace = "link"
	case unix.SYS_SYMLINKAT:
		c.other, c.path = t.text(id, c.args[0]), t.pathAt(id, c.args[1], c.args[2])
		needsSpace = "symlink"
	case unix.SYS_WRITE, unix.SYS_PWRITE64, unix.SYS_WRITEV, unix.SYS_PWRITEV, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE:
		c.path, needsSpace = t.open(id, c.args[0]), "write"
	case unix.SYS_COPY_FILE_RANGE:
		c.path, needsSpace = t.open(id, c.args[2]), "write"
	case unix.SYS_SENDFILE, unix.SYS_SPLICE:
		at := c.args[0]
		if c.number == unix.SYS_SPLICE {
			at = c.args[2]
		}
		c.path, needsSpace = t.open(id, at), "write"
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_CLOSE:
		c.path = t.open(id, c.args[0])
		if c.number == unix.SYS_CLOSE && c.path != "" { // afterwards it is not open any more
			t.content(id, c.args[0])
			return nil
		}
	case unix.SYS_RENAME, unix.SYS_LINK:
		c.path, c.other = t.absolute(id, t.text(id, c.args[0])), t.absolute(id, t.text(id, c.args[1]))
	case unix.SYS_MKDIR, unix.SYS_RMDIR, unix.SYS_UNLINK:
		c.path = t.absolute(id, t.text(id, c.args[0]))
	default:
		return nil
	}
	if !t.watched(c.path) && !t.watched(c.other) {
		return nil
	}
	if needsSpace != "" {
		t.writes++
		if t.Fail != nil {
			c.fail = t.Fail(Call{Name: needsSpace, Path: c.path, N: t.writes})
		}
	}
	return c
}

// leave tells what a call did that went well.
func (t *tracer) leave(id int, c *call, result int64) {
	switch c.number {
	case unix.SYS_OPENAT, unix.SYS_OPEN:
		switch {
		case c.isNew && c.flags&unix.O_CREAT != 0:
			t.tell(Create, c.path, "", nil)
		case c.flags&unix.O_TRUNC != 0:
			t.tell(Truncate, c.path, "", nil)
		}
	case unix.SYS_MKDIRAT, unix.SYS_MKDIR:
		t.tell(Mkdir, c.path, "", nil)
	case unix.SYS_RMDIR:
		t.tell(Rmdir, c.path, "", nil)
	case unix.SYS_UNLINK:
		t.tell(Unlink, c.path, "", nil)
	case unix.SYS_UNLINKAT:
		if c.args[2]&unix.AT_REMOVEDIR != 0 {
			t.tell(Rmdir, c.path, "", nil)
		} else {
			t.tell(Unlink, c.path, "", nil)
		}
	case unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		t.tell(Rename, c.path, c.other, nil)
	case unix.SYS_LINK, unix.SYS_LINKAT:
		t.tell(Link, c.path, c.other, nil)
	case unix.SYS_SYMLINKAT:
		if t.watched(c.path) {
			t.Op(Op{Kind: Symlink, Path: t.relative(c.path), Other: c.other})
		}
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		at := fmt.Sprintf("/proc/%d/fd/%d", id, c.args[0])
		info, err := os.Stat(at)
		if err != nil {
			return
		}
		if info.IsDir() {
			t.tell(SyncDir, c.path, "", nil)
			return
		}
		if content, err := os.ReadFile(at); err == nil {
			delete(t.dirty, inodeOf(info))
			t.tell(Sync, c.path, "", content)
		}
	default: // a write
		at := c.args[0]
		switch c.number {
		case unix.SYS_COPY_FILE_RANGE, unix.SYS_SPLICE:
			at = c.args[2]
		}
		if info, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", id, at)); err == nil {
			t.dirty[inodeOf(info)] = true
		}
	}
}

// content tells what a file holds that is closed after it was written to.
func (t *tracer) content(id int, fd uint64) {
	at := fmt.Sprintf("/proc/%d/fd/%d", id, fd)
	info, err := os.Stat(at)
	if err != nil || !t.dirty[inodeOf(info)] {
		return
	}
	path := t.open(id, fd)
	if content, err := os.ReadFile(at); err == nil && t.watched(path) {
		delete(t.dirty, inodeOf(info))
		t.tell(Content, path, "", content)
	}
}

func inodeOf(info os.FileInfo) inode {
	s := info.Sys().(*syscall.Stat_t)
	return inode{uint64(s.Dev), s.Ino}
}

func (t *tracer) tell(kind Kind, path, other string, content []byte) {
	op := Op{Kind: kind, Path: t.relative(path), Content: content}
	if other != "" {
		op.Other = t.relative(other)
	}
	t.Op(op)
}

// relative is a path below the watched directory; empty if it is elsewhere.
func (t *tracer) relative(path string) string {
	if !t.watched(path) {
		return ""
	}
	relative, err := filepath.Rel(t.Watch, path)
	if err != nil {
		return ""
	}
	return relative
}

func (t *tracer) watched(path string) bool {
	return path == t.Watch || strings.HasPrefix(path, t.Watch+"/")
}

// open is the path of a file that a thread has open, empty if it has none any more.
func (t *tracer) open(id int, fd uint64) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", id, int32(fd)))
	if err != nil || strings.HasSuffix(path, " (deleted)") || !filepath.IsAbs(path) {
		return ""
	}
	return path
}

func (t *tracer) pathAt(id int, dir, at uint64) string {
	path := t.text(id, at)
	if filepath.IsAbs(path) || int32(dir) == unix.AT_FDCWD {
		return t.absolute(id, path)
	}
	return filepath.Join(t.open(id, dir), path)
}

func (t *tracer) absolute(id int, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	here, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", id))
	if err != nil {
		return ""
	}
	return filepath.Join(here, path)
}

// text reads a C string of a thread's memory.
func (t *tracer) text(id int, at uint64) string {
	var all []byte
	for len(all) < 1<<16 {
		var part [256]byte
		n, err := syscall.PtracePeekData(id, uintptr(at)+uintptr(len(all)), part[:])
		if end := bytes.IndexByte(part[:n], 0); end >= 0 {
			return string(append(all, part[:end]...))
		}
		if n == 0 || err != nil {
			return ""
		}
		all = append(all, part[:n]...)
	}
	return ""
}
