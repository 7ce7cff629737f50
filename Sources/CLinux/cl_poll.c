#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CL_READABLE == EPOLLIN && CL_WRITABLE == EPOLLOUT, "epoll bits");
_Static_assert(CL_ERROR == EPOLLERR && CL_HANGUP == EPOLLHUP, "epoll bits");

_Static_assert(CL_EDGE == (uint32_t)EPOLLET, "epoll bits");

static int answer(int result) { return result < 0 ? -errno : result; }

int cl_epoll_create(void) { return answer(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};
  return answer(epoll_ctl(epoll, operation, fd, &event));
}

int cl_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int cl_epoll_change(int epoll, int fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int cl_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int cl_epoll_wait(int epoll, cl_event *events, int capacity, int64_t nanoseconds) {
  // epoll_pwait2 (Linux 5.11) keeps timers finer than a millisecond; older kernels round up.
  static _Atomic int has_pwait2 = 1;
  struct epoll_event found[256];
  if (capacity > 256) capacity = 256;
  int count = -1;
  if (nanoseconds <= 0) {
    count = epoll_wait(epoll, found, capacity, nanoseconds < 0 ? -1 : 0);
  } else {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    errno = ENOSYS;
    if (has_pwait2) count = epoll_pwait2(epoll, found, capacity, &time, NULL);
    if (count < 0 && errno == ENOSYS) {
      has_pwait2 = 0;
      int64_t milliseconds = (nanoseconds + 999999) / 1000000;
      count = epoll_wait(epoll, found, capacity, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
    }
  }
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    events[i].token = found[i].data.u64;
    events[i].events = found[i].events;
    events[i].padding = 0;
  }
  return count;
}

int cl_eventfd(void) { return answer(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int cl_eventfd_signal(int fd) {
  uint64_t one = 1;
  return write(fd, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

static sigset_t set_of(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  return set;
}

int cl_signals_block(const int *signals, int count) {
  sigset_t set = set_of(signals, count);
  return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int cl_signal_wait(const int *signals, int count, int64_t nanoseconds) {
  sigset_t set = set_of(signals, count);
  struct timespec most = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return answer(sigtimedwait(&set, NULL, nanoseconds < 0 ? NULL : &most));
}

int cl_ignore_sigpipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0; }

uint64_t cl_monotonic_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int cl_duplicate(int fd) { return answer(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

int cl_reserve(void) { return answer(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

int cl_close(int fd) { return answer(close(fd)); }

int cl_unlink_socket(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return -errno;
  if (!S_ISSOCK(status.st_mode)) return -ENOTSOCK;
  return answer(unlink(path));
}

int cl_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0) return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

int cl_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  }
  return cl_descriptor_limit();
}

int cl_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  return limit.rlim_cur > 0x7fffffff ? 0x7fffffff : (int)limit.rlim_cur;
}

int cl_fill_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // In the direction that nobody uses, so that reading and writing fail as on a closed one. The
    // lowest free number is given out, so this is `fd` itself.
    int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (errno != EBADF || open("/dev/null", flags) < 0) return -errno;
  }
  return 0;
}
