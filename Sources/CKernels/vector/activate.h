// Functions of each element by itself, written once over the vector type of the including file.
#pragma once

/// tanh x = 1 − 2 / (e^2x + 1); absolute error below 3e-7.
CK_INLINE vf vf_tanh(vf x) {
  vf one = vf_set1(1.0f), e = vf_exp(vf_add(x, x));
  return vf_sub(one, vf_div(vf_set1(2.0f), vf_add(e, one)));
}

CK_INLINE vf vf_gelu_tanh(vf x) {
  vf cube = vf_mul(vf_mul(x, x), x);
  vf inner = vf_mul(vf_set1(0.79788456f), vf_fma(vf_set1(0.044715f), cube, x));
  vf half = vf_mul(x, vf_set1(0.5f));
  return vf_fma(half, vf_tanh(inner), half);
}

CK_INLINE vf vf_sigmoid(vf x) {
  vf one = vf_set1(1.0f);
  return vf_div(one, vf_add(one, vf_exp(vf_sub(vf_set1(0.0f), x))));
}

CK_INLINE vf vf_activate(ck_activation kind, vf x) {
  switch (kind) {
    case CK_FN_GELU: return vf_gelu(x);
    case CK_FN_GELU_TANH: return vf_gelu_tanh(x);
    case CK_FN_TANH: return vf_tanh(x);
    case CK_FN_SIGMOID: return vf_sigmoid(x);
    case CK_FN_SILU: return vf_silu(x);
    default: return x;
  }
}

CK_INLINE void activate_row(ck_activation kind, const float *x, ptrdiff_t n, float *out) {
  for (ptrdiff_t i = 0; i < n; i += VL) {
    store_part(out, i, n, vf_activate(kind, load_part(x, i, n)));
  }
}

static void activate(ck_activation kind, const float *x, ptrdiff_t n, float *out) {
#define CK_CASE(kind)                                                                              \
  case kind: activate_row(kind, x, n, out); break;
  switch (kind) {
    CK_CASE(CK_FN_GELU)
    CK_CASE(CK_FN_GELU_TANH)
    CK_CASE(CK_FN_TANH)
    CK_CASE(CK_FN_SIGMOID)
    CK_CASE(CK_FN_SILU)
  }
#undef CK_CASE
}
