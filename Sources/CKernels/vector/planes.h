// Between planes of floats and pixels of bytes: squares of VL pixels × VL channels, turned in registers.
#pragma once

/// x / scale, counted from the zero point, whole and within its bounds.
CK_INLINE vf quantized(vf x, vf scale, vf low, vf high) {
  return vf_round(vf_min(vf_at_least(vf_div(x, scale), low), high));
}

CK_INLINE vf first_floats(const float *x, ptrdiff_t n) {
  return n == VL ? vf_load(x) : vf_load_first(x, n);
}

/// VL pixels at most of up to four channels; a pixel's bytes are one lane.
CK_INLINE void quantize_narrow(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t pixels,
                               vf scale, vf low, vf high, vi zero, uint8_t *q, ptrdiff_t stride) {
  vi lanes = vi_zero();
  for (ptrdiff_t channel = channels - 1; channel >= 0; channel--) {
    vf value = quantized(first_floats(x + channel * plane, pixels), scale, low, high);
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
  const vf vscale = vf_set1(scale), low = vf_set1((float)-zero), high = vf_set1((float)(255 - zero));
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel += VL) {
    const ptrdiff_t count = ck_min(VL, pixels - pixel);
    if ((channels <= 4 && stride == 4) || (channels == 3 && stride == 3)) {
      quantize_narrow(x + pixel, plane, channels, count, vscale, low, high, vi_set1(zero),
                      q + pixel * stride, stride);
      continue;
    }
    for (ptrdiff_t channel = 0; channel < channels; channel += VL) {
      const ptrdiff_t lanes = ck_min(VL, channels - channel);
      vf r[VL];
      for (ptrdiff_t i = 0; i < VL; i++) {
        r[i] = i < lanes ? quantized(first_floats(x + (channel + i) * plane + pixel, count), vscale,
                                     low, high)
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
    for (ptrdiff_t pixel = 0; pixel < pixels; pixel += VL) {
      const ptrdiff_t count = ck_min(VL, pixels - pixel);
      vf r[VL];
      for (ptrdiff_t i = 0; i < VL; i++) {
        vf value = i < count ? vf_load_u8(q + (pixel + i) * stride + channel, lanes) : vf_set1(0);
        r[i] = vf_mul(vf_sub(value, vzero), vscale);
      }
      // One value of each plane: they stand as they are.
      if (pixels > 1 || plane > 1) vf_transpose(r);
      else if (lanes == VL) vf_store(x + channel, r[0]);
      else vf_store_first(x + channel, lanes, r[0]);
      for (ptrdiff_t i = 0; i < lanes && (pixels > 1 || plane > 1); i++) {
        float *to = x + (channel + i) * plane + pixel;
        if (count == VL) vf_store(to, r[i]);
        else vf_store_first(to, count, r[i]);
      }
    }
  }
}
