// Elementary functions, written once over the vector type of the including file.
// Every lane computes the same operations, so a value's place in a row never shows in its result.
#pragma once

/// e^x; relative error below 3e-7 over the whole range, 0 below −87.3 and clamped above 88.3; NaN stays.
CK_INLINE vf vf_exp(vf x) {
  // x86's minimum and maximum of NaN and a number are the second of the two.
  x = vf_min(vf_set1(88.3f), vf_max(vf_set1(-110.0f), x));
  vf n = vf_round(vf_mul(x, vf_set1(0x1.715476p+0f)));
  vf r = vf_fma(n, vf_set1(-0x1.62e4p-1f), x);
  r = vf_fma(n, vf_set1(-0x1.7f7d1cp-20f), r);
  vf q = vf_set1(0x1.10621ep-7f);
  q = vf_fma(q, r, vf_set1(0x1.572adap-5f));
  q = vf_fma(q, r, vf_set1(0x1.5557b0p-3f));
  q = vf_fma(q, r, vf_set1(0x1.fffdfap-2f));
  q = vf_fma(q, r, vf_set1(1.0f));
  return vf_scale(vf_fma(q, r, vf_set1(1.0f)), n);
}

/// erf(x / √2), absolute error below 7e-7: x·P(x²), P minimax of degree 13 over |x| ≤ 5.25, in the
/// variable x²·2/5.25² − 1 that keeps its coefficients small. Fitted to erf · (1 + 3e-7), so that it
/// reaches ±1 and is exact from there on: GELU of large negative values is 0.
CK_INLINE vf vf_erf_half(vf x) {
  static const float c[14] = {
      0x1.13c850p-2f, -0x1.12f36ap-3f, 0x1.96aed4p-4f, -0x1.45c8e6p-4f, 0x1.06aba6p-4f,
      -0x1.998460p-5f, 0x1.2c40d2p-5f, -0x1.a87d46p-6f, 0x1.2937dcp-6f, -0x1.4f8b28p-7f,
      0x1.ea1030p-9f, -0x1.5bb166p-9f, 0x1.7dd7b0p-9f, -0x1.261a3ap-10f};
  vf clamped = vf_min(vf_max(x, vf_set1(-5.25f)), vf_set1(5.25f));
  vf u = vf_fma(vf_mul(clamped, clamped), vf_set1(2.0f / (5.25f * 5.25f)), vf_set1(-1.0f));
  vf p = vf_set1(c[13]);
  for (int i = 12; i >= 0; i--) p = vf_fma(p, u, vf_set1(c[i]));
  return vf_min(vf_max(vf_mul(p, clamped), vf_set1(-1.0f)), vf_set1(1.0f));
}

/// x · (1 + erf(x / √2)) / 2
CK_INLINE vf vf_gelu(vf x) {
  vf half = vf_mul(x, vf_set1(0.5f));
  return vf_fma(half, vf_erf_half(x), half);
}

/// x / (1 + e^−x)
CK_INLINE vf vf_silu(vf x) {
  vf e = vf_exp(vf_sub(vf_set1(0.0f), x));
  return vf_div(x, vf_add(vf_set1(1.0f), e));
}
