// Quantized convolutions in AVX-512 with VNNI: register tiles of up to 6 pixels × 4 vectors of 16 outputs.
//
// vpdpbusd takes the values of the image, which are unsigned, and the weights as they are.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "x86_64.h"

enum { max_rows = 6, vectors = 4 };

/// One tile of ck_conv_u8: `rows` pixels × 64 outputs. out: s32 [rows][64].
CK_INLINE void tile_u8(const uint8_t *const *images, const int32_t *const *offsets, ptrdiff_t taps,
                       ptrdiff_t groups, const int8_t *w, const int32_t *sums, const int rows,
                       const uint8_t *next, int lines, int32_t *out) {
  (void)sums;
  __m512i acc[max_rows][vectors];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_setzero_si512();
  }
  for (ptrdiff_t tap = 0; tap < taps; tap++) {
    const uint8_t *x[max_rows];
    for (int r = 0; r < rows; r++) x[r] = images[r] + offsets[r][tap];
    for (ptrdiff_t g = 0; g < groups; g++, w += CK_PANEL * 4) {
      __m512i b[vectors];
      for (int j = 0; j < vectors; j++) b[j] = _mm512_load_si512((const void *)(w + 64 * j));
      for (int i = 0; i < lines; i++, next += 64) _mm_prefetch((const char *)next, _MM_HINT_T1);
      for (int r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, x[r] + 4 * g, 4);
        __m512i values = _mm512_set1_epi32(four);
        for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_dpbusd_epi32(acc[r][j], values, b[j]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) {
      _mm512_store_si512((void *)(out + r * CK_PANEL + 16 * j), acc[r][j]);
    }
  }
}

#include "../vector/tiles.h"
#include "../vector/conv.h"

void ck_conv_u8_avx512vnni(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                           ptrdiff_t panel0, ptrdiff_t panel1) {
  conv_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
