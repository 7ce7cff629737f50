// Operators over one row, as their definitions; sums in double. The table of the tier is at the end.
#include "scalar.h"

#pragma STDC FP_CONTRACT OFF
#define CK_INLINE static inline
#include "../vector/bytes.h"

static int8_t to_s8(float x) {
  float rounded = nearbyintf(x);
  return rounded > 127 ? 127 : rounded >= -127 ? (int8_t)rounded : -127;
}

static void quantize_row(const float *x, ptrdiff_t k, ptrdiff_t k_padded, int8_t *q, float *scale,
                         float *shift, int32_t *sum) {
  float high = 0, low = 0;
  for (ptrdiff_t i = 0; i < k; i++) {
    if (x[i] > high) high = x[i];
    if (x[i] < low) low = x[i];
  }
  float range = high - low, inverse = range > 0 ? 254.0f / range : 0;
  *scale = range / 254.0f;
  *shift = (high + low) * 0.5f;
  *sum = 0;
  for (ptrdiff_t i = 0; i < k; i++) *sum += q[i] = to_s8((x[i] - *shift) * inverse);
  for (ptrdiff_t i = k; i < k_padded; i++) q[i] = 0;
}

static void quantize_block(const float *x, int8_t *q, float *scale, int32_t *sum) {
  float largest = ck_largest(x, CK_Q8_BLOCK);
  float inverse = largest > 0 ? 127.0f / largest : 0;
  *scale = largest / 127.0f;
  *sum = 0;
  for (ptrdiff_t i = 0; i < CK_Q8_BLOCK; i++) *sum += q[i] = to_s8(x[i] * inverse);
}

static void quantize_blocks(const float *x, ptrdiff_t k, int8_t *q, float *scales, int32_t *sums) {
  for (ptrdiff_t block = 0; block < k / CK_Q8_BLOCK; block++) {
    quantize_block(x + block * CK_Q8_BLOCK, q + block * CK_Q8_BLOCK, &scales[block], &sums[block]);
  }
}

static void layer_norm(const float *x, ptrdiff_t n, const float *weight, const float *bias,
                       float epsilon, float *out) {
  double mean = 0, variance = 0;
  for (ptrdiff_t i = 0; i < n; i++) mean += x[i];
  mean /= (double)n;
  for (ptrdiff_t i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
  double inverse = 1 / sqrt(variance / (double)n + epsilon);
  for (ptrdiff_t i = 0; i < n; i++) {
    out[i] = (float)((x[i] - mean) * inverse) * weight[i] + bias[i];
  }
}

static void rms_norm(const float *x, ptrdiff_t n, const float *weight, float epsilon, float *out) {
  double squares = 0;
  for (ptrdiff_t i = 0; i < n; i++) squares += (double)x[i] * x[i];
  double inverse = 1 / sqrt(squares / (double)n + epsilon);
  for (ptrdiff_t i = 0; i < n; i++) out[i] = (float)(x[i] * inverse) * weight[i];
}

static void turn_f32(const float *x, ptrdiff_t stride, ptrdiff_t row0, ptrdiff_t row1,
                     ptrdiff_t columns, float *out, ptrdiff_t out_stride) {
  for (ptrdiff_t row = row0; row < row1; row++) {
    for (ptrdiff_t i = 0; i < columns; i++) out[i * out_stride + row] = x[row * stride + i];
  }
}

static void activate(ck_activation kind, const float *x, ptrdiff_t n, float *out) {
  for (ptrdiff_t i = 0; i < n; i++) {
    double v = x[i];
    switch (kind) {
      case CK_FN_GELU: v = v * (1 + erf(v * 0x1.6a09e667f3bcdp-1)) / 2; break;
      case CK_FN_GELU_TANH:
        v = v / 2 * (1 + tanh(0.79788456080286536 * (v + 0.044715 * v * v * v)));
        break;
      case CK_FN_TANH: v = tanh(v); break;
      case CK_FN_SIGMOID: v = 1 / (1 + exp(-v)); break;
      case CK_FN_SILU: v = v / (1 + exp(-v)); break;
    }
    out[i] = (float)v;
  }
}

static void softmax(const float *x, ptrdiff_t n, float *out) {
  float largest = -INFINITY;
  for (ptrdiff_t i = 0; i < n; i++) largest = fmaxf(largest, x[i]);
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += out[i] = expf(x[i] - largest);
  for (ptrdiff_t i = 0; i < n; i++) out[i] = (float)(out[i] / sum);
}

static void rotate(float *x, ptrdiff_t heads, ptrdiff_t head_size, ptrdiff_t dims,
                   const float *cosines, const float *sines, bool halves) {
  for (ptrdiff_t head = 0; head < heads; head++, x += head_size) {
    for (ptrdiff_t i = 0; i < dims / 2; i++) {
      float *a = halves ? &x[i] : &x[2 * i], *b = halves ? &x[i + dims / 2] : &x[2 * i + 1];
      float first = fmaf(*a, cosines[i], -(*b * sines[i]));
      float second = fmaf(*a, sines[i], *b * cosines[i]);
      *a = first;
      *b = second;
    }
  }
}

static void widen(ck_element element, const void *source, ptrdiff_t n, float *out) {
  const uint8_t *bytes = source;
  uint16_t half;
  switch (element) {
    case CK_F32: memcpy(out, source, (size_t)n * 4); break;
    case CK_F16:
      for (ptrdiff_t i = 0; i < n; i++) memcpy(&half, bytes + 2 * i, 2), out[i] = ck_from_f16(half);
      break;
    case CK_BF16:
      for (ptrdiff_t i = 0; i < n; i++) memcpy(&half, bytes + 2 * i, 2), out[i] = ck_from_bf16(half);
      break;
    case CK_Q8_0:
      for (ptrdiff_t i = 0; i < n; i++) {
        const uint8_t *block = bytes + i / CK_Q8_BLOCK * (CK_Q8_BLOCK + 2);
        memcpy(&half, block, 2);
        out[i] = (float)(int8_t)block[2 + i % CK_Q8_BLOCK] * ck_from_f16(half);
      }
      break;
  }
}

const ck_kernels ck_kernels_scalar = {
    .tier = CK_SCALAR,
    .name = "scalar",
    .gemm_s8 = ck_gemm_s8_scalar,
    .gemm_q8 = ck_gemm_q8_scalar,
    .gemm_f32 = ck_gemm_f32_scalar,
    .conv_f32 = ck_conv_f32_scalar,
    .depthwise_f32 = ck_depthwise_f32_scalar,
    .max_f32 = max_f32,
    .turn_f32 = turn_f32,
    .conv_u8 = ck_conv_u8_scalar,
    .depthwise_u8 = ck_depthwise_u8_scalar,
    .max_u8 = max_u8,
    .add_up_u8 = add_up_u8,
    .average_u8 = average_u8,
    .add_u8 = ck_add_u8_scalar,
    .multiply_u8 = ck_multiply_u8_scalar,
    .map_u8 = map_u8,
    .quantize_planes = ck_quantize_planes_scalar,
    .dequantize_planes = ck_dequantize_planes_scalar,
    .quantize_row = quantize_row,
    .quantize_blocks = quantize_blocks,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .activate = activate,
    .softmax = softmax,
    .rotate = rotate,
    .encoder_attention = ck_encoder_attention_f32_scalar,
    .kv_store = ck_kv_store_f32_scalar,
    .paged_attention = ck_paged_attention_f32_scalar,
    .widen = widen,
};
