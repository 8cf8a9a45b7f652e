package plugin

import (
	"debug/macho"
	"fmt"
	"os"
	"slices"
	"strings"
)

// readMachO reads a program for macOS. Its name and signature, which are of the whole
// file, lie in no section.
func readMachO(file *os.File) (goProgram, error) {
	program, err := macho.NewFile(file)
	if err != nil {
		return goProgram{}, err
	}
	symbols, err := program.ImportedSymbols()
	if err != nil {
		return goProgram{}, err
	}
	libraries, err := program.ImportedLibraries()
	if err != nil {
		return goProgram{}, err
	}
	slices.Sort(symbols)
	out := goProgram{
		about: fmt.Sprintf("%v %x %v %x %s %s", program.Cpu, program.SubCpu, program.Type, program.Flags, strings.Join(libraries, " "), strings.Join(symbols, " ")),
		order: program.ByteOrder,
	}
	for _, load := range program.Loads {
		if segment, is := load.(*macho.Segment); is {
			out.end = max(out.end, int64(segment.Offset+segment.Filesz))
		}
	}
	for _, section := range program.Sections {
		if section.Seg == "__DWARF" || debugs(section.Name) || section.Name == "__go_buildinfo" {
			continue
		}
		one := loadedSection{section.Seg + " " + section.Name, fmt.Sprintf("%x", section.Flags), section.Addr, section.Size, nil}
		if !zeroFilled(section) {
			if one.data, err = section.Data(); err != nil {
				return goProgram{}, err
			}
		}
		out.sections = append(out.sections, one)
	}
	return out, nil
}

// zeroFilled reports whether a section is zeros that are not in the file: of the types
// S_ZEROFILL, S_GB_ZEROFILL and S_THREAD_LOCAL_ZEROFILL.
func zeroFilled(section *macho.Section) bool {
	kind := section.Flags & 0xff
	return kind == 0x1 || kind == 0xc || kind == 0x12
}
