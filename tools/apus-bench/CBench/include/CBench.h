// What the benchmarks measure the machine with.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs `rounds` rounds of independent int8 dot-product instructions on registers and returns the
/// operations (two a multiply-add) that they did; 0 where the machine has no such instruction.
double cb_dot_product_operations(ptrdiff_t rounds);
/// Reads `count` bytes (a multiple of 256) once, in order.
uint64_t cb_read(const void *bytes, ptrdiff_t count);

/// An int8 product of oneDNN: u8 [m × k] · s8 [k × n] → s32, weights prepacked as it wants them.
typedef struct cb_onednn cb_onednn;
/// NULL where no libdnnl.so.3 (3.x) can be loaded from `path`.
cb_onednn *cb_onednn_create(const char *path, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                            ptrdiff_t threads);
void cb_onednn_multiply(cb_onednn *product);
void cb_onednn_destroy(cb_onednn *product);
