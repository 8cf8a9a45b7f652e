package plugin

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// goDigest is the sha256, in hex, of what a program that Go built for Linux or
// another system with ELF does: of its loaded sections, and of what it was built from
// and how, but not of the commit and the time that are stamped into it. Two builds of
// the same code are one plugin, whatever else was committed in between. With -trimpath
// they are that in any directory, too; without, the paths of source files are in the
// program, and count.
//
// It reports false of any other file, which is digested as it is.
func goDigest(file *os.File) (string, bool) {
	info, err := buildinfo.Read(file)
	if err != nil {
		return "", false
	}
	program, err := elf.NewFile(file)
	if err != nil {
		return "", false
	}
	defer program.Close()
	sum := sha256.New()
	fmt.Fprintf(sum, "%v %v %v %v %x\n", program.Class, program.Data, program.Machine, program.Type, program.Entry)
	fmt.Fprintf(sum, "%s %s\n", info.GoVersion, info.Path)
	for _, dependency := range info.Deps {
		fmt.Fprintf(sum, "%s %s %s\n", dependency.Path, dependency.Version, dependency.Sum)
		if dependency.Replace != nil {
			fmt.Fprintf(sum, "=> %s %s %s\n", dependency.Replace.Path, dependency.Replace.Version, dependency.Replace.Sum)
		}
	}
	for _, setting := range info.Settings {
		if setting.Key != "vcs" && !strings.HasPrefix(setting.Key, "vcs.") {
			fmt.Fprintf(sum, "%s=%q\n", setting.Key, setting.Value)
		}
	}
	end := int64(binary.Size(elf.Header64{}))
	sections := slices.Clone(program.Sections)
	slices.SortFunc(sections, func(a, b *elf.Section) int { return int(int64(a.Offset) - int64(b.Offset)) })
	type loaded struct {
		section *elf.Section
		data    []byte
	}
	var all []loaded
	var stamped []uint64 // addresses of the stamp
	for _, section := range sections {
		if section.Type != elf.SHT_NOBITS && section.Type != elf.SHT_NULL {
			end = max(end, int64(section.Offset+section.FileSize))
		}
		if saysNothing(section) {
			continue
		}
		if section.Type == elf.SHT_NOBITS {
			all = append(all, loaded{section, nil})
			continue
		}
		data, err := section.Data()
		if err != nil {
			return "", false
		}
		for _, at := range blankStamp(data) {
			stamped = append(stamped, section.Addr+uint64(at))
		}
		all = append(all, loaded{section, data})
	}
	for _, one := range all {
		blankPointers(one.data, stamped, program.ByteOrder)
		fmt.Fprintf(sum, "%s %v %v %x %d\n", one.section.Name, one.section.Type, one.section.Flags, one.section.Addr, one.section.Size)
		sum.Write(one.data)
	}
	// What is appended to a program, such as an archive that it unpacks.
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", false
	}
	end = max(end, sectionHeadersEnd(file, program))
	if size > end {
		fmt.Fprintf(sum, "appended %d\n", size-end)
		if _, err := io.Copy(sum, io.NewSectionReader(file, end, size-end)); err != nil {
			return "", false
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), true
}

// saysNothing reports whether a section has no part in what a program does: the
// names of its builds, and what debuggers read.
func saysNothing(section *elf.Section) bool {
	switch section.Name {
	case ".note.go.buildid", ".note.gnu.build-id", ".go.buildinfo", ".symtab", ".strtab", ".shstrtab", ".comment", ".gnu_debuglink":
		return true
	}
	return section.Type == elf.SHT_NULL || strings.HasPrefix(section.Name, ".debug_") || strings.HasPrefix(section.Name, ".zdebug_")
}

// What Go puts around the text of a program's build information.
var (
	infoBegins = []byte("0w\xaf\f\x92t\b\x02A\xe1\xc1\a\xe6\xd6\x18\xe6")
	infoEnds   = []byte("\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2")
)

// blankStamp clears the build information in a section, and returns where it began.
func blankStamp(data []byte) []int {
	var places []int
	for from := 0; ; {
		begin := bytes.Index(data[from:], infoBegins)
		if begin < 0 {
			break
		}
		begin += from
		length := bytes.Index(data[begin:], infoEnds)
		if length < 0 {
			break
		}
		until := begin + length + len(infoEnds)
		clear(data[begin:until])
		places = append(places, begin)
		from = until
	}
	return places
}

// blankPointers clears the strings that hold the build information: an address, and
// the length, which changes with the stamp.
func blankPointers(data []byte, stamped []uint64, order binary.ByteOrder) {
	for _, address := range stamped {
		pointer := make([]byte, 8)
		order.PutUint64(pointer, address)
		for at := bytes.Index(data, pointer); at >= 0 && at+16 <= len(data); {
			clear(data[at+8 : at+16])
			next := bytes.Index(data[at+8:], pointer)
			if next < 0 {
				break
			}
			at += 8 + next
		}
	}
}

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
