// The oracle: every product written as its definition.
#include "scalar.h"

#pragma STDC FP_CONTRACT OFF

static float gelu(float x) { return x * (1 + erff(x * 0x1.6a09e6p-1f)) * 0.5f; }
static float silu(float x) { return x / (1 + expf(-x)); }

/// Stores one element of the product. Mirrors the vector epilogues operation for operation.
static void store(const ck_epilogue *e, ptrdiff_t row, ptrdiff_t column, float v) {
  float *out = e->out + row * e->out_stride + column;
  const float *extra = e->extra ? e->extra + row * e->extra_stride + column : NULL;
  switch (e->op) {
    case CK_ADD: v = v + *extra; break;
    case CK_GELU: v = gelu(v); break;
    case CK_SILU_GATE: v = v * silu(*extra); break;
    case CK_CLAMP: v = fminf(fmaxf(v, e->low), e->high); break;
    case CK_ADD_CLAMP: v = fminf(fmaxf(v + *extra, e->low), e->high); break;
    default: break;
  }
  *out = v;
}

/// Σ a·w of `groups` groups of 4 inputs, one output of a panel of `width`.
static int32_t dot_s8(const int8_t *a, const uint8_t *w, ptrdiff_t groups, ptrdiff_t width) {
  int32_t sum = 0;
  for (ptrdiff_t g = 0; g < groups; g++) {
    for (ptrdiff_t i = 0; i < 4; i++) sum += a[4 * g + i] * ((int32_t)w[g * width * 4 + i] - 128);
  }
  return sum;
}

void ck_gemm_s8_scalar(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                       ptrdiff_t panel1) {
  ptrdiff_t groups = ck_ceil(job->k, 4), last = ck_min(job->n, panel1 * CK_PANEL);
  for (ptrdiff_t row = row0; row < row1; row++) {
    const int8_t *a = job->a + row * job->a_stride;
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      const uint8_t *w = job->w + (n / CK_PANEL) * groups * CK_PANEL * 4 + (n % CK_PANEL) * 4;
      int32_t sum = dot_s8(a, w, groups, CK_PANEL);
      if (job->epilogue.op == CK_STORE_SUM) {
        job->epilogue.out[row * job->epilogue.out_stride + n] = ck_bits_float((uint32_t)sum);
        continue;
      }
      float bias = job->epilogue.bias ? job->epilogue.bias[n] : 0;
      if (job->a_shifts) bias = fmaf(job->a_shifts[row], job->w_sums[n], bias);
      store(&job->epilogue, row, n, fmaf((float)sum, job->a_scales[row] * job->w_scales[n], bias));
    }
  }
}

void ck_gemm_q8_scalar(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                       ptrdiff_t panel1) {
  ptrdiff_t blocks = job->k / CK_Q8_BLOCK, last = ck_min(job->n, panel1 * CK_Q8_PANEL);
  for (ptrdiff_t row = row0; row < row1; row++) {
    const int8_t *a = job->a + row * job->a_stride;
    for (ptrdiff_t n = panel0 * CK_Q8_PANEL; n < last; n++) {
      ptrdiff_t panel = n / CK_Q8_PANEL, lane = n % CK_Q8_PANEL;
      const uint8_t *w = job->w + panel * job->k * CK_Q8_PANEL + lane * 4;
      const uint16_t *scales = job->w_scales + panel * blocks * CK_Q8_PANEL + lane;
      float v = 0;
      for (ptrdiff_t block = 0; block < blocks; block++) {
        int32_t sum = dot_s8(a + block * CK_Q8_BLOCK, w + block * CK_Q8_BLOCK * CK_Q8_PANEL,
                             CK_Q8_BLOCK / 4, CK_Q8_PANEL);
        float scale = job->a_scales[row * job->a_blocks + block] *
                      ck_from_f16(scales[block * CK_Q8_PANEL]);
        v = fmaf((float)sum, scale, v);
      }
      v = v + (job->epilogue.bias ? job->epilogue.bias[n] : 0.0f);
      store(&job->epilogue, row, n, v);
    }
  }
}

static float weight(const ck_gemm_f32 *job, ptrdiff_t at) {
  switch (job->element) {
    case CK_F16: return ck_from_f16(((const uint16_t *)job->w)[at]);
    case CK_BF16: return ck_from_bf16(((const uint16_t *)job->w)[at]);
    default: return ((const float *)job->w)[at];
  }
}

void ck_gemm_f32_scalar(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                        ptrdiff_t panel1) {
  ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL);
  for (ptrdiff_t row = row0; row < row1; row++) {
    const float *a = job->a + row * job->a_stride;
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      ptrdiff_t at = (n / CK_PANEL) * job->k * CK_PANEL + n % CK_PANEL;
      float v = 0;
      for (ptrdiff_t i = 0; i < job->k; i++) v = fmaf(a[i], weight(job, at + i * CK_PANEL), v);
      v = v + (job->epilogue.bias ? job->epilogue.bias[n] : 0.0f);
      store(&job->epilogue, row, n, v);
    }
  }
}

static float tap_value(const ck_conv_f32 *job, ptrdiff_t pixel, ptrdiff_t tap, ptrdiff_t channel) {
  int32_t offset = job->offsets[pixel % job->pixels * job->taps + tap];
  if (offset == CK_OUTSIDE) return 0;
  return job->x[pixel / job->pixels * job->image_stride + offset + channel];
}

static float bias_of(const ck_epilogue *e, ptrdiff_t n) { return e->bias ? e->bias[n] : 0; }

void ck_conv_f32_scalar(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                        ptrdiff_t panel0, ptrdiff_t panel1) {
  ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL), k = job->taps * job->run;
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      const float *w = job->w + n / CK_PANEL * k * CK_PANEL + n % CK_PANEL;
      float v = 0;
      for (ptrdiff_t i = 0; i < k; i++) {
        v = fmaf(tap_value(job, pixel, i / job->run, i % job->run), w[i * CK_PANEL], v);
      }
      store(&job->epilogue, pixel, n, v + bias_of(&job->epilogue, n));
    }
  }
}

void ck_depthwise_f32_scalar(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                             ptrdiff_t panel0, ptrdiff_t panel1) {
  ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL);
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      const float *w = job->w + n / CK_PANEL * job->taps * CK_PANEL + n % CK_PANEL;
      float v = 0;
      for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
        v = fmaf(tap_value(job, pixel, tap, n), w[tap * CK_PANEL], v);
      }
      store(&job->epilogue, pixel, n, v + bias_of(&job->epilogue, n));
    }
  }
}
