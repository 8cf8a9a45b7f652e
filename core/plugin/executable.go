package plugin

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// executable reports whether a file may be run.
func executable(info fs.FileInfo) bool {
	return runtime.GOOS == "windows" || info.Mode()&0o111 != 0
}

// lookPath finds a program on the PATH, absolute.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// examine says of a file that is to be run what the system would not, or only once it
// is too late: for which machine it was built, and whether the interpreter that its
// first line names is there.
func (e Entry) examine(path string, at diag.Range) (native bool, problem diag.List) {
	file, err := os.Open(path)
	if err != nil {
		if os.IsPermission(err) {
			return true, nil // it may be run without being read
		}
		return false, diag.Errorf(at, fmt.Sprintf("Plugin %q cannot be read", e.called()), "%v.", err)
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && n == 0 {
		return false, diag.Errorf(at, fmt.Sprintf("Plugin %q is an empty file", e.called()), "There is nothing in %s. Build or copy the plugin anew.", path)
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("#!")) {
		return false, e.interpreted(path, head, at)
	}
	built, known := builtFor(file, head)
	here := runtime.GOOS + "/" + runtime.GOARCH
	way := ""
	if strings.HasSuffix(path, ".py") {
		way = " One with its packages in its header (PEP 723: # /// script) is run by uv."
	}
	switch {
	case !known && runtime.GOOS != "windows":
		return false, diag.Errorf(at, fmt.Sprintf("Plugin %q is no program", e.called()), "%s is neither a program of this system nor a script: it begins with %q. A script says in its first line what runs it, such as #!/usr/bin/env python3.%s", path, clip(string(head), 16), way)
	case known && !builtForHere(built):
		return false, diag.Errorf(at, fmt.Sprintf("Plugin %q was built for another machine", e.called()), "%s is a program for %s, and this is %s. Build it here, or with GOOS=%s GOARCH=%s go build.", path, strings.Join(built, " or "), here, runtime.GOOS, runtime.GOARCH)
	}
	return true, nil
}

func builtForHere(built []string) bool {
	for _, one := range built {
		system, machine, _ := strings.Cut(one, "/")
		if machine == runtime.GOARCH && (system == runtime.GOOS || system == "unix" && runtime.GOOS != "darwin" && runtime.GOOS != "windows") {
			return true
		}
		// What a system runs of another's machines by itself.
		if runtime.GOOS == "darwin" && one == "darwin/amd64" || one == "unix/386" && runtime.GOARCH == "amd64" || one == "unix/arm" && runtime.GOARCH == "arm64" {
			return true
		}
	}
	return false
}

// builtFor reads from a program's header for which systems and machines it is, in
// Go's words; "unix" is any with ELF.
func builtFor(file io.ReaderAt, head []byte) ([]string, bool) {
	if bytes.HasPrefix(head, []byte("MZ")) {
		return []string{"windows/" + runtime.GOARCH}, true
	}
	if header, err := elf.NewFile(file); err == nil {
		defer header.Close()
		machines := map[elf.Machine]string{
			elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm",
			elf.EM_RISCV: "riscv64", elf.EM_S390: "s390x", elf.EM_PPC64: "ppc64le", elf.EM_LOONGARCH: "loong64",
		}
		machine, ok := machines[header.Machine]
		if !ok {
			machine = header.Machine.String()
		}
		if machine == "ppc64le" && header.Data == elf.ELFDATA2MSB {
			machine = "ppc64"
		}
		return []string{"unix/" + machine}, true
	}
	if bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return []string{"an unknown machine, or damaged"}, true
	}
	machines := map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64", macho.Cpu386: "386", macho.CpuArm: "arm"}
	if header, err := macho.NewFile(file); err == nil {
		defer header.Close()
		return []string{"darwin/" + machines[header.Cpu]}, true
	}
	if fat, err := macho.NewFatFile(file); err == nil {
		defer fat.Close()
		var built []string
		for _, arch := range fat.Arches {
			built = append(built, "darwin/"+machines[arch.Cpu])
		}
		return built, true
	}
	return nil, false
}

// interpreterOf is the program that the first line of a script names, absolute; empty if
// there is none.
func interpreterOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(file, head)
	line, found := bytes.CutPrefix(head[:n], []byte("#!"))
	if !found {
		return ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) > 0 && filepath.Base(words[0]) != "env" {
		return words[0]
	}
	for _, word := range words {
		if word == words[0] || strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		if found, err := lookPath(word); err == nil {
			return found
		}
		break
	}
	return ""
}

// interpreted checks the first line of a script.
func (e Entry) interpreted(path string, head []byte, at diag.Range) diag.List {
	line, _, _ := bytes.Cut(head[2:], []byte("\n"))
	summary := fmt.Sprintf("The interpreter of plugin %q is not there", e.called())
	if bytes.HasSuffix(line, []byte("\r")) {
		return diag.Errorf(at, summary, "The first line of %s ends with a carriage return, as on Windows: no program is called so. Write the file with plain line ends.", path)
	}
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return diag.Errorf(at, summary, "The first line of %s is #! and nothing more. It names what runs the script, such as #!/usr/bin/env python3.", path)
	}
	if info, err := os.Stat(words[0]); err != nil || info.IsDir() || !executable(info) {
		return diag.Errorf(at, summary, "The first line of %s is #!%s, and there is no program %s. Install it, or name another.", path, line, words[0])
	}
	if filepath.Base(words[0]) != "env" {
		return nil
	}
	for _, word := range words[1:] {
		if strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		if _, err := lookPath(word); err != nil {
			way := ""
			if word == "uv" {
				way = " " + installUV
			}
			return diag.Errorf(at, summary, "The first line of %s is #!%s, and no program %q is on the PATH.%s", path, line, word, way)
		}
		return nil
	}
	return nil
}
