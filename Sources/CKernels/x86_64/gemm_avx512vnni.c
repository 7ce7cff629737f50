// Products in AVX-512 with VNNI: register tiles of up to 6 rows × 4 vectors of 16 outputs.
//
// vpdpbusd takes unsigned × signed bytes. Weights are the unsigned side (+128 since packing), so each
// sum starts at −128·Σa, and the result is exact. The activations, 4 bytes of a row, are broadcast.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "../vector/math.h"
#include "../vector/epilogue.h"
#include "x86_64.h"

enum { max_rows = 6, vectors = 4, q8_vectors = 2 };

CK_INLINE __m512i load_weights(const uint8_t *w) { return _mm512_load_si512((const void *)w); }
CK_INLINE __m512i broadcast4(const int8_t *a) {
  int32_t four;
  memcpy(&four, a, 4);
  return _mm512_set1_epi32(four);
}

/// Brings the next lines of weights to L2.
CK_INLINE void prefetch_lines(const uint8_t **next, int lines) {
  for (int i = 0; i < lines; i++, *next += 64) _mm_prefetch((const char *)*next, _MM_HINT_T1);
}

/// One tile of ck_gemm_s8: `rows` × 64 outputs over all of K. out: s32 [rows][64].
CK_INLINE void tile_s8(const int8_t *a, ptrdiff_t stride, const int32_t *sums, const uint8_t *w,
                       ptrdiff_t groups, const int rows, const uint8_t *next, int lines, int32_t *out) {
  __m512i acc[max_rows][vectors];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_set1_epi32(-128 * sums[r]);
  }
  for (ptrdiff_t g = 0; g < groups; g++, w += CK_PANEL * 4, a += 4) {
    __m512i b[vectors];
    for (int j = 0; j < vectors; j++) b[j] = load_weights(w + 64 * j);
    if (lines) prefetch_lines(&next, lines);
    for (int r = 0; r < rows; r++) {
      __m512i four = broadcast4(a + r * stride);
      for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_dpbusd_epi32(acc[r][j], b[j], four);
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) {
      _mm512_store_si512((void *)(out + r * CK_PANEL + 16 * j), acc[r][j]);
    }
  }
}

/// One tile of ck_gemm_q8: `rows` × 32 outputs over all of K. out: f32 [rows][32].
CK_INLINE void tile_q8(const int8_t *a, ptrdiff_t stride, const float *a_scales,
                       const int32_t *sums, ptrdiff_t a_blocks, const uint8_t *w,
                       const uint16_t *w_scales, ptrdiff_t blocks, const int rows,
                       const uint8_t *next, int lines, float *out) {
  __m512 total[max_rows][q8_vectors];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < q8_vectors; j++) total[r][j] = _mm512_setzero_ps();
  }
  for (ptrdiff_t block = 0; block < blocks; block++) {
    __m512i acc[max_rows][q8_vectors];
    if (lines) prefetch_lines(&next, lines);
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < q8_vectors; j++) {
        acc[r][j] = _mm512_set1_epi32(-128 * sums[r * a_blocks + block]);
      }
    }
    for (int g = 0; g < CK_Q8_BLOCK / 4; g++, w += CK_Q8_PANEL * 4, a += 4) {
      __m512i b[q8_vectors];
      for (int j = 0; j < q8_vectors; j++) b[j] = load_weights(w + 64 * j);
      for (int r = 0; r < rows; r++) {
        __m512i four = broadcast4(a + r * stride);
        for (int j = 0; j < q8_vectors; j++) {
          acc[r][j] = _mm512_dpbusd_epi32(acc[r][j], b[j], four);
        }
      }
    }
    __m512 scale[q8_vectors];
    for (int j = 0; j < q8_vectors; j++) {
      scale[j] = vf_load_f16(w_scales + block * CK_Q8_PANEL + 16 * j);
    }
    for (int r = 0; r < rows; r++) {
      __m512 row_scale = _mm512_set1_ps(a_scales[r * a_blocks + block]);
      for (int j = 0; j < q8_vectors; j++) {
        total[r][j] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[r][j]),
                                      _mm512_mul_ps(row_scale, scale[j]), total[r][j]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < q8_vectors; j++) {
      _mm512_store_ps(out + r * CK_Q8_PANEL + 16 * j, total[r][j]);
    }
  }
}

CK_INLINE __m512 widen16(const void *w, ck_element element, ptrdiff_t at) {
  switch (element) {
    case CK_F16: return vf_load_f16((const uint16_t *)w + at);
    case CK_BF16: return vf_load_bf16((const uint16_t *)w + at);
    default: return _mm512_load_ps((const float *)w + at);
  }
}

/// One tile of ck_gemm_f32: `rows` × 64 outputs over all of K. out: f32 [rows][64].
CK_INLINE void tile_f32(const float *a, ptrdiff_t stride, const void *w, ck_element element,
                        ptrdiff_t k, const int rows, float *out) {
  __m512 acc[max_rows][vectors];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_setzero_ps();
  }
  for (ptrdiff_t i = 0; i < k; i++) {
    __m512 b[vectors];
    for (int j = 0; j < vectors; j++) b[j] = widen16(w, element, i * CK_PANEL + 16 * j);
    for (int r = 0; r < rows; r++) {
      __m512 one = _mm512_set1_ps(a[r * stride + i]);
      for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_fmadd_ps(one, b[j], acc[r][j]);
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) _mm512_store_ps(out + r * CK_PANEL + 16 * j, acc[r][j]);
  }
}

#include "../vector/gemm.h"
#include "../vector/conv_f32.h"

void ck_gemm_s8_avx512vnni(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1,
                           ptrdiff_t panel0, ptrdiff_t panel1) {
  gemm_s8(job, row0, row1, panel0, panel1);
}
void ck_gemm_q8_avx512vnni(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1,
                           ptrdiff_t panel0, ptrdiff_t panel1) {
  gemm_q8(job, row0, row1, panel0, panel1);
}
void ck_gemm_f32_avx512vnni(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1,
                            ptrdiff_t panel0, ptrdiff_t panel1) {
  gemm_f32(job, row0, row1, panel0, panel1);
}
void ck_conv_f32_avx512vnni(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                        ptrdiff_t panel1) {
  conv_f32(job, pixel0, pixel1, panel0, panel1);
}
void ck_depthwise_f32_avx512vnni(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                             ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_f32(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
