// Convolutions of each channel by itself in vectors of 256 bits with VNNI: part of the AVX-512 tier.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512vl,avx512vnni,fma,f16c"))), \
                             apply_to = function)
#include "simd_avx2.h"
#include "x86_64.h"

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  return _mm256_dpbusd_epi32(sum, values, _mm256_loadu_si256((const __m256i *)w));
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_avx512vl(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                              ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
