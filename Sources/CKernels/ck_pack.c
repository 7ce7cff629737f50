// Stored tensors into panels, once at load. Layouts: CKernels.h.
#include "ck_internal.h"
#include <math.h>

ptrdiff_t ck_row_bytes(ck_element element, ptrdiff_t n) {
  switch (element) {
    case CK_F32: return n * 4;
    case CK_F16:
    case CK_BF16: return n * 2;
    case CK_Q8_0: return n / CK_Q8_BLOCK * (CK_Q8_BLOCK + 2);
  }
  return 0;
}

// An exponent of all ones is infinite or NaN. Integers and no early end, so that it becomes vectors.
static bool halves_are_finite(const uint8_t *source, ptrdiff_t stride, ptrdiff_t n,
                              uint16_t exponent) {
  uint16_t found = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    uint16_t bits;
    memcpy(&bits, source + stride * i, 2);
    found |= (bits & exponent) == exponent;
  }
  return !found;
}

static bool floats_are_finite(const uint8_t *source, ptrdiff_t n) {
  uint32_t found = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, source + 4 * i, 4);
    found |= (bits & 0x7f800000u) == 0x7f800000u;
  }
  return !found;
}

bool ck_is_finite(ck_element element, const void *source, ptrdiff_t n) {
  switch (element) {
    case CK_F32: return floats_are_finite(source, n);
    case CK_F16: return halves_are_finite(source, 2, n, 0x7c00);
    case CK_BF16: return halves_are_finite(source, 2, n, 0x7f80);
    case CK_Q8_0:
      return halves_are_finite(source, CK_Q8_BLOCK + 2, n / CK_Q8_BLOCK, 0x7c00);
  }
  return false;
}

float ck_largest(const float *x, ptrdiff_t n) {
  float largest = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    float magnitude = fabsf(x[i]);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

void ck_pack_s8(const float *row, ptrdiff_t output, ptrdiff_t k, uint8_t *w, float *w_scales,
                float *w_sums) {
  ptrdiff_t groups = ck_ceil(k, 4);
  uint8_t *panel = w + (output / CK_PANEL) * groups * CK_PANEL * 4 + (output % CK_PANEL) * 4;
  float largest = ck_largest(row, k);
  float inverse = largest > 0 ? 127.0f / largest : 0;
  int32_t sum = 0;
  for (ptrdiff_t i = 0; i < k; i++) {
    float rounded = nearbyintf(row[i] * inverse);
    int q = rounded > 127 ? 127 : rounded >= -127 ? (int)rounded : -127;
    panel[(i / 4) * CK_PANEL * 4 + i % 4] = (uint8_t)(q + 128);
    sum += q;
  }
  w_scales[output] = largest / 127.0f;
  w_sums[output] = (float)sum * w_scales[output];
}

void ck_pack_bytes(const int8_t *row, float scale, ptrdiff_t output, ptrdiff_t k, uint8_t *w,
                   float *w_scales, float *w_sums) {
  uint8_t *panel = w + (output / CK_PANEL) * ck_ceil(k, 4) * CK_PANEL * 4 + (output % CK_PANEL) * 4;
  int32_t sum = 0;
  for (ptrdiff_t i = 0; i < k; i++) {
    panel[(i / 4) * CK_PANEL * 4 + i % 4] = (uint8_t)(row[i] + 128);
    sum += row[i];
  }
  w_scales[output] = scale;
  w_sums[output] = (float)sum * scale;
}

void ck_pack_q8(const void *row, ptrdiff_t output, ptrdiff_t k, uint8_t *w, uint16_t *w_scales) {
  ptrdiff_t blocks = k / CK_Q8_BLOCK, panel = output / CK_Q8_PANEL, lane = output % CK_Q8_PANEL;
  const uint8_t *source = row;
  uint8_t *bytes = w + panel * k * CK_Q8_PANEL + lane * 4;
  uint16_t *scales = w_scales + panel * blocks * CK_Q8_PANEL + lane;
  for (ptrdiff_t block = 0; block < blocks; block++, source += CK_Q8_BLOCK + 2) {
    memcpy(&scales[block * CK_Q8_PANEL], source, 2);
    for (ptrdiff_t i = 0; i < CK_Q8_BLOCK; i++) {
      ptrdiff_t input = block * CK_Q8_BLOCK + i;
      bytes[(input / 4) * CK_Q8_PANEL * 4 + input % 4] = source[2 + i] ^ 0x80;
    }
  }
}

void ck_pack_float(const void *row, ptrdiff_t output, ptrdiff_t k, ck_element element, void *w) {
  ptrdiff_t at = (output / CK_PANEL) * k * CK_PANEL + output % CK_PANEL;
  if (element == CK_F32) {
    const uint8_t *source = row;
    float *out = (float *)w + at;
    for (ptrdiff_t i = 0; i < k; i++) memcpy(&out[i * CK_PANEL], source + 4 * i, 4);
  } else {
    const uint8_t *source = row;
    uint16_t *out = (uint16_t *)w + at;
    for (ptrdiff_t i = 0; i < k; i++) memcpy(&out[i * CK_PANEL], source + 2 * i, 2);
  }
}

void ck_unpack_q8(const uint8_t *w, const uint16_t *w_scales, ptrdiff_t output, ptrdiff_t k,
                  void *row) {
  ptrdiff_t blocks = k / CK_Q8_BLOCK, panel = output / CK_Q8_PANEL, lane = output % CK_Q8_PANEL;
  uint8_t *target = row;
  const uint8_t *bytes = w + panel * k * CK_Q8_PANEL + lane * 4;
  const uint16_t *scales = w_scales + panel * blocks * CK_Q8_PANEL + lane;
  for (ptrdiff_t block = 0; block < blocks; block++, target += CK_Q8_BLOCK + 2) {
    memcpy(target, &scales[block * CK_Q8_PANEL], 2);
    for (ptrdiff_t i = 0; i < CK_Q8_BLOCK; i += 4, bytes += CK_Q8_PANEL * 4) {
      uint32_t four;
      memcpy(&four, bytes, 4);
      four ^= 0x80808080u;
      memcpy(target + 2 + i, &four, 4);
    }
  }
}

void ck_unpack_float(const void *w, ptrdiff_t output, ptrdiff_t k, ck_element element, void *row) {
  ptrdiff_t at = (output / CK_PANEL) * k * CK_PANEL + output % CK_PANEL;
  if (element == CK_F32) {
    const float *values = (const float *)w + at;
    for (ptrdiff_t i = 0; i < k; i++) memcpy((uint8_t *)row + 4 * i, &values[i * CK_PANEL], 4);
  } else {
    const uint16_t *values = (const uint16_t *)w + at;
    for (ptrdiff_t i = 0; i < k; i++) memcpy((uint8_t *)row + 2 * i, &values[i * CK_PANEL], 2);
  }
}
