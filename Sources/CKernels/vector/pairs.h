// Sums and products of bytes that stand for numbers, as bytes: 4 · VL at a time, those of a row that
// repeats once.
#pragma once

/// 4 · VL bytes less their zero point, in the order of unpacking.
CK_INLINE void numbers_of(const uint8_t *p, vf zero, vf numbers[4]) {
  vi bytes[4];
  vi_unpack_u8(p, bytes);
  for (int v = 0; v < 4; v++) numbers[v] = vf_sub(vf_from_vi(bytes[v]), zero);
}

CK_INLINE void pairs_u8(const ck_pair_u8 *job, const bool adds, ptrdiff_t rows, ptrdiff_t n) {
  const ck_pair_u8 own = *job;
  const vf a_zero = vf_set1((float)own.a_zero), b_zero = vf_set1((float)own.b_zero);
  const vf a_factor = vf_set1(own.a_factor), b_factor = vf_set1(own.b_factor);
  const vf high = vf_set1(own.high);
  const vi zero = vi_words(own.zero), lowest = vi_bytes(own.zero + (int32_t)own.low);
  for (ptrdiff_t i = 0; i < n; i += 4 * VL) {
    const ptrdiff_t count = ck_min(4 * VL, n - i);
    vf a[4], b[4];
    for (ptrdiff_t row = 0; row < rows; row++) {
      if (row == 0 || own.b_stride != 0) {
        numbers_of(own.b + row * own.b_stride + i, b_zero, b);
        for (int v = 0; v < 4 && adds; v++) b[v] = vf_mul(b[v], b_factor);
      }
      numbers_of(own.a + row * own.a_stride + i, a_zero, a);
      vi y[4];
      for (int v = 0; v < 4; v++) {
        // The product of two bytes is exact.
        vf value = adds ? vf_add(vf_mul(a[v], a_factor), b[v])
                        : vf_mul(vf_mul(a[v], b[v]), a_factor);
        y[v] = vi_round(vf_min(value, high));
      }
      vi_pack_u8(own.out + row * own.out_stride + i, count, y, zero, lowest, false);
    }
  }
}

static void add_u8(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  pairs_u8(job, true, rows, n);
}

static void multiply_u8(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n) {
  pairs_u8(job, false, rows, n);
}
