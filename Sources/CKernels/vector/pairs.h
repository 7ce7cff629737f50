// Sums and products of bytes that stand for numbers, as bytes.
#pragma once

CK_INLINE vf pair_value(const ck_pair_u8 *job, bool adds, vf a, vf b) {
  a = vf_sub(a, vf_set1((float)job->a_zero));
  b = vf_sub(b, vf_set1((float)job->b_zero));
  const vf factor = vf_set1(job->a_factor);
  if (adds) return vf_add(vf_mul(a, factor), vf_mul(b, vf_set1(job->b_factor)));
  // The product of two bytes is exact.
  return vf_mul(vf_mul(a, b), factor);
}

CK_INLINE void pairs_u8(const ck_pair_u8 *job, bool adds, ptrdiff_t rows, ptrdiff_t n) {
  const vf low = vf_set1(job->low), high = vf_set1(job->high);
  const vi zero = vi_set1(job->zero);
  const uint8_t *a = job->a, *b = job->b;
  uint8_t *out = job->out;
#define CK_PAIRS(lanes)                                                                            \
  do {                                                                                             \
    vf y = pair_value(job, adds, vf_load_u8(a + i, lanes), vf_load_u8(b + i, lanes));              \
    y = vf_min(vf_max(y, low), high);                                                              \
    vi_store_u8(out + i, lanes, vi_add(vi_round(y), zero));                                        \
  } while (0)
  for (ptrdiff_t row = 0; row < rows; row++) {
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) CK_PAIRS(VL);
    if (i < n) CK_PAIRS(n - i);
    a += job->a_stride, b += job->b_stride, out += job->out_stride;
  }
#undef CK_PAIRS
}

static void add_u8(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  pairs_u8(job, true, rows, n);
}

static void multiply_u8(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  pairs_u8(job, false, rows, n);
}
