package plugin

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// A plugin introduces itself by a line of go-plugin's on its standard output:
//
//	core version | version of the contract | network | address | protocol | certificate
//
// The certificate is that of its end of the connection, DER in base64.

// handshakeLine is how such a line begins, whatever was printed before it without an
// end of its line.
var handshakeLine = regexp.MustCompile(`\d+\|\d+\|(unix|tcp)\|`)

// handshakeBytes bound the handshake, which has a certificate in it.
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
// of the contract is another one is not looked at here.
func whatIsWrong(handshake string) string {
	fields := strings.Split(handshake, "|")
	if version, err := strconv.Atoi(fields[0]); err != nil || version != goplugin.CoreProtocolVersion {
		return fmt.Sprintf("it is of version %s of go-plugin's handshake, and this Plumb knows version %d", fields[0], goplugin.CoreProtocolVersion)
	}
	if version, ok := protocolOf(handshake); ok && version != sdk.ProtocolVersion {
		return "another version of the contract"
	}
	const form = "1|1|unix|ADDRESS|grpc|CERTIFICATE"
	switch {
	case len(fields) < 5:
		return fmt.Sprintf("it has %d fields of 6, which are %s", len(fields), form)
	case fields[3] == "":
		return "it says no address, as in " + form
	case fields[4] != string(goplugin.ProtocolGRPC):
		return fmt.Sprintf("it speaks %q, and Plumb speaks grpc, as in %s", fields[4], form)
	case len(fields) < 6 || fields[5] == "":
		return "it shows no certificate, as in " + form
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(fields[5], "="))
	if err == nil {
		_, err = x509.ParseCertificate(der)
	}
	switch {
	case err != nil:
		return fmt.Sprintf("its certificate, which is DER in base64, cannot be read: %v", err)
	case strings.HasSuffix(fields[5], "="):
		return "its certificate is base64 with padding: leave out the = at its end"
	}
	return ""
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
