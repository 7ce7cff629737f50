// The oracle of operators on bytes that stand for numbers, written as their definitions.
#include "scalar.h"

#pragma STDC FP_CONTRACT OFF

static uint8_t store(const ck_pair_u8 *job, float y) {
  return (uint8_t)((int32_t)rintf(fminf(fmaxf(y, job->low), job->high)) + job->zero);
}

void ck_add_u8_scalar(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    for (ptrdiff_t i = 0; i < n; i++) {
      float a = (float)(job->a[row * job->a_stride + i] - job->a_zero) * job->a_factor;
      float b = (float)(job->b[row * job->b_stride + i] - job->b_zero) * job->b_factor;
      job->out[row * job->out_stride + i] = store(job, a + b);
    }
  }
}

void ck_multiply_u8_scalar(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    for (ptrdiff_t i = 0; i < n; i++) {
      int32_t a = job->a[row * job->a_stride + i] - job->a_zero;
      int32_t b = job->b[row * job->b_stride + i] - job->b_zero;
      job->out[row * job->out_stride + i] = store(job, (float)(a * b) * job->a_factor);
    }
  }
}

void ck_quantize_planes_scalar(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t pixels,
                               float scale, int32_t zero, uint8_t *q, ptrdiff_t stride) {
  const float low = (float)-zero, high = (float)(255 - zero);
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel++) {
    for (ptrdiff_t channel = 0; channel < channels; channel++) {
      float value = x[channel * plane + pixel] / scale;
      value = value > low ? value : low;
      value = value < high ? value : high;
      q[pixel * stride + channel] = (uint8_t)((int32_t)rintf(value) + zero);
    }
  }
}

void ck_dequantize_planes_scalar(const uint8_t *q, ptrdiff_t stride, ptrdiff_t channels,
                                 ptrdiff_t pixels, float scale, int32_t zero, float *x,
                                 ptrdiff_t plane) {
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel++) {
    for (ptrdiff_t channel = 0; channel < channels; channel++) {
      x[channel * plane + pixel] = (float)(q[pixel * stride + channel] - zero) * scale;
    }
  }
}
