// The vector type of vector/*.h in AVX-512: 16 floats. Included inside the target's attributes.
#pragma once
#include <immintrin.h>

#define CK_INLINE static inline __attribute__((always_inline))
enum { VL = 16, TILE_VECTORS = 4 };
typedef __m512 vf;
typedef __m512i vi;

CK_INLINE __mmask16 first_lanes(ptrdiff_t n) { return (__mmask16)((1u << n) - 1); }
CK_INLINE vf vf_set1(float x) { return _mm512_set1_ps(x); }
CK_INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
CK_INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
/// Lanes from n up read as zero; 0 < n < VL.
CK_INLINE vf vf_load_first(const float *p, ptrdiff_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
CK_INLINE void vf_store_first(float *p, ptrdiff_t n, vf v) {
  _mm512_mask_storeu_ps(p, first_lanes(n), v);
}
CK_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
CK_INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
CK_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
CK_INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
CK_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
CK_INLINE vf vf_fms(vf a, vf b, vf c) { return _mm512_fmsub_ps(a, b, c); }
CK_INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
CK_INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
/// v, or `low` where v is less or no number.
CK_INLINE vf vf_at_least(vf v, vf low) { return _mm512_max_ps(v, low); }
CK_INLINE vf vf_abs(vf a) { return _mm512_abs_ps(a); }
CK_INLINE vf vf_round(vf a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a · 2^n for integral n of at most 127; 0 far below.
CK_INLINE vf vf_scale(vf a, vf n) { return _mm512_scalef_ps(a, n); }
CK_INLINE float vf_sum(vf v) { return _mm512_reduce_add_ps(v); }
CK_INLINE float vf_largest(vf v) { return _mm512_reduce_max_ps(v); }
CK_INLINE vf vf_from_s32(const int32_t *p) {
  return _mm512_cvtepi32_ps(_mm512_loadu_si512((const void *)p));
}
CK_INLINE vf vf_load_f16(const void *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
CK_INLINE void vf_store_f16(void *p, vf v) {
  _mm256_storeu_si256((__m256i *)p,
                      _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
CK_INLINE vf vf_load_bf16(const void *p) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
CK_INLINE vf vf_load_s8(const void *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
/// `n` bytes, 0 < n <= VL; lanes behind them are zero.
CK_INLINE vf vf_load_u8(const uint8_t *p, ptrdiff_t n) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_lanes(n), p)));
}
CK_INLINE vi vi_load(const int32_t *p) { return _mm512_loadu_si512((const void *)p); }
CK_INLINE vi vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
CK_INLINE vf vf_from_vi(vi v) { return _mm512_cvtepi32_ps(v); }
/// The low bytes of the first n lanes.
CK_INLINE void vi_store_u8(uint8_t *p, ptrdiff_t n, vi v) {
  _mm_mask_storeu_epi8(p, first_lanes(n), _mm512_cvtepi32_epi8(v));
}
/// Lanes a byte further up.
CK_INLINE vi vi_shift8(vi v) { return _mm512_slli_epi32(v, 8); }
CK_INLINE void vi_store(void *p, vi v) { _mm512_storeu_si512(p, v); }
/// The three low bytes of each lane, side by side.
CK_INLINE void vi_store_triples(void *p, vi v) {
  const __m512i kept = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  v = _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(v, kept));
  _mm512_mask_storeu_epi32(p, first_lanes(12), v);
}
CK_INLINE vi vi_words(int32_t x) { return _mm512_set1_epi16((int16_t)x); }
CK_INLINE vi vi_bytes(int32_t x) { return _mm512_set1_epi8((int8_t)x); }
/// 4 · VL numbers as bytes, n of them stored: `zero`, in words, is added, and what is beyond 255 or below
/// `lowest`, in bytes, becomes the nearest of them. Vectors stand in their order, or as vi_unpack_u8 gives them.
CK_INLINE void vi_pack_u8(uint8_t *p, ptrdiff_t n, const vi y[4], vi zero, vi lowest, bool in_order) {
  const vi low = _mm512_adds_epi16(_mm512_packs_epi32(y[0], y[1]), zero);
  const vi high = _mm512_adds_epi16(_mm512_packs_epi32(y[2], y[3]), zero);
  vi bytes = _mm512_max_epu8(_mm512_packus_epi16(low, high), lowest);
  const vi order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  if (in_order) bytes = _mm512_permutexvar_epi32(order, bytes);
  if (n == 4 * VL) _mm512_storeu_si512((void *)p, bytes);
  else _mm512_mask_storeu_epi8(p, ((__mmask64)1 << n) - 1, bytes);
}
/// 4 · VL bytes as numbers, in the order of unpacking: of each 16 bytes 4 in each vector.
CK_INLINE void vi_unpack_u8(const uint8_t *p, vi y[4]) {
  const vi bytes = _mm512_loadu_si512((const void *)p), zero = _mm512_setzero_si512();
  const vi low = _mm512_unpacklo_epi8(bytes, zero), high = _mm512_unpackhi_epi8(bytes, zero);
  y[0] = _mm512_unpacklo_epi16(low, zero);
  y[1] = _mm512_unpackhi_epi16(low, zero);
  y[2] = _mm512_unpacklo_epi16(high, zero);
  y[3] = _mm512_unpackhi_epi16(high, zero);
}
/// Four rows of 4 · VL bytes, the four of each place side by side, in the order of unpacking.
CK_INLINE void vi_interleave_u8(const uint8_t *a, const uint8_t *b, const uint8_t *c,
                                const uint8_t *d, vi values[4]) {
  const vi first = _mm512_loadu_si512((const void *)a), second = _mm512_loadu_si512((const void *)b);
  const vi third = _mm512_loadu_si512((const void *)c), last = _mm512_loadu_si512((const void *)d);
  vi low[2] = {_mm512_unpacklo_epi8(first, second), _mm512_unpacklo_epi8(third, last)};
  vi high[2] = {_mm512_unpackhi_epi8(first, second), _mm512_unpackhi_epi8(third, last)};
  values[0] = _mm512_unpacklo_epi16(low[0], low[1]);
  values[1] = _mm512_unpackhi_epi16(low[0], low[1]);
  values[2] = _mm512_unpacklo_epi16(high[0], high[1]);
  values[3] = _mm512_unpackhi_epi16(high[0], high[1]);
}
CK_INLINE vi vi_load_u8(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
/// Where sums of products of bytes begin; weights' sums are for tiers without unsigned bytes.
CK_INLINE vi vi_first_sum(const int32_t *bias, const int32_t *weights) {
  (void)weights;
  return vi_load(bias);
}
CK_INLINE vi vi_zero(void) { return _mm512_setzero_si512(); }
CK_INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
CK_INLINE int32_t vi_sum(vi v) { return _mm512_reduce_add_epi32(v); }
/// To nearest even; what does not fit becomes INT32_MIN.
CK_INLINE vi vi_round(vf v) { return _mm512_cvtps_epi32(v); }
CK_INLINE vi vi_clamp_s8(vi v) {
  return _mm512_max_epi32(_mm512_min_epi32(v, _mm512_set1_epi32(127)), _mm512_set1_epi32(-127));
}
CK_INLINE void vi_store_s8(int8_t *p, vi v) {
  _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(v));
}
/// (a0, b0, a1, b1, …) ↔ (a…, b…): even and odd elements of 32 floats.
CK_INLINE void vf_load_pairs(const float *p, vf *even, vf *odd) {
  const __m512i index = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  vf low = vf_load(p), high = vf_load(p + 16);
  *even = _mm512_permutex2var_ps(low, index, high);
  *odd = _mm512_permutex2var_ps(low, _mm512_add_epi32(index, _mm512_set1_epi32(1)), high);
}
CK_INLINE void vf_store_pairs(float *p, vf even, vf odd) {
  const __m512i index = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  vf_store(p, _mm512_permutex2var_ps(even, index, odd));
  vf_store(p + 16,
           _mm512_permutex2var_ps(even, _mm512_add_epi32(index, _mm512_set1_epi32(8)), odd));
}
/// r[i] lane j ↔ r[j] lane i.
CK_INLINE void vf_transpose(vf r[16]) {
  vf a[16];
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    a[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    __m512d b0 = _mm512_castps_pd(a[i]), b1 = _mm512_castps_pd(a[i + 1]);
    __m512d b2 = _mm512_castps_pd(a[i + 2]), b3 = _mm512_castps_pd(a[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(b0, b2));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(b0, b2));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b1, b3));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b1, b3));
  }
  for (int i = 0; i < 4; i++) {
    a[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    a[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    a[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    a[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_f32x4(a[i], a[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(a[i], a[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_f32x4(a[i + 4], a[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_f32x4(a[i + 4], a[i + 12], 0xdd);
  }
}
