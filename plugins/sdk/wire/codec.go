package wire

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers protobuf's own codec
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// large is the size from which on an image is worth the trouble, in bytes.
const large = 16 << 10

// codec is protobuf's but for messages with large images.
type codec struct{ encoding.CodecV2 }

// Codec is what gRPC is to encode and decode messages by. A message that was sent must
// not change, and nor must the pixels in it, until it has been written: of what the
// plugin sends, the pixels are therefore copied.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2("proto")} }

// Marshal encodes a message. The image of a request stays in its own memory.
func (c codec) Marshal(message any) (mem.BufferSlice, error) {
	lent, is := message.(Lent)
	if is {
		message = lent.Request
	}
	encoded, ok, err := marshal(message)
	if err != nil {
		return nil, err
	}
	if !ok {
		out, err := c.CodecV2.Marshal(message)
		if is {
			lent.From.Put(lent.Pixels) // they have been copied
		}
		return out, err
	}
	var data mem.Buffer = mem.SliceBuffer(encoded.data)
	if is {
		data = mem.NewBuffer(lent.Pixels, lent.From)
	}
	return mem.BufferSlice{mem.SliceBuffer(encoded.head), data, mem.SliceBuffer(encoded.tail)}, nil
}

// Unmarshal decodes a message.
func (c codec) Unmarshal(data mem.BufferSlice, message any) error {
	if data.Len() >= large {
		if ok, err := unmarshal(data, message); ok {
			return err
		}
	}
	return c.CodecV2.Unmarshal(data, message)
}

// split is an encoded message with the image's data by itself.
type split struct{ head, data, tail []byte }

func (s split) size() int { return len(s.head) + len(s.data) + len(s.tail) }

// in puts a message into a field of another one, which has fields before and after it.
func (s split) in(before []byte, field protowire.Number, after []byte) split {
	head := protowire.AppendTag(before, field, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(s.size()))
	return split{append(head, s.head...), s.data, append(s.tail, after...)}
}

// The fields on the way to an image's data.
const (
	requestItem   protowire.Number = 2 // ScoreRequest, RateRequest, EncodeImagesRequest
	requestFirst  protowire.Number = 2 // CompareRequest
	requestSecond protowire.Number = 3 // CompareRequest
	responseImage protowire.Number = 2 // SampleResponse
	sampledImage  protowire.Number = 2 // SampledImage
	itemImage     protowire.Number = 4 // Item
	pairImage     protowire.Number = 4 // PairFirst
	imageData     protowire.Number = 4 // Image
)

// marshal encodes the requests that have images. ok is false for other messages, small
// images, and what this version knows nothing of.
func marshal(message any) (encoded split, ok bool, err error) {
	switch m := message.(type) {
	case *pb.ScoreRequest:
		return itemRequest(m, m.GetItem())
	case *pb.RateRequest:
		return itemRequest(m, m.GetItem())
	case *pb.EncodeImagesRequest:
		return itemRequest(m, m.GetItem())
	case *pb.CompareRequest:
		if first := m.GetFirst(); isLarge(first.GetFirst()) && known(m, first, first.First) {
			before, err := proto.Marshal(&pb.PairFirst{Position: first.Position, Id: first.Id, Prompt: first.Prompt})
			if err != nil {
				return split{}, false, err
			}
			encoded, err := image(first.First)
			return encoded.in(before, pairImage, nil).in(nil, requestFirst, nil), true, err
		}
		if second := m.GetSecond(); isLarge(second) && known(m, second) {
			encoded, err := image(second)
			return encoded.in(nil, requestSecond, nil), true, err
		}
	}
	return split{}, false, nil
}

func isLarge(image *pb.Image) bool { return len(image.GetData()) >= large }

// known reports whether all of messages is in fields of this version.
func known(messages ...proto.Message) bool {
	for _, m := range messages {
		if len(m.ProtoReflect().GetUnknown()) > 0 {
			return false
		}
	}
	return true
}

func itemRequest(request proto.Message, item *pb.Item) (split, bool, error) {
	if !isLarge(item.GetImage()) || !known(request, item, item.Image) {
		return split{}, false, nil
	}
	before, err := proto.Marshal(&pb.Item{Position: item.Position, Id: item.Id, Prompt: item.Prompt})
	if err != nil {
		return split{}, false, err
	}
	after, err := proto.Marshal(&pb.Item{ImageVector: item.ImageVector, TextVector: item.TextVector})
	if err != nil {
		return split{}, false, err
	}
	encoded, err := image(item.Image)
	return encoded.in(before, itemImage, after).in(nil, requestItem, nil), true, err
}

func image(m *pb.Image) (split, error) {
	head, err := proto.Marshal(&pb.Image{Encoding: m.Encoding, Width: m.Width, Height: m.Height})
	head = protowire.AppendTag(head, imageData, protowire.BytesType)
	return split{head: protowire.AppendVarint(head, uint64(len(m.Data))), data: m.Data}, err
}

// unmarshal decodes the messages that have images. ok is false for others, and for what
// is not encoded as everybody does it.
func unmarshal(data mem.BufferSlice, message any) (ok bool, err error) {
	var path []protowire.Number
	var image func() *pb.Image
	switch m := message.(type) {
	case *pb.ScoreRequest:
		path, image = []protowire.Number{requestItem, itemImage, imageData}, func() *pb.Image { return m.GetItem().GetImage() }
	case *pb.RateRequest:
		path, image = []protowire.Number{requestItem, itemImage, imageData}, func() *pb.Image { return m.GetItem().GetImage() }
	case *pb.EncodeImagesRequest:
		path, image = []protowire.Number{requestItem, itemImage, imageData}, func() *pb.Image { return m.GetItem().GetImage() }
	case *pb.SampleResponse:
		path, image = []protowire.Number{responseImage, sampledImage, imageData}, func() *pb.Image { return m.GetImage().GetImage() }
	case *pb.CompareRequest:
		path, image = []protowire.Number{requestFirst, pairImage, imageData}, func() *pb.Image { return m.GetFirst().GetFirst() }
		if (&pieces{rest: data}).beginsWith(requestSecond) {
			path, image = []protowire.Number{requestSecond, imageData}, m.GetSecond
		}
	default:
		return false, nil
	}
	rest, pixels, ok := cutOut(data, path)
	if !ok {
		return false, nil
	}
	if err := proto.Unmarshal(rest, message.(proto.Message)); err != nil {
		return true, err
	}
	if to := image(); to != nil {
		to.Data = pixels
	}
	return true, nil
}
