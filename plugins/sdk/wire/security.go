package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// Security are a host's credentials for connections by TLS that write several records
// at once: one is 16 KiB, and each by itself would wake up the reader. What config says
// counts when a connection is made.
func Security(config *tls.Config) credentials.TransportCredentials {
	return &security{TransportCredentials: credentials.NewTLS(config), config: config}
}

type security struct {
	credentials.TransportCredentials
	config *tls.Config
}

var _ credentials.TransportCredentials = (*security)(nil)

func (s *security) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	below := &gatherer{Conn: raw}
	conn, info, err := credentials.NewTLS(s.config).ClientHandshake(ctx, authority, below)
	if err != nil {
		return nil, nil, err
	}
	return &gathered{Conn: conn, below: below}, info, nil
}

func (s *security) Clone() credentials.TransportCredentials { return Security(s.config.Clone()) }

// gathered is a connection by TLS over one that gathers.
type gathered struct {
	net.Conn
	below *gatherer
}

// Write writes all records of b at once.
func (g *gathered) Write(b []byte) (int, error) {
	g.below.hold()
	n, err := g.Conn.Write(b)
	if err := errors.Join(err, g.below.release()); err != nil {
		return n, err
	}
	return n, nil
}

// gatherer is a connection that holds back what is written, between hold and release.
type gatherer struct {
	net.Conn

	mu      sync.Mutex
	holding bool
	held    []byte
}

func (g *gatherer) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holding = true
}

func (g *gatherer) release() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holding = false
	if len(g.held) == 0 {
		return nil
	}
	_, err := g.Conn.Write(g.held)
	g.held = g.held[:0]
	return err
}

func (g *gatherer) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.holding {
		return g.Conn.Write(b)
	}
	g.held = append(g.held, b...)
	return len(b), nil
}
