// Quantized convolutions in AVX-512 with VNNI: register tiles of up to 6 pixels × 4 vectors of 16
// outputs, or of 8 pixels × fewer.
//
// vpdpbusd takes the values of the image, which are unsigned, and the weights as they are.
#if defined(__x86_64__)
#include "../ck_internal.h"
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))),             \
    apply_to = function)
#include "simd_avx512.h"
#include "x86_64.h"

enum { max_rows = 6, narrow_rows = 8, most_rows = narrow_rows };

/// One tile of ck_conv_u8: `rows` pixels × 16 · `vectors` outputs. out: s32 [rows][64].
CK_INLINE void tile_of(const uint8_t *const *images, const int32_t *const *offsets, ptrdiff_t taps,
                       ptrdiff_t groups, const int8_t *w, const int32_t *bias, const int rows,
                       const int vectors, const uint8_t *next, int lines, int32_t *out) {
  __m512i acc[narrow_rows][4];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = vi_load(bias + 16 * j);
  }
  for (ptrdiff_t tap = 0; tap < taps; tap++) {
    const uint8_t *x[narrow_rows];
    for (int r = 0; r < rows; r++) x[r] = images[r] + offsets[r][tap];
    for (ptrdiff_t g = 0; g < groups; g++, w += CK_PANEL * 4) {
      __m512i b[4];
      for (int j = 0; j < vectors; j++) b[j] = _mm512_load_si512((const void *)(w + 64 * j));
      for (int i = 0; i < lines; i++, next += 64) _mm_prefetch((const char *)next, _MM_HINT_T1);
      for (int r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, x[r] + 4 * g, 4);
        __m512i values = _mm512_set1_epi32(four);
        for (int j = 0; j < vectors; j++) acc[r][j] = _mm512_dpbusd_epi32(acc[r][j], values, b[j]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) {
      _mm512_store_si512((void *)(out + r * CK_PANEL + 16 * j), acc[r][j]);
    }
  }
}

CK_INLINE void tile_u8(const uint8_t *const *images, const int32_t *const *offsets, ptrdiff_t taps,
                       ptrdiff_t groups, const int8_t *w, const int32_t *sums, const int32_t *bias,
                       const int rows, ptrdiff_t columns, const uint8_t *next, int lines,
                       int32_t *out) {
  (void)sums, (void)columns;
  tile_of(images, offsets, taps, groups, w, bias, rows, 4, next, lines, out);
}

#include "../vector/tiles.h"
#include "../vector/conv.h"

/// A panel of at most 16 · `vectors` outputs: twice as many pixels fill the registers. Where there are
/// fewer, the last is computed in their place.
CK_INLINE void narrow_panel(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                            ptrdiff_t panel, const int vectors) {
  _Alignas(64) int32_t tile[narrow_rows * CK_PANEL];
  const ptrdiff_t groups = job->run / 4, column = panel * CK_PANEL;
  const int8_t *w = job->w + panel * job->taps * groups * CK_PANEL * 4;
  const ck_ending ending = ending_of(&job->epilogue);
  ck_cursor next = {pixel0 / job->pixels, pixel0 % job->pixels};
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel += narrow_rows) {
    const ptrdiff_t rows = ck_min(narrow_rows, pixel1 - pixel);
    ck_pixels at = next_pixels(job, &next, rows);
    for (ptrdiff_t r = rows; r < narrow_rows; r++) {
      at.images[r] = at.images[rows - 1], at.offsets[r] = at.offsets[rows - 1];
    }
    tile_of(at.images, at.offsets, job->taps, groups, w, job->epilogue.bias + column, narrow_rows,
            vectors, NULL, 0, tile);
    requantize_tile(&ending, job->epilogue.scales, tile, at.outs, rows, column, job->n - column,
                    vectors);
  }
}

void ck_conv_u8_avx512vnni(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                           ptrdiff_t panel0, ptrdiff_t panel1) {
  for (ptrdiff_t panel = panel0; panel < panel1 && pixel0 < pixel1; panel++) {
    const ptrdiff_t columns = job->n - panel * CK_PANEL;
    if (columns <= 16) narrow_panel(job, pixel0, pixel1, panel, 1);
    else if (columns <= 32) narrow_panel(job, pixel0, pixel1, panel, 2);
    else conv_panel(job, pixel0, pixel1, panel, panel1);
  }
}
#pragma clang attribute pop
#endif
