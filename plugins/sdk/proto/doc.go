// Package proto holds the wire contract between Plumb and its plugins:
// protocol buffers under plumb/plugin/v1, and the Go code made from them.
//
// A released .proto file never changes: plugins that were built against it are
// out there. What v1 cannot say becomes v2 beside it. A test holds the digests.
package proto

//go:generate sh -c "protoc -I . --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative plumb/plugin/v1/*.proto"
