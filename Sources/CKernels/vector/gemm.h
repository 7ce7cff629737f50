// The loops around a tile, written once: the including file gives tile_s8, tile_q8 and tile_f32 for a
// constant number of rows.
//
// Panels are the outer loop and row tiles the inner one, so that a panel is read from memory once
// and stays in L2. Rows are dealt evenly (7 rows are 4 + 3, not 6 + 1): small tiles cost more a row.
#pragma once
#include "tiles.h"

static void gemm_s8(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                    ptrdiff_t panel1) {
  _Alignas(64) int32_t tile[max_rows * CK_PANEL];
  const ck_dequantizer dequantizer = {job->a_scales, job->a_shifts, job->w_scales, job->w_sums};
  ptrdiff_t groups = ck_ceil(job->k, 4), tiles = ck_ceil(row1 - row0, max_rows);
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    const uint8_t *w = job->w + panel * groups * CK_PANEL * 4;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      ptrdiff_t row = row0 + (row1 - row0) * t / tiles;
      ptrdiff_t rows = row0 + (row1 - row0) * (t + 1) / tiles - row;
      const int8_t *a = job->a + row * job->a_stride;
      ck_ahead ahead = prefetch_share(w, groups * CK_PANEL * 4, groups, panel, panel1, t, tiles);
#define CK_TILE(n)                                                                                 \
  tile_s8(a, job->a_stride, job->a_sums + row, w, groups, n, ahead.next, ahead.lines, tile)
      CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
      epilogue_tile(&job->epilogue, (const float *)tile, CK_PANEL, &dequantizer, row, rows,
                    panel * CK_PANEL, job->n);
    }
  }
}

static void gemm_q8(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                    ptrdiff_t panel1) {
  _Alignas(64) float tile[max_rows * CK_Q8_PANEL];
  ptrdiff_t blocks = job->k / CK_Q8_BLOCK, tiles = ck_ceil(row1 - row0, max_rows);
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    const uint8_t *w = job->w + panel * job->k * CK_Q8_PANEL;
    const uint16_t *w_scales = job->w_scales + panel * blocks * CK_Q8_PANEL;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      ptrdiff_t row = row0 + (row1 - row0) * t / tiles;
      ptrdiff_t rows = row0 + (row1 - row0) * (t + 1) / tiles - row;
      const int8_t *a = job->a + row * job->a_stride;
      const float *a_scales = job->a_scales + row * job->a_blocks;
      const int32_t *a_sums = job->a_sums + row * job->a_blocks;
      ck_ahead ahead = prefetch_share(w, job->k * CK_Q8_PANEL, blocks, panel, panel1, t, tiles);
#define CK_TILE(n)                                                                                 \
  tile_q8(a, job->a_stride, a_scales, a_sums, job->a_blocks, w, w_scales, blocks, n, ahead.next,   \
          ahead.lines, tile)
      CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
      epilogue_tile(&job->epilogue, tile, CK_Q8_PANEL, NULL, row, rows,
                    panel * CK_Q8_PANEL, job->n);
    }
  }
}

CK_INLINE void gemm_f32_as(const ck_gemm_f32 *job, ck_element element, ptrdiff_t row0,
                           ptrdiff_t row1, ptrdiff_t panel0, ptrdiff_t panel1) {
  _Alignas(64) float tile[max_rows * CK_PANEL];
  ptrdiff_t tiles = ck_ceil(row1 - row0, max_rows);
  for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
    const uint8_t *w =
        (const uint8_t *)job->w + panel * job->k * CK_PANEL * (element == CK_F32 ? 4 : 2);
    for (ptrdiff_t t = 0; t < tiles; t++) {
      ptrdiff_t row = row0 + (row1 - row0) * t / tiles;
      ptrdiff_t rows = row0 + (row1 - row0) * (t + 1) / tiles - row;
      const float *a = job->a + row * job->a_stride;
#define CK_TILE(n) tile_f32(a, job->a_stride, w, element, job->k, n, tile)
      CK_BY_ROWS(rows, CK_TILE)
#undef CK_TILE
      epilogue_tile(&job->epilogue, tile, CK_PANEL, NULL, row, rows,
                    panel * CK_PANEL, job->n);
    }
  }
}

static void gemm_f32(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  switch (job->element) {
    case CK_F16: gemm_f32_as(job, CK_F16, row0, row1, panel0, panel1); break;
    case CK_BF16: gemm_f32_as(job, CK_BF16, row0, row1, panel0, panel1); break;
    default: gemm_f32_as(job, CK_F32, row0, row1, panel0, panel1); break;
  }
}
