package backends

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// machines are the architectures of ELF files by Go's names.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV, "ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390}

// inspect looks whether a file can be a shared library of this machine, and whether
// all of it is there: the system's loader takes the size on trust, and a process
// that reads what is missing is killed.
func inspect(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return nil
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(file, head); err != nil || string(head) != elf.ELFMAG {
		return errors.New("it is not a shared library")
	}
	library, err := elf.NewFile(file)
	if err != nil {
		return fmt.Errorf("it is damaged, or not whole (%w)", err)
	}
	if want, known := machines[runtime.GOARCH]; known && library.Machine != want {
		return fmt.Errorf("it is for another processor (%s), and this one is %s", library.Machine, runtime.GOARCH)
	}
	for _, part := range library.Progs {
		if end := part.Off + part.Filesz; end > uint64(info.Size()) {
			return fmt.Errorf("it is not whole: %d bytes of at least %d", info.Size(), end)
		}
	}
	return nil
}
