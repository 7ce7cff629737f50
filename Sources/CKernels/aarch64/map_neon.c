// Tables of bytes in NEON: four registers hold a quarter of a table.
#if defined(__aarch64__)
#include "../ck_internal.h"
#include <arm_neon.h>

#include "neon.h"

void ck_map_u8_neon(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out) {
  uint8x16x4_t part[4];
  for (int i = 0; i < 4; i++) part[i] = vld1q_u8_x4(table + 64 * i);
  ptrdiff_t i = 0;
  for (; i + 16 <= n; i += 16) {
    uint8x16_t at = vld1q_u8(x + i), found = vqtbl4q_u8(part[0], at);
    for (int j = 1; j < 4; j++) {
      // What lies outside of a quarter leaves what was found in another.
      found = vqtbx4q_u8(found, part[j], vsubq_u8(at, vdupq_n_u8((uint8_t)(64 * j))));
    }
    vst1q_u8(out + i, found);
  }
  for (; i < n; i++) out[i] = table[x[i]];
}
#endif
