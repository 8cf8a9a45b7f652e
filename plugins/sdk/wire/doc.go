// Package wire carries messages with images between a host and a plugin in Go without
// copying the pixels more often than the network does.
//
// What crosses is plumb.plugin.v1 as protocol buffers, byte for byte what every other
// implementation reads and writes; only how the bytes get there is different:
//
//   - Marshal leaves an image where it is and puts the bytes before and after it around.
//     protobuf's own copies the message into one piece.
//   - Unmarshal puts an image together from the frames in which it came, once. gRPC's
//     copies them into one piece, and protobuf copies the image out of that.
//   - Buffers of frames are used again as they are. gRPC's are zeroed first.
//   - Windows of flow control are large enough for an image, and frames go to the socket,
//     and come from it, several at once.
//
// It refuses to know of processes, of calls and of what is in an image.
package wire
