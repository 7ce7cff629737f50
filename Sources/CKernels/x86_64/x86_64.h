// Products of the x86-64 tiers, from gemm_<isa>.c to the tables in rows_<isa>.c.
#pragma once
#include "../include/CKernels.h"

#define CK_GEMM(name, job) void name(const job *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t)
CK_GEMM(ck_gemm_s8_avx2, ck_gemm_s8);
CK_GEMM(ck_gemm_q8_avx2, ck_gemm_q8);
CK_GEMM(ck_gemm_f32_avx2, ck_gemm_f32);
CK_GEMM(ck_conv_f32_avx2, ck_conv_f32);
CK_GEMM(ck_depthwise_f32_avx2, ck_conv_f32);
CK_GEMM(ck_conv_u8_avx2, ck_conv_u8);
CK_GEMM(ck_depthwise_u8_avx2, ck_depthwise_u8);
CK_GEMM(ck_gemm_s8_avx512vnni, ck_gemm_s8);
CK_GEMM(ck_gemm_q8_avx512vnni, ck_gemm_q8);
CK_GEMM(ck_gemm_f32_avx512vnni, ck_gemm_f32);
CK_GEMM(ck_conv_f32_avx512vnni, ck_conv_f32);
CK_GEMM(ck_depthwise_f32_avx512vnni, ck_conv_f32);
CK_GEMM(ck_conv_u8_avx512vnni, ck_conv_u8);
CK_GEMM(ck_depthwise_u8_avx512vnni, ck_depthwise_u8);
CK_GEMM(ck_depthwise_u8_avx512vl, ck_depthwise_u8);
#undef CK_GEMM
void ck_map_u8_avx512vbmi(const uint8_t *, ptrdiff_t, const uint8_t *, uint8_t *);
