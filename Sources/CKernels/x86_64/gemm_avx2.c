// Products in AVX2: tiles of up to 4 rows × 2 vectors of 8 outputs.
//
// vpmaddubsw would saturate on u8 × s8 pairs (2·255·127 > 32767), so bytes are widened: the 4 bytes of
// a group are taken as even (0, 2) and odd (1, 3) 16-bit pairs, and vpmaddwd adds each exactly.
// Weights are unsigned (+128 since packing), so each sum starts at −128·Σa.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "simd_avx2.h"
#include "../vector/math.h"
#include "../vector/epilogue.h"
#include "x86_64.h"

enum { max_rows = 4, vectors = 2, tile_outputs = 8 * vectors };

/// acc[r][j] += 4 inputs of `rows` rows × 16 outputs at w.
CK_INLINE void add_group(__m256i acc[max_rows][vectors], const int8_t *a, ptrdiff_t stride,
                         const uint8_t *w, const int rows) {
  const __m256i low_byte = _mm256_set1_epi16(0x00ff);
  __m256i even[vectors], odd[vectors];
  for (int j = 0; j < vectors; j++) {
    __m256i bytes = _mm256_load_si256((const __m256i *)(w + 32 * j));
    even[j] = _mm256_and_si256(bytes, low_byte);
    odd[j] = _mm256_srli_epi16(bytes, 8);
  }
  for (int r = 0; r < rows; r++) {
    int32_t four;
    memcpy(&four, a + r * stride, 4);
    __m256i bytes = _mm256_set1_epi32(four);
    __m256i a_even = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
    __m256i a_odd = _mm256_srai_epi16(bytes, 8);
    for (int j = 0; j < vectors; j++) {
      __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(even[j], a_even),
                                     _mm256_madd_epi16(odd[j], a_odd));
      acc[r][j] = _mm256_add_epi32(acc[r][j], sum);
    }
  }
}

/// One tile of ck_gemm_s8: `rows` × 64 outputs over all of K. out: s32 [rows][64].
CK_INLINE void tile_s8(const int8_t *a, ptrdiff_t stride, const int32_t *sums, const uint8_t *w,
                       ptrdiff_t groups, const int rows, const uint8_t *next, int lines, int32_t *out) {
  (void)next, (void)lines;
  for (int column = 0; column < CK_PANEL; column += tile_outputs) {
    __m256i acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) acc[r][j] = _mm256_set1_epi32(-128 * sums[r]);
    }
    for (ptrdiff_t g = 0; g < groups; g++) {
      add_group(acc, a + 4 * g, stride, w + (g * CK_PANEL + column) * 4, rows);
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        _mm256_store_si256((__m256i *)(out + r * CK_PANEL + column + 8 * j), acc[r][j]);
      }
    }
  }
}

/// One tile of ck_gemm_q8: `rows` × 32 outputs over all of K. out: f32 [rows][32].
CK_INLINE void tile_q8(const int8_t *a, ptrdiff_t stride, const float *a_scales,
                       const int32_t *sums, ptrdiff_t a_blocks, const uint8_t *w,
                       const uint16_t *w_scales, ptrdiff_t blocks, const int rows,
                       const uint8_t *next, int lines, float *out) {
  (void)next, (void)lines;
  for (int column = 0; column < CK_Q8_PANEL; column += tile_outputs) {
    __m256 total[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) total[r][j] = _mm256_setzero_ps();
    }
    for (ptrdiff_t block = 0; block < blocks; block++) {
      __m256i acc[max_rows][vectors];
      for (int r = 0; r < rows; r++) {
        for (int j = 0; j < vectors; j++) {
          acc[r][j] = _mm256_set1_epi32(-128 * sums[r * a_blocks + block]);
        }
      }
      for (int g = 0; g < CK_Q8_BLOCK / 4; g++) {
        ptrdiff_t input = block * CK_Q8_BLOCK + 4 * g;
        add_group(acc, a + input, stride, w + input * CK_Q8_PANEL + column * 4, rows);
      }
      for (int j = 0; j < vectors; j++) {
        __m256 scale = vf_load_f16(w_scales + block * CK_Q8_PANEL + column + 8 * j);
        for (int r = 0; r < rows; r++) {
          __m256 row_scale = _mm256_set1_ps(a_scales[r * a_blocks + block]);
          total[r][j] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[r][j]),
                                        _mm256_mul_ps(row_scale, scale), total[r][j]);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        _mm256_store_ps(out + r * CK_Q8_PANEL + column + 8 * j, total[r][j]);
      }
    }
  }
}

CK_INLINE __m256 widen8(const void *w, ck_element element, ptrdiff_t at) {
  switch (element) {
    case CK_F16: return vf_load_f16((const uint16_t *)w + at);
    case CK_BF16: return vf_load_bf16((const uint16_t *)w + at);
    default: return _mm256_load_ps((const float *)w + at);
  }
}

/// One tile of ck_gemm_f32: `rows` × 64 outputs over all of K. out: f32 [rows][64].
CK_INLINE void tile_f32(const float *a, ptrdiff_t stride, const void *w, ck_element element,
                        ptrdiff_t k, const int rows, float *out) {
  for (int column = 0; column < CK_PANEL; column += tile_outputs) {
    __m256 acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) acc[r][j] = _mm256_setzero_ps();
    }
    for (ptrdiff_t i = 0; i < k; i++) {
      __m256 b[vectors];
      for (int j = 0; j < vectors; j++) b[j] = widen8(w, element, i * CK_PANEL + column + 8 * j);
      for (int r = 0; r < rows; r++) {
        __m256 one = _mm256_set1_ps(a[r * stride + i]);
        for (int j = 0; j < vectors; j++) acc[r][j] = _mm256_fmadd_ps(one, b[j], acc[r][j]);
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        _mm256_store_ps(out + r * CK_PANEL + column + 8 * j, acc[r][j]);
      }
    }
  }
}

#include "../vector/gemm.h"
#include "../vector/conv_f32.h"

void ck_gemm_s8_avx2(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  gemm_s8(job, row0, row1, panel0, panel1);
}
void ck_gemm_q8_avx2(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  gemm_q8(job, row0, row1, panel0, panel1);
}
void ck_gemm_f32_avx2(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                      ptrdiff_t panel1) {
  gemm_f32(job, row0, row1, panel0, panel1);
}
void ck_conv_f32_avx2(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                        ptrdiff_t panel1) {
  conv_f32(job, pixel0, pixel1, panel0, panel1);
}
void ck_depthwise_f32_avx2(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                             ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_f32(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
