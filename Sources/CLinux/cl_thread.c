#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

int cl_thread_name(const char *name) { return -pthread_setname_np(pthread_self(), name); }

int cl_thread_give_way(int steps) {
  // Of Linux, 0 names the calling thread and not its process.
  errno = 0;
  int now = getpriority(PRIO_PROCESS, 0);
  if (errno != 0) return -errno;
  return setpriority(PRIO_PROCESS, 0, now + steps) == 0 ? 0 : -errno;
}

int cl_semaphore_wait(sem_t *semaphore, int64_t nanoseconds) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  nanoseconds += end.tv_nsec;
  end.tv_sec += nanoseconds / 1000000000;
  end.tv_nsec = nanoseconds % 1000000000;
  while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &end) != 0) {
    if (errno != EINTR) return -errno;
  }
  return 0;
}

size_t cl_freed_memory(void) {
#ifdef __GLIBC__
  return mallinfo2().fordblks;
#else
  return 0;
#endif
}

void cl_trim_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
