// The sums of ci_resample.h as every processor can take them, and who takes which.
#include "ci_resample.h"

ci_tier ci_best_tier(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) return CI_AVX2;
#endif
  return CI_PORTABLE;
}

void ci_resample_rows(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t rows,
                      int channels, const ci_weights *weights, ci_tier tier) {
#if defined(__x86_64__)
  if (tier == CI_AVX2) {
    ci_resample_rows_avx2(in, in_stride, out, rows, channels, weights);
    return;
  }
#endif
  (void)tier;
  if (channels == 1) resample_rows(in, in_stride, out, rows, 1, weights);
  else resample_rows(in, in_stride, out, rows, 3, weights);
}

void ci_resample_columns(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t width,
                         const ci_weights *weights, ci_tier tier) {
#if defined(__x86_64__)
  if (tier == CI_AVX2) {
    ci_resample_columns_avx2(in, in_stride, out, width, weights);
    return;
  }
#endif
  (void)tier;
  resample_columns(in, in_stride, out, width, weights);
}
