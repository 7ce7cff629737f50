// The oracle of quantized convolutions, written as their definitions.
#include "scalar.h"

#pragma STDC FP_CONTRACT OFF

static float clamp(float value, float low, float high) { return fminf(fmaxf(value, low), high); }

/// The sum of the output whose bias and scale stand at `n`.
static void store(const ck_requantizer *e, ptrdiff_t place, ptrdiff_t n, int32_t sum) {
  float y = rintf(clamp((float)(sum + e->bias[n]) * e->scales[n], e->low, e->high));
  if (e->other) {
    float also = (float)(e->other[place] - e->other_zero);
    float kept = y * e->kept, added = also * e->added;
    y = rintf(clamp(kept + added, e->sum_low, e->sum_high));
  }
  e->out[place] = (uint8_t)((int32_t)y + e->zero);
}

void ck_conv_u8_scalar(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                       ptrdiff_t panel1) {
  const ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL);
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const uint8_t *image = job->x + pixel / job->pixels * job->image_stride;
    const int32_t *offsets = job->offsets + pixel % job->pixels * job->taps;
    const ptrdiff_t place = pixel / job->pixels * job->epilogue.out_image_stride +
                            pixel % job->pixels * job->epilogue.out_stride;
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      const int8_t *w = job->w + n / CK_PANEL * job->taps * job->run * CK_PANEL + n % CK_PANEL * 4;
      int32_t sum = 0;
      for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
        for (ptrdiff_t i = 0; i < job->run; i++) {
          sum += image[offsets[tap] + i] * w[(tap * job->run + i) / 4 * CK_PANEL * 4 + i % 4];
        }
      }
      store(&job->epilogue, place + n, n, sum);
    }
  }
}

void ck_depthwise_u8_scalar(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                            ptrdiff_t panel0, ptrdiff_t panel1) {
  const ptrdiff_t last = ck_min(job->n, panel1 * CK_PANEL), blocks = ck_ceil(job->rows, 4);
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const uint8_t *image = job->x + pixel / job->pixels * job->image_stride;
    const int32_t *offsets = job->offsets + pixel % job->pixels * job->rows * job->columns;
    const ptrdiff_t out = pixel / job->pixels * job->epilogue.out_image_stride +
                          pixel % job->pixels * job->epilogue.out_stride;
    for (ptrdiff_t n = panel0 * CK_PANEL; n < last; n++) {
      const ptrdiff_t panel = n / CK_PANEL, place = ck_depthwise_place(n);
      int32_t sum = 0;
      for (ptrdiff_t row = 0; row < job->rows; row++) {
        for (ptrdiff_t column = 0; column < job->columns; column++) {
          const ptrdiff_t block = (panel * job->columns + column) * blocks + row / 4;
          sum += image[offsets[row * job->columns + column] + n] *
                 job->w[(block * CK_PANEL + place) * 4 + row % 4];
        }
      }
      store(&job->epilogue, out + n, panel * CK_PANEL + place, sum);
    }
  }
}
