// The vector type of vector/*.h in NEON: 4 floats.
#pragma once
#include <arm_neon.h>

#define CK_INLINE static inline __attribute__((always_inline))
enum { VL = 4, TILE_VECTORS = 4 };
typedef float32x4_t vf;
typedef int32x4_t vi;

CK_INLINE vf vf_set1(float x) { return vdupq_n_f32(x); }
CK_INLINE vf vf_load(const float *p) { return vld1q_f32(p); }
CK_INLINE void vf_store(float *p, vf v) { vst1q_f32(p, v); }
/// Lanes from n up read as zero; 0 < n < VL.
CK_INLINE vf vf_load_first(const float *p, ptrdiff_t n) {
  float part[4] = {p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
  return vld1q_f32(part);
}
CK_INLINE void vf_store_first(float *p, ptrdiff_t n, vf v) {
  float part[4];
  vst1q_f32(part, v);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = part[i];
}
CK_INLINE vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
CK_INLINE vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
CK_INLINE vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
CK_INLINE vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
CK_INLINE vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
CK_INLINE vf vf_fms(vf a, vf b, vf c) { return vfmaq_f32(vnegq_f32(c), a, b); }
CK_INLINE vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }
CK_INLINE vf vf_min(vf a, vf b) { return vminq_f32(a, b); }
/// v, or `low` where v is less or no number.
CK_INLINE vf vf_at_least(vf v, vf low) { return vmaxnmq_f32(v, low); }
CK_INLINE vf vf_abs(vf a) { return vabsq_f32(a); }
CK_INLINE vf vf_round(vf a) { return vrndnq_f32(a); }
CK_INLINE vf power_of_two(int32x4_t n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
/// a · 2^n for integral n from −250 to 127; 0 far below. In two steps, so that powers are normal.
CK_INLINE vf vf_scale(vf a, vf n) {
  int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
  return vmulq_f32(vmulq_f32(a, power_of_two(half)), power_of_two(vsubq_s32(whole, half)));
}
CK_INLINE float vf_sum(vf v) { return vaddvq_f32(v); }
CK_INLINE float vf_largest(vf v) { return vmaxvq_f32(v); }
CK_INLINE vf vf_from_s32(const int32_t *p) { return vcvtq_f32_s32(vld1q_s32(p)); }
CK_INLINE vf vf_load_f16(const void *p) {
  uint16_t halves[4];
  memcpy(halves, p, sizeof halves);
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves)));
}
CK_INLINE void vf_store_f16(void *p, vf v) {
  uint16_t halves[4];
  vst1_u16(halves, vreinterpret_u16_f16(vcvt_f16_f32(v)));
  memcpy(p, halves, sizeof halves);
}
CK_INLINE vf vf_load_bf16(const void *p) {
  uint16_t halves[4];
  memcpy(halves, p, sizeof halves);
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(halves), 16));
}
CK_INLINE vf vf_load_s8(const void *p) {
  int8_t bytes[8] = {0};
  memcpy(bytes, p, 4);
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(bytes)))));
}
/// `n` bytes, 0 < n <= VL; lanes behind them are zero.
CK_INLINE vf vf_load_u8(const uint8_t *p, ptrdiff_t n) {
  uint8_t bytes[8] = {0};
  if (n == VL) memcpy(bytes, p, VL);
  else for (ptrdiff_t i = 0; i < n; i++) bytes[i] = p[i];
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(bytes)))));
}
CK_INLINE vi vi_load(const int32_t *p) { return vld1q_s32(p); }
CK_INLINE vi vi_set1(int32_t x) { return vdupq_n_s32(x); }
CK_INLINE vf vf_from_vi(vi v) { return vcvtq_f32_s32(v); }
/// The low bytes of the first n lanes.
CK_INLINE void vi_store_u8(uint8_t *p, ptrdiff_t n, vi v) {
  uint16x4_t words = vmovn_u32(vreinterpretq_u32_s32(v));
  uint8_t bytes[8];
  vst1_u8(bytes, vmovn_u16(vcombine_u16(words, words)));
  if (n == VL) memcpy(p, bytes, VL);
  else for (ptrdiff_t i = 0; i < n; i++) p[i] = bytes[i];
}
/// Lanes a byte further up.
CK_INLINE vi vi_shift8(vi v) { return vshlq_n_s32(v, 8); }
CK_INLINE void vi_store(void *p, vi v) { vst1q_u8(p, vreinterpretq_u8_s32(v)); }
/// The three low bytes of each lane, side by side.
CK_INLINE void vi_store_triples(void *p, vi v) {
  static const uint8_t kept[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14};
  uint8_t bytes[16];
  vst1q_u8(bytes, vqtbl1q_u8(vreinterpretq_u8_s32(v), vld1q_u8(kept)));
  memcpy(p, bytes, 3 * VL);
}
CK_INLINE vi vi_words(int32_t x) { return vreinterpretq_s32_s16(vdupq_n_s16((int16_t)x)); }
CK_INLINE vi vi_bytes(int32_t x) { return vreinterpretq_s32_u8(vdupq_n_u8((uint8_t)x)); }
/// 4 · VL numbers as bytes, n of them stored: `zero`, in words, is added, and what is beyond 255 or below
/// `lowest`, in bytes, becomes the nearest of them. Unpacking keeps the order here.
CK_INLINE void vi_pack_u8(uint8_t *p, ptrdiff_t n, const vi y[4], vi zero, vi lowest, bool in_order) {
  (void)in_order;
  const int16x8_t zeros = vreinterpretq_s16_s32(zero);
  const int16x8_t low = vcombine_s16(vqmovn_s32(y[0]), vqmovn_s32(y[1]));
  const int16x8_t high = vcombine_s16(vqmovn_s32(y[2]), vqmovn_s32(y[3]));
  const uint8x16_t bytes =
      vmaxq_u8(vcombine_u8(vqmovun_s16(vqaddq_s16(low, zeros)), vqmovun_s16(vqaddq_s16(high, zeros))),
               vreinterpretq_u8_s32(lowest));
  uint8_t all[4 * VL];
  vst1q_u8(n == 4 * VL ? p : all, bytes);
  if (n < 4 * VL) memcpy(p, all, (size_t)n);
}
CK_INLINE void vi_unpack_u8(const uint8_t *p, vi y[4]) {
  const uint8x16_t bytes = vld1q_u8(p);
  const uint16x8_t words[2] = {vmovl_u8(vget_low_u8(bytes)), vmovl_u8(vget_high_u8(bytes))};
  for (int i = 0; i < 2; i++) {
    y[2 * i] = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words[i])));
    y[2 * i + 1] = vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(words[i])));
  }
}
/// Four rows of 4 · VL bytes, the four of each place side by side, in the order of unpacking, 128 taken off.
CK_INLINE void vi_interleave_u8(const uint8_t *a, const uint8_t *b, const uint8_t *c,
                                const uint8_t *d, vi values[4]) {
  const uint8x16x2_t front = vzipq_u8(vld1q_u8(a), vld1q_u8(b));
  const uint8x16x2_t back = vzipq_u8(vld1q_u8(c), vld1q_u8(d));
  for (int half = 0; half < 2; half++) {
    const uint16x8x2_t both =
        vzipq_u16(vreinterpretq_u16_u8(front.val[half]), vreinterpretq_u16_u8(back.val[half]));
    for (int i = 0; i < 2; i++) {
      const uint8x16_t flipped = veorq_u8(vreinterpretq_u8_u16(both.val[i]), vdupq_n_u8(0x80));
      values[2 * half + i] = vreinterpretq_s32_u8(flipped);
    }
  }
}
CK_INLINE vi vi_load_u8(const uint8_t *p) {
  uint8_t bytes[8] = {0};
  memcpy(bytes, p, VL);
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(bytes)))));
}
/// Where sums of products of bytes begin: values are read with 128 taken off.
CK_INLINE vi vi_first_sum(const int32_t *bias, const int32_t *weights) {
  return vaddq_s32(vld1q_s32(bias), vshlq_n_s32(vld1q_s32(weights), 7));
}
CK_INLINE vi vi_zero(void) { return vdupq_n_s32(0); }
CK_INLINE vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
CK_INLINE int32_t vi_sum(vi v) { return vaddvq_s32(v); }
/// To nearest even; what does not fit saturates.
CK_INLINE vi vi_round(vf v) { return vcvtnq_s32_f32(v); }
CK_INLINE vi vi_clamp_s8(vi v) {
  return vmaxq_s32(vminq_s32(v, vdupq_n_s32(127)), vdupq_n_s32(-127));
}
CK_INLINE void vi_store_s8(int8_t *p, vi v) {
  int8_t bytes[8];
  int16x4_t words = vmovn_s32(v);
  vst1_s8(bytes, vmovn_s16(vcombine_s16(words, words)));
  memcpy(p, bytes, 4);
}
/// (a0, b0, a1, b1, …) ↔ (a…, b…): even and odd elements of 8 floats.
CK_INLINE void vf_load_pairs(const float *p, vf *even, vf *odd) {
  float32x4x2_t pairs = vld2q_f32(p);
  *even = pairs.val[0];
  *odd = pairs.val[1];
}
CK_INLINE void vf_store_pairs(float *p, vf even, vf odd) {
  float32x4x2_t pairs = {{even, odd}};
  vst2q_f32(p, pairs);
}
/// r[i] lane j ↔ r[j] lane i.
CK_INLINE void vf_transpose(vf r[4]) {
  float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);
  r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
  r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
  r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
  r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}
