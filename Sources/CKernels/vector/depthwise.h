// Convolutions of each channel by itself: 4 · VL channels of a pixel at a time. The including file gives
// interleave and dot.
#pragma once
#include "requantize.h"

/// Pixels of one panel.
CK_INLINE void depthwise_panel(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                               ptrdiff_t panel, const ptrdiff_t taps) {
  const ptrdiff_t groups = ck_ceil(taps, 4);
  const ck_requantizer *e = &job->epilogue;
  const int8_t *w = job->w + panel * groups * CK_PANEL * 4;
  const ptrdiff_t column = panel * CK_PANEL, columns = ck_min(CK_PANEL, job->n - column);
  ptrdiff_t image = pixel0 / job->pixels, at = pixel0 % job->pixels;
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const uint8_t *x = job->x + image * job->image_stride + column;
    const int32_t *offsets = job->offsets + at * taps;
    const ptrdiff_t out = image * e->out_image_stride + at * e->out_stride + column;
    for (ptrdiff_t i = 0; i < columns; i += 4 * VL, x += 4 * VL) {
      const ptrdiff_t places = column + i / 4;
      vi sums[4];
      for (int v = 0; v < 4; v++) {
        sums[v] = vi_first_sum(e->bias + places + 16 * v, job->w_sums + places + 16 * v);
      }
      for (ptrdiff_t group = 0; group < groups; group++) {
        const int32_t *four = offsets + 4 * group;
        // The last tap stands in for those behind it, whose weights are zero.
        const ptrdiff_t last = ck_min(4, taps - 4 * group) - 1;
        vi values[4];
        interleave(x + four[0], x + four[last < 1 ? last : 1], x + four[last < 2 ? last : 2],
                   x + four[last], values);
        for (int v = 0; v < 4; v++) {
          sums[v] = dot(sums[v], values[v], w + (group * CK_PANEL + 16 * v) * 4 + i);
        }
      }
      requantize(e, sums, 4, e->scales + places, 16, out + i, ck_min(4 * VL, columns - i), false);
    }
    if (++at == job->pixels) image++, at = 0;
  }
}

static void depthwise_u8(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                         ptrdiff_t panel0, ptrdiff_t panel1) {
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    // Kernels of 3 × 3 are nearly all there are.
    if (job->taps == 9) depthwise_panel(job, pixel0, pixel1, panel, 9);
    else depthwise_panel(job, pixel0, pixel1, panel, job->taps);
  }
}
