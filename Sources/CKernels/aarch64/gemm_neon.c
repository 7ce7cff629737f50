// Products in NEON with the dot-product extension: tiles of up to 6 rows × 4 vectors of 4 outputs.
//
// sdot takes signed bytes on both sides, so the +128 of packed weights is taken off again as they are
// loaded (a flip of the top bit), and no correction is needed.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>

#include "target.h"
#include "simd_neon.h"
#include "../vector/math.h"
#include "../vector/epilogue.h"
#include "neon.h"

enum { max_rows = 6, vectors = 4, tile_outputs = 4 * vectors };

/// acc[r][j] += 4 inputs of `rows` rows × 16 outputs at w.
CK_INLINE void add_group(int32x4_t acc[max_rows][vectors], const int8_t *a, ptrdiff_t stride,
                         const uint8_t *w, const int rows) {
  int8x16_t b[vectors];
  for (int j = 0; j < vectors; j++) {
    b[j] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(w + 16 * j), vdupq_n_u8(0x80)));
  }
  for (int r = 0; r < rows; r++) {
    int32_t four;
    memcpy(&four, a + r * stride, 4);
    int8x16_t row = vreinterpretq_s8_s32(vdupq_n_s32(four));
    for (int j = 0; j < vectors; j++) acc[r][j] = vdotq_s32(acc[r][j], b[j], row);
  }
}

/// One tile of ck_gemm_s8: `rows` × 64 outputs over all of K. out: s32 [rows][64].
CK_INLINE void tile_s8(const int8_t *a, ptrdiff_t stride, const int32_t *sums, const uint8_t *w,
                       ptrdiff_t groups, const int rows, const uint8_t *next, int lines, int32_t *out) {
  (void)next, (void)lines;
  (void)sums;
  for (int column = 0; column < CK_PANEL; column += tile_outputs) {
    int32x4_t acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) acc[r][j] = vdupq_n_s32(0);
    }
    for (ptrdiff_t g = 0; g < groups; g++) {
      add_group(acc, a + 4 * g, stride, w + (g * CK_PANEL + column) * 4, rows);
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        vst1q_s32(out + r * CK_PANEL + column + 4 * j, acc[r][j]);
      }
    }
  }
}

/// One tile of ck_gemm_q8: `rows` × 32 outputs over all of K. out: f32 [rows][32].
CK_INLINE void tile_q8(const int8_t *a, ptrdiff_t stride, const float *a_scales,
                       const int32_t *sums, ptrdiff_t a_blocks, const uint8_t *w,
                       const uint16_t *w_scales, ptrdiff_t blocks, const int rows,
                       const uint8_t *next, int lines, float *out) {
  (void)sums;
  (void)next, (void)lines;
  for (int column = 0; column < CK_Q8_PANEL; column += tile_outputs) {
    float32x4_t total[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) total[r][j] = vdupq_n_f32(0);
    }
    for (ptrdiff_t block = 0; block < blocks; block++) {
      int32x4_t acc[max_rows][vectors];
      for (int r = 0; r < rows; r++) {
        for (int j = 0; j < vectors; j++) acc[r][j] = vdupq_n_s32(0);
      }
      for (int g = 0; g < CK_Q8_BLOCK / 4; g++) {
        ptrdiff_t input = block * CK_Q8_BLOCK + 4 * g;
        add_group(acc, a + input, stride, w + input * CK_Q8_PANEL + column * 4, rows);
      }
      for (int j = 0; j < vectors; j++) {
        float32x4_t scale = vf_load_f16(w_scales + block * CK_Q8_PANEL + column + 4 * j);
        for (int r = 0; r < rows; r++) {
          float32x4_t both = vmulq_n_f32(scale, a_scales[r * a_blocks + block]);
          total[r][j] = vfmaq_f32(total[r][j], vcvtq_f32_s32(acc[r][j]), both);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) {
        vst1q_f32(out + r * CK_Q8_PANEL + column + 4 * j, total[r][j]);
      }
    }
  }
}

CK_INLINE float32x4_t widen4(const void *w, ck_element element, ptrdiff_t at) {
  switch (element) {
    case CK_F16: return vf_load_f16((const uint16_t *)w + at);
    case CK_BF16: return vf_load_bf16((const uint16_t *)w + at);
    default: return vld1q_f32((const float *)w + at);
  }
}

/// One tile of ck_gemm_f32: `rows` × 64 outputs over all of K. out: f32 [rows][64].
CK_INLINE void tile_f32(const float *a, ptrdiff_t stride, const void *w, ck_element element,
                        ptrdiff_t k, const int rows, float *out) {
  for (int column = 0; column < CK_PANEL; column += tile_outputs) {
    float32x4_t acc[max_rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) acc[r][j] = vdupq_n_f32(0);
    }
    for (ptrdiff_t i = 0; i < k; i++) {
      float32x4_t b[vectors];
      for (int j = 0; j < vectors; j++) b[j] = widen4(w, element, i * CK_PANEL + column + 4 * j);
      for (int r = 0; r < rows; r++) {
        for (int j = 0; j < vectors; j++) {
          acc[r][j] = vfmaq_n_f32(acc[r][j], b[j], a[r * stride + i]);
        }
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vectors; j++) vst1q_f32(out + r * CK_PANEL + column + 4 * j, acc[r][j]);
    }
  }
}

#include "../vector/gemm.h"
#include "../vector/conv_f32.h"

void ck_gemm_s8_neon(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  gemm_s8(job, row0, row1, panel0, panel1);
}
void ck_gemm_q8_neon(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                     ptrdiff_t panel1) {
  gemm_q8(job, row0, row1, panel0, panel1);
}
void ck_gemm_f32_neon(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                      ptrdiff_t panel1) {
  gemm_f32(job, row0, row1, panel0, panel1);
}
void ck_conv_f32_neon(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                        ptrdiff_t panel1) {
  conv_f32(job, pixel0, pixel1, panel0, panel1);
}
void ck_depthwise_f32_neon(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                             ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_f32(job, pixel0, pixel1, panel0, panel1);
}
#include "target_end.h"
#endif
