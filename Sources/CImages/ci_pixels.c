// What is done to pixels one by one.
#include "ci_internal.h"
#include <string.h>

void ci_grey(const uint8_t *in, ptrdiff_t count, uint8_t *out) {
  for (ptrdiff_t i = 0; i < count; i++, in += 3) {
    out[i] = (uint8_t)((in[0] * 19595 + in[1] * 38470 + in[2] * 7471 + 0x8000) >> 16);
  }
}

/// Pixels to a side of the squares that are turned together, so that columns are read while the cache
/// still has their neighbours.
enum { tile = 16 };

void ci_turn(const uint8_t *in, ptrdiff_t width, ptrdiff_t height, ci_turning turning, uint8_t *out) {
  ptrdiff_t across = 3, down = 3 * width;
  if (turning.flips_columns) in += (width - 1) * across, across = -across;
  if (turning.flips_rows) in += (height - 1) * down, down = -down;
  ptrdiff_t columns = width, rows = height;
  if (turning.transposes) {
    ptrdiff_t step = across;
    across = down, down = step;
    columns = height, rows = width;
  }
  for (ptrdiff_t top = 0; top < rows; top += tile) {
    for (ptrdiff_t left = 0; left < columns; left += tile) {
      ptrdiff_t bottom = top + tile < rows ? top + tile : rows;
      ptrdiff_t right = left + tile < columns ? left + tile : columns;
      for (ptrdiff_t y = top; y < bottom; y++) {
        const uint8_t *from = in + y * down + left * across;
        uint8_t *to = out + (y * columns + left) * 3;
        for (ptrdiff_t x = left; x < right; x++, from += across, to += 3) memcpy(to, from, 3);
      }
    }
  }
}

void ci_look_up(const uint8_t *in, ptrdiff_t count, int channels, const int32_t *order,
                const float *tables, int planar, float *out) {
  ptrdiff_t step = planar ? 1 : channels;
  for (int c = 0; c < channels; c++) {
    const uint8_t *value = in + order[c];
    const float *table = tables + c * 256;
    float *to = planar ? out + c * count : out + c;
    for (ptrdiff_t i = 0; i < count; i++, value += channels, to += step) *to = table[*value];
  }
}
