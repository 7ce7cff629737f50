// Tables of bytes in AVX-512 with VBMI: a register pair holds half a table.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))),      \
                             apply_to = function)
#include "x86_64.h"

void ck_map_u8_avx512vbmi(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out) {
  __m512i part[4];
  for (int i = 0; i < 4; i++) part[i] = _mm512_loadu_si512((const void *)(table + 64 * i));
  for (ptrdiff_t i = 0; i < n; i += 64) {
    __mmask64 lanes = n - i >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - i)) - 1;
    __m512i at = _mm512_maskz_loadu_epi8(lanes, x + i);
    __m512i low = _mm512_permutex2var_epi8(part[0], at, part[1]);
    __m512i high = _mm512_permutex2var_epi8(part[2], at, part[3]);
    __m512i found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high);
    _mm512_mask_storeu_epi8(out + i, lanes, found);
  }
}
#pragma clang attribute pop
#endif
