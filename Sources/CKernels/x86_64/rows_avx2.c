// Row operators and attention in AVX2, and the table of the tier.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>
#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "simd_avx2.h"
#include "../vector/math.h"
#include "../vector/rows.h"
#include "../vector/activate.h"
#include "../vector/turn.h"
#include "../vector/attention.h"
#include "../vector/bytes.h"
#include "../vector/pairs.h"
#include "../vector/planes.h"
#pragma clang attribute pop
#include "x86_64.h"

const ck_kernels ck_kernels_avx2 = {
    .tier = CK_AVX2,
    .name = "avx2",
    .gemm_s8 = ck_gemm_s8_avx2,
    .gemm_q8 = ck_gemm_q8_avx2,
    .gemm_f32 = ck_gemm_f32_avx2,
    .conv_f32 = ck_conv_f32_avx2,
    .depthwise_f32 = ck_depthwise_f32_avx2,
    .conv_u8 = ck_conv_u8_avx2,
    .depthwise_u8 = ck_depthwise_u8_avx2,
    .map_u8 = map_u8,
#include "../vector/table.h"
};
#endif
