#ifndef PLUMB_PJRT_PLUGIN_H
#define PLUMB_PJRT_PLUGIN_H

#include "api.h"

// plumb_most_plugins is how many plugins a process may load.
enum { plumb_most_plugins = 4 };

// plumb_open loads a library and returns its table of functions; 0 after an error,
// with its text in message, which must be freed.
pjrt_api *plumb_open(const char *path, char **message);

// plumb_hooked copies a plugin's table, with plumbCompile in the place of the
// function that compiles. The number tells plugins apart.
pjrt_api *plumb_hooked(const pjrt_api *api, int number);

// plumb_compile calls the function of the plugin itself that compiles.
void *plumb_compile(const pjrt_api *api, pjrt_client_compile_args *args);

// plumb_serialize writes a loaded executable down. What it returns is an error, or 0;
// args own the bytes until plumb_serialized_free.
void *plumb_serialize(const pjrt_api *api, void *loaded, pjrt_executable_serialize_args *args);
void plumb_serialized_free(pjrt_executable_serialize_args *args);

// plumb_deserialize loads what plumb_serialize wrote. What it returns is an error, or 0.
void *plumb_deserialize(const pjrt_api *api, void *client, const void *bytes, size_t size, void **loaded);

// plumb_error_text copies the text of an error, which must be freed, and frees the error.
char *plumb_error_text(const pjrt_api *api, void *error);

// plumb_keep_memory has the allocator of the C library keep what is freed, for the
// next step of a training takes as much again.
void plumb_keep_memory(void);

#endif
