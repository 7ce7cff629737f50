// The limits that products are measured against.
#include "include/CBench.h"

#if defined(__x86_64__)
#include <immintrin.h>

/// 24 accumulators hide the latency; the empty assembly keeps the loop from being folded away.
__attribute__((target("avx512f,avx512vnni"))) static double dot_avx512vnni(ptrdiff_t rounds) {
  __m512i acc[24], a = _mm512_set1_epi32(0x01020304), b = _mm512_set1_epi32(0x7f80ff01);
  for (int i = 0; i < 24; i++) acc[i] = _mm512_setzero_si512();
  for (ptrdiff_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 24; i++) acc[i] = _mm512_dpbusd_epi32(acc[i], a, b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  __m512i sum = acc[0];
  for (int i = 1; i < 24; i++) sum = _mm512_add_epi32(sum, acc[i]);
  __asm__ volatile("" : : "v"(sum));
  return (double)rounds * 24 * 128;
}

/// AVX2 without VNNI: the exact 16-bit multiply-add and the addition it needs.
__attribute__((target("avx2"))) static double dot_avx2(ptrdiff_t rounds) {
  __m256i acc[8], a = _mm256_set1_epi16(3), b = _mm256_set1_epi16(5);
  for (int i = 0; i < 8; i++) acc[i] = _mm256_setzero_si256();
  for (ptrdiff_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 8; i++) {
      __m256i product = _mm256_madd_epi16(a, b);
      __asm__ volatile("" : "+x"(product));
      acc[i] = _mm256_add_epi32(acc[i], product);
    }
  }
  __m256i sum = acc[0];
  for (int i = 1; i < 8; i++) sum = _mm256_add_epi32(sum, acc[i]);
  __asm__ volatile("" : : "x"(sum));
  return (double)rounds * 8 * 32;
}

double cb_dot_product_operations(ptrdiff_t rounds) {
  if (__builtin_cpu_supports("avx512vnni")) return dot_avx512vnni(rounds);
  if (__builtin_cpu_supports("avx2")) return dot_avx2(rounds);
  return 0;
}
#else
double cb_dot_product_operations(ptrdiff_t rounds) {
  (void)rounds;
  return 0;
}
#endif

uint64_t cb_read(const void *bytes, ptrdiff_t count) {
  typedef uint64_t wide __attribute__((vector_size(64)));
  const wide *p = bytes;
  wide sum[4] = {{0}};
  for (ptrdiff_t i = 0; i < count / 64; i += 4) {
    for (int j = 0; j < 4; j++) {
      __builtin_prefetch(p + i + j + 64);
      sum[j] += p[i + j];
    }
  }
  sum[0] += sum[1] + sum[2] + sum[3];
  uint64_t total = 0;
  for (int i = 0; i < 8; i++) total += sum[0][i];
  return total;
}
