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

enum { channels_at_once = 4 * VL };

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

CK_INLINE vi first_sum(const int32_t *bias, const int32_t *sums) {
  (void)sums;
  return vi_load(bias);
}

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  return _mm512_dpbusd_epi32(sum, values, _mm512_loadu_si512((const void *)w));
}

/// Channels in their order, from 0 to 255, as bytes.
CK_INLINE void pack(uint8_t *p, ptrdiff_t n, const vi y[4]) {
  vi bytes = _mm512_packus_epi16(_mm512_packs_epi32(y[0], y[1]), _mm512_packs_epi32(y[2], y[3]));
  if (n == channels_at_once) _mm512_storeu_si512((void *)p, bytes);
  else _mm512_mask_storeu_epi8(p, ((__mmask64)1 << n) - 1, bytes);
}

CK_INLINE void unpack(const uint8_t *p, vi y[4]) {
  const vi bytes = _mm512_loadu_si512((const void *)p), zero = vi_zero();
  vi low = _mm512_unpacklo_epi8(bytes, zero), high = _mm512_unpackhi_epi8(bytes, zero);
  y[0] = _mm512_unpacklo_epi16(low, zero);
  y[1] = _mm512_unpackhi_epi16(low, zero);
  y[2] = _mm512_unpacklo_epi16(high, zero);
  y[3] = _mm512_unpackhi_epi16(high, zero);
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_avx512vnni(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                                ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
