// Quantized convolutions in AVX2: tiles of up to 4 pixels × 2 vectors of 8 outputs.
//
// vpmaddubsw would saturate, so bytes are widened as in gemm_avx2.c.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "simd_avx2.h"
#include "x86_64.h"

enum { max_rows = 4, most_rows = max_rows, vectors = 2, tile_outputs = 8 * vectors };

/// acc[r][j] += 4 values of `rows` pixels × 16 outputs at w.
CK_INLINE void add_group(__m256i acc[max_rows][vectors], const uint8_t *const x[max_rows],
                         ptrdiff_t at, const int8_t *w, const int rows) {
  __m256i even[vectors], odd[vectors];
  for (int j = 0; j < vectors; j++) {
    __m256i bytes = _mm256_load_si256((const __m256i *)(w + 32 * j));
    even[j] = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
    odd[j] = _mm256_srai_epi16(bytes, 8);
  }
  for (int r = 0; r < rows; r++) {
    int32_t four;
    memcpy(&four, x[r] + at, 4);
    __m256i bytes = _mm256_set1_epi32(four);
    __m256i x_even = _mm256_and_si256(bytes, _mm256_set1_epi16(0x00ff));
    __m256i x_odd = _mm256_srli_epi16(bytes, 8);
    for (int j = 0; j < vectors; j++) {
      __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(even[j], x_even),
                                     _mm256_madd_epi16(odd[j], x_odd));
      acc[r][j] = _mm256_add_epi32(acc[r][j], sum);
    }
  }
}

/// One tile of ck_conv_u8: `rows` pixels × the outputs of a panel. out: s32 [rows][64].
CK_INLINE void tile_u8(const uint8_t *const *images, const int32_t *const *offsets, ptrdiff_t taps,
                       ptrdiff_t groups, const int8_t *w, const int32_t *sums, const int32_t *bias,
                       const int rows, ptrdiff_t columns, const uint8_t *next, int lines,
                       int32_t *out) {
  (void)next, (void)lines;
  for (ptrdiff_t column = 0; column < columns; column += tile_outputs) {
    __m256i acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        acc[r][j] = vi_first_sum(bias + column + 8 * j, sums + column + 8 * j);
      }
    }
    const int8_t *panel = w + column * 4;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      const uint8_t *x[max_rows];
      for (int r = 0; r < rows; r++) x[r] = images[r] + offsets[r][tap];
      for (ptrdiff_t g = 0; g < groups; g++, panel += CK_PANEL * 4) {
        add_group(acc, x, 4 * g, panel, rows);
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        _mm256_store_si256((__m256i *)(out + r * CK_PANEL + column + 8 * j), acc[r][j]);
      }
    }
  }
}

#include "../vector/tiles.h"
#include "../vector/conv.h"

void ck_conv_u8_avx2(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  for (ptrdiff_t panel = panel0; panel < panel1 && pixel0 < pixel1; panel++) {
    conv_panel(job, pixel0, pixel1, panel, panel1);
  }
}
#pragma clang attribute pop
#endif
