package plugin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// speaksTLS reports whether a server expects TLS: what it says to a greeting without
// TLS tells its client nothing.
func speaksTLS(ctx context.Context, network, address string) bool {
	const patience = time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return false
	}
	defer raw.Close()
	// Whose certificate it is does not matter: nothing is said there.
	err = tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}).HandshakeContext(ctx)
	var refused *net.OpError // by an alert, which is TLS
	return err == nil || errors.As(err, &refused) && refused.Op == "remote error"
}
