// The sums of ci_resample.h by AVX2. Rows of three colours are done by hand: compilers find no vectors in
// pixels of three bytes. All else they do as well as anybody.
#if defined(__x86_64__)
#include "../ci_resample.h"
#include <immintrin.h>
#include <string.h>

#define WITH_AVX2 __attribute__((target("avx2")))

enum { low_bits = 12, block = 4 };

/// Four pixels of 3 bytes and four weights to eight sums: red, green and blue of pixels 0 and 1 in the
/// lower half, of 2 and 3 in the upper one. A weight is cut in two, which the 16-bit multiplier takes.
WITH_AVX2 CI_INLINE void add_pixels(const uint8_t *pixels, __m256i high, __m256i low,
                                    __m256i *highs, __m256i *lows) {
  const __m256i spread = _mm256_setr_epi8(
      0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
      6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  __m256i four = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)pixels));
  four = _mm256_shuffle_epi8(four, spread);
  *highs = _mm256_add_epi32(*highs, _mm256_madd_epi16(four, high));
  *lows = _mm256_add_epi32(*lows, _mm256_madd_epi16(four, low));
}

/// Both parts and both halves in one: red, green, blue, as sums with their rounding.
WITH_AVX2 CI_INLINE __m128i joined(__m256i highs, __m256i lows) {
  __m256i sums = _mm256_add_epi32(_mm256_slli_epi32(highs, low_bits), lows);
  __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return _mm_srai_epi32(_mm_add_epi32(both, _mm_set1_epi32(half)), CI_WEIGHT_BITS);
}

/// Up to four rows at once: a weight is cut and spread once for all of them. Each pixel but a row's last
/// is written with a byte too many, which the next one overwrites.
WITH_AVX2 CI_INLINE void colour_rows(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out,
                                     const int rows, const ci_weights *w) {
  const __m256i first_of_two = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m256i last_of_two = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
  ptrdiff_t out_stride = w->outputs * 3;
  for (ptrdiff_t x = 0; x < w->outputs; x++) {
    const uint8_t *pixels = in + (ptrdiff_t)w->first[x] * 3;
    const int32_t *weight = w->values + x * w->stride;
    __m256i highs[block], lows[block];
    for (int r = 0; r < rows; r++) highs[r] = lows[r] = _mm256_setzero_si256();
    for (int32_t k = 0; k < w->count[x]; k += 4, pixels += 12) {
      __m128i four = _mm_loadu_si128((const __m128i *)(weight + k));
      __m128i low = _mm_and_si128(four, _mm_set1_epi32((1 << low_bits) - 1));
      __m256i cut =
          _mm256_castsi128_si256(_mm_packs_epi32(_mm_srai_epi32(four, low_bits), low));
      __m256i high = _mm256_permutevar8x32_epi32(cut, first_of_two);
      __m256i rest = _mm256_permutevar8x32_epi32(cut, last_of_two);
      for (int r = 0; r < rows; r++) {
        add_pixels(pixels + r * in_stride, high, rest, &highs[r], &lows[r]);
      }
    }
    for (int r = 0; r < rows; r++) {
      __m128i sums = _mm_packs_epi32(joined(highs[r], lows[r]), _mm_setzero_si128());
      int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(sums, sums));
      uint8_t *place = out + r * out_stride + x * 3;
      if (x + 1 < w->outputs) {
        memcpy(place, &pixel, 4);
      } else {
        memcpy(place, &pixel, 3);
      }
    }
  }
}

WITH_AVX2 void ci_resample_rows_avx2(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out,
                                     ptrdiff_t rows, int channels, const ci_weights *w) {
  if (channels == 1) {
    resample_rows(in, in_stride, out, rows, 1, w);
    return;
  }
  ptrdiff_t y = 0;
  for (; y + block <= rows; y += block) {
    colour_rows(in + y * in_stride, in_stride, out + y * w->outputs * 3, block, w);
  }
  for (; y < rows; y++) {
    colour_rows(in + y * in_stride, in_stride, out + y * w->outputs * 3, 1, w);
  }
}

WITH_AVX2 void ci_resample_columns_avx2(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out,
                                        ptrdiff_t width, const ci_weights *w) {
  resample_columns(in, in_stride, out, width, w);
}

#endif
