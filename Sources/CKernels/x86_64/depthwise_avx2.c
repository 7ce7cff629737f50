// Convolutions of each channel by itself in AVX2: 32 channels at a time.
//
// vpmaddubsw would saturate, so bytes are widened as in conv_avx2.c.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "simd_avx2.h"
#include "x86_64.h"

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  const vi weights = _mm256_loadu_si256((const __m256i *)w);
  vi even = _mm256_madd_epi16(_mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8),
                              _mm256_and_si256(values, _mm256_set1_epi16(0x00ff)));
  vi odd = _mm256_madd_epi16(_mm256_srai_epi16(weights, 8), _mm256_srli_epi16(values, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_avx2(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                                ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
