// A pool for phases of microseconds: one kernel call split into parts.
//
//   caller                               worker
//   publish(generation, remaining=n)     spin on `state`, then sleep on `epoch` (futex)
//   claim ── remaining − 1 ──┐           claim ── remaining − 1 ──┐
//     run part               │             run part               │
//     done + 1 ──────────────┘             done + 1 ──────────────┘
//   wait until done == n
//
// `state` holds generation (high half) and remaining parts (low half). A claim is a compare-exchange
// of the whole word: it succeeds only for the generation whose function and context were read before
// it, and never when nothing remains. So a worker that wakes late finds nothing and costs nothing; the
// caller takes every part that nobody claimed, and waits only for parts already claimed.
#define _GNU_SOURCE
#include "include/CKernels.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  spin_nanoseconds = 60000,  // a worker looks for the next phase this long before it sleeps
  pauses_per_look = 8,
  pauses_before_yield = 2000 // a waiting caller then gives its core away
};

struct ck_pool {
  _Alignas(128) _Atomic uint64_t state;
  _Atomic(ck_part) part;
  _Atomic(void *) context;
  _Atomic uint64_t total;
  _Alignas(128) _Atomic uint64_t done;
  _Alignas(128) _Atomic uint32_t epoch;
  _Atomic uint32_t sleepers;
  _Atomic bool stopping;
  _Alignas(128) atomic_flag busy;
  ptrdiff_t workers;
  pthread_t threads[];
};

static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static uint64_t now_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// Claims and runs parts until none remains.
static void work(ck_pool *pool) {
  uint64_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
  while ((uint32_t)state != 0) {
    ck_part part = atomic_load_explicit(&pool->part, memory_order_relaxed);
    void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
    uint64_t total = atomic_load_explicit(&pool->total, memory_order_relaxed);
    if (atomic_compare_exchange_weak_explicit(&pool->state, &state, state - 1,
                                              memory_order_acq_rel, memory_order_acquire)) {
      part(context, (ptrdiff_t)(total - (uint32_t)state));
      atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
      state = atomic_load_explicit(&pool->state, memory_order_acquire);
    }
  }
}

/// True while a phase is worth looking for; sleeps first when none came for a while.
static bool wait_for_phase(ck_pool *pool) {
  uint64_t deadline = now_nanoseconds() + spin_nanoseconds;
  do {
    for (int i = 0; i < pauses_per_look; i++) {
      if ((uint32_t)atomic_load_explicit(&pool->state, memory_order_relaxed) != 0) return true;
      ck_pause();
    }
  } while (now_nanoseconds() < deadline);
  // Announce the sleep, then look once more: the publisher stores first and reads `sleepers` second.
  atomic_fetch_add(&pool->sleepers, 1);
  uint32_t epoch = atomic_load(&pool->epoch);
  if ((uint32_t)atomic_load(&pool->state) == 0 && !atomic_load(&pool->stopping)) {
    syscall(SYS_futex, &pool->epoch, FUTEX_WAIT_PRIVATE, epoch, NULL, NULL, 0);
  }
  atomic_fetch_sub(&pool->sleepers, 1);
  return !atomic_load(&pool->stopping);
}

static void *worker_main(void *argument) {
  ck_pool *pool = argument;
  while (wait_for_phase(pool)) work(pool);
  return NULL;
}

static void wake(ck_pool *pool, int count) {
  atomic_fetch_add(&pool->epoch, 1);
  syscall(SYS_futex, &pool->epoch, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

ck_pool *ck_pool_create(ptrdiff_t threads) {
  if (threads < 1 || threads > 1024) return NULL;
  size_t size = sizeof(ck_pool) + (size_t)(threads - 1) * sizeof(pthread_t);
  ck_pool *pool = aligned_alloc(128, (size + 127) / 128 * 128);
  if (!pool) return NULL;
  atomic_init(&pool->state, 0);
  atomic_init(&pool->part, (ck_part)NULL);
  atomic_init(&pool->context, NULL);
  atomic_init(&pool->total, 0);
  atomic_init(&pool->done, 0);
  atomic_init(&pool->epoch, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->stopping, false);
  atomic_flag_clear(&pool->busy);
  pool->workers = 0;
  // Signals belong to the process's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (ptrdiff_t i = 0; i < threads - 1; i++) {
    if (pthread_create(&pool->threads[i], NULL, worker_main, pool) != 0) break;
    pthread_setname_np(pool->threads[i], "apus-pool");
    pool->workers++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pool->workers != threads - 1) {
    ck_pool_destroy(pool);
    return NULL;
  }
  return pool;
}

void ck_pool_run(ck_pool *pool, ptrdiff_t parts, ck_part part, void *context) {
  if (parts <= 1 || parts > INT32_MAX || pool->workers == 0 ||
      atomic_flag_test_and_set_explicit(&pool->busy, memory_order_acquire)) {
    for (ptrdiff_t i = 0; i < parts; i++) part(context, i);
    return;
  }
  atomic_store_explicit(&pool->part, part, memory_order_relaxed);
  atomic_store_explicit(&pool->context, context, memory_order_relaxed);
  atomic_store_explicit(&pool->total, (uint64_t)parts, memory_order_relaxed);
  atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
  uint64_t generation = (atomic_load_explicit(&pool->state, memory_order_relaxed) >> 32) + 1;
  atomic_store(&pool->state, generation << 32 | (uint64_t)parts);
  if (atomic_load(&pool->sleepers) != 0) wake(pool, (int)parts - 1);
  work(pool);
  for (int pauses = 0;
       atomic_load_explicit(&pool->done, memory_order_acquire) != (uint64_t)parts; pauses++) {
    if (pauses < pauses_before_yield) ck_pause();
    else sched_yield();
  }
  atomic_flag_clear_explicit(&pool->busy, memory_order_release);
}

void ck_pool_destroy(ck_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->stopping, true);
  wake(pool, INT32_MAX);
  for (ptrdiff_t i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
  free(pool);
}
