// Convolutions of each channel by itself: 4 · VL channels of a pixel at a time. The including file gives
// dot.
#pragma once
#include "requantize.h"

/// Kernel columns of a pixel in a ring, interleaved: those that the next pixel has too wait there.
enum { ring_columns = 16 };

/// Pixels of one row of the output; `x` is read and `out` written at their first channel.
CK_INLINE void depthwise_run(const ck_depthwise_u8 *job, const uint8_t *x, const int32_t *offsets,
                             ptrdiff_t pixels, ptrdiff_t out, const int8_t *w, ptrdiff_t places,
                             ptrdiff_t outputs, const ptrdiff_t rows, const ptrdiff_t columns) {
  const ck_requantizer *e = &job->epilogue;
  const ptrdiff_t blocks = ck_ceil(rows, 4);
  const bool keeps = job->shift < columns && columns * blocks <= ring_columns;
  vi ring[ring_columns][4];
  ptrdiff_t start = 0, kept = 0;
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel++, offsets += rows * columns) {
    vi sums[4];
    for (int v = 0; v < 4; v++) {
      sums[v] = vi_first_sum(e->bias + places + 16 * v, job->w_sums + places + 16 * v);
    }
    for (ptrdiff_t column = 0; column < columns; column++) {
      const ptrdiff_t slot = start + column < columns ? start + column : start + column - columns;
      for (ptrdiff_t block = 0; block < blocks; block++) {
        vi fresh[4], *values = fresh;
        if (keeps) values = ring[slot * blocks + block];
        if (column >= kept) {
          // The last row stands in for those behind it, whose weights are zero.
          const int32_t *four = offsets + block * 4 * columns + column;
          const ptrdiff_t last = ck_min(4, rows - 4 * block) - 1;
          vi_interleave_u8(x + four[0], x + four[ck_min(1, last) * columns],
                           x + four[ck_min(2, last) * columns], x + four[last * columns], values);
        }
        const int8_t *own = w + (column * blocks + block) * CK_PANEL * 4;
        for (int v = 0; v < 4; v++) sums[v] = dot(sums[v], values[v], own + 64 * v);
      }
    }
    requantize(e, sums, 4, e->scales + places, 16, out, outputs, false);
    out += e->out_stride;
    if (!keeps) continue;
    kept = columns - job->shift;
    start += job->shift;
    if (start >= columns) start -= columns;
  }
}

static void depthwise_u8(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                         ptrdiff_t panel0, ptrdiff_t panel1) {
  const ptrdiff_t taps = job->rows * job->columns, last = ck_min(job->n, panel1 * CK_PANEL);
  const ptrdiff_t bytes = job->columns * ck_ceil(job->rows, 4) * CK_PANEL * 4;
  for (ptrdiff_t channel = panel0 * CK_PANEL; channel < last; channel += 4 * VL) {
    const ptrdiff_t panel = channel / CK_PANEL, inside = channel % CK_PANEL;
    const ptrdiff_t places = panel * CK_PANEL + inside / 4;
    const int8_t *w = job->w + panel * bytes + inside;
    for (ptrdiff_t pixel = pixel0, pixels; pixel < pixel1; pixel += pixels) {
      const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
      pixels = ck_min(pixel1 - pixel, job->run - at % job->run);
      const uint8_t *x = job->x + image * job->image_stride + channel;
      const ptrdiff_t out = image * job->epilogue.out_image_stride + at * job->epilogue.out_stride;
#define CK_RUN(rows, columns)                                                                      \
  depthwise_run(job, x, job->offsets + at * taps, pixels, out + channel, w, places,                \
                ck_min(4 * VL, job->n - channel), rows, columns)
      // Nearly all kernels are one of these.
      if (job->rows == 3 && job->columns == 3) CK_RUN(3, 3);
      else if (job->rows == 5 && job->columns == 5) CK_RUN(5, 5);
      else CK_RUN(job->rows, job->columns);
#undef CK_RUN
    }
  }
}
