// Convolutions of each channel by itself in AVX-512 with VNNI: 64 channels at a time.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "x86_64.h"

/// Bytes of four taps side by side, 16 channels a vector.
CK_INLINE void interleave(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                          vi values[4]) {
  const vi first = _mm512_loadu_si512((const void *)a), second = _mm512_loadu_si512((const void *)b);
  const vi third = _mm512_loadu_si512((const void *)c), last = _mm512_loadu_si512((const void *)d);
  vi low[2] = {_mm512_unpacklo_epi8(first, second), _mm512_unpacklo_epi8(third, last)};
  vi high[2] = {_mm512_unpackhi_epi8(first, second), _mm512_unpackhi_epi8(third, last)};
  values[0] = _mm512_unpacklo_epi16(low[0], low[1]);
  values[1] = _mm512_unpackhi_epi16(low[0], low[1]);
  values[2] = _mm512_unpacklo_epi16(high[0], high[1]);
  values[3] = _mm512_unpackhi_epi16(high[0], high[1]);
}

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  return _mm512_dpbusd_epi32(sum, values, _mm512_loadu_si512((const void *)w));
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_avx512vnni(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                                ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
