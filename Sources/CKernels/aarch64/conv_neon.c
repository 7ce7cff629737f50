// Quantized convolutions in NEON with the dot-product extension: tiles of up to 6 pixels × 4 vectors of 4
// outputs.
//
// sdot takes signed bytes on both sides, so 128 is taken off the values (a flip of the top bit), and each
// sum starts 128 · Σw higher.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>

#include "target.h"
#include "simd_neon.h"
#include "neon.h"

enum { max_rows = 6, most_rows = max_rows, vectors = 4, tile_outputs = 4 * vectors };

/// One tile of ck_conv_u8: `rows` pixels × the outputs of a panel. out: s32 [rows][64].
CK_INLINE void tile_u8(const uint8_t *const *images, const int32_t *const *offsets, ptrdiff_t taps,
                       ptrdiff_t groups, const int8_t *w, const int32_t *sums, const int32_t *bias,
                       const int rows, ptrdiff_t columns, const uint8_t *next, int lines,
                       int32_t *out) {
  (void)next, (void)lines;
  for (ptrdiff_t column = 0; column < columns; column += tile_outputs) {
    int32x4_t acc[max_rows][vectors];
    for (int j = 0; j < vectors; j++) {
      int32x4_t start = vi_first_sum(bias + column + 4 * j, sums + column + 4 * j);
      for (int r = 0; r < rows; r++) acc[r][j] = start;
    }
    const int8_t *panel = w + column * 4;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      const uint8_t *x[max_rows];
      for (int r = 0; r < rows; r++) x[r] = images[r] + offsets[r][tap];
      for (ptrdiff_t g = 0; g < groups; g++, panel += CK_PANEL * 4) {
        int8x16_t b[vectors];
        for (int j = 0; j < vectors; j++) b[j] = vld1q_s8(panel + 16 * j);
        for (int r = 0; r < rows; r++) {
          uint32_t four;
          memcpy(&four, x[r] + 4 * g, 4);
          int8x16_t values = vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080));
          for (int j = 0; j < vectors; j++) acc[r][j] = vdotq_s32(acc[r][j], b[j], values);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        vst1q_s32(out + r * CK_PANEL + column + 4 * j, acc[r][j]);
      }
    }
  }
}

#include "../vector/tiles.h"
#include "../vector/conv.h"

void ck_conv_u8_neon(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  for (ptrdiff_t panel = panel0; panel < panel1 && pixel0 < pixel1; panel++) {
    conv_panel(job, pixel0, pixel1, panel, panel1);
  }
}
#include "target_end.h"
#endif
