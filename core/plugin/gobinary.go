package plugin

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// goDigest is the sha256, in hex, of what a program that Go built does: of its loaded
// sections, and of what it was built from and how, but not of the commit and the time
// that are stamped into it. Two builds of the same code are one plugin, whatever else was
// committed in between. With -trimpath they are that in any directory, too; without, the
// paths of source files are in the program, and count. A stamp of another length moves
// what stands behind it, and with it code that reads that: such a build may count as
// another. With -buildvcs=false nothing is stamped.
//
// It reports false of any other file, which is digested as it is.
func goDigest(file *os.File) (string, bool) {
	info, err := buildinfo.Read(file)
	if err != nil {
		return "", false
	}
	var program goProgram
	for _, read := range []func(*os.File) (goProgram, error){readELF, readMachO, readPE} {
		if program, err = read(file); err == nil {
			break
		}
	}
	if err != nil {
		return "", false
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", program.about)
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
	slices.SortStableFunc(program.sections, func(a, b loadedSection) int { return cmp.Compare(a.address, b.address) })
	var stamped []uint64 // addresses of the stamp
	for _, section := range program.sections {
		blankBuildID(section.data)
		blankBuildInfo(section.data)
		for _, at := range blankStamp(section.data) {
			stamped = append(stamped, section.address+uint64(at))
		}
	}
	for _, section := range program.sections {
		blankPointers(section.data, stamped, program.order)
		fmt.Fprintf(sum, "%s %s %x %d\n", section.name, section.kind, section.address, section.size)
		sum.Write(section.data)
	}
	// What is appended to a program, such as an archive that it unpacks.
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", false
	}
	if size > program.end {
		fmt.Fprintf(sum, "appended %d\n", size-program.end)
		if _, err := io.Copy(sum, io.NewSectionReader(file, program.end, size-program.end)); err != nil {
			return "", false
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), true
}

// goProgram is what a program's file says of what it does.
type goProgram struct {
	about    string // machine and kind of program, where it begins, what it takes from libraries
	order    binary.ByteOrder
	sections []loadedSection
	end      int64 // of the program in its file
}

// loadedSection is a section that lies in memory when a program runs.
type loadedSection struct {
	name, kind    string
	address, size uint64
	data          []byte // nil: zeros
}

// debugs reports whether a section of a name is what debuggers read.
func debugs(name string) bool {
	return strings.HasPrefix(name, ".debug_") || strings.HasPrefix(name, ".zdebug_") || strings.HasPrefix(name, "__debug_") || strings.HasPrefix(name, "__zdebug_")
}

// What Go puts around the name of a build, at the beginning of the code where no section
// of its own holds it.
var (
	buildIDBegins = []byte("\xff Go build ID: \"")
	buildIDEnds   = []byte("\"\n \xff")
)

// blankBuildID clears the name of the build at the beginning of a section.
func blankBuildID(data []byte) {
	if !bytes.HasPrefix(data, buildIDBegins) {
		return
	}
	if length := bytes.Index(data, buildIDEnds); length > 0 {
		clear(data[:length+len(buildIDEnds)])
	}
}

// buildInfoMagic begins the header of the build information, which the text of Go's
// version and of the build follow, each behind its length.
var buildInfoMagic = []byte("\xff Go buildinf:")

const buildInfoHeader = 32 // bytes

// blankBuildInfo clears the header and the texts where a section begins with them.
func blankBuildInfo(data []byte) {
	if !bytes.HasPrefix(data, buildInfoMagic) || len(data) < buildInfoHeader {
		return
	}
	end := buildInfoHeader
	for range 2 {
		length, width := binary.Uvarint(data[end:])
		if width <= 0 || length > uint64(len(data)-end-width) {
			return
		}
		end += width + int(length)
	}
	clear(data[:end])
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
