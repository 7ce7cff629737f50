// Row operators and attention in AVX-512, and the table of the tier.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>
#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "../vector/math.h"
#include "../vector/rows.h"
#include "../vector/activate.h"
#include "../vector/turn.h"
#include "../vector/attention.h"
#include "../vector/bytes.h"
#include "../vector/pairs.h"
#include "../vector/planes.h"
#include "x86_64.h"

/// The first machines of this tier lack the instructions that a table wants.
static void map_u8_avx512(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out) {
  if (__builtin_cpu_supports("avx512vbmi")) ck_map_u8_avx512vbmi(x, n, table, out);
  else map_u8(x, n, table, out);
}
#pragma clang attribute pop

const ck_kernels ck_kernels_avx512vnni = {
    .tier = CK_AVX512VNNI,
    .name = "avx512vnni",
    .gemm_s8 = ck_gemm_s8_avx512vnni,
    .gemm_q8 = ck_gemm_q8_avx512vnni,
    .gemm_f32 = ck_gemm_f32_avx512vnni,
    .conv_f32 = ck_conv_f32_avx512vnni,
    .depthwise_f32 = ck_depthwise_f32_avx512vnni,
    .conv_u8 = ck_conv_u8_avx512vnni,
    .depthwise_u8 = ck_depthwise_u8_avx512vnni,
    .map_u8 = map_u8_avx512,
#include "../vector/table.h"
};
#endif
