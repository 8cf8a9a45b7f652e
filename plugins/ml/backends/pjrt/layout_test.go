//go:build cgo && !windows

package pjrt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// layout fails to compile where api.h and OpenXLA's own header do not agree.
const layout = `
#include <stddef.h>
#include "pjrt_c_api.h"
#include "api.h"
#define FUNCTION(place, name) \
  _Static_assert(offsetof(pjrt_api, functions) + place * sizeof(void *) == offsetof(PJRT_Api, name), #name)
#define FIELD(ours, field, theirs, name) \
  _Static_assert(offsetof(ours, field) == offsetof(theirs, name), #theirs "." #name)
FUNCTION(pjrt_error_destroy, PJRT_Error_Destroy);
FUNCTION(pjrt_error_message, PJRT_Error_Message);
FUNCTION(pjrt_client_compile, PJRT_Client_Compile);
FUNCTION(pjrt_executable_destroy, PJRT_Executable_Destroy);
FUNCTION(pjrt_executable_serialize, PJRT_Executable_Serialize);
FUNCTION(pjrt_loaded_executable_get_executable, PJRT_LoadedExecutable_GetExecutable);
FUNCTION(pjrt_executable_deserialize_and_load, PJRT_Executable_DeserializeAndLoad);
FIELD(pjrt_api, version.major, PJRT_Api, pjrt_api_version.major_version);
FIELD(pjrt_api, version.minor, PJRT_Api, pjrt_api_version.minor_version);
FIELD(pjrt_error_destroy_args, error, PJRT_Error_Destroy_Args, error);
FIELD(pjrt_error_message_args, error, PJRT_Error_Message_Args, error);
FIELD(pjrt_error_message_args, message, PJRT_Error_Message_Args, message);
FIELD(pjrt_error_message_args, message_size, PJRT_Error_Message_Args, message_size);
FIELD(pjrt_program, code, PJRT_Program, code);
FIELD(pjrt_program, code_size, PJRT_Program, code_size);
FIELD(pjrt_client_compile_args, client, PJRT_Client_Compile_Args, client);
FIELD(pjrt_client_compile_args, program, PJRT_Client_Compile_Args, program);
FIELD(pjrt_client_compile_args, options, PJRT_Client_Compile_Args, compile_options);
FIELD(pjrt_client_compile_args, options_size, PJRT_Client_Compile_Args, compile_options_size);
FIELD(pjrt_client_compile_args, executable, PJRT_Client_Compile_Args, executable);
FIELD(pjrt_get_executable_args, loaded, PJRT_LoadedExecutable_GetExecutable_Args, loaded_executable);
FIELD(pjrt_get_executable_args, executable, PJRT_LoadedExecutable_GetExecutable_Args, executable);
FIELD(pjrt_executable_destroy_args, executable, PJRT_Executable_Destroy_Args, executable);
FIELD(pjrt_executable_serialize_args, executable, PJRT_Executable_Serialize_Args, executable);
FIELD(pjrt_executable_serialize_args, bytes, PJRT_Executable_Serialize_Args, serialized_bytes);
FIELD(pjrt_executable_serialize_args, bytes_size, PJRT_Executable_Serialize_Args, serialized_bytes_size);
FIELD(pjrt_executable_serialize_args, backing, PJRT_Executable_Serialize_Args, serialized_executable);
FIELD(pjrt_executable_serialize_args, deleter, PJRT_Executable_Serialize_Args, serialized_executable_deleter);
FIELD(pjrt_deserialize_args, client, PJRT_Executable_DeserializeAndLoad_Args, client);
FIELD(pjrt_deserialize_args, bytes, PJRT_Executable_DeserializeAndLoad_Args, serialized_executable);
FIELD(pjrt_deserialize_args, bytes_size, PJRT_Executable_DeserializeAndLoad_Args, serialized_executable_size);
FIELD(pjrt_deserialize_args, loaded, PJRT_Executable_DeserializeAndLoad_Args, loaded_executable);
FIELD(pjrt_deserialize_args, options, PJRT_Executable_DeserializeAndLoad_Args, overridden_serialized_compile_options);
FIELD(pjrt_deserialize_args, options_size, PJRT_Executable_DeserializeAndLoad_Args, overridden_serialized_compile_options_size);
`

// TestLayout compares what is called here with OpenXLA's header, as go-xla has it.
func TestLayout(t *testing.T) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gomlx/go-xla").Output()
	if err != nil {
		t.Fatalf("go-xla's sources: %v", err)
	}
	compiler, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	compile := func(text string) error {
		command := exec.Command(strings.TrimSpace(string(compiler)), "-fsyntax-only", "-x", "c", "-I", here,
			"-I", filepath.Join(strings.TrimSpace(string(module)), "pjrt"), "-")
		command.Stdin = strings.NewReader(text)
		var said bytes.Buffer
		command.Stderr = &said
		err := command.Run()
		t.Log(said.String())
		return err
	}
	if err := compile(layout); err != nil {
		t.Error(err)
	}
	if err := compile(strings.Replace(layout, "FUNCTION(pjrt_client_compile, ", "FUNCTION(pjrt_client_compile + 1, ", 1)); err == nil {
		t.Error("a wrong place is not noticed")
	}
}

// TestLoadRefuses what is no plugin, in words.
func TestLoadRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "cpu.so")
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "none.so"): "cannot open shared object file",
		text:                                  "too short",
		"libm.so.6":                           "no function GetPjrtApi",
	} {
		if _, err := Load("/test:cpu", path, nil, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
