package python

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// validName matches the names that are names of modules and of HCL.
var validName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// keywords are Python's: no module of such a name can be imported.
var keywords = strings.Fields(`
and as assert async await break class continue def del elif else except finally for from global if import in
is lambda nonlocal not or pass raise return try while with yield`)

// modules are those that a file of the same name would hide from all that import them,
// as a script's own directory comes first: Python's, and what this package stands on.
var modules = strings.Fields(`
google grpc numpy plumb_plugin pyarrow torch transformers typing_extensions
abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect
builtins bz2 calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall concurrent
configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal
difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput
fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq
hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3
linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt
multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib
pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd
py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy
sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd
sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau
symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit
tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp
zipfile zipimport zlib zoneinfo`)

// nameOfFile refuses names that cannot be those of a plugin's file.
func nameOfFile(name string) error {
	switch {
	case !validName.MatchString(name):
		return fmt.Errorf("%q is no name of a plugin in Python: small letters, digits and _, the first a letter", name)
	case slices.Contains(keywords, name):
		return fmt.Errorf("%q is no name of a plugin in Python: it is a word of the language", name)
	case slices.Contains(modules, name):
		return fmt.Errorf("%q is no name of a plugin in Python: %s.py would hide the module %s from all that import it", name, name, name)
	}
	return nil
}
