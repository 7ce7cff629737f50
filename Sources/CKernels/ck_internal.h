// Shared by the kernels of all tiers; not visible outside the target.
#pragma once
#include "include/CKernels.h"
#include <string.h>

static inline ptrdiff_t ck_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t ck_ceil(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

/// The place of an output in a panel of ck_depthwise_u8.
static inline ptrdiff_t ck_depthwise_place(ptrdiff_t output) {
  return output / 4 % 4 * 16 + output / 16 % 4 * 4 + output % 4;
}

static inline float ck_bits_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline uint32_t ck_float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline float ck_from_bf16(uint16_t h) { return ck_bits_float((uint32_t)h << 16); }

/// IEEE half to single, exact; subnormals by an exact multiplication.
static inline float ck_from_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
  if (magnitude >= 0x7c00) return ck_bits_float(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  if (magnitude < 0x400) {
    float value = (float)magnitude * 0x1p-24f;
    return ck_bits_float(sign | ck_float_bits(value));
  }
  return ck_bits_float(sign | ((magnitude << 13) + 0x38000000));
}

/// Single to IEEE half, to nearest even, as vcvtps2ph rounds.
static inline uint16_t ck_to_f16(float value) {
  uint32_t bits = ck_float_bits(value), magnitude = bits & 0x7fffffff;
  uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  if (magnitude > 0x7f800000) return sign | 0x7e00 | (uint16_t)((magnitude >> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Adding 0.5 leaves the subnormal half, rounded to nearest even, in the low bits.
    return sign | (uint16_t)(ck_float_bits(ck_bits_float(magnitude) + 0.5f) - 0x3f000000);
  }
  uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
  return sign | (uint16_t)((rounded - 0x38000000) >> 13);
}

// One table per tier, defined in its rows_<isa>.c.
extern const ck_kernels ck_kernels_scalar;
#if defined(__x86_64__)
extern const ck_kernels ck_kernels_avx2;
extern const ck_kernels ck_kernels_avx512vnni;
#elif defined(__aarch64__)
extern const ck_kernels ck_kernels_neon;
#endif
