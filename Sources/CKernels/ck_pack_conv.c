// Weights of quantized convolutions into panels, once at load. Layouts: CKernels.h.
#include "ck_internal.h"

typedef int8_t bytes_16 __attribute__((vector_size(16)));
typedef int16_t pairs_8 __attribute__((vector_size(16)));

/// 16 bytes of each of four planes that lie `stride` bytes apart → their bytes in turn.
static void interleave(const int8_t *from, ptrdiff_t stride, int8_t quads[64]) {
  bytes_16 a, b, c, d;
  memcpy(&a, from, 16);
  memcpy(&b, from + stride, 16);
  memcpy(&c, from + 2 * stride, 16);
  memcpy(&d, from + 3 * stride, 16);
#define LOW(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(x, y) __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  pairs_8 low[2] = {(pairs_8)LOW(a, b), (pairs_8)LOW(c, d)};
  pairs_8 high[2] = {(pairs_8)HIGH(a, b), (pairs_8)HIGH(c, d)};
#undef LOW
#undef HIGH
  pairs_8 quarters[4] = {
    __builtin_shufflevector(low[0], low[1], 0, 8, 1, 9, 2, 10, 3, 11),
    __builtin_shufflevector(low[0], low[1], 4, 12, 5, 13, 6, 14, 7, 15),
    __builtin_shufflevector(high[0], high[1], 0, 8, 1, 9, 2, 10, 3, 11),
    __builtin_shufflevector(high[0], high[1], 4, 12, 5, 13, 6, 14, 7, 15),
  };
  memcpy(quads, quarters, 64);
}

/// Four channels whose taps lie side by side, as files have them. `to`: tap after tap, `step` bytes
/// apart. What is read, but for the last bytes before `end`, is read 16 at a time.
static void pack_planes(const int8_t *from, const int8_t *end, ptrdiff_t taps, int8_t *to,
                        ptrdiff_t step) {
  int8_t quads[64];
  for (ptrdiff_t first = 0; first < taps; first += 16, from += 16) {
    ptrdiff_t count = ck_min(16, taps - first);
    if (end - from >= 3 * taps + 16) {
      interleave(from, taps, quads);
    } else {
      for (ptrdiff_t tap = 0; tap < count; tap++)
        for (ptrdiff_t channel = 0; channel < 4; channel++)
          quads[tap * 4 + channel] = from[channel * taps + tap];
    }
    for (ptrdiff_t tap = 0; tap < count; tap++, to += step) memcpy(to, quads + tap * 4, 4);
  }
}

static int32_t row_sum(const int8_t *row, const ck_conv_weights *w) {
  int32_t sum = 0;
  if ((w->tap_stride == 1 && w->channel_stride == w->taps) ||
      (w->channel_stride == 1 && w->tap_stride == w->channels)) {
    for (ptrdiff_t index = 0; index < w->taps * w->channels; index++) sum += row[index];
    return sum;
  }
  for (ptrdiff_t tap = 0; tap < w->taps; tap++)
    for (ptrdiff_t channel = 0; channel < w->channels; channel++)
      sum += row[tap * w->tap_stride + channel * w->channel_stride];
  return sum;
}

/// Four channels, or what is left of them, of all taps.
static void pack_group(const ck_conv_weights *w, const int8_t *from, const int8_t *end,
                       ptrdiff_t channels, int8_t *to, ptrdiff_t step) {
  if (channels == 4 && w->tap_stride == 1 && w->channel_stride == w->taps)
    return pack_planes(from, end, w->taps, to, step);
  for (ptrdiff_t tap = 0; tap < w->taps; tap++, from += w->tap_stride, to += step) {
    if (channels == 4 && w->channel_stride == 1) {
      memcpy(to, from, 4);
      continue;
    }
    for (ptrdiff_t channel = 0; channel < channels; channel++)
      to[channel] = from[channel * w->channel_stride];
  }
}

void ck_pack_conv_s8(const ck_conv_weights *w, ptrdiff_t outputs, int8_t *panel, int32_t *sums) {
  ptrdiff_t groups = w->run / 4, step = groups * CK_PANEL * 4;
  const int8_t *end = w->first + (outputs - 1) * w->output_stride +
                      (w->taps - 1) * w->tap_stride + (w->channels - 1) * w->channel_stride + 1;
  // Some lines of each output in turn: what is written for them stays in the cache.
  for (ptrdiff_t first = 0; first < groups; first += 8) {
    for (ptrdiff_t output = 0; output < outputs; output++) {
      const int8_t *row = w->first + output * w->output_stride;
      for (ptrdiff_t group = first; group < ck_min(groups, first + 8); group++)
        pack_group(w, row + group * 4 * w->channel_stride, end,
                   ck_min(4, w->channels - group * 4),
                   panel + (group * CK_PANEL + output) * 4, step);
    }
  }
  for (ptrdiff_t output = 0; output < CK_PANEL; output++)
    sums[output] = output < outputs ? row_sum(w->first + output * w->output_stride, w) : 0;
}
