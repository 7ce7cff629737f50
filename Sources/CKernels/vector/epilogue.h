// What follows a tile of a product: from a buffer in L1 to the rows of the output.
// All tiles of a tier, full or remainder, end here, element by element the same.
#pragma once

CK_INLINE vf epilogue_value(ck_epilogue_op op, vf v, vf extra, vf low, vf high) {
  switch (op) {
    case CK_ADD: return vf_add(v, extra);
    case CK_GELU: return vf_gelu(v);
    case CK_SILU_GATE: return vf_mul(v, vf_silu(extra));
    case CK_CLAMP: return vf_min(vf_max(v, low), high);
    case CK_ADD_CLAMP: return vf_min(vf_max(vf_add(v, extra), low), high);
    default: return v;
  }
}

/// How integer sums become floats, see ck_gemm_s8; NULL for sums that are floats.
typedef struct {
  const float *row_scales, *row_shifts, *column_scales, *column_sums;
} ck_dequantizer;

/// tile: f32 [rows × width], or s32 where `integers`, by which `d` is given.
/// Writes rows from `row` and columns from `column`, as far as n reaches.
CK_INLINE void epilogue_tile_op(const ck_epilogue *e, ck_epilogue_op op, bool integers,
                                bool shifted, const float *tile, ptrdiff_t width,
                                const ck_dequantizer *d, ptrdiff_t row, ptrdiff_t rows,
                                ptrdiff_t column, ptrdiff_t n) {
  bool reads_extra = op == CK_ADD || op == CK_SILU_GATE || op == CK_ADD_CLAMP;
  vf low = vf_set1(e->low), high = vf_set1(e->high);
  ptrdiff_t columns = ck_min(width, n - column);
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *out = e->out + (row + r) * e->out_stride + column;
    const float *extra = reads_extra ? e->extra + (row + r) * e->extra_stride + column : NULL;
    vf row_scale = integers ? vf_set1(d->row_scales[row + r]) : vf_set1(1.0f);
    vf shift = shifted ? vf_set1(d->row_shifts[row + r]) : vf_set1(0.0f);
    for (ptrdiff_t j = 0; j < columns; j += VL) {
      ptrdiff_t left = columns - j;
      vf bias = vf_set1(0.0f), addend = vf_set1(0.0f), v;
      if (e->bias) bias = left >= VL ? vf_load(e->bias + column + j)
                                     : vf_load_first(e->bias + column + j, left);
      if (shifted) bias = vf_fma(shift, vf_load(d->column_sums + column + j), bias);
      if (integers) {
        vf scale = vf_mul(row_scale, vf_load(d->column_scales + column + j));
        v = vf_fma(vf_from_s32((const int32_t *)tile + r * width + j), scale, bias);
      } else {
        v = vf_add(vf_load(tile + r * width + j), bias);
      }
      if (reads_extra) addend = left >= VL ? vf_load(extra + j) : vf_load_first(extra + j, left);
      v = epilogue_value(op, v, addend, low, high);
      if (left >= VL) vf_store(out + j, v);
      else vf_store_first(out + j, left, v);
    }
  }
}

CK_INLINE void epilogue_tile(const ck_epilogue *e, const float *tile, ptrdiff_t width,
                             const ck_dequantizer *d, ptrdiff_t row, ptrdiff_t rows,
                             ptrdiff_t column, ptrdiff_t n) {
#define CK_TAIL(op)                                                                              \
  do {                                                                                           \
    if (!d) epilogue_tile_op(e, op, false, false, tile, width, d, row, rows, column, n);         \
    else if (!d->row_shifts)                                                                     \
      epilogue_tile_op(e, op, true, false, tile, width, d, row, rows, column, n);                \
    else epilogue_tile_op(e, op, true, true, tile, width, d, row, rows, column, n);              \
  } while (0)
  switch (e->op) {
    case CK_ADD: CK_TAIL(CK_ADD); break;
    case CK_GELU: CK_TAIL(CK_GELU); break;
    case CK_SILU_GATE: CK_TAIL(CK_SILU_GATE); break;
    case CK_STORE: CK_TAIL(CK_STORE); break;
    case CK_CLAMP: CK_TAIL(CK_CLAMP); break;
    case CK_ADD_CLAMP: CK_TAIL(CK_ADD_CLAMP); break;
    case CK_STORE_SUM:
      for (ptrdiff_t r = 0; r < rows; r++) {
        memcpy(e->out + (row + r) * e->out_stride + column, tile + r * width,
               (size_t)ck_min(width, n - column) * sizeof(float));
      }
      break;
  }
#undef CK_TAIL
}
