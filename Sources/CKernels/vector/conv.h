// The loops around a tile of a quantized convolution. The including file gives tile_u8 for a constant
// number of pixels, and says how many they are at most.
#pragma once
#include "requantize.h"

/// The pixels of a tile: where they are read, and where written from the output's first.
typedef struct {
  const uint8_t *images[most_rows];
  const int32_t *offsets[most_rows];
  ptrdiff_t outs[most_rows];
} ck_pixels;

/// The next pixel of a job.
typedef struct {
  ptrdiff_t image, at;
} ck_cursor;

CK_INLINE ck_pixels next_pixels(const ck_conv_u8 *job, ck_cursor *next, ptrdiff_t rows) {
  ck_pixels found;
  for (ptrdiff_t r = 0; r < rows; r++) {
    found.images[r] = job->x + next->image * job->image_stride;
    found.offsets[r] = job->offsets + next->at * job->taps;
    found.outs[r] =
        next->image * job->epilogue.out_image_stride + next->at * job->epilogue.out_stride;
    if (++next->at == job->pixels) next->image++, next->at = 0;
  }
  return found;
}

/// As many outputs as there are in a panel, of `rows` pixels: s32 [rows][64] → u8 out. All are in so many
/// vectors, if those are less than four.
CK_INLINE void requantize_tile(const ck_ending *e, const float *scales, const int32_t *tile,
                               const ptrdiff_t *outs, ptrdiff_t rows, ptrdiff_t column,
                               ptrdiff_t columns, const int vectors) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    for (ptrdiff_t i = 0; i < columns; i += 4 * VL) {
      vi sums[4];
      for (int v = 0; v < vectors; v++) sums[v] = vi_load(tile + r * CK_PANEL + i + VL * v);
      requantize(e, sums, vectors, scales + column + i, VL, outs[r] + column + i,
                 ck_min(4 * VL, columns - i), true);
    }
  }
}

static void conv_panel(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel,
                       ptrdiff_t panel1) {
  _Alignas(64) int32_t tile[max_rows * CK_PANEL];
  const ptrdiff_t groups = job->run / 4, bytes = job->taps * groups * CK_PANEL * 4;
  const ptrdiff_t column = panel * CK_PANEL, columns = ck_min(CK_PANEL, job->n - column);
  const ptrdiff_t tiles = ck_ceil(pixel1 - pixel0, max_rows);
  const ptrdiff_t rows_of_each = (pixel1 - pixel0) / tiles, larger = (pixel1 - pixel0) % tiles;
  const int8_t *w = job->w + panel * bytes;
  const int32_t *sums = job->w_sums + column, *bias = job->epilogue.bias + column;
  const ck_ending ending = ending_of(&job->epilogue);
  ck_cursor next = {pixel0 / job->pixels, pixel0 % job->pixels};
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t rows = rows_of_each + (t < larger);
    ck_pixels at = next_pixels(job, &next, rows);
    ck_ahead ahead = prefetch_share((const uint8_t *)w, bytes, job->taps * groups, panel, panel1, t,
                                    tiles);
#define CK_TILE(n)                                                                                 \
  tile_u8(at.images, at.offsets, job->taps, groups, w, sums, bias, n, columns, ahead.next,         \
          ahead.lines, tile)
    CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
    requantize_tile(&ending, job->epilogue.scales, tile, at.outs, rows, column, columns, 4);
  }
}
