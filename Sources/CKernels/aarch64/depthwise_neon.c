// Convolutions of each channel by itself in NEON with the dot-product extension: 16 channels at a time.
//
// sdot takes signed bytes on both sides, as in conv_neon.c.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>

#include "target.h"
#include "simd_neon.h"
#include "neon.h"

/// Bytes of four taps side by side, 4 channels a vector, 128 taken off.
CK_INLINE void interleave(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                          vi values[4]) {
  const uint8x16x2_t front = vzipq_u8(vld1q_u8(a), vld1q_u8(b));
  const uint8x16x2_t back = vzipq_u8(vld1q_u8(c), vld1q_u8(d));
  for (int half = 0; half < 2; half++) {
    const uint16x8x2_t both =
        vzipq_u16(vreinterpretq_u16_u8(front.val[half]), vreinterpretq_u16_u8(back.val[half]));
    for (int i = 0; i < 2; i++) {
      const uint8x16_t flipped = veorq_u8(vreinterpretq_u8_u16(both.val[i]), vdupq_n_u8(0x80));
      values[2 * half + i] = vreinterpretq_s32_u8(flipped);
    }
  }
}

CK_INLINE vi dot(vi sum, vi values, const int8_t *w) {
  return vdotq_s32(sum, vld1q_s8(w), vreinterpretq_s8_s32(values));
}

#include "../vector/depthwise.h"

void ck_depthwise_u8_neon(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                          ptrdiff_t panel0, ptrdiff_t panel1) {
  depthwise_u8(job, pixel0, pixel1, panel0, panel1);
}
#include "target_end.h"
#endif
