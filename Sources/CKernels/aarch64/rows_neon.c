// Row operators and attention in NEON, and the table of the tier.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>
#include <stdlib.h>

#include "target.h"
#include "simd_neon.h"
#include "../vector/math.h"
#include "../vector/rows.h"
#include "../vector/activate.h"
#include "../vector/turn.h"
#include "../vector/attention.h"
#include "../vector/bytes.h"
#include "../vector/pairs.h"
#include "../vector/planes.h"
#include "target_end.h"
#include "neon.h"

const ck_kernels ck_kernels_neon = {
    .tier = CK_NEON,
    .name = "neon",
    .gemm_s8 = ck_gemm_s8_neon,
    .gemm_q8 = ck_gemm_q8_neon,
    .gemm_f32 = ck_gemm_f32_neon,
    .conv_f32 = ck_conv_f32_neon,
    .depthwise_f32 = ck_depthwise_f32_neon,
    .conv_u8 = ck_conv_u8_neon,
    .depthwise_u8 = ck_depthwise_u8_neon,
    .map_u8 = ck_map_u8_neon,
#include "../vector/table.h"
};
#endif
