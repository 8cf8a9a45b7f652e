package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"github.com/spf13/pflag"
)

// labelPlace is where `plumb label` is reached.
type labelPlace struct {
	host      string
	port      int
	portGiven bool
	cert, key string
}

const (
	// labelPort is the port unless another is asked for: browsers keep what was not sent
	// yet for an address, port included.
	labelPort = 8017
	// otherPorts is how many ports after it are tried.
	otherPorts = 20
)

func (l *labelPlace) add(set *pflag.FlagSet) {
	set.StringVar(&l.host, "host", "127.0.0.1", "address or name to be reached at; others than this machine reach it only if it is another")
	set.IntVar(&l.port, "port", labelPort, "port; the next free one unless this is given")
	set.StringVar(&l.cert, "tls-cert", "", "file of a TLS certificate (PEM): the page is served by https")
	set.StringVar(&l.key, "tls-key", "", "file of its key")
}

func (l *labelPlace) check() error {
	if (l.cert == "") != (l.key == "") {
		return errors.New("--tls-cert and --tls-key belong together: give both, or none")
	}
	if l.port < 0 || l.port > 65535 {
		return fmt.Errorf("--port %d: want 1 to 65535, or 0 for any that is free", l.port)
	}
	if l.host == "" {
		return errors.New("--host is empty: give an address of this machine, or 0.0.0.0 for all of them")
	}
	if l.cert != "" {
		if _, err := tls.LoadX509KeyPair(l.cert, l.key); err != nil {
			return fmt.Errorf("--tls-cert %s --tls-key %s: %w", l.cert, l.key, err)
		}
	}
	return nil
}

// listen begins to listen.
func (l *labelPlace) listen() (net.Listener, error) {
	ports := []int{l.port}
	for n := 1; n <= otherPorts && !l.portGiven; n++ {
		ports = append(ports, l.port+n)
	}
	var first error
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(l.host, strconv.Itoa(port)))
		if err == nil {
			return listener, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	hint := "give another --port"
	if !errors.Is(first, syscall.EADDRINUSE) {
		hint = "is --host an address of this machine?"
	}
	return nil, fmt.Errorf("the page cannot be served: %w; %s", first, hint)
}

// loopback reports whether only this machine reaches it.
func (l *labelPlace) loopback() bool {
	address, err := netip.ParseAddr(l.host)
	if err != nil {
		return l.host == "localhost"
	}
	return address.IsLoopback()
}

// base is what links begin with, and names are those by which browsers ask for it.
func (l *labelPlace) base(listener net.Listener) (base string, names []string) {
	host := l.host
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
		if address, err := netip.ParseAddr(host); err == nil && address.IsUnspecified() {
			host = name
		}
	}
	if _, err := netip.ParseAddr(host); err != nil {
		names = append(names, host)
	}
	scheme := "http://"
	if l.cert != "" {
		scheme = "https://"
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return scheme + net.JoinHostPort(host, strconv.Itoa(port)), names
}
