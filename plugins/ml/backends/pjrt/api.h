// The part of the PJRT C API that is called here, as OpenXLA's pjrt_c_api.h lays it
// out: a table of functions, each of which takes one struct that begins with its own
// size. Within major version 0 the table and the structs only grow at their ends, so
// the places below hold for every plugin (TestLayout compares them with the header
// that go-xla is built with).
#ifndef PLUMB_PJRT_API_H
#define PLUMB_PJRT_API_H

#include <stddef.h>

typedef struct {
  size_t struct_size;
  void *extensions;
  struct {
    size_t struct_size;
    void *extensions;
    int major, minor;
  } version;
  void *functions[];
} pjrt_api;

// Places in the table of functions.
enum {
  pjrt_error_destroy = 0,
  pjrt_error_message = 1,
  pjrt_client_compile = 20,
  pjrt_executable_destroy = 40,
  pjrt_executable_serialize = 49,
  pjrt_loaded_executable_get_executable = 51,
  pjrt_executable_deserialize_and_load = 56,
  pjrt_functions_needed = 57,
};

typedef struct {
  size_t struct_size;
  void *extensions;
  void *error;
} pjrt_error_destroy_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  const void *error;
  const char *message; // out; as long as the error
  size_t message_size; // out
} pjrt_error_message_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  char *code;
  size_t code_size;
  const char *format;
  size_t format_size;
} pjrt_program;

typedef struct {
  size_t struct_size;
  void *extensions;
  void *client;
  const pjrt_program *program;
  const char *options;
  size_t options_size;
  void *executable; // out: loaded
} pjrt_client_compile_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  void *loaded;
  void *executable; // out
} pjrt_get_executable_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  void *executable;
} pjrt_executable_destroy_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  const void *executable;
  const char *bytes; // out; as long as backing
  size_t bytes_size; // out
  void *backing;     // out
  void (*deleter)(void *backing); // out
} pjrt_executable_serialize_args;

typedef struct {
  size_t struct_size;
  void *extensions;
  void *client;
  const char *bytes;
  size_t bytes_size;
  void *loaded; // out
  const char *options; // those of the serialized executable if 0
  size_t options_size;
} pjrt_deserialize_args;

#endif
