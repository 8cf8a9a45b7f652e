package wire

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
)

const (
	// window is what may be on its way unread, of a call and of a connection: some images
	// of 512 x 512 pixels. HTTP/2's 64 KiB would stop the sender twelve times in each.
	window = 4 << 20
	// buffer is what is gathered before it is written, and what is read at once: of frames,
	// which have 16 KiB, several, each of which would wake up the reader by itself.
	buffer = 128 << 10
)

// DialOptions are those of a host's connection to a plugin.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(Codec())),
		grpc.WithDisableRetry(), // would keep what has been sent
		grpc.WithInitialWindowSize(window),
		grpc.WithInitialConnWindowSize(window),
		grpc.WithWriteBufferSize(buffer),
		experimental.WithBufferPool(&frames{}),
	}
}

// ServerOptions are those of a plugin's server.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(Codec()),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
		grpc.ReadBufferSize(buffer),
		experimental.BufferPool(&frames{}),
	}
}
