// oneDNN's int8 matmul through its C interface (3.x), loaded at run time: it is a peer to compare with,
// not a dependency. https://oneapi-src.github.io/oneDNN/
#define _GNU_SOURCE
#include "include/CBench.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef void *handle;
typedef struct {
  int arg;
  handle memory;
} exec_arg;

enum {
  engine_cpu = 1, stream_in_order = 1, type_s32 = 4, type_s8 = 5, type_u8 = 6, tag_any = 1,
  tag_ab = 3, query_weights = 131, arg_src = 1, arg_dst = 17, arg_weights = 33
};

typedef struct {
  int (*engine_create)(handle *, int, size_t);
  int (*stream_create)(handle *, handle, unsigned);
  int (*md_create)(handle *, int, const int64_t *, int, int);
  size_t (*md_size)(handle);
  int (*md_destroy)(handle);
  int (*matmul_create)(handle *, handle, handle, handle, handle, handle, handle);
  handle (*pd_query)(handle, int, int);
  int (*primitive_create)(handle *, handle);
  int (*memory_create)(handle *, handle, handle, void *);
  int (*execute)(handle, handle, int, const exec_arg *);
  int (*wait)(handle);
  void (*set_threads)(int);
} onednn;

struct cb_onednn {
  onednn api;
  handle engine, stream, primitive;
  exec_arg args[3];
};

static int load(const char *path, onednn *api) {
  void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (!library) return 0;
#define SYMBOL(field, name) *(void **)&api->field = dlsym(library, name)
  SYMBOL(engine_create, "dnnl_engine_create");
  SYMBOL(stream_create, "dnnl_stream_create");
  SYMBOL(md_create, "dnnl_memory_desc_create_with_tag");
  SYMBOL(md_size, "dnnl_memory_desc_get_size");
  SYMBOL(md_destroy, "dnnl_memory_desc_destroy");
  SYMBOL(matmul_create, "dnnl_matmul_primitive_desc_create");
  SYMBOL(pd_query, "dnnl_primitive_desc_query_md");
  SYMBOL(primitive_create, "dnnl_primitive_create");
  SYMBOL(memory_create, "dnnl_memory_create");
  SYMBOL(execute, "dnnl_primitive_execute");
  SYMBOL(wait, "dnnl_stream_wait");
#undef SYMBOL
  *(void **)&api->set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  return api->engine_create && api->stream_create && api->md_create && api->md_size &&
         api->matmul_create && api->pd_query && api->primitive_create && api->memory_create &&
         api->execute && api->wait;
}

/// A memory object with contents of its own.
static handle memory(const onednn *api, handle engine, handle description) {
  size_t size = (api->md_size(description) + 63) / 64 * 64;
  void *bytes = aligned_alloc(64, size);
  handle result = NULL;
  if (!bytes) return NULL;
  memset(bytes, 1, size);
  return api->memory_create(&result, description, engine, bytes) == 0 ? result : NULL;
}

cb_onednn *cb_onednn_create(const char *path, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                            ptrdiff_t threads) {
  cb_onednn *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  if (!load(path, &p->api)) goto failed;
  onednn *api = &p->api;
  if (api->set_threads) api->set_threads((int)threads);
  int64_t src[] = {m, k}, weights[] = {k, n}, dst[] = {m, n};
  handle src_md, weights_md, dst_md, description;
  if (api->engine_create(&p->engine, engine_cpu, 0) != 0 ||
      api->stream_create(&p->stream, p->engine, stream_in_order) != 0 ||
      api->md_create(&src_md, 2, src, type_u8, tag_ab) != 0 ||
      api->md_create(&weights_md, 2, weights, type_s8, tag_any) != 0 ||
      api->md_create(&dst_md, 2, dst, type_s32, tag_ab) != 0 ||
      api->matmul_create(&description, p->engine, src_md, weights_md, NULL, dst_md, NULL) != 0 ||
      api->primitive_create(&p->primitive, description) != 0) {
    goto failed;
  }
  handle packed = api->pd_query(description, query_weights, 0);
  p->args[0] = (exec_arg){arg_src, memory(api, p->engine, src_md)};
  p->args[1] = (exec_arg){arg_weights, packed ? memory(api, p->engine, packed) : NULL};
  p->args[2] = (exec_arg){arg_dst, memory(api, p->engine, dst_md)};
  if (p->args[0].memory && p->args[1].memory && p->args[2].memory) return p;
failed:
  free(p);
  return NULL;
}

void cb_onednn_multiply(cb_onednn *p) {
  p->api.execute(p->primitive, p->stream, 3, p->args);
  p->api.wait(p->stream);
}

// Its memory and engine live until the process ends: a benchmark makes few of them.
void cb_onednn_destroy(cb_onednn *p) { free(p); }
