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

static void average_u8(const ck_average_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1) {
  enum { width = 64 };
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
    const uint8_t *x = job->x + image * job->image_stride;
    const int32_t *offsets = job->offsets + at * job->taps;
    const float factor = job->factors[at];
    const float low = (float)-job->zero, high = (float)(255 - job->zero);
    for (ptrdiff_t channel = 0; channel < job->channels; channel += width) {
      const ptrdiff_t n = ck_min(width, job->channels - channel);
      uint8_t *restrict out =
          job->out + image * job->out_image_stride + at * job->out_stride + channel;
      int32_t sums[width] = {0}, zeros = 0;
      for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
        if (offsets[tap] == job->outside) continue;
        const uint8_t *values = x + offsets[tap] + channel;
        for (ptrdiff_t i = 0; i < n; i++) sums[i] += values[i];
        zeros += job->x_zero;
      }
      for (ptrdiff_t i = 0; i < n; i++) {
        float mean = (float)(sums[i] - zeros) * factor;
        mean = mean > low ? mean : low;
        mean = mean < high ? mean : high;
        out[i] = (uint8_t)((int32_t)__builtin_rintf(mean) + job->zero);
      }
    }
  }
}

CK_INLINE void map_u8(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = table[x[i]];
}

static void add_up_u8(const uint8_t *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n,
                      int32_t *restrict sums) {
  memset(sums, 0, (size_t)n * sizeof *sums);
  for (ptrdiff_t row = 0; row < rows; row++, x += stride) {
    for (ptrdiff_t i = 0; i < n; i++) sums[i] += x[i];
  }
}
