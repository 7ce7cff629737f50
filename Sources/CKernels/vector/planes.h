// Between planes of floats and pixels of bytes: squares of VL pixels × VL channels, turned in registers.
#pragma once

/// How floats become steps of a scale, counted from the zero point.
typedef struct {
  vf scale, against, inverse; // the scale, less than zero, one over
  vf low, high;               // in steps
  vf least, most;             // the same as floats
  bool divides;               // where one over the scale may not be a usual number
} ck_steps;

CK_INLINE ck_steps steps_of(float scale, int32_t zero) {
  const float low = (float)-zero, high = (float)(255 - zero);
  return (ck_steps){vf_set1(scale), vf_set1(-scale), vf_set1(1 / scale), vf_set1(low), vf_set1(high),
                    vf_set1(low * scale), vf_set1(high * scale), !(scale > 0x1p-60f && scale < 0x1p60f)};
}

/// x / scale, whole and within its bounds. The quotient is corrected twice by what it leaves, which makes
/// it the one of a division (Markstein).
CK_INLINE vf quantized(vf x, const ck_steps *steps) {
  if (steps->divides) {
    vf quotient = vf_div(x, steps->scale);
    return vf_round(vf_min(vf_at_least(quotient, steps->low), steps->high));
  }
  x = vf_min(vf_at_least(x, steps->least), steps->most);
  vf quotient = vf_mul(x, steps->inverse);
  for (int i = 0; i < 2; i++) {
    quotient = vf_fma(vf_fma(quotient, steps->against, x), steps->inverse, quotient);
  }
  return vf_round(quotient);
}

CK_INLINE vf first_floats(const float *x, ptrdiff_t n) {
  return n == VL ? vf_load(x) : vf_load_first(x, n);
}

/// VL pixels at most of up to four channels; a pixel's bytes are one lane.
CK_INLINE void quantize_narrow(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t pixels,
                               const ck_steps *steps, vi zero, uint8_t *q, ptrdiff_t stride) {
  vi lanes = vi_zero();
  for (ptrdiff_t channel = channels - 1; channel >= 0; channel--) {
    vf value = quantized(first_floats(x + channel * plane, pixels), steps);
    lanes = vi_add(vi_shift8(lanes), vi_add(vi_round(value), zero));
  }
  uint8_t bytes[4 * VL];
  uint8_t *to = pixels == VL ? q : bytes;
  if (stride == 4) vi_store(to, lanes);
  else vi_store_triples(to, lanes);
  if (pixels < VL) memcpy(q, bytes, (size_t)(pixels * stride));
}

static void quantize_planes(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t pixels,
                            float scale, int32_t zero, uint8_t *q, ptrdiff_t stride) {
  const ck_steps steps = steps_of(scale, zero);
  // One value of each plane, side by side: they stand as they are.
  if (pixels == 1 && plane == 1) {
    for (ptrdiff_t channel = 0; channel < channels; channel += VL) {
      const ptrdiff_t lanes = ck_min(VL, channels - channel);
      vf value = quantized(first_floats(x + channel, lanes), &steps);
      vi_store_u8(q + channel, lanes, vi_add(vi_round(value), vi_set1(zero)));
    }
    return;
  }
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel += VL) {
    const ptrdiff_t count = ck_min(VL, pixels - pixel);
    if ((channels <= 4 && stride == 4) || (channels == 3 && stride == 3)) {
      uint8_t *to = q + pixel * stride;
      // Pictures.
      if (channels == 3 && count == VL) {
        quantize_narrow(x + pixel, plane, 3, VL, &steps, vi_set1(zero), to, stride);
      } else {
        quantize_narrow(x + pixel, plane, channels, count, &steps, vi_set1(zero), to, stride);
      }
      continue;
    }
    for (ptrdiff_t channel = 0; channel < channels; channel += VL) {
      const ptrdiff_t lanes = ck_min(VL, channels - channel);
      vf r[VL];
      for (ptrdiff_t i = 0; i < VL; i++) {
        r[i] = i < lanes ? quantized(first_floats(x + (channel + i) * plane + pixel, count), &steps)
                         : vf_set1(0);
      }
      vf_transpose(r);
      for (ptrdiff_t i = 0; i < count; i++) {
        vi_store_u8(q + (pixel + i) * stride + channel, lanes, vi_add(vi_round(r[i]), vi_set1(zero)));
      }
    }
  }
}

static void dequantize_planes(const uint8_t *q, ptrdiff_t stride, ptrdiff_t channels,
                              ptrdiff_t pixels, float scale, int32_t zero, float *x,
                              ptrdiff_t plane) {
  const vf vscale = vf_set1(scale), vzero = vf_set1((float)zero);
  for (ptrdiff_t channel = 0; channel < channels; channel += VL) {
    const ptrdiff_t lanes = ck_min(VL, channels - channel);
    // One value of each plane, side by side: they stand as they are.
    if (pixels == 1 && plane == 1) {
      vf value = vf_mul(vf_sub(vf_load_u8(q + channel, lanes), vzero), vscale);
      if (lanes == VL) vf_store(x + channel, value);
      else vf_store_first(x + channel, lanes, value);
      continue;
    }
    for (ptrdiff_t pixel = 0; pixel < pixels; pixel += VL) {
      const ptrdiff_t count = ck_min(VL, pixels - pixel);
      vf r[VL];
      for (ptrdiff_t i = 0; i < VL; i++) {
        vf value = i < count ? vf_load_u8(q + (pixel + i) * stride + channel, lanes) : vf_set1(0);
        r[i] = vf_mul(vf_sub(value, vzero), vscale);
      }
      vf_transpose(r);
      for (ptrdiff_t i = 0; i < lanes; i++) {
        float *to = x + (channel + i) * plane + pixel;
        if (count == VL) vf_store(to, r[i]);
        else vf_store_first(to, count, r[i]);
      }
    }
  }
}
