package plugin

import (
	"debug/pe"
	"encoding/binary"
	"fmt"
	"os"
)

// readPE reads a program for Windows.
func readPE(file *os.File) (goProgram, error) {
	program, err := pe.NewFile(file)
	if err != nil {
		return goProgram{}, err
	}
	out := goProgram{order: binary.LittleEndian}
	var base uint64
	switch header := program.OptionalHeader.(type) {
	case *pe.OptionalHeader64:
		base = header.ImageBase
		out.about = fmt.Sprintf("%x %x %d %x %x", header.AddressOfEntryPoint, base, header.Subsystem, header.DllCharacteristics, header.SizeOfStackReserve)
	case *pe.OptionalHeader32:
		base = uint64(header.ImageBase)
		out.about = fmt.Sprintf("%x %x %d %x %x", header.AddressOfEntryPoint, base, header.Subsystem, header.DllCharacteristics, header.SizeOfStackReserve)
	default:
		return goProgram{}, fmt.Errorf("a program without a header of its memory")
	}
	out.about = fmt.Sprintf("%x %x %s", program.Machine, program.Characteristics, out.about)
	for _, section := range program.Sections {
		out.end = max(out.end, int64(section.Offset)+int64(section.Size))
		if debugs(section.Name) || section.Name == ".symtab" {
			continue
		}
		data, err := section.Data()
		if err != nil {
			return goProgram{}, err
		}
		out.sections = append(out.sections, loadedSection{section.Name, fmt.Sprintf("%x", section.Characteristics), base + uint64(section.VirtualAddress), uint64(section.VirtualSize), data})
	}
	return out, nil
}
