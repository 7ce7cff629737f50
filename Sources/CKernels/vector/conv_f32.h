// Convolutions in f32, written once over the vector type of the including file: the tiles of gemm_f32 with
// rows that are pixels, gathered tap by tap. Included behind gemm.h.
#pragma once

#define CK_WIDE(n) ((n) < vectors ? (n) : vectors)

/// The pixels of a tile: where their images begin, and the offsets of their taps.
typedef struct {
  const float *images[max_rows];
  const int32_t *offsets[max_rows];
} ck_float_pixels;

CK_INLINE ck_float_pixels float_pixels(const ck_conv_f32 *job, ptrdiff_t pixel, ptrdiff_t rows) {
  ck_float_pixels found;
  ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
  for (ptrdiff_t r = 0; r < rows; r++) {
    found.images[r] = job->x + image * job->image_stride;
    found.offsets[r] = job->offsets + at * job->taps;
    if (++at == job->pixels) image++, at = 0;
  }
  return found;
}

CK_INLINE const float *float_tap(const ck_conv_f32 *job, const ck_float_pixels *at, int row,
                                 ptrdiff_t tap) {
  int32_t offset = at->offsets[row][tap];
  return offset == CK_OUTSIDE ? job->zeros : at->images[row] + offset;
}

/// What a tile brings to the second cache meanwhile: its share of the next panel.
typedef struct {
  const float *next, *end;
} ck_float_ahead;

/// `rows` pixels × `width` outputs, `wide` vectors at once; sums in the order of taps, then channels.
/// out: f32 [rows][64].
CK_INLINE void tile_conv_f32(const ck_conv_f32 *job, const ck_float_pixels *at, const float *w,
                             const int rows, const int wide, ptrdiff_t width, ck_float_ahead ahead,
                             float *out) {
  const ptrdiff_t run = job->run;
  for (ptrdiff_t column = 0; column < width; column += wide * VL) {
    vf acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < wide; j++) acc[r][j] = vf_set1(0.0f);
    }
    const float *weights = w + column;
    for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
      const float *x[max_rows];
      for (int r = 0; r < rows; r++) x[r] = float_tap(job, at, r, tap);
      for (ptrdiff_t i = 0; i < run; i++, weights += CK_PANEL) {
        vf b[vectors];
        for (int j = 0; j < wide; j++) b[j] = vf_load(weights + VL * j);
        if (ahead.next < ahead.end) {
          __builtin_prefetch(ahead.next, 0, 2);
          ahead.next += 16;
        }
        for (int r = 0; r < rows; r++) {
          vf one = vf_set1(x[r][i]);
          for (int j = 0; j < wide; j++) acc[r][j] = vf_fma(one, b[j], acc[r][j]);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < wide; j++) vf_store(out + r * CK_PANEL + column + VL * j, acc[r][j]);
    }
  }
}

CK_INLINE void tile_of_width(const ck_conv_f32 *job, const ck_float_pixels *at, const float *w,
                             ptrdiff_t rows, const int wide, ptrdiff_t width, ck_float_ahead ahead,
                             float *tile) {
#define CK_TILE(n) tile_conv_f32(job, at, w, n, wide, width, ahead, tile)
  CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
}

static void conv_f32(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  _Alignas(64) float tile[max_rows * CK_PANEL];
  const ptrdiff_t tiles = ck_ceil(pixel1 - pixel0, max_rows);
  const ptrdiff_t floats = job->taps * job->run * CK_PANEL;
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    const float *w = job->w + panel * floats;
    // Of a panel that is not full, only the vectors that hold outputs are computed.
    const ptrdiff_t outputs = ck_min(CK_PANEL, job->n - panel * CK_PANEL);
    const ptrdiff_t filled = ck_ceil(outputs, VL);
    for (ptrdiff_t t = 0; t < tiles; t++) {
      ptrdiff_t pixel = pixel0 + (pixel1 - pixel0) * t / tiles;
      ptrdiff_t rows = pixel0 + (pixel1 - pixel0) * (t + 1) / tiles - pixel;
      ck_float_pixels at = float_pixels(job, pixel, rows);
      ck_float_ahead ahead = {w, w};
      if (panel + 1 < panel1) {
        ahead = (ck_float_ahead){w + floats + floats / 16 * t / tiles * 16,
                                 w + floats + floats / 16 * (t + 1) / tiles * 16};
      }
      switch (filled < vectors ? filled : vectors) {
        case 1: tile_of_width(job, &at, w, rows, 1, VL, ahead, tile); break;
        case 2: tile_of_width(job, &at, w, rows, CK_WIDE(2), outputs, ahead, tile); break;
        case 3: tile_of_width(job, &at, w, rows, CK_WIDE(3), outputs, ahead, tile); break;
        default: tile_of_width(job, &at, w, rows, vectors, outputs, ahead, tile); break;
      }
      epilogue_tile(&job->epilogue, tile, CK_PANEL, NULL, pixel, rows, panel * CK_PANEL, job->n);
    }
  }
}

/// Each channel by itself: w has a row of 64 for each tap.
static void depthwise_f32(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                          ptrdiff_t panel0, ptrdiff_t panel1) {
  _Alignas(64) float tile[CK_PANEL];
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    ck_float_pixels at = float_pixels(job, pixel, 1);
    for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
      const ptrdiff_t first = panel * CK_PANEL, channels = ck_min(CK_PANEL, job->n - first);
      const float *w = job->w + panel * job->taps * CK_PANEL;
      vf acc[CK_PANEL / VL];
      for (int j = 0; j < CK_PANEL / VL; j++) acc[j] = vf_set1(0.0f);
      for (ptrdiff_t tap = 0; tap < job->taps; tap++, w += CK_PANEL) {
        const int32_t offset = at.offsets[0][tap];
        if (offset == CK_OUTSIDE) continue;
        const float *x = at.images[0] + offset + first;
        for (int j = 0; j < CK_PANEL / VL; j++) {
          ptrdiff_t left = channels - j * VL;
          if (left <= 0) break;
          vf value = left >= VL ? vf_load(x + j * VL) : vf_load_first(x + j * VL, left);
          acc[j] = vf_fma(value, vf_load(w + j * VL), acc[j]);
        }
      }
      for (int j = 0; j < CK_PANEL / VL; j++) vf_store(tile + j * VL, acc[j]);
      epilogue_tile(&job->epilogue, tile, CK_PANEL, NULL, pixel, 1, first, job->n);
    }
  }
}
