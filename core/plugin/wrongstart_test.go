//go:build unix

package plugin

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	"no fields":           {`Plugin "wrong" introduces itself in a way`, "1|1|unix|", "4 fields of 6"},
	"port of another":     {`Plugin "wrong" does not answer where it says`, "127.0.0.1:"},
	"port of nobody":      {`No connection to plugin "wrong"`, "127.0.0.1:"},
	"no certificate":      {`Plugin "wrong" introduces itself in a way`, "no certificate"},
	"broken certificate":  {`Plugin "wrong" introduces itself in a way`, "its certificate"},
	"another certificate": {`No connection to plugin "wrong"`, "certificate"},
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
	case "port of another":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		says("1|1|tcp|" + listener.Addr().String() + "|grpc|" + anyCertificate())
	case "port of nobody":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		listener.Close()
		says("1|1|tcp|" + listener.Addr().String() + "|grpc|" + anyCertificate())
	case "no certificate":
		listener, err := net.Listen("unix", socket)
		if err != nil {
			panic(err)
		}
		go grpc.NewServer().Serve(listener)
		says("1|1|unix|" + socket + "|grpc|")
	case "broken certificate":
		says("1|1|unix|" + socket + "|grpc|bm8gY2VydGlmaWNhdGU")
	case "another certificate":
		theirs, _, err := mutualTLS()
		if err != nil {
			panic(err)
		}
		listener, err := tls.Listen("unix", socket, theirs)
		if err != nil {
			panic(err)
		}
		go grpc.NewServer().Serve(listener)
		says("1|1|unix|" + socket + "|grpc|" + anyCertificate())
	case "file as socket":
		if err := os.WriteFile(socket, []byte("text"), 0o600); err != nil {
			panic(err)
		}
		says("1|1|unix|" + socket + "|grpc|" + anyCertificate())
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

// anyCertificate is a certificate as the handshake has it, whose key nobody has.
func anyCertificate() string {
	made, _, err := mutualTLS()
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(made.Certificates[0].Certificate[0])
}
