package plugin

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// readELF reads a program for Linux or another system with ELF.
func readELF(file *os.File) (goProgram, error) {
	program, err := elf.NewFile(file)
	if err != nil {
		return goProgram{}, err
	}
	out := goProgram{
		about: fmt.Sprintf("%v %v %v %v %x", program.Class, program.Data, program.Machine, program.Type, program.Entry),
		order: program.ByteOrder,
		end:   max(int64(binary.Size(elf.Header64{})), sectionHeadersEnd(file, program)),
	}
	for _, section := range program.Sections {
		if section.Type != elf.SHT_NOBITS && section.Type != elf.SHT_NULL {
			out.end = max(out.end, int64(section.Offset+section.FileSize))
		}
		if section.Type == elf.SHT_NULL || debugs(section.Name) || slices.Contains(elfNames, section.Name) {
			continue
		}
		one := loadedSection{section.Name, fmt.Sprint(section.Type, " ", section.Flags), section.Addr, section.Size, nil}
		if section.Type != elf.SHT_NOBITS {
			if one.data, err = section.Data(); err != nil {
				return goProgram{}, err
			}
		}
		out.sections = append(out.sections, one)
	}
	return out, nil
}

// elfNames are sections that have no part in what a program does: names of its builds,
// and of what is in it.
var elfNames = []string{".note.go.buildid", ".note.gnu.build-id", ".go.buildinfo", ".symtab", ".strtab", ".shstrtab", ".comment", ".gnu_debuglink"}

// sectionHeadersEnd is where the table of sections ends, which is mostly the end of a
// program.
func sectionHeadersEnd(file io.ReaderAt, program *elf.File) int64 {
	if program.Class != elf.ELFCLASS64 {
		var header elf.Header32
		if err := binary.Read(io.NewSectionReader(file, 0, int64(binary.Size(header))), program.ByteOrder, &header); err != nil {
			return 0
		}
		return max(int64(header.Shoff)+int64(header.Shentsize)*int64(header.Shnum), int64(header.Phoff)+int64(header.Phentsize)*int64(header.Phnum))
	}
	var header elf.Header64
	if err := binary.Read(io.NewSectionReader(file, 0, int64(binary.Size(header))), program.ByteOrder, &header); err != nil {
		return 0
	}
	return max(int64(header.Shoff)+int64(header.Shentsize)*int64(header.Shnum), int64(header.Phoff)+int64(header.Phentsize)*int64(header.Phnum))
}
