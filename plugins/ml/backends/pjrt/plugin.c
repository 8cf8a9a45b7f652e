#include "plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "_cgo_export.h"

pjrt_api *plumb_open(const char *path, char **message) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *said = dlerror();
    *message = strdup(said ? said : "it cannot be loaded");
    return NULL;
  }
  pjrt_api *(*get)(void) = (pjrt_api * (*)(void)) dlsym(library, "GetPjrtApi");
  pjrt_api *api = get ? get() : NULL;
  if (!api) {
    *message = strdup(get ? "its GetPjrtApi returns nothing" : "it is no PJRT plugin: it has no function GetPjrtApi");
    dlclose(library);
  }
  return api;
}

// A function of the table is told nothing but its arguments, so each plugin has one.
#define COMPILE(number) \
  static void *compile_##number(pjrt_client_compile_args *args) { return plumbCompile(number, args); }
COMPILE(0)
COMPILE(1)
COMPILE(2)
COMPILE(3)
static void *const compile[plumb_most_plugins] = {compile_0, compile_1, compile_2, compile_3};

pjrt_api *plumb_hooked(const pjrt_api *api, int number) {
  pjrt_api *copy = malloc(api->struct_size);
  if (copy) {
    memcpy(copy, api, api->struct_size);
    copy->functions[pjrt_client_compile] = compile[number];
  }
  return copy;
}

typedef void *(*function)(void *args);

static void *call(const pjrt_api *api, int place, void *args) { return ((function)api->functions[place])(args); }

void *plumb_compile(const pjrt_api *api, pjrt_client_compile_args *args) { return call(api, pjrt_client_compile, args); }

void *plumb_serialize(const pjrt_api *api, void *loaded, pjrt_executable_serialize_args *args) {
  pjrt_get_executable_args get = {sizeof get, NULL, loaded, NULL};
  void *error = call(api, pjrt_loaded_executable_get_executable, &get);
  if (error) return error;
  memset(args, 0, sizeof *args);
  args->struct_size = sizeof *args;
  args->executable = get.executable;
  error = call(api, pjrt_executable_serialize, args);
  pjrt_executable_destroy_args destroy = {sizeof destroy, NULL, get.executable};
  void *also = call(api, pjrt_executable_destroy, &destroy);
  if (also) free(plumb_error_text(api, also));
  return error;
}

void plumb_serialized_free(pjrt_executable_serialize_args *args) {
  if (args->deleter && args->backing) args->deleter(args->backing);
}

void *plumb_deserialize(const pjrt_api *api, void *client, const void *bytes, size_t size, void **loaded) {
  pjrt_deserialize_args args = {sizeof args, NULL, client, bytes, size, NULL, NULL, 0};
  void *error = call(api, pjrt_executable_deserialize_and_load, &args);
  *loaded = args.loaded;
  return error;
}

char *plumb_error_text(const pjrt_api *api, void *error) {
  pjrt_error_message_args text = {sizeof text, NULL, error, NULL, 0};
  call(api, pjrt_error_message, &text);
  char *copy = malloc(text.message_size + 1);
  if (copy) {
    memcpy(copy, text.message, text.message_size);
    copy[text.message_size] = 0;
  }
  pjrt_error_destroy_args destroy = {sizeof destroy, NULL, error};
  ((void (*)(void *))api->functions[pjrt_error_destroy])(&destroy);
  return copy;
}

void plumb_keep_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 28);
#endif
}
