package python

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

var update = flag.Bool("update", false, "write the descriptor set anew")

// TestDescriptorSet holds the messages that the Python package knows against those
// of the contract. It has them as descriptors and not as code, which would run with
// the version of protobuf alone that made it.
func TestDescriptorSet(t *testing.T) {
	set := &descriptorpb.FileDescriptorSet{}
	known := map[string]bool{}
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) { // imports first, as a pool wants them
		if known[file.Path()] {
			return
		}
		known[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	for _, file := range []protoreflect.FileDescriptor{
		pb.File_plumb_plugin_v1_plugin_proto, pb.File_plumb_plugin_v1_sampler_proto, pb.File_plumb_plugin_v1_reward_proto,
		pb.File_plumb_plugin_v1_rater_proto, pb.File_plumb_plugin_v1_encoder_proto, pb.File_plumb_plugin_v1_trainer_proto,
	} {
		add(file)
	}
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	const path = "src/plumb_plugin/v1.desc"
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not of the present .proto files: go test ./plugins/python -run DescriptorSet -update", path)
	}
}
