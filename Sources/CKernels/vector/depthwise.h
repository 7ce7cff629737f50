// Convolutions of each channel by itself: 4 · VL channels of a pixel at a time. The including file gives
// dot.
#pragma once
#include "requantize.h"

/// What all pixels of a job have in common for some channels.
typedef struct {
  const uint8_t *x; // the first of the channels
  const int8_t *w;
  const int32_t *bias, *sums;
  const float *scales;
  ptrdiff_t outputs;
  ck_ending ending;
} ck_deep;

/// Kernel columns in a ring, interleaved: those that the next pixel has too wait there.
enum { ring_columns = 16 };
typedef vi ck_ring[ring_columns][4];

/// Four rows of a column, or those that are left.
CK_INLINE void column_of(const ck_deep *deep, const int32_t *offsets, ptrdiff_t block,
                         ptrdiff_t rows, ptrdiff_t columns, vi values[4]) {
  // The last row stands in for those behind it, whose weights are zero.
  const ptrdiff_t last = ck_min(4, rows - 4 * block) - 1;
  offsets += block * 4 * columns;
  vi_interleave_u8(deep->x + offsets[0], deep->x + offsets[ck_min(1, last) * columns],
                   deep->x + offsets[ck_min(2, last) * columns],
                   deep->x + offsets[last * columns], values);
}

/// One pixel, whose first columns stand in the ring from `start` on; `kept` of them.
CK_INLINE void depthwise_pixel(const ck_deep *deep, const int32_t *offsets, ptrdiff_t out,
                               ck_ring ring, ptrdiff_t start, ptrdiff_t kept, const bool keeps,
                               const ptrdiff_t rows, const ptrdiff_t columns) {
  const ptrdiff_t blocks = ck_ceil(rows, 4);
  vi sums[4], fresh[4];
  for (int v = 0; v < 4; v++) sums[v] = vi_first_sum(deep->bias + 16 * v, deep->sums + 16 * v);
  for (ptrdiff_t column = 0; column < columns; column++) {
    const ptrdiff_t slot = start + column < columns ? start + column : start + column - columns;
    for (ptrdiff_t block = 0; block < blocks; block++) {
      vi *values = keeps ? ring[slot * blocks + block] : fresh;
      if (column >= kept) column_of(deep, offsets + column, block, rows, columns, values);
      const int8_t *w = deep->w + (column * blocks + block) * CK_PANEL * 4;
      for (int v = 0; v < 4; v++) sums[v] = dot(sums[v], values[v], w + 64 * v);
    }
  }
  requantize(&deep->ending, sums, 4, deep->scales, 16, out, deep->outputs, false);
}

/// Pixels of one row of the output, by steps of `shift` columns.
CK_INLINE void depthwise_run(const ck_deep *deep, const int32_t *offsets, ptrdiff_t pixels,
                             ptrdiff_t out, ptrdiff_t out_stride, const ptrdiff_t rows,
                             const ptrdiff_t columns, ptrdiff_t shift) {
  const ptrdiff_t blocks = ck_ceil(rows, 4), taps = rows * columns;
  const bool keeps = shift < columns && columns * blocks <= ring_columns;
  const ptrdiff_t kept = keeps ? columns - shift : 0;
  ck_ring ring;
  for (ptrdiff_t i = 0; i < kept * blocks; i++) {
    column_of(deep, offsets + i / blocks, i % blocks, rows, columns, ring[i]);
  }
  ptrdiff_t start = 0;
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel++, offsets += taps, out += out_stride) {
    if (keeps) depthwise_pixel(deep, offsets, out, ring, start, kept, true, rows, columns);
    else depthwise_pixel(deep, offsets, out, ring, 0, 0, false, rows, columns);
    start = start + shift < columns ? start + shift : start + shift - columns;
  }
}

/// Kernels of 3 × 3 in steps of one, of which there are the most: the ring stays in registers.
CK_INLINE void depthwise_run_3x3(const ck_deep *deep, const int32_t *offsets, ptrdiff_t pixels,
                                 ptrdiff_t out, ptrdiff_t out_stride) {
  ck_ring ring;
  for (ptrdiff_t i = 0; i < 2; i++) column_of(deep, offsets + i, 0, 3, 3, ring[i]);
#define CK_PIXEL(start)                                                                            \
  depthwise_pixel(deep, offsets, out, ring, start, 2, true, 3, 3);                                 \
  offsets += 9, out += out_stride
  for (; pixels >= 3; pixels -= 3) {
    CK_PIXEL(0);
    CK_PIXEL(1);
    CK_PIXEL(2);
  }
  if (pixels > 0) {
    CK_PIXEL(0);
  }
  if (pixels > 1) {
    CK_PIXEL(1);
  }
#undef CK_PIXEL
}

static void depthwise_u8(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                         ptrdiff_t panel0, ptrdiff_t panel1) {
  const ptrdiff_t rows = job->rows, columns = job->columns, shift = job->shift;
  const ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL), stride = job->epilogue.out_stride;
  const ptrdiff_t bytes = columns * ck_ceil(rows, 4) * CK_PANEL * 4;
  for (ptrdiff_t channel = panel0 * CK_PANEL; channel < last; channel += 4 * VL) {
    const ptrdiff_t panel = channel / CK_PANEL, inside = channel % CK_PANEL;
    const ptrdiff_t places = panel * CK_PANEL + inside / 4;
    ck_deep deep = {NULL,
                    job->w + panel * bytes + inside,
                    job->epilogue.bias + places,
                    job->w_sums + places,
                    job->epilogue.scales + places,
                    ck_min(4 * VL, job->n - channel),
                    ending_of(&job->epilogue)};
    for (ptrdiff_t pixel = pixel0, pixels; pixel < pixel1; pixel += pixels) {
      const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
      pixels = ck_min(pixel1 - pixel, job->run - at % job->run);
      deep.x = job->x + image * job->image_stride + channel;
      const int32_t *offsets = job->offsets + at * rows * columns;
      const ptrdiff_t out = image * job->epilogue.out_image_stride + at * stride + channel;
      if (rows == 3 && columns == 3 && shift == 1) {
        depthwise_run_3x3(&deep, offsets, pixels, out, stride);
      } else if (rows == 3 && columns == 3) {
        depthwise_run(&deep, offsets, pixels, out, stride, 3, 3, shift);
      } else if (rows == 5 && columns == 5) {
        depthwise_run(&deep, offsets, pixels, out, stride, 5, 5, shift);
      } else {
        depthwise_run(&deep, offsets, pixels, out, stride, rows, columns, shift);
      }
    }
  }
}
