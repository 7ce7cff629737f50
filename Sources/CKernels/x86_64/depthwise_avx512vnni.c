// Convolutions of each channel by itself in AVX-512 with VNNI: 64 channels at a time, or 32 where there
// are no more: short vectors have one more port.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "x86_64.h"

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  return _mm512_dpbusd_epi32(sum, values, _mm512_loadu_si512((const void *)w));
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_avx512vnni(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                                ptrdiff_t panel0, ptrdiff_t panel1) {
  const bool ends_short = panel1 * CK_PANEL >= job->n && (job->n - 1) % CK_PANEL < 32;
  if (ends_short) {
    panel1--;
    ck_depthwise_u8_avx512vl(job, pixel0, pixel1, panel1, panel1 + 1);
  }
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#pragma clang attribute pop
#endif
