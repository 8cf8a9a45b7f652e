//go:build unix

package plugin

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// wrongStarts are the ways to be wrong before a plugin has said what it is, with what is
// said of each. Where there are no words it is no mistake, and the plugin works.
var wrongStarts = map[string][]string{
	"exits with 0":        {`Plugin "wrong" is not a plugin of Plumb`, "Usage: wrong FILE"},
	"core version":        {`Plugin "wrong" introduces itself in a way`, "version 2 of go-plugin's handshake", "version 1"},
	"app version":         {`Plugin "wrong" speaks version 99 of the plugin protocol`, "Update Plumb"},
	"old version":         {`Plugin "wrong" speaks version 0 of the plugin protocol`, "Update the plugin"},
	"net/rpc":             {`Plugin "wrong" introduces itself in a way`, `"netrpc"`, "grpc"},
	"no fields":           {`Plugin "wrong" introduces itself in a way`, "1|1|unix|", "4 fields of 5"},
	"port":                {`Plugin "wrong" introduces itself in a way`, "a port, 127.0.0.1:", "every user of this machine", "PLUGIN_UNIX_SOCKET_DIR"},
	"socket elsewhere":    {`Plugin "wrong" introduces itself in a way`, "elsewhere, is not in the directory that PLUGIN_UNIX_SOCKET_DIR names"},
	"socket by a link":    {`Plugin "wrong" introduces itself in a way`, "link/s, is not in the directory that PLUGIN_UNIX_SOCKET_DIR names"},
	"socket by its name":  {`Plugin "wrong" introduces itself in a way`, "mine, is not in the directory", "say the whole path"},
	"socket without file": {`Plugin "wrong" introduces itself in a way`, "@mine, is not in the directory"},
	"socket of another":   {`Plugin "wrong" does not answer where it says`, "nobody speaks gRPC there", "mine", "within 2s"},
	"socket of nobody":    {`No connection to plugin "wrong"`, "connection refused"},
	"certificate":         {`Plugin "wrong" introduces itself in a way`, "it shows a certificate, and Plumb speaks without TLS", "end the line with grpc"},
	"no certificate":      {`Plugin "wrong" introduces itself in a way`, "it shows a certificate, and Plumb speaks without TLS"},
	"TLS":                 {`No connection to plugin "wrong"`, "it speaks TLS there, and Plumb does not", "serve without TLS"},
	"TLS on both sides":   {`No connection to plugin "wrong"`, "it speaks TLS there, and Plumb does not", "serve without TLS"},
	"another protocol":    {`No connection to plugin "wrong"`, "cannot be spoken to where it says that it listens"},
	"socket deleted":      {`No connection to plugin "wrong"`, "no such file or directory"},
	"file as socket":      {`No connection to plugin "wrong"`, "mine: connect"},
	"stops at start":      {`Plugin "wrong" did not introduce itself`, "for 2s", "Importing torch", `silence = "5m"`},
	"long line":           {`Plugin "wrong" ended before it introduced itself`, "exited with status 1", "xxxx"},
	"daemon":              {`Plugin "wrong"`}, // dead before it speaks, or while it does
	"out of memory":       {`Plugin "wrong" ended before it introduced itself`, "exited with status 2", "out of memory"},
	"not UTF-8":           {`Plugin "wrong" ended before it introduced itself`, "Gr\uFFFDe"},

	"no line's end before":  nil,
	"in pieces":             nil,
	"twice":                 nil,
	"late":                  nil,
	"prints before":         nil,
	"closes output after":   nil,
	"ignores signals":       nil,
	"carriage return":       nil,
	"prints without an end": nil,
	"five fields":           nil,
	"seven fields":          nil,
	"link to its directory": nil,
}

// startWrong is the process of such a plugin, up to where it serves, if it comes there.
func startWrong(mode string) {
	says := func(line string) {
		fmt.Println(line)
		time.Sleep(time.Minute)
	}
	socket := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "mine")
	switch mode {
	case "exits with 0":
		fmt.Fprintln(stderr, "Usage: wrong FILE")
		os.Exit(0)
	case "core version":
		says("2|1|unix|" + socket + "|grpc|")
	case "app version":
		says("1|99|unix|" + socket + "|grpc|")
	case "old version":
		says("1|0|unix|" + socket + "|grpc|")
	case "net/rpc":
		says("1|1|unix|" + socket + "|netrpc|")
	case "no fields":
		says("1|1|unix|")
	case "port":
		listener := listen("tcp", "127.0.0.1:0")
		go grpc.NewServer().Serve(listener)
		says("1|1|tcp|" + listener.Addr().String() + "|grpc|")
	case "socket elsewhere":
		elsewhere := filepath.Join(filepath.Dir(filepath.Dir(socket)), "elsewhere")
		go grpc.NewServer().Serve(listen("unix", elsewhere))
		says("1|1|unix|" + elsewhere + "|grpc|")
	case "socket by a link":
		link := filepath.Join(filepath.Dir(socket), "link")
		if err := os.Symlink(os.TempDir(), link); err != nil {
			panic(err)
		}
		says("1|1|unix|" + link + "/s|grpc|")
	case "socket by its name":
		if err := os.Chdir(filepath.Dir(socket)); err != nil {
			panic(err)
		}
		go grpc.NewServer().Serve(listen("unix", "mine"))
		says("1|1|unix|mine|grpc|")
	case "socket without file":
		says("1|1|unix|@mine|grpc|")
	case "socket of another":
		listen("unix", socket)
		says("1|1|unix|" + socket + "|grpc|")
	case "socket of nobody":
		listener := listen("unix", socket).(*net.UnixListener)
		listener.SetUnlinkOnClose(false)
		listener.Close()
		says("1|1|unix|" + socket + "|grpc|")
	case "certificate":
		own := certificate()
		go grpc.NewServer().Serve(tls.NewListener(listen("unix", socket), &tls.Config{Certificates: []tls.Certificate{own}}))
		says("1|1|unix|" + socket + "|grpc|" + base64.RawStdEncoding.EncodeToString(own.Certificate[0]))
	case "no certificate":
		says("1|1|unix|" + socket + "|grpc|bm8gY2VydGlmaWNhdGU=")
	case "TLS":
		go grpc.NewServer().Serve(tls.NewListener(listen("unix", socket), &tls.Config{Certificates: []tls.Certificate{certificate()}}))
		says("1|1|unix|" + socket + "|grpc|")
	case "TLS on both sides":
		both := &tls.Config{Certificates: []tls.Certificate{certificate()}, ClientAuth: tls.RequireAndVerifyClientCert, MaxVersion: tls.VersionTLS12}
		go grpc.NewServer().Serve(tls.NewListener(listen("unix", socket), both))
		says("1|1|unix|" + socket + "|grpc|")
	case "another protocol":
		go http.Serve(listen("unix", socket), http.NotFoundHandler())
		says("1|1|unix|" + socket + "|grpc|")
	case "file as socket":
		if err := os.WriteFile(socket, []byte("text"), 0o600); err != nil {
			panic(err)
		}
		says("1|1|unix|" + socket + "|grpc|")
	case "stops at start":
		fmt.Fprintln(stderr, "Importing torch")
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute)
	case "long line":
		os.Stdout.Write(bytes.Repeat([]byte("x"), 4<<20))
		os.Exit(1)
	case "daemon":
		self, err := os.Executable()
		if err != nil {
			panic(err)
		}
		command := exec.Command(self, asWrong, "right")
		command.Stdout, command.Stderr = os.Stdout, stderr
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := command.Start(); err != nil {
			panic(err)
		}
		os.Exit(0)
	case "out of memory":
		limit := syscall.Rlimit{Cur: 2 << 30, Max: 2 << 30}
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
			panic(err)
		}
		var all [][]byte
		for range 64 {
			all = append(all, make([]byte, 64<<20))
		}
		fmt.Fprintln(stderr, len(all))
	case "not UTF-8":
		os.Stdout.WriteString("\xff\xfe|1|\x00\n")
		stderr.WriteString("Gr\xfc\xdfe\n")
		os.Exit(1)
	case "no line's end before":
		os.Stdout.WriteString("Loading weights: 100 %")
	case "carriage return":
		os.Stdout.WriteString("Loading weights: 50 %\rLoading weights: 100 %\r")
	case "prints without an end":
		os.Stdout.Write(bytes.Repeat([]byte("."), 1<<20))
	case "in pieces":
		handshake(func(out *os.File, line string) {
			for i := range len(line) {
				out.WriteString(line[i : i+1])
				time.Sleep(time.Millisecond)
			}
		})
	case "twice":
		handshake(func(out *os.File, line string) {
			out.WriteString(line + line + strings.Replace(line, "|unix|", "|unix|/none", 1))
		})
	case "socket deleted":
		handshake(func(out *os.File, line string) {
			os.Remove(strings.Split(line, "|")[3])
			out.WriteString(line)
		})
	case "five fields":
		handshake(func(out *os.File, line string) {
			out.WriteString(strings.TrimSuffix(line, "|\n") + "\n")
		})
	case "seven fields":
		handshake(func(out *os.File, line string) {
			out.WriteString(strings.TrimSuffix(line, "\n") + "|true\n")
		})
	case "link to its directory":
		handshake(func(out *os.File, line string) {
			directory := filepath.Dir(socket)
			link := filepath.Join(filepath.Dir(directory), "l"+strconv.Itoa(os.Getpid()))
			if err := os.Symlink(directory, link); err != nil {
				panic(err)
			}
			out.WriteString(strings.Replace(line, directory, link, 1))
		})
	case "closes output after":
		handshake(func(out *os.File, line string) {
			out.WriteString(line)
			out.Close()
			stderr.Close()
		})
	case "late":
		time.Sleep(1200 * time.Millisecond)
	case "prints before":
		out := bufio.NewWriter(os.Stdout)
		for i := range 20_000 {
			fmt.Fprintln(out, i, "|1|unix|")
		}
		out.Flush()
	case "ignores signals":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	}
}

// handshake has what the plugin prints to introduce itself go another way to the host.
func handshake(write func(out *os.File, line string)) {
	out := os.Stdout
	read, instead, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stdout = instead
	go func() {
		line, _ := bufio.NewReader(read).ReadString('\n')
		write(out, line)
	}()
}

func listen(network, address string) net.Listener {
	listener, err := net.Listen(network, address)
	if err != nil {
		panic(err)
	}
	return listener
}

// certificate is one for localhost, with its key.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
