// What becomes of the sums of quantized convolutions, 4 · VL outputs of a pixel at a time.
#pragma once

/// A ck_requantizer in vectors, made once for many pixels.
typedef struct {
  const uint8_t *other;
  uint8_t *out;
  // The lower bound is kept by the bytes; the upper one too, but here it bounds what is rounded.
  vf high, low, kept, added, sum_high;
  vi other_zero, zero, lowest;
} ck_ending;

CK_INLINE ck_ending ending_of(const ck_requantizer *e) {
  return (ck_ending){
      .other = e->other,
      .out = e->out,
      .high = vf_set1(e->high),
      .low = vf_set1(e->low),
      .kept = vf_set1(e->kept),
      .added = vf_set1(e->added),
      .sum_high = vf_set1(e->sum_high),
      .other_zero = vi_set1(-e->other_zero),
      .zero = vi_words(e->zero),
      .lowest = vi_bytes(e->zero + (int32_t)(e->other ? e->sum_low : e->low)),
  };
}

/// Sums, biases included, of outputs whose scales stand VL by VL, `step` apart; n of them are stored, which
/// are in as many vectors. In the order of the outputs, or of unpacking. Of `other` 4 · VL bytes are read.
CK_INLINE void requantize(const ck_ending *e, const vi sums[4], const int vectors,
                          const float *scales, ptrdiff_t step, ptrdiff_t out, ptrdiff_t n,
                          bool in_order) {
  vf y[4];
  vi bytes[4] = {vi_zero(), vi_zero(), vi_zero(), vi_zero()};
  for (int v = 0; v < vectors; v++) {
    y[v] = vf_min(vf_mul(vf_from_vi(sums[v]), vf_load(scales + step * v)), e->high);
  }
  if (e->other) {
    vi other[4];
    if (!in_order) vi_unpack_u8(e->other + out, other);
    for (int v = 0; v < vectors; v++) {
      if (in_order) other[v] = vi_load_u8(e->other + out + VL * v);
      vf kept = vf_mul(vf_round(vf_max(y[v], e->low)), e->kept);
      vf also = vf_from_vi(vi_add(other[v], e->other_zero));
      y[v] = vf_min(vf_add(kept, vf_mul(also, e->added)), e->sum_high);
    }
  }
  for (int v = 0; v < vectors; v++) bytes[v] = vi_round(y[v]);
  vi_pack_u8(e->out + out, n, bytes, e->zero, e->lowest, in_order);
}
