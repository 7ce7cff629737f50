// Operators over one row, written once over the vector type of the including file.
//
// Sums run lane by lane over the whole row and are joined by one fixed tree: they depend on the row
// and its length alone. Lanes behind the end of the row hold what adds nothing.
#pragma once

/// Whole vectors in n elements; the rest are `n − full`.
#define CK_FULL(n) ((n) / VL * VL)

CK_INLINE vf load_part(const float *x, ptrdiff_t i, ptrdiff_t n) {
  return n - i >= VL ? vf_load(x + i) : vf_load_first(x + i, n - i);
}
CK_INLINE void store_part(float *x, ptrdiff_t i, ptrdiff_t n, vf v) {
  if (n - i >= VL) vf_store(x + i, v);
  else vf_store_first(x + i, n - i, v);
}

/// q = round((x − shift) · inverse) for k elements; their sum.
CK_INLINE int32_t round_to_s8(const float *x, ptrdiff_t k, float shift, float inverse, int8_t *q) {
  vf center = vf_set1(shift), factor = vf_set1(inverse);
  vi total = vi_zero();
  ptrdiff_t full = CK_FULL(k);
  for (ptrdiff_t i = 0; i < full; i += VL) {
    vi rounded = vi_clamp_s8(vi_round(vf_mul(vf_sub(vf_load(x + i), center), factor)));
    total = vi_add(total, rounded);
    vi_store_s8(q + i, rounded);
  }
  int32_t sum = vi_sum(total);
  if (full < k) {
    int8_t last[VL];
    vf rest = vf_load_first(x + full, k - full);
    vi_store_s8(last, vi_clamp_s8(vi_round(vf_mul(vf_sub(rest, center), factor))));
    for (ptrdiff_t i = full; i < k; i++) sum += q[i] = last[i - full];
  }
  return sum;
}

static void quantize_row(const float *x, ptrdiff_t k, ptrdiff_t k_padded, int8_t *q, float *scale,
                         float *shift, int32_t *sum) {
  vf zero = vf_set1(0.0f), highest = zero, lowest = zero;
  for (ptrdiff_t i = 0; i < k; i += VL) {
    vf v = load_part(x, i, k);
    highest = vf_max(highest, v);
    lowest = vf_max(lowest, vf_sub(zero, v));
  }
  float high = vf_largest(highest), low = -vf_largest(lowest), range = high - low;
  *scale = range / 254.0f;
  *shift = (high + low) * 0.5f;
  *sum = round_to_s8(x, k, *shift, range > 0 ? 254.0f / range : 0.0f, q);
  memset(q + k, 0, (size_t)(k_padded - k));
}

static void quantize_blocks(const float *x, ptrdiff_t k, int8_t *q, float *scales, int32_t *sums) {
  for (ptrdiff_t block = 0; block < k / CK_Q8_BLOCK; block++, x += CK_Q8_BLOCK, q += CK_Q8_BLOCK) {
    vf largest = vf_set1(0.0f);
    for (ptrdiff_t i = 0; i < CK_Q8_BLOCK; i += VL) largest = vf_max(largest, vf_abs(vf_load(x + i)));
    float magnitude = vf_largest(largest);
    scales[block] = magnitude / 127.0f;
    sums[block] = round_to_s8(x, CK_Q8_BLOCK, 0.0f, magnitude > 0 ? 127.0f / magnitude : 0.0f, q);
  }
}

static void layer_norm(const float *x, ptrdiff_t n, const float *weight, const float *bias,
                       float epsilon, float *out) {
  ptrdiff_t full = CK_FULL(n);
  vf sum = vf_set1(0.0f), squares = vf_set1(0.0f);
  for (ptrdiff_t i = 0; i < n; i += VL) sum = vf_add(sum, load_part(x, i, n));
  float mean = vf_sum(sum) / (float)n;
  vf center = vf_set1(mean);
  for (ptrdiff_t i = 0; i < full; i += VL) {
    vf d = vf_sub(vf_load(x + i), center);
    squares = vf_fma(d, d, squares);
  }
  float rest = 0;
  for (ptrdiff_t i = full; i < n; i++) rest += (x[i] - mean) * (x[i] - mean);
  vf inverse = vf_set1(1.0f / __builtin_sqrtf((vf_sum(squares) + rest) / (float)n + epsilon));
  for (ptrdiff_t i = 0; i < n; i += VL) {
    vf d = vf_mul(vf_sub(load_part(x, i, n), center), inverse);
    store_part(out, i, n, vf_fma(d, load_part(weight, i, n), load_part(bias, i, n)));
  }
}

static void rms_norm(const float *x, ptrdiff_t n, const float *weight, float epsilon, float *out) {
  vf squares = vf_set1(0.0f);
  for (ptrdiff_t i = 0; i < n; i += VL) {
    vf v = load_part(x, i, n);
    squares = vf_fma(v, v, squares);
  }
  vf inverse = vf_set1(1.0f / __builtin_sqrtf(vf_sum(squares) / (float)n + epsilon));
  for (ptrdiff_t i = 0; i < n; i += VL) {
    vf v = vf_mul(load_part(x, i, n), inverse);
    store_part(out, i, n, vf_mul(v, load_part(weight, i, n)));
  }
}

/// x [n] → e^(x − max) in place, zero from n up to n_padded; returns 1 / Σ. n_padded: whole vectors.
static float softmax_weights(float *x, ptrdiff_t n, ptrdiff_t n_padded) {
  for (ptrdiff_t i = n; i < n_padded; i++) x[i] = -__builtin_inff();
  vf largest = vf_set1(-__builtin_inff()), sum = vf_set1(0.0f);
  for (ptrdiff_t i = 0; i < n_padded; i += VL) largest = vf_max(largest, vf_load(x + i));
  largest = vf_set1(vf_largest(largest));
  for (ptrdiff_t i = 0; i < n_padded; i += VL) {
    vf e = vf_exp(vf_sub(vf_load(x + i), largest));
    vf_store(x + i, e);
    sum = vf_add(sum, e);
  }
  return 1.0f / vf_sum(sum);
}

static void softmax(const float *x, ptrdiff_t n, float *out) {
  float largest = -__builtin_inff(), sum;
  ptrdiff_t full = CK_FULL(n);
  vf wide = vf_set1(-__builtin_inff()), total = vf_set1(0.0f);
  float last[VL];
  for (ptrdiff_t i = 0; i < full; i += VL) wide = vf_max(wide, vf_load(x + i));
  largest = vf_largest(wide);
  for (ptrdiff_t i = full; i < n; i++) largest = x[i] > largest ? x[i] : largest;
  for (ptrdiff_t i = 0; i < VL; i++) last[i] = full + i < n ? x[full + i] : -__builtin_inff();
  vf top = vf_set1(largest), tail = vf_exp(vf_sub(vf_load(last), top));
  for (ptrdiff_t i = 0; i < full; i += VL) {
    vf e = vf_exp(vf_sub(vf_load(x + i), top));
    vf_store(out + i, e);
    total = vf_add(total, e);
  }
  if (n > full) vf_store_first(out + full, n - full, tail);
  sum = vf_sum(vf_add(total, tail));
  vf inverse = vf_set1(1.0f / sum);
  for (ptrdiff_t i = 0; i < n; i += VL) {
    store_part(out, i, n, vf_mul(load_part(out, i, n), inverse));
  }
}

/// One pair (a, b) turned by (c, s); the vector code below computes the same.
CK_INLINE void rotate_pair(float *a, float *b, float c, float s) {
  float first = __builtin_fmaf(*a, c, -(*b * s)), second = __builtin_fmaf(*a, s, *b * c);
  *a = first;
  *b = second;
}

static void rotate(float *x, ptrdiff_t heads, ptrdiff_t head_size, ptrdiff_t dims,
                   const float *cosines, const float *sines, bool halves) {
  ptrdiff_t pairs = dims / 2, full = CK_FULL(pairs);
  for (ptrdiff_t head = 0; head < heads; head++, x += head_size) {
    for (ptrdiff_t i = 0; i < full; i += VL) {
      vf a, b, c = vf_load(cosines + i), s = vf_load(sines + i);
      if (halves) a = vf_load(x + i), b = vf_load(x + pairs + i);
      else vf_load_pairs(x + 2 * i, &a, &b);
      vf first = vf_fms(a, c, vf_mul(b, s)), second = vf_fma(a, s, vf_mul(b, c));
      if (halves) vf_store(x + i, first), vf_store(x + pairs + i, second);
      else vf_store_pairs(x + 2 * i, first, second);
    }
    for (ptrdiff_t i = full; i < pairs; i++) {
      if (halves) rotate_pair(&x[i], &x[pairs + i], cosines[i], sines[i]);
      else rotate_pair(&x[2 * i], &x[2 * i + 1], cosines[i], sines[i]);
    }
  }
}

static void widen(ck_element element, const void *source, ptrdiff_t n, float *out) {
  const uint8_t *bytes = source;
  ptrdiff_t i = 0;
  switch (element) {
    case CK_F16:
      for (; i + VL <= n; i += VL) vf_store(out + i, vf_load_f16(bytes + 2 * i));
      break;
    case CK_BF16:
      for (; i + VL <= n; i += VL) vf_store(out + i, vf_load_bf16(bytes + 2 * i));
      break;
    case CK_Q8_0:
      for (ptrdiff_t block = 0; block < n / CK_Q8_BLOCK; block++, bytes += CK_Q8_BLOCK + 2) {
        uint16_t half;
        memcpy(&half, bytes, 2);
        vf scale = vf_set1(ck_from_f16(half));
        for (ptrdiff_t j = 0; j < CK_Q8_BLOCK; j += VL, i += VL) {
          vf_store(out + i, vf_mul(vf_load_s8(bytes + 2 + j), scale));
        }
      }
      return;
    default: break;
  }
  ptrdiff_t size = ck_row_bytes(element, 1);
  if (i < n) ck_kernels_scalar.widen(element, bytes + i * size, n - i, out + i);
}
