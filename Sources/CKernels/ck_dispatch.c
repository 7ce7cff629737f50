// The one selector: which tier this process runs, decided before main.
#include "ck_internal.h"
#include <stdio.h>
#include <stdlib.h>

static const ck_kernels *active = &ck_kernels_scalar;
static char error[160];

static const ck_kernels *const tiers[] = {
    &ck_kernels_scalar,
#if defined(__x86_64__)
    &ck_kernels_avx2,
    &ck_kernels_avx512vnni,
#elif defined(__aarch64__)
    &ck_kernels_neon,
#endif
};
enum { tier_count = sizeof tiers / sizeof *tiers };

#if defined(__aarch64__)
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1 << 20)
#endif
#endif

static bool runs_here(ck_tier tier) {
  switch (tier) {
    case CK_SCALAR: return true;
#if defined(__x86_64__)
    case CK_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case CK_AVX512VNNI:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case CK_NEON: return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
    default: return false;
  }
}

const ck_kernels *ck_kernels_of(ck_tier tier) {
  for (int i = 0; i < tier_count; i++) {
    if (tiers[i]->tier == tier) return runs_here(tier) ? tiers[i] : NULL;
  }
  return NULL;
}

const ck_kernels *ck_choose_tier(const char *wish, char *problem, size_t size) {
  const ck_kernels *best = &ck_kernels_scalar;
  char allowed[64] = "";
  problem[0] = 0;
  for (int i = 0; i < tier_count; i++) {
    if (!runs_here(tiers[i]->tier)) continue;
    best = tiers[i];
    if (allowed[0]) strcat(allowed, ", ");
    strcat(allowed, tiers[i]->name);
  }
  if (!wish || !wish[0]) return best;
  for (int i = 0; i < tier_count; i++) {
    if (strcmp(wish, tiers[i]->name) == 0 && runs_here(tiers[i]->tier)) return tiers[i];
  }
  snprintf(problem, size,
           "APUS_CPU is '%.32s', which this machine cannot run; unset it or use one of: %s", wish,
           allowed);
  return best;
}

const ck_kernels *ck_active(void) { return active; }
const char *ck_tier_error(void) { return error[0] ? error : NULL; }

__attribute__((constructor)) static void select_tier(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  active = ck_choose_tier(getenv("APUS_CPU"), error, sizeof error);
}
