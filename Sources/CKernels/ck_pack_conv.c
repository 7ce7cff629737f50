// Weights of quantized convolutions into panels, once at load. Layouts: CKernels.h.
#include "ck_internal.h"

void ck_pack_conv_s8(const ck_conv_weights *w, ptrdiff_t outputs, int8_t *panel, int32_t *sums) {
  ptrdiff_t groups = w->run / 4;
  for (ptrdiff_t output = 0; output < CK_PANEL; output++) sums[output] = 0;
  // Taps inside of channels: where an image's planes lie apart, they are side by side in the file.
  for (ptrdiff_t group = 0; group < groups; group++) {
    ptrdiff_t channels = w->channels - group * 4 < 4 ? w->channels - group * 4 : 4;
    for (ptrdiff_t tap = 0; tap < w->taps; tap++) {
      const int8_t *from = w->first + tap * w->tap_stride + group * 4 * w->channel_stride;
      int8_t *to = panel + (tap * groups + group) * CK_PANEL * 4;
      for (ptrdiff_t output = 0; output < outputs; output++, from += w->output_stride, to += 4) {
        int32_t sum = 0;
        for (ptrdiff_t channel = 0; channel < channels; channel++) {
          to[channel] = from[channel * w->channel_stride];
          sum += to[channel];
        }
        sums[output] += sum;
      }
    }
  }
}
