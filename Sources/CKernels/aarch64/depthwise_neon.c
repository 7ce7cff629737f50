// Convolutions of each channel by itself in NEON with the dot-product extension: 16 channels at a time.
//
// sdot takes signed bytes on both sides, as in conv_neon.c.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>

#include "target.h"
#include "simd_neon.h"
#include "neon.h"

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
