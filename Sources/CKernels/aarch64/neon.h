// Products of the NEON tier, from gemm_neon.c to the table in rows_neon.c.
#pragma once
#include "../include/CKernels.h"

#define CK_GEMM(name, job) void name(const job *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t)
CK_GEMM(ck_gemm_s8_neon, ck_gemm_s8);
CK_GEMM(ck_gemm_q8_neon, ck_gemm_q8);
CK_GEMM(ck_gemm_f32_neon, ck_gemm_f32);
CK_GEMM(ck_conv_f32_neon, ck_conv_f32);
CK_GEMM(ck_depthwise_f32_neon, ck_conv_f32);
CK_GEMM(ck_conv_u8_neon, ck_conv_u8);
CK_GEMM(ck_depthwise_u8_neon, ck_depthwise_u8);
#undef CK_GEMM
void ck_map_u8_neon(const uint8_t *, ptrdiff_t, const uint8_t *, uint8_t *);
