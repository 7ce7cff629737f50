// Weighted sums of pixels, in whole numbers as Pillow adds them: a sum of 22 binary places, rounded and
// cut to a byte. Sums are exact, so every instruction set gives the same bytes.
#pragma once
#include "ci_internal.h"

#define CI_INLINE static inline __attribute__((always_inline))

CI_INLINE uint8_t byte_of(int32_t sum) {
  sum >>= CI_WEIGHT_BITS;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

enum { half = 1 << (CI_WEIGHT_BITS - 1) };

CI_INLINE void resample_rows(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t rows,
                             const int channels, const ci_weights *w) {
  for (ptrdiff_t y = 0; y < rows; y++, in += in_stride) {
    for (ptrdiff_t x = 0; x < w->outputs; x++) {
      const uint8_t *pixel = in + (ptrdiff_t)w->first[x] * channels;
      const int32_t *weight = w->values + x * w->stride;
      int32_t sums[3] = {half, half, half};
      for (int32_t k = 0; k < w->count[x]; k++, pixel += channels) {
        for (int c = 0; c < channels; c++) sums[c] += pixel[c] * weight[k];
      }
      for (int c = 0; c < channels; c++) *out++ = byte_of(sums[c]);
    }
  }
}

/// Bytes that are summed at once: as many sums as stay in registers.
enum { span = 32 };

CI_INLINE void resample_columns(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out,
                                ptrdiff_t width, const ci_weights *w) {
  for (ptrdiff_t y = 0; y < w->outputs; y++, out += width) {
    const uint8_t *first = in + w->first[y] * in_stride;
    const int32_t *weight = w->values + y * w->stride;
    ptrdiff_t x = 0;
    for (; x + span <= width; x += span) {
      int32_t sums[span];
      for (int i = 0; i < span; i++) sums[i] = half;
      const uint8_t *row = first + x;
      for (int32_t k = 0; k < w->count[y]; k++, row += in_stride) {
        for (int i = 0; i < span; i++) sums[i] += row[i] * weight[k];
      }
      for (int i = 0; i < span; i++) out[x + i] = byte_of(sums[i]);
    }
    for (; x < width; x++) {
      int32_t sum = half;
      for (int32_t k = 0; k < w->count[y]; k++) sum += first[k * in_stride + x] * weight[k];
      out[x] = byte_of(sum);
    }
  }
}

#if defined(__x86_64__)
void ci_resample_rows_avx2(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t rows,
                           int channels, const ci_weights *w);
void ci_resample_columns_avx2(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out,
                              ptrdiff_t width, const ci_weights *w);
#endif
