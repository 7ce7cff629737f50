// The vector type of vector/*.h in AVX2 with FMA and F16C: 8 floats. Included inside the target's
// attributes.
#pragma once
#include <immintrin.h>

#define CK_INLINE static inline __attribute__((always_inline))
enum { VL = 8, TILE_VECTORS = 2 };
typedef __m256 vf;
typedef __m256i vi;

CK_INLINE __m256i first_lanes(ptrdiff_t n) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes);
}
CK_INLINE vf vf_set1(float x) { return _mm256_set1_ps(x); }
CK_INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
CK_INLINE void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
/// Lanes from n up read as zero; 0 < n < VL.
CK_INLINE vf vf_load_first(const float *p, ptrdiff_t n) {
  return _mm256_maskload_ps(p, first_lanes(n));
}
CK_INLINE void vf_store_first(float *p, ptrdiff_t n, vf v) {
  _mm256_maskstore_ps(p, first_lanes(n), v);
}
CK_INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
CK_INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
CK_INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
CK_INLINE vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
CK_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
CK_INLINE vf vf_fms(vf a, vf b, vf c) { return _mm256_fmsub_ps(a, b, c); }
CK_INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
CK_INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
/// v, or `low` where v is less or no number.
CK_INLINE vf vf_at_least(vf v, vf low) { return _mm256_max_ps(v, low); }
CK_INLINE vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
CK_INLINE vf vf_round(vf a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
CK_INLINE vf power_of_two(__m256i n) {
  return _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/// a · 2^n for integral n from −250 to 127; 0 far below. In two steps, so that powers are normal.
CK_INLINE vf vf_scale(vf a, vf n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return _mm256_mul_ps(_mm256_mul_ps(a, power_of_two(half)),
                       power_of_two(_mm256_sub_epi32(whole, half)));
}
CK_INLINE float vf_sum(vf v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
CK_INLINE float vf_largest(vf v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
CK_INLINE vf vf_from_s32(const int32_t *p) {
  return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p));
}
CK_INLINE vf vf_load_f16(const void *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
CK_INLINE void vf_store_f16(void *p, vf v) {
  _mm_storeu_si128((__m128i *)p,
                   _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
CK_INLINE vf vf_load_bf16(const void *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
CK_INLINE vf vf_load_s8(const void *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
/// `n` bytes, 0 < n <= VL; lanes behind them are zero.
CK_INLINE vf vf_load_u8(const uint8_t *p, ptrdiff_t n) {
  int64_t bytes = 0;
  if (n == VL) {
    memcpy(&bytes, p, VL);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) bytes |= (int64_t)p[i] << (8 * i);
  }
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)));
}
CK_INLINE vi vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
CK_INLINE vi vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
CK_INLINE vf vf_from_vi(vi v) { return _mm256_cvtepi32_ps(v); }
/// The low bytes of the first n lanes, which are 0 to 255.
CK_INLINE void vi_store_u8(uint8_t *p, ptrdiff_t n, vi v) {
  __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  int64_t bytes = _mm_cvtsi128_si64(_mm_packus_epi16(words, words));
  if (n == VL) {
    memcpy(p, &bytes, VL);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) p[i] = (uint8_t)(bytes >> (8 * i));
  }
}
/// Lanes a byte further up.
CK_INLINE vi vi_shift8(vi v) { return _mm256_slli_epi32(v, 8); }
CK_INLINE void vi_store(void *p, vi v) { _mm256_storeu_si256((__m256i *)p, v); }
/// The three low bytes of each lane, side by side.
CK_INLINE void vi_store_triples(void *p, vi v) {
  const __m256i kept = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m256i order = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 0, 0);
  v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, kept), order);
  _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(v));
  _mm_storel_epi64((__m128i *)((uint8_t *)p + 16), _mm256_extracti128_si256(v, 1));
}
CK_INLINE vi vi_words(int32_t x) { return _mm256_set1_epi16((int16_t)x); }
CK_INLINE vi vi_bytes(int32_t x) { return _mm256_set1_epi8((int8_t)x); }
/// 4 · VL numbers as bytes, n of them stored: `zero`, in words, is added, and what is beyond 255 or below
/// `lowest`, in bytes, becomes the nearest of them. Vectors stand in their order, or as vi_unpack_u8 gives them.
CK_INLINE void vi_pack_u8(uint8_t *p, ptrdiff_t n, const vi y[4], vi zero, vi lowest, bool in_order) {
  const vi low = _mm256_adds_epi16(_mm256_packs_epi32(y[0], y[1]), zero);
  const vi high = _mm256_adds_epi16(_mm256_packs_epi32(y[2], y[3]), zero);
  vi bytes = _mm256_max_epu8(_mm256_packus_epi16(low, high), lowest);
  const vi order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  if (in_order) bytes = _mm256_permutevar8x32_epi32(bytes, order);
  if (n == 4 * VL) {
    _mm256_storeu_si256((__m256i *)p, bytes);
    return;
  }
  uint8_t all[4 * VL];
  _mm256_storeu_si256((__m256i *)all, bytes);
  ptrdiff_t done = n & 16;
  if (done) memcpy(p, all, 16);
  if (n & 8) memcpy(p + done, all + done, 8), done += 8;
  for (; done < n; done++) p[done] = all[done];
}
/// 4 · VL bytes as numbers, in the order of unpacking: of each 16 bytes 4 in each vector.
CK_INLINE void vi_unpack_u8(const uint8_t *p, vi y[4]) {
  const vi bytes = _mm256_loadu_si256((const __m256i *)p), zero = _mm256_setzero_si256();
  const vi low = _mm256_unpacklo_epi8(bytes, zero), high = _mm256_unpackhi_epi8(bytes, zero);
  y[0] = _mm256_unpacklo_epi16(low, zero);
  y[1] = _mm256_unpackhi_epi16(low, zero);
  y[2] = _mm256_unpacklo_epi16(high, zero);
  y[3] = _mm256_unpackhi_epi16(high, zero);
}
/// Four rows of 4 · VL bytes, the four of each place side by side, in the order of unpacking.
CK_INLINE void vi_interleave_u8(const uint8_t *a, const uint8_t *b, const uint8_t *c,
                                const uint8_t *d, vi values[4]) {
  const vi first = _mm256_loadu_si256((const __m256i *)a), second = _mm256_loadu_si256((const __m256i *)b);
  const vi third = _mm256_loadu_si256((const __m256i *)c), last = _mm256_loadu_si256((const __m256i *)d);
  vi low[2] = {_mm256_unpacklo_epi8(first, second), _mm256_unpacklo_epi8(third, last)};
  vi high[2] = {_mm256_unpackhi_epi8(first, second), _mm256_unpackhi_epi8(third, last)};
  values[0] = _mm256_unpacklo_epi16(low[0], low[1]);
  values[1] = _mm256_unpackhi_epi16(low[0], low[1]);
  values[2] = _mm256_unpacklo_epi16(high[0], high[1]);
  values[3] = _mm256_unpackhi_epi16(high[0], high[1]);
}
CK_INLINE vi vi_load_u8(const uint8_t *p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
/// Where sums of products of bytes begin; weights' sums are for tiers without unsigned bytes.
CK_INLINE vi vi_first_sum(const int32_t *bias, const int32_t *weights) {
  (void)weights;
  return vi_load(bias);
}
CK_INLINE vi vi_zero(void) { return _mm256_setzero_si256(); }
CK_INLINE vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
CK_INLINE int32_t vi_sum(vi v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 1)));
}
/// To nearest even; what does not fit becomes INT32_MIN.
CK_INLINE vi vi_round(vf v) { return _mm256_cvtps_epi32(v); }
CK_INLINE vi vi_clamp_s8(vi v) {
  return _mm256_max_epi32(_mm256_min_epi32(v, _mm256_set1_epi32(127)), _mm256_set1_epi32(-127));
}
CK_INLINE void vi_store_s8(int8_t *p, vi v) {
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  _mm_storel_epi64((__m128i *)p, _mm_packs_epi16(words, words));
}
/// (a0, b0, a1, b1, …) ↔ (a…, b…): even and odd elements of 16 floats.
CK_INLINE void vf_load_pairs(const float *p, vf *even, vf *odd) {
  vf low = vf_load(p), high = vf_load(p + 8);
  vf first = _mm256_permute2f128_ps(low, high, 0x20), last = _mm256_permute2f128_ps(low, high, 0x31);
  *even = _mm256_shuffle_ps(first, last, 0x88);
  *odd = _mm256_shuffle_ps(first, last, 0xdd);
}
CK_INLINE void vf_store_pairs(float *p, vf even, vf odd) {
  vf low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
  vf_store(p, _mm256_permute2f128_ps(low, high, 0x20));
  vf_store(p + 8, _mm256_permute2f128_ps(low, high, 0x31));
}
/// r[i] lane j ↔ r[j] lane i.
CK_INLINE void vf_transpose(vf r[8]) {
  vf a[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    a[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    a[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
  for (int i = 0; i < 8; i++) r[i] = a[i];
}
