package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// picture is an image of so many bytes.
func picture(size int) *pb.Image {
	image := &pb.Image{Encoding: pb.Image_ENCODING_RGB8, Width: 300, Height: 7, Data: make([]byte, size)}
	for i := range image.Data {
		image.Data[i] = byte(i * i >> 3)
	}
	return image
}

// messages are all that carry an image, and some others.
func messages(size int) []proto.Message {
	item := &pb.Item{
		Position: 1 << 40, Id: "i", Image: picture(size), ImageVector: []float32{1, 2}, TextVector: []float32{3},
		Prompt: &pb.Prompt{Text: "ein roter Kreis, größer", Category: "c", Slots: map[string]string{"color": "red"}},
	}
	return []proto.Message{
		&pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: item}},
		&pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: &pb.Item{Image: picture(size)}}},
		&pb.ScoreRequest{Body: &pb.ScoreRequest_Instance{Instance: "1"}},
		&pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: &pb.Item{ImageVector: make([]float32, size)}}},
		&pb.RateRequest{Body: &pb.RateRequest_Item{Item: item}},
		&pb.EncodeImagesRequest{Body: &pb.EncodeImagesRequest_Item{Item: item}},
		&pb.CompareRequest{Body: &pb.CompareRequest_First{First: &pb.PairFirst{Position: 3, Id: "p", Prompt: item.Prompt, First: picture(size)}}},
		&pb.CompareRequest{Body: &pb.CompareRequest_Second{Second: picture(size)}},
		&pb.SampleResponse{Image: &pb.SampledImage{Position: 4, Image: picture(size)}},
		&pb.SampleResponse{Signal: &pb.Signal{Kind: &pb.Signal_Done{Done: &pb.Done{}}}},
		&pb.DescribeResponse{Name: "n", ComponentsJson: [][]byte{make([]byte, size)}},
	}
}

// pieced cuts a text into pieces as frames would.
func pieced(text []byte, chance *rand.Rand) mem.BufferSlice {
	var out mem.BufferSlice
	for len(text) > 0 {
		n := 1 + chance.IntN(len(text))
		if chance.IntN(3) > 0 {
			n = min(n, 5)
		}
		out = append(out, mem.SliceBuffer(text[:n]))
		text = text[n:]
	}
	return out
}

// What is written is what protobuf writes, byte for byte, and what protobuf writes is
// read as protobuf reads it, wherever it is cut.
func TestSameAsProtobuf(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 200, large - 1, large, large + 1, 1 << 21} {
		for _, message := range messages(size) {
			want, err := proto.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Codec().Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Materialize(), want) {
				t.Errorf("%T with %d bytes: other bytes than protobuf's", message, size)
			}
			for range 5 {
				read := message.ProtoReflect().New().Interface()
				if err := Codec().Unmarshal(pieced(want, chance), read); err != nil || !proto.Equal(read, message) {
					t.Errorf("%T with %d bytes: is read as another message, error %v", message, size, err)
				}
			}
		}
	}
}

// The image of a request is not copied; that of an answer is, since a sampler may draw
// the next one into the same memory.
func TestNotCopied(t *testing.T) {
	for i, message := range messages(1 << 20) {
		for range 2 { // the first time makes what is kept
			encoded, err := Codec().Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			var image *pb.Image
			switch m := message.(type) {
			case *pb.ScoreRequest:
				image = m.GetItem().GetImage()
			case *pb.RateRequest:
				image = m.GetItem().GetImage()
			case *pb.EncodeImagesRequest:
				image = m.GetItem().GetImage()
			case *pb.CompareRequest:
				if image = m.GetSecond(); image == nil {
					image = m.GetFirst().GetFirst()
				}
			case *pb.SampleResponse:
				image = m.GetImage().GetImage()
			}
			if image == nil {
				continue
			}
			shared := false
			for _, piece := range encoded {
				shared = shared || piece.Len() == len(image.Data) && &piece.ReadOnlyData()[0] == &image.Data[0]
			}
			if _, answer := message.(*pb.SampleResponse); shared == answer {
				t.Errorf("%d, %T: in the image's own memory: %v", i, message, shared)
			}
			encoded.Free()
		}
	}
}

// Pixels that are lent come back when all has been written, not before, and once; also
// those of an image so small that it is copied.
func TestLent(t *testing.T) {
	for _, size := range []int{100, 1 << 20} {
		from := &Pixels{}
		pixels := make([]byte, size)
		request := &pb.CompareRequest{Body: &pb.CompareRequest_Second{Second: &pb.Image{Data: pixels}}}
		want, err := proto.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := Codec().Marshal(Lent{request, &pixels, from})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encoded.Materialize(), want) {
			t.Errorf("%d bytes: another message", size)
		}
		if size >= large {
			if back := from.kept.Get(); back != nil {
				t.Errorf("%d bytes: the pixels are back before they have been written", size)
			}
		}
		encoded.Free()
		// sync.Pool may lose what it gets, and does so on purpose under the race detector.
		if back, ok := from.kept.Get().(*[]byte); ok && back != &pixels {
			t.Errorf("%d bytes: other pixels come back", size)
		}
		if back := from.kept.Get(); back != nil {
			t.Errorf("%d bytes: the pixels come back twice", size)
		}
	}
}

// FuzzUnmarshal: whatever comes in, cut wherever, is read as protobuf reads it, or left
// to protobuf.
func FuzzUnmarshal(f *testing.F) {
	for i, message := range messages(40) {
		text, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, uint64(i))
		f.Add(text[:len(text)/2], uint64(i))
		f.Add(append(bytes.Clone(text), text...), uint64(i))                               // the same field twice
		f.Add(protowire.AppendVarint(bytes.Clone(text), 1<<3|3), uint64(i))                // a group
		f.Add(append(protowire.AppendTag(nil, 1, protowire.BytesType), 1, 'a'), uint64(i)) // an instance
		f.Add(append(append([]byte{}, text...), 0x0a, 1, 'a'), uint64(i))                  // and then an instance
		f.Add(append([]byte{0x12, 0x80, 0x80, 0x80, 0x80, 0x10}, text...), uint64(i))      // longer than there is
		f.Add(append([]byte{0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8}, text...), uint64(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		cut := pieced(text, rand.New(rand.NewPCG(seed, 0)))
		for _, kind := range messages(0) {
			want, got := kind.ProtoReflect().New().Interface(), kind.ProtoReflect().New().Interface()
			ok, err := unmarshal(cut, got)
			if !ok {
				continue
			}
			theirs := proto.Unmarshal(text, want)
			if (err == nil) != (theirs == nil) {
				t.Fatalf("%T: error is %v, and protobuf's %v", kind, err, theirs)
			}
			if err == nil && !proto.Equal(got, want) {
				t.Fatalf("%T: read as %v, and by protobuf as %v", kind, got, want)
			}
		}
	})
}
