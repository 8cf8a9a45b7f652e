package plugin

import (
	"bufio"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// A plugin introduces itself by a line of go-plugin's on its standard output:
//
//	core version | version of the contract | network | address | protocol
//
// What go-plugin has further fields for, a certificate and a broker, Plumb does without:
// the socket lies in a directory that no other user can enter, so that who speaks there
// is the process that was started, and nobody else hears it.

// overPorts says that plugins listen at ports, as go-plugin has them do where it knows no
// Unix sockets. Every user of the machine can reach a port: go-plugin's own certificates
// guard it, and the handshake has the plugin's.
const overPorts = runtime.GOOS == "windows"

// handshakeLine is how such a line begins, whatever was printed before it without an
// end of its line.
var handshakeLine = regexp.MustCompile(`\d+\|\d+\|(unix|tcp)\|`)

// handshakeBytes bound the handshake, which may have a certificate in it.
const handshakeBytes = 16 << 10

// handshakeIn finds the handshake in a line of output, and what stands before it. Without
// one, that is the line.
func handshakeIn(line string) (handshake, before string) {
	line = strings.TrimSpace(line)
	places := handshakeLine.FindAllStringIndex(line, -1)
	if places == nil {
		return "", line
	}
	at := places[len(places)-1][0]
	if at == 0 {
		return line, ""
	}
	// A number that was printed last runs into the core version, which is a digit.
	at = strings.IndexByte(line[at:], '|') + at - 1
	return line[at:], strings.TrimSpace(line[:at])
}

// whatIsWrong says why a handshake leads to no connection, or nothing. That the version
// of the contract is another one is not looked at here. directory is that of the plugin's
// socket; ports are as overPorts.
func whatIsWrong(handshake, directory string, ports bool) string {
	fields := strings.Split(handshake, "|")
	if version, err := strconv.Atoi(fields[0]); err != nil || version != goplugin.CoreProtocolVersion {
		return fmt.Sprintf("it is of version %s of go-plugin's handshake, and this Plumb knows version %d", fields[0], goplugin.CoreProtocolVersion)
	}
	if version, ok := protocolOf(handshake); ok && version != sdk.ProtocolVersion {
		return "another version of the contract"
	}
	form, least := "1|1|unix|PATH|grpc", 5
	if ports {
		form, least = "1|1|tcp|HOST:PORT|grpc|CERTIFICATE", 6
	}
	certificate := len(fields) > 5 && fields[5] != ""
	switch {
	case len(fields) < 5:
		return fmt.Sprintf("it has %d fields of %d, which are %s", len(fields), least, form)
	case fields[3] == "":
		return "it says no address, as in " + form
	case fields[4] != string(goplugin.ProtocolGRPC):
		return fmt.Sprintf("it speaks %q, and Plumb speaks grpc, as in %s", fields[4], form)
	case ports && !certificate:
		return "it shows no certificate, as in " + form
	case ports:
		return ""
	case fields[2] != "unix":
		return fmt.Sprintf("it listens at a port, %s, which every user of this machine can reach: listen at a Unix socket in the directory that PLUGIN_UNIX_SOCKET_DIR names, as in %s", fields[3], form)
	case !liesIn(directory, fields[3]):
		return fmt.Sprintf("its socket, %s, is not in the directory that PLUGIN_UNIX_SOCKET_DIR names, which is closed to other users: listen there, and say the whole path, as in %s", fields[3], form)
	case certificate:
		return "it shows a certificate, and Plumb speaks without TLS, through a socket that no other user can reach: serve without TLS and end the line with grpc, as in " + form
	}
	return ""
}

// liesIn reports whether a path is absolute and leads into a directory, whatever links
// are on the way. Sockets without a file, which begin with @ on Linux, lie in none.
func liesIn(directory, path string) bool {
	if !filepath.IsAbs(path) {
		return false
	}
	below, err := filepath.Rel(real(directory), real(filepath.Dir(path)))
	return err == nil && filepath.IsLocal(below)
}

// readEnds reads a line, whatever its length, and returns as much of its beginning and of
// its end as is allowed.
func readEnds(reader *bufio.Reader, most, last int) (string, error) {
	var begin, end []byte
	for {
		part, more, err := reader.ReadLine()
		room := min(len(part), most-len(begin))
		begin = append(begin, part[:room]...)
		if end = append(end, part[room:]...); len(end) > last {
			end = append(end[:0], end[len(end)-last:]...)
		}
		if err != nil || !more {
			return string(begin) + string(end), err
		}
	}
}
