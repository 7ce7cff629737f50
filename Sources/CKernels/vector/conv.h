// The loops around a tile of a quantized convolution, and what becomes of its sums. The including file
// gives tile_u8 for a constant number of pixels.
#pragma once

/// The pixels of a tile: where they are read, and where written from the output's first.
typedef struct {
  const uint8_t *images[max_rows];
  const int32_t *offsets[max_rows];
  ptrdiff_t outs[max_rows];
} ck_pixels;

CK_INLINE ck_pixels pixels_of(const ck_conv_u8 *job, ptrdiff_t pixel, ptrdiff_t rows) {
  ck_pixels found;
  ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
  for (ptrdiff_t r = 0; r < rows; r++) {
    found.images[r] = job->x + image * job->image_stride;
    found.offsets[r] = job->offsets + at * job->taps;
    found.outs[r] = image * job->epilogue.out_image_stride + at * job->epilogue.out_stride;
    if (++at == job->pixels) image++, at = 0;
  }
  return found;
}

/// 64 outputs of `rows` pixels: s32 [rows][64] → u8 out.
CK_INLINE void requantize_tile(const ck_requantizer *e, const int32_t *tile, const ptrdiff_t *outs,
                               ptrdiff_t rows, ptrdiff_t column, ptrdiff_t n) {
  const vf low = vf_set1(e->low), high = vf_set1(e->high);
  const vf kept = vf_set1(e->kept), added = vf_set1(e->added);
  const vf sum_low = vf_set1(e->sum_low), sum_high = vf_set1(e->sum_high);
  const ptrdiff_t columns = ck_min(CK_PANEL, n - column);
  for (ptrdiff_t i = 0; i < columns; i += VL) {
    const vf scale = vf_load(e->scales + column + i);
    const vi bias = vi_load(e->bias + column + i);
    const ptrdiff_t lanes = ck_min(VL, columns - i);
    for (ptrdiff_t r = 0; r < rows; r++) {
      const ptrdiff_t place = outs[r] + column + i;
      vf sum = vf_from_vi(vi_add(vi_load(tile + r * CK_PANEL + i), bias));
      vf y = vf_round(vf_min(vf_max(vf_mul(sum, scale), low), high));
      if (e->other) {
        vf also = vf_sub(vf_load_u8(e->other + place, lanes), vf_set1((float)e->other_zero));
        y = vf_add(vf_mul(y, kept), vf_mul(also, added));
        y = vf_round(vf_min(vf_max(y, sum_low), sum_high));
      }
      vi_store_u8(e->out + place, lanes, vi_add(vi_round(y), vi_set1(e->zero)));
    }
  }
}

static void conv_u8(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                    ptrdiff_t panel1) {
  _Alignas(64) int32_t tile[max_rows * CK_PANEL];
  const ptrdiff_t groups = job->run / 4, bytes = job->taps * groups * CK_PANEL * 4;
  const ptrdiff_t tiles = ck_ceil(pixel1 - pixel0, max_rows);
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    const int8_t *w = job->w + panel * bytes;
    const int32_t *sums = job->w_sums + panel * CK_PANEL;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      ptrdiff_t pixel = pixel0 + (pixel1 - pixel0) * t / tiles;
      ptrdiff_t rows = pixel0 + (pixel1 - pixel0) * (t + 1) / tiles - pixel;
      ck_pixels at = pixels_of(job, pixel, rows);
      ck_ahead ahead = prefetch_share((const uint8_t *)w, bytes, job->taps * groups, panel, panel1,
                                      t, tiles);
#define CK_TILE(n)                                                                                 \
  tile_u8(at.images, at.offsets, job->taps, groups, w, sums, n, ahead.next, ahead.lines, tile)
      CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
      requantize_tile(&job->epilogue, tile, at.outs, rows, panel * CK_PANEL, job->n);
    }
  }
}
