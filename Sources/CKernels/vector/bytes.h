// Operators on bytes, in loops that compilers turn into vectors for the target whose attributes stand
// around: there is nothing in them that a hand would do better.
#pragma once

static void max_u8(const ck_max_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1) {
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
    const uint8_t *x = job->x + image * job->image_stride;
    const int32_t *offsets = job->offsets + at * job->taps;
    uint8_t *restrict out = job->out + image * job->out_image_stride + at * job->out_stride;
    memset(out, 0, (size_t)job->run);
    for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
      if (offsets[tap] == job->outside) continue;
      const uint8_t *values = x + offsets[tap];
      for (ptrdiff_t i = 0; i < job->run; i++) out[i] = values[i] > out[i] ? values[i] : out[i];
    }
  }
}

static void quantize_u8(const float *x, ptrdiff_t k, float scale, int32_t zero, uint8_t *restrict q) {
  const float low = (float)-zero, high = (float)(255 - zero);
  for (ptrdiff_t i = 0; i < k; i++) {
    float value = x[i] / scale;
    // Not a number becomes the lowest.
    value = value > low ? value : low;
    value = value < high ? value : high;
    q[i] = (uint8_t)((int32_t)__builtin_rintf(value) + zero);
  }
}

static void add_up_u8(const uint8_t *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n,
                      int32_t *restrict sums) {
  memset(sums, 0, (size_t)n * sizeof *sums);
  for (ptrdiff_t row = 0; row < rows; row++, x += stride) {
    for (ptrdiff_t i = 0; i < n; i++) sums[i] += x[i];
  }
}
