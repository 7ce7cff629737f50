// Scalar kernels: definitions, for reading and as the oracle of every other tier.
#pragma once
#include "../ck_internal.h"
#include <math.h>

void ck_gemm_s8_scalar(const ck_gemm_s8 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_gemm_q8_scalar(const ck_gemm_q8 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_gemm_f32_scalar(const ck_gemm_f32 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_conv_f32_scalar(const ck_conv_f32 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_depthwise_f32_scalar(const ck_conv_f32 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_conv_u8_scalar(const ck_conv_u8 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_depthwise_u8_scalar(const ck_depthwise_u8 *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
void ck_add_u8_scalar(const ck_pair_u8 *, ptrdiff_t, ptrdiff_t);
void ck_multiply_u8_scalar(const ck_pair_u8 *, ptrdiff_t, ptrdiff_t);
void ck_quantize_planes_scalar(const float *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float, int32_t,
                               uint8_t *, ptrdiff_t);
void ck_dequantize_planes_scalar(const uint8_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float, int32_t,
                                 float *, ptrdiff_t);
void ck_encoder_attention_f32_scalar(const ck_encoder_attention *, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                     ptrdiff_t);
void ck_paged_attention_f32_scalar(const ck_paged_attention *, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                   ptrdiff_t);
void ck_kv_store_f32_scalar(const ck_kv_layer *, const ck_slice *, const int32_t *, const float *,
                            const float *, ptrdiff_t);
