// Every tier of this machine against the scalar oracle, in plain C: what ComputeTests prove natively,
// for machines that Swift does not run on here. Tests/Cross/run builds it for AArch64 and emulates it.
#include "../../Sources/CKernels/ck_internal.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;
static uint64_t state = 1;

static uint32_t next(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}
static float next_float(void) { return (float)(next() % 20001) / 10000 - 1; }

static void *space(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (!memory) abort();
  memset(memory, 0, bytes);
  return memory;
}
static float *floats(size_t count) {
  float *x = space(count * sizeof *x);
  for (size_t i = 0; i < count; i++) x[i] = next_float();
  return x;
}

static void expect(bool right, const char *tier, const char *what, ptrdiff_t m, ptrdiff_t n,
                   ptrdiff_t k) {
  if (right) return;
  failures++;
  printf("%s: %s differs at %td × %td × %td\n", tier, what, m, n, k);
}

static bool equal(const float *a, const float *b, size_t count) {
  return memcmp(a, b, count * sizeof *a) == 0;
}
static bool close_to(const float *a, const float *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!(fabsf(a[i] - b[i]) <= 4e-6f * (1 + fabsf(b[i])))) return false;
  }
  return true;
}

static void check_s8(const ck_kernels *tier, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
  ptrdiff_t padded = ck_ceil(k, 4) * 4, outputs = ck_ceil(n, CK_PANEL) * CK_PANEL;
  uint8_t *w = space((size_t)(outputs * padded));
  float *w_scales = space((size_t)outputs * 4), *w_sums = space((size_t)outputs * 4);
  float *x = floats((size_t)(m * k));
  memset(w, 128, (size_t)(outputs * padded));
  for (ptrdiff_t i = 0; i < n; i++) {
    float *row = floats((size_t)k);
    ck_pack_s8(row, i, k, w, w_scales, w_sums);
    free(row);
  }
  int8_t *a[2] = {space((size_t)(m * padded)), space((size_t)(m * padded))};
  float *scales[2] = {space((size_t)m * 4), space((size_t)m * 4)};
  float *shifts[2] = {space((size_t)m * 4), space((size_t)m * 4)};
  int32_t *sums[2] = {space((size_t)m * 4), space((size_t)m * 4)};
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  for (int t = 0; t < 2; t++) {
    for (ptrdiff_t i = 0; i < m; i++) {
      by[t]->quantize_row(x + i * k, k, padded, a[t] + i * padded, &scales[t][i], &shifts[t][i],
                          &sums[t][i]);
    }
  }
  expect(memcmp(a[0], a[1], (size_t)(m * padded)) == 0 && equal(scales[0], scales[1], (size_t)m) &&
             equal(shifts[0], shifts[1], (size_t)m) &&
             memcmp(sums[0], sums[1], (size_t)m * 4) == 0, tier->name, "quantize_row", m, n, k);
  float *bias = floats((size_t)n), *extra = floats((size_t)(m * n));
  for (int op = CK_STORE; op <= CK_ADD_CLAMP; op++) {
    if (op == CK_STORE_SUM) continue; // of gemm_s8 alone
    float *out[2] = {space((size_t)(m * n) * 4), space((size_t)(m * n) * 4)};
    for (int t = 0; t < 2; t++) {
      ck_gemm_s8 job = {a[t], padded, scales[t], sums[t], shifts[t], w, w_scales, w_sums, n, k,
                        {out[t], n, bias, extra, n, (ck_epilogue_op)op, -0.5f, 0.75f}};
      by[t]->gemm_s8(&job, 0, m, 0, outputs / CK_PANEL);
    }
    bool exact = op != CK_GELU && op != CK_SILU_GATE;
    expect(exact ? equal(out[0], out[1], (size_t)(m * n)) : close_to(out[1], out[0], (size_t)(m * n)),
           tier->name, "gemm_s8", m, n, k);
    // The law: the last row alone is the same bits.
    float *alone = space((size_t)n * 4);
    ptrdiff_t r = m - 1;
    ck_gemm_s8 job = {a[1] + r * padded, padded, scales[1] + r, sums[1] + r, shifts[1] + r, w,
                      w_scales, w_sums, n, k,
                      {alone, n, bias, extra + r * n, n, (ck_epilogue_op)op, -0.5f, 0.75f}};
    tier->gemm_s8(&job, 0, 1, 0, outputs / CK_PANEL);
    expect(equal(alone, out[1] + r * n, (size_t)n), tier->name, "gemm_s8 of a row alone", m, n, k);
    free(alone), free(out[0]), free(out[1]);
  }
  for (int t = 0; t < 2; t++) free(a[t]), free(scales[t]), free(shifts[t]), free(sums[t]);
  free(w), free(w_scales), free(w_sums), free(x), free(bias), free(extra);
}

static void check_q8(const ck_kernels *tier, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
  ptrdiff_t blocks = k / CK_Q8_BLOCK, outputs = ck_ceil(n, CK_Q8_PANEL) * CK_Q8_PANEL;
  uint8_t *w = space((size_t)(outputs * k)), *row = space((size_t)blocks * 34);
  uint16_t *w_scales = space((size_t)(outputs * blocks) * 2);
  memset(w, 128, (size_t)(outputs * k));
  for (ptrdiff_t i = 0; i < n; i++) {
    for (ptrdiff_t j = 0; j < blocks * 34; j++) row[j] = (uint8_t)next();
    for (ptrdiff_t j = 0; j < blocks; j++) row[j * 34 + 1] = 0x1c + (next() & 3);
    ck_pack_q8(row, i, k, w, w_scales);
  }
  float *x = floats((size_t)(m * k)), *scales = space((size_t)(m * blocks) * 4);
  int32_t *sums = space((size_t)(m * blocks) * 4);
  int8_t *a = space((size_t)(m * k));
  for (ptrdiff_t i = 0; i < m; i++) {
    tier->quantize_blocks(x + i * k, k, a + i * k, scales + i * blocks, sums + i * blocks);
  }
  float *out[2] = {space((size_t)(m * n) * 4), space((size_t)(m * n) * 4)};
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  for (int t = 0; t < 2; t++) {
    ck_gemm_q8 job = {a, k, scales, sums, blocks, w, w_scales, n, k,
                      {out[t], n, NULL, NULL, 0, CK_STORE, 0, 0}};
    by[t]->gemm_q8(&job, 0, m, 0, outputs / CK_Q8_PANEL);
  }
  expect(equal(out[0], out[1], (size_t)(m * n)), tier->name, "gemm_q8", m, n, k);
  free(w), free(row), free(w_scales), free(x), free(scales), free(sums), free(a);
  free(out[0]), free(out[1]);
}

static void check_f32(const ck_kernels *tier, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
  ptrdiff_t outputs = ck_ceil(n, CK_PANEL) * CK_PANEL;
  for (int element = CK_F32; element <= CK_BF16; element++) {
    uint8_t *w = space((size_t)(outputs * k) * 4);
    for (ptrdiff_t i = 0; i < n; i++) {
      uint16_t *row = space((size_t)k * 4);
      for (ptrdiff_t j = 0; j < 2 * k; j++) row[j] = (uint16_t)((next() & 0x83ff) | 0x3c00);
      ck_pack_float(row, i, k, (ck_element)element, w);
      free(row);
    }
    float *x = floats((size_t)(m * k));
    float *out[2] = {space((size_t)(m * n) * 4), space((size_t)(m * n) * 4)};
    const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
    for (int t = 0; t < 2; t++) {
      ck_gemm_f32 job = {x, k, w, (ck_element)element, n, k,
                         {out[t], n, NULL, NULL, 0, CK_STORE, 0, 0}};
      by[t]->gemm_f32(&job, 0, m, 0, outputs / CK_PANEL);
    }
    expect(equal(out[0], out[1], (size_t)(m * n)), tier->name, "gemm_f32", m, n, k);
    free(w), free(x), free(out[0]), free(out[1]);
  }
}

static void check_rows(const ck_kernels *tier, ptrdiff_t n) {
  const ck_kernels *oracle = &ck_kernels_scalar;
  float *x = floats((size_t)n), *w = floats((size_t)n), *b = floats((size_t)n);
  float *found = space((size_t)n * 4), *right = space((size_t)n * 4);
#define CHECK(kernel, ...)                                                                           \
  do {                                                                                             \
    oracle->kernel(__VA_ARGS__, right);                                                             \
    tier->kernel(__VA_ARGS__, found);                                                               \
    expect(close_to(found, right, (size_t)n), tier->name, #kernel, 1, 1, n);                         \
  } while (0)
  if (n > 1) CHECK(layer_norm, x, n, w, b, 1e-6f);
  CHECK(rms_norm, x, n, w, 1e-5f);
  CHECK(softmax, x, n);
#undef CHECK
  for (int kind = CK_FN_GELU; kind <= CK_FN_SILU; kind++) {
    float *steep = floats((size_t)n);
    for (ptrdiff_t i = 0; i < n; i++) steep[i] *= 12;
    oracle->activate((ck_activation)kind, steep, n, right);
    tier->activate((ck_activation)kind, steep, n, found);
    expect(close_to(found, right, (size_t)n), tier->name, "activate", 1, kind, n);
    steep[n / 2] = NAN;
    tier->activate((ck_activation)kind, steep, n, found);
    expect(isnan(found[n / 2]), tier->name, "activate of NaN", 1, kind, n);
    free(steep);
  }
  for (int halves = 0; halves < 2 && n % 2 == 0; halves++) {
    memcpy(found, x, (size_t)n * 4), memcpy(right, x, (size_t)n * 4);
    oracle->rotate(right, 1, n, n, w, b, halves);
    tier->rotate(found, 1, n, n, w, b, halves);
    expect(equal(found, right, (size_t)n), tier->name, "rotate", 1, 1, n);
  }
  free(x), free(w), free(b), free(found), free(right);
}

static void check_attention(const ck_kernels *tier, ptrdiff_t size, ck_element element) {
  enum { rows = 45, heads = 4, kv_heads = 2 };
  int32_t offsets[] = {0, 1, 18, 45}, blocks[] = {2, 0, 1};
  ptrdiff_t width = heads * size, kv_width = kv_heads * size, count = rows * 3 * width;
  float *qkv = floats((size_t)count);
  float *out[2] = {space((size_t)(rows * width) * 4), space((size_t)(rows * width) * 4)};
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  // A sequence reads as many numbers of a query's as it has keys.
  float *mask = floats(rows * heads + rows);
  for (int masked = 0; masked < 2; masked++) {
    for (int t = 0; t < 2; t++) {
      ck_encoder_attention job = {qkv, qkv + width, qkv + 2 * width, 3 * width, offsets, heads, size,
                                  0.3f, masked ? mask : NULL, 3, rows, 1, out[t], width};
      for (ptrdiff_t s = 0; s < 3; s++) {
        for (ptrdiff_t h = 0; h < heads; h++) {
          by[t]->encoder_attention(&job, s, h, 0, offsets[s + 1] - offsets[s]);
        }
      }
    }
    expect(close_to(out[1], out[0], (size_t)(rows * width)), tier->name, "encoder_attention", masked,
           heads, size);
  }
  free(mask);
  size_t cache = (size_t)(3 * kv_width * CK_KV_BLOCK);
  for (int t = 0; t < 2; t++) {
    ck_kv_layer layer = {space(cache * 4 + 64), space(cache * 4 + 64), element, kv_heads, size};
    ck_slice slice = {0, rows, 0, 0};
    by[t]->kv_store(&layer, &slice, blocks, qkv + width, qkv + width + kv_width, 3 * width);
    ck_paged_attention job = {layer, &slice, blocks, qkv, 3 * width, heads, 0.3f, out[t], width};
    for (ptrdiff_t h = 0; h < kv_heads; h++) by[t]->paged_attention(&job, 0, h, 0, rows);
    free(layer.keys), free(layer.values);
  }
  expect(close_to(out[1], out[0], (size_t)(rows * width)), tier->name, "paged_attention", rows,
         heads, size);
  free(qkv), free(out[0]), free(out[1]);
}

/// Taps anywhere, some outside, two images: products of channels, of each by itself, and the largest.
static void check_windows(const ck_kernels *tier, ptrdiff_t pixels, ptrdiff_t n, ptrdiff_t run) {
  const ptrdiff_t taps = 5, wide = run > n ? run : n, size = 40 * wide, panels = ck_ceil(n, CK_PANEL);
  const size_t count = (size_t)(2 * pixels * n);
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  float *x = floats((size_t)(2 * size)), *w = floats((size_t)(panels * taps * run * CK_PANEL));
  float *zeros = space((size_t)wide * 4), *bias = floats((size_t)n), *other = floats(count);
  float *out[2] = {space(count * 4), space(count * 4)};
  int32_t *offsets = space((size_t)(pixels * taps) * 4);
  for (ptrdiff_t i = 0; i < pixels * taps; i++) {
    offsets[i] = next() % 4 ? (int32_t)(next() % 40 * wide) : CK_OUTSIDE;
  }
  for (int op = CK_STORE; op <= CK_ADD_CLAMP; op++) {
    if (op == CK_STORE_SUM) continue; // of gemm_s8 alone
    for (int t = 0; t < 2; t++) {
      ck_conv_f32 job = {x, size, offsets, pixels, taps, run, zeros, w, n,
                         {out[t], n, bias, other, n, (ck_epilogue_op)op, -0.4f, 0.7f}};
      by[t]->conv_f32(&job, 0, 2 * pixels, 0, panels);
    }
    expect(close_to(out[0], out[1], count), tier->name, "conv_f32", pixels, n, op);
    for (int t = 0; t < 2; t++) {
      ck_conv_f32 job = {x, size, offsets, pixels, taps, 1, zeros, w, n,
                         {out[t], n, bias, other, n, (ck_epilogue_op)op, -0.4f, 0.7f}};
      by[t]->depthwise_f32(&job, 0, 2 * pixels, 0, panels);
    }
    expect(close_to(out[0], out[1], count), tier->name, "depthwise_f32", pixels, n, op);
  }
  for (int t = 0; t < 2; t++) {
    ck_max_f32 job = {x, size, offsets, pixels, taps, n, out[t]};
    by[t]->max_f32(&job, 0, 2 * pixels);
  }
  expect(equal(out[0], out[1], count), tier->name, "max_f32", pixels, n, taps);
  for (int t = 0; t < 2; t++) by[t]->turn_f32(other, n, 0, 2 * pixels, n, out[t], 2 * pixels);
  expect(equal(out[0], out[1], count), tier->name, "turn_f32", 2 * pixels, n, 1);
  free(x), free(w), free(zeros), free(bias), free(other), free(out[0]), free(out[1]), free(offsets);
}

/// Pixels whose taps lie anywhere, two images, `n` outputs.
static void check_conv(const ck_kernels *tier, ptrdiff_t pixels, ptrdiff_t n, ptrdiff_t run) {
  const ptrdiff_t taps = 5, size = 300 * run, padded = ck_ceil(n, CK_PANEL) * CK_PANEL;
  const size_t count = (size_t)(2 * pixels * n);
  uint8_t *x = space((size_t)(2 * size)), *other = space(count);
  int8_t *w = space((size_t)(padded * taps * run));
  int32_t *offsets = space((size_t)(pixels * taps) * 4);
  int32_t *sums = space((size_t)padded * 4), *bias = space((size_t)padded * 4);
  float *scales = space((size_t)padded * 4);
  for (ptrdiff_t i = 0; i < 2 * size; i++) x[i] = (uint8_t)next();
  for (size_t i = 0; i < count; i++) other[i] = (uint8_t)next();
  for (ptrdiff_t i = 0; i < pixels * taps; i++) offsets[i] = (int32_t)(next() % 299 * run);
  for (ptrdiff_t i = 0; i < n; i++) {
    for (ptrdiff_t k = 0; k < taps * run; k++) {
      int8_t weight = (int8_t)next();
      w[(i / CK_PANEL * taps * run + k / 4 * 4) * CK_PANEL + i % CK_PANEL * 4 + k % 4] = weight;
      sums[i] += weight;
    }
    bias[i] = (int32_t)(next() % 20001) - 10000;
    // Some sums leave the integers.
    scales[i] = (1.5f + next_float()) * (i % 7 == 3 ? 1e9f : 4e-4f);
  }
  for (int adds = 0; adds < 2; adds++) {
    uint8_t *out[2] = {space(count), space(count)};
    const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
    for (int t = 0; t < 2; t++) {
      ck_conv_u8 job = {x, size, offsets, pixels, taps, run, w, sums, n,
                        {bias, scales, -7, 240, adds ? other : NULL, 90, 0.6f, 0.3f, -9, 246, 9,
                         out[t], n, pixels * n}};
      by[t]->conv_u8(&job, 0, 2 * pixels, 0, padded / CK_PANEL);
    }
    expect(memcmp(out[0], out[1], count) == 0, tier->name, "conv_u8", pixels, n, run);
    free(out[0]), free(out[1]);
  }
  free(x), free(other), free(w), free(offsets), free(sums), free(bias), free(scales);
}

static uint8_t *bytes(size_t count) {
  uint8_t *x = space(count);
  for (size_t i = 0; i < count; i++) x[i] = (uint8_t)next();
  return x;
}

/// Channels by themselves, in two rows of pixels with the same columns here and there; places of weights,
/// biases and scales are as good as any other.
static void check_depthwise(const ck_kernels *tier, ptrdiff_t n, ptrdiff_t rows, ptrdiff_t columns,
                            ptrdiff_t shift) {
  const ptrdiff_t run = 5, pixels = 2 * run, taps = rows * columns, blocks = ck_ceil(rows, 4);
  const ptrdiff_t size = 50 * n, padded = ck_ceil(n, CK_PANEL) * CK_PANEL;
  const size_t count = (size_t)(2 * pixels * n);
  uint8_t *x = bytes((size_t)(2 * size)), *other = bytes(count);
  int8_t *w = space((size_t)(padded * columns * blocks * 4));
  int32_t *offsets = space((size_t)(pixels * taps) * 4);
  int32_t *sums = space((size_t)padded * 4), *bias = space((size_t)padded * 4);
  float *scales = floats((size_t)padded);
  for (ptrdiff_t i = 0; i < pixels * taps; i++) {
    const bool again = i / taps % run > 0 && i % columns + shift < columns;
    offsets[i] = again ? offsets[i - taps + shift] : (int32_t)(next() % 50 * n);
  }
  for (ptrdiff_t i = 0; i < padded; i++) {
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      const ptrdiff_t row = tap / columns;
      const ptrdiff_t block = (i / CK_PANEL * columns + tap % columns) * blocks + row / 4;
      int8_t weight = (int8_t)next();
      w[(block * CK_PANEL + i % CK_PANEL) * 4 + row % 4] = weight;
      sums[i] += weight;
    }
    bias[i] = (int32_t)(next() % 20001) - 10000;
    scales[i] *= i % 7 == 3 ? 1e9f : 4e-3f;
  }
  for (int adds = 0; adds < 2; adds++) {
    uint8_t *out[2] = {space(count), space(count)};
    const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
    for (int t = 0; t < 2; t++) {
      ck_depthwise_u8 job = {x, size, offsets, pixels, rows, columns, run, shift, w, sums, n,
                             {bias, scales, -7, 240, adds ? other : NULL, 90, 0.6f, 0.3f, -9, 246, 9,
                              out[t], n, pixels * n}};
      by[t]->depthwise_u8(&job, 0, 2 * pixels, 0, padded / CK_PANEL);
    }
    expect(memcmp(out[0], out[1], count) == 0, tier->name, "depthwise_u8", n, rows, columns);
    free(out[0]), free(out[1]);
  }
  free(x), free(other), free(w), free(offsets), free(sums), free(bias), free(scales);
}

/// `rows` rows of n bytes, alike or one against all.
static void check_pairs(const ck_kernels *tier, ptrdiff_t rows, ptrdiff_t n) {
  const size_t count = (size_t)(rows * n);
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  uint8_t *a = bytes(count), *b = bytes(count), *table = bytes(256);
  uint8_t *out[2] = {space(count), space(count)};
  for (int product = 0; product < 2; product++) {
    for (int t = 0; t < 2; t++) {
      ck_pair_u8 job = {a, b, n, rows % 2 * n, 131, 7, product ? 0.01f : 0.7f, 0.4f, -90, 140, 97,
                        out[t], n};
      (product ? by[t]->multiply_u8 : by[t]->add_u8)(&job, rows, n);
    }
    expect(memcmp(out[0], out[1], count) == 0, tier->name, product ? "multiply_u8" : "add_u8", rows,
           n, 1);
  }
  for (int t = 0; t < 2; t++) by[t]->map_u8(a, rows * n, table, out[t]);
  expect(memcmp(out[0], out[1], count) == 0, tier->name, "map_u8", rows, n, 1);
  free(a), free(b), free(table), free(out[0]), free(out[1]);
}

/// Floats of `channels` planes to bytes and back, with and without padding.
static void check_planes(const ck_kernels *tier, ptrdiff_t pixels, ptrdiff_t channels) {
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  const ptrdiff_t padded = ck_ceil(channels, 4) * 4;
  const size_t count = (size_t)(pixels * channels);
  float *x = floats(count);
  x[0] = NAN;
  if (count > 2) x[1] = INFINITY, x[2] = -1e30f;
  for (int pads = 0; pads < 2; pads++) {
    const ptrdiff_t stride = pads ? padded : channels;
    uint8_t *q[2] = {space((size_t)(pixels * stride)), space((size_t)(pixels * stride))};
    float *back[2] = {space(count * 4), space(count * 4)};
    for (int t = 0; t < 2; t++) {
      by[t]->quantize_planes(x, pixels, channels, pixels, 0.0071f, 120, q[t], stride);
      by[t]->dequantize_planes(q[t], stride, channels, pixels, 0.0071f, 120, back[t], pixels);
    }
    expect(memcmp(q[0], q[1], (size_t)(pixels * stride)) == 0, tier->name, "quantize_planes", pixels,
           channels, stride);
    expect(equal(back[0], back[1], count), tier->name, "dequantize_planes", pixels, channels, stride);
    free(q[0]), free(q[1]), free(back[0]), free(back[1]);
  }
  free(x);
}

/// Steps of all sizes, and values at and beside the middle of two bytes.
static void check_rounding(const ck_kernels *tier) {
  enum { count = 4096 };
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  float *x = floats(count);
  uint8_t *q[2] = {space(count), space(count)};
  for (int round = 0; round < 300; round++) {
    const float scale = ldexpf(1.0001f + next_float() / 3, (int)(next() % (round % 3 ? 30 : 240)) - 120);
    const int32_t zero = (int32_t)(next() % 256);
    for (int i = 0; i < count; i++) {
      x[i] = ((float)(next() % 280) - 140 + (next() % 4 ? 0.5f : next_float())) * scale;
      for (uint32_t steps = next() % 4; steps > 0; steps--) x[i] = nextafterf(x[i], INFINITY);
      for (uint32_t steps = next() % 4; steps > 0; steps--) x[i] = nextafterf(x[i], -INFINITY);
    }
    x[0] = NAN, x[1] = INFINITY, x[2] = -INFINITY, x[3] = -0.0f, x[4] = FLT_MIN / 2;
    for (int t = 0; t < 2; t++) by[t]->quantize_planes(x, count, 1, count, scale, zero, q[t], 1);
    expect(memcmp(q[0], q[1], count) == 0, tier->name, "rounding of quantize_planes", round, zero, 1);
  }
  free(x), free(q[0]), free(q[1]);
}

/// Taps anywhere, some outside.
static void check_pools(const ck_kernels *tier, ptrdiff_t pixels, ptrdiff_t channels) {
  const ck_kernels *by[2] = {&ck_kernels_scalar, tier};
  const ptrdiff_t taps = 5, size = 40 * channels;
  const size_t count = (size_t)(2 * pixels * channels);
  uint8_t *x = bytes((size_t)(2 * size)), *out[2] = {space(count), space(count)};
  int32_t *offsets = space((size_t)(pixels * taps) * 4);
  float *factors = floats((size_t)pixels);
  for (ptrdiff_t i = 0; i < pixels * taps; i++) {
    offsets[i] = next() % 4 ? (int32_t)(next() % 40 * channels) : -64;
  }
  for (int t = 0; t < 2; t++) {
    ck_average_u8 job = {x, size, offsets, -64, pixels, taps, channels, 120, factors, 90, out[t],
                         channels, pixels * channels};
    by[t]->average_u8(&job, 0, 2 * pixels);
  }
  expect(memcmp(out[0], out[1], count) == 0, tier->name, "average_u8", pixels, channels, taps);
  for (int t = 0; t < 2; t++) {
    ck_max_u8 job = {x, size, offsets, -64, pixels, taps, channels, out[t], channels,
                     pixels * channels};
    by[t]->max_u8(&job, 0, 2 * pixels);
  }
  expect(memcmp(out[0], out[1], count) == 0, tier->name, "max_u8", pixels, channels, taps);
  free(x), free(out[0]), free(out[1]), free(offsets), free(factors);
}

int main(void) {
  int tiers = 0;
  for (ck_tier t = CK_AVX2; t <= CK_NEON; t++) {
    const ck_kernels *tier = ck_kernels_of(t);
    if (!tier) continue;
    tiers++;
    for (ptrdiff_t m = 1; m <= 14; m += 1 + m / 3) {
      check_s8(tier, m, 64 + m, 61 + m);
      check_q8(tier, m, 31 + 3 * m, 96);
      check_f32(tier, m, 60 + m, 19);
    }
    check_s8(tier, 3, 65, 2050);
    for (ptrdiff_t m = 1; m < 20; m += 3) check_conv(tier, m, 61 + 3 * m, 4 + m / 5 * 4);
    for (ptrdiff_t n = 1; n < 90; n += 1 + n / 4) {
      check_pairs(tier, 1 + n % 4, n);
      check_pools(tier, 1 + n % 5, n);
      check_windows(tier, 1 + n % 9, n, 1 + n / 3);
      check_depthwise(tier, n, 1 + n % 7, 1 + n % 3, 1 + n % 2);
      for (ptrdiff_t shift = 1; shift <= 3; shift++) check_depthwise(tier, n, 3, 3, shift);
      check_depthwise(tier, n, 5, 5, 1 + n % 4);
      for (ptrdiff_t pixels = 1; pixels < 40; pixels += 1 + pixels / 2) check_planes(tier, pixels, n);
    }
    check_rounding(tier);
    for (ptrdiff_t n = 1; n < 70; n += 1 + n / 5) check_rows(tier, n);
    for (ptrdiff_t size = 8; size <= 72; size += 16) {
      check_attention(tier, size, CK_F32);
      check_attention(tier, size, CK_F16);
    }
    printf("%s agrees with the oracle\n", tier->name);
  }
  if (tiers == 0) printf("no vector tier runs here\n");
  return failures == 0 && tiers > 0 ? 0 : 1;
}
