// Floats from rows to columns, and what pools of channels-last floats do. Included behind rows.h.
#pragma once

/// Rows [row0, row1) of x become columns.
static void turn_f32(const float *x, ptrdiff_t stride, ptrdiff_t row0, ptrdiff_t row1,
                     ptrdiff_t columns, float *out, ptrdiff_t out_stride) {
  for (ptrdiff_t row = row0; row < row1; row += VL) {
    const ptrdiff_t rows = ck_min(VL, row1 - row);
    for (ptrdiff_t column = 0; column < columns; column += VL) {
      const ptrdiff_t count = ck_min(VL, columns - column);
      vf r[VL];
      for (ptrdiff_t i = 0; i < VL; i++) {
        const float *from = x + (row + i) * stride;
        r[i] = i < rows ? load_part(from, column, columns) : vf_set1(0.0f);
      }
      vf_transpose(r);
      for (ptrdiff_t i = 0; i < count; i++) {
        store_part(out + (column + i) * out_stride + row, 0, rows, r[i]);
      }
    }
  }
}
