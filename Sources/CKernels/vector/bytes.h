// Operators on bytes, in loops that compilers turn into vectors for the target whose attributes stand
// around: there is nothing in them that a hand would do better. Loops over channels have a constant
// length, and what they read beyond the last channel is thrown away: 63 bytes behind a tensor are there.
#pragma once

enum { at_once = 64 };

static void max_u8(const ck_max_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1) {
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
    const int32_t *offsets = job->offsets + at * job->taps;
    uint8_t *out = job->out + image * job->out_image_stride + at * job->out_stride;
    for (ptrdiff_t channel = 0; channel < job->run; channel += at_once) {
      const uint8_t *x = job->x + image * job->image_stride + channel;
      uint8_t best[at_once] = {0};
      for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
        if (offsets[tap] == job->outside) continue;
        const uint8_t *values = x + offsets[tap];
        for (int i = 0; i < at_once; i++) best[i] = values[i] > best[i] ? values[i] : best[i];
      }
      memcpy(out + channel, best, (size_t)ck_min(at_once, job->run - channel));
    }
  }
}

/// Sums of at most 257 rows fit 16 bits.
enum { rows_in_words = 256 };

CK_INLINE void add_words(int32_t sums[at_once], const uint16_t words[at_once]) {
  for (int i = 0; i < at_once; i++) sums[i] += words[i];
}

static void average_u8(const ck_average_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1) {
  const float low = (float)-job->zero, high = (float)(255 - job->zero);
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const ptrdiff_t image = pixel / job->pixels, at = pixel % job->pixels;
    const int32_t *offsets = job->offsets + at * job->taps;
    const float factor = job->factors[at];
    uint8_t *out = job->out + image * job->out_image_stride + at * job->out_stride;
    for (ptrdiff_t channel = 0; channel < job->channels; channel += at_once) {
      const uint8_t *x = job->x + image * job->image_stride + channel;
      int32_t sums[at_once] = {0}, zeros = 0;
      for (ptrdiff_t first = 0; first < job->taps; first += rows_in_words) {
        const ptrdiff_t last = ck_min(job->taps, first + rows_in_words);
        uint16_t words[at_once] = {0};
        for (ptrdiff_t tap = first; tap < last; tap++) {
          if (offsets[tap] == job->outside) continue;
          const uint8_t *values = x + offsets[tap];
          for (int i = 0; i < at_once; i++) words[i] = (uint16_t)(words[i] + values[i]);
          zeros += job->x_zero;
        }
        add_words(sums, words);
      }
      uint8_t bytes[at_once];
      for (int i = 0; i < at_once; i++) {
        float mean = (float)(sums[i] - zeros) * factor;
        mean = mean > low ? mean : low;
        mean = mean < high ? mean : high;
        bytes[i] = (uint8_t)((int32_t)__builtin_rintf(mean) + job->zero);
      }
      memcpy(out + channel, bytes, (size_t)ck_min(at_once, job->channels - channel));
    }
  }
}

static void max_f32(const ck_max_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1) {
  for (ptrdiff_t pixel = pixel0; pixel < pixel1; pixel++) {
    const float *x = job->x + pixel / job->pixels * job->image_stride;
    const int32_t *offsets = job->offsets + pixel % job->pixels * job->taps;
    float *restrict out = job->out + pixel * job->channels;
    for (ptrdiff_t i = 0; i < job->channels; i++) out[i] = -__builtin_inff();
    for (ptrdiff_t tap = 0; tap < job->taps; tap++) {
      if (offsets[tap] == CK_OUTSIDE) continue;
      const float *values = x + offsets[tap];
      for (ptrdiff_t i = 0; i < job->channels; i++) out[i] = out[i] >= values[i] ? out[i] : values[i];
    }
  }
}

static void add_up_u8(const uint8_t *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n,
                      int32_t *sums) {
  for (ptrdiff_t channel = 0; channel < n; channel += at_once) {
    int32_t found[at_once] = {0};
    for (ptrdiff_t first = 0; first < rows; first += rows_in_words) {
      const ptrdiff_t last = ck_min(rows, first + rows_in_words);
      uint16_t words[at_once] = {0};
      for (ptrdiff_t row = first; row < last; row++) {
        const uint8_t *values = x + row * stride + channel;
        for (int i = 0; i < at_once; i++) words[i] = (uint16_t)(words[i] + values[i]);
      }
      add_words(found, words);
    }
    memcpy(sums + channel, found, (size_t)ck_min(at_once, n - channel) * sizeof *sums);
  }
}

CK_INLINE void map_u8(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = table[x[i]];
}
