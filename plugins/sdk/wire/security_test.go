package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// What is written at once crosses at once, whole and encrypted; the configuration counts
// as it is when the connection is made.
func TestSecurity(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	text := bytes.Repeat([]byte("sixteen bytes..."), 16<<10) // 256 KiB
	received := make(chan []byte, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			received <- nil
			return
		}
		server := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2"}})
		all, _ := io.ReadAll(server)
		received <- all
	}()
	raw, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{ServerName: "localhost"}
	secured := Security(config)
	config.RootCAs = x509.NewCertPool() // as go-plugin fills it in, once the plugin has shown its certificate
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	config.RootCAs.AddCert(certificate)
	below := &counted{Conn: raw}
	conn, info, err := secured.ClientHandshake(t.Context(), "localhost", below)
	if err != nil {
		t.Fatal(err)
	}
	if info.AuthType() != "tls" {
		t.Errorf("secured by %q", info.AuthType())
	}
	before := below.writes.Load()
	for range 2 {
		if n, err := conn.Write(text); n != len(text) || err != nil {
			t.Fatalf("%d bytes written, %v", n, err)
		}
	}
	if writes := below.writes.Load() - before; writes != 2 {
		t.Errorf("two writes of 16 records took %d", writes)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if got := <-received; !bytes.Equal(got, append(bytes.Clone(text), text...)) {
		t.Errorf("%d bytes arrive, not %d in order", len(got), 2*len(text))
	}
}
