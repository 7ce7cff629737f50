#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof(struct sockaddr_storage) <= 128, "room for every address");

static int answer(int result) { return result < 0 ? -errno : result; }

// Addresses are copied in and out, so that no pointer is cast to a type of stricter alignment.
static struct sockaddr_storage storage_of(const cl_address *address) {
  struct sockaddr_storage storage;
  memset(&storage, 0, sizeof storage);
  memcpy(&storage, address->bytes, address->length <= sizeof storage ? address->length : sizeof storage);
  return storage;
}

static void store(cl_address *address, const void *from, socklen_t length) {
  memset(address, 0, sizeof *address);
  if (length > sizeof address->bytes) length = sizeof address->bytes;
  memcpy(address->bytes, from, length);
  address->length = length;
}

int cl_address_ip(cl_address *address, const char *host, uint16_t port) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
    store(address, &four, sizeof four);
    return 0;
  }
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
    store(address, &six, sizeof six);
    return 0;
  }
  return -EINVAL;
}

int cl_address_resolve(cl_address *address, const char *host, uint16_t port) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  char service[8];
  snprintf(service, sizeof service, "%u", port);
  if (getaddrinfo(host, service, &hints, &found) != 0 || !found) return -ENOENT;
  store(address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return 0;
}

int cl_address_unix(cl_address *address, const char *path) {
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof local.sun_path) return -ENAMETOOLONG;
  memcpy(local.sun_path, path, length + 1);
  store(address, &local, sizeof local);
  return 0;
}

int cl_address_is_unix(const cl_address *address) {
  return storage_of(address).ss_family == AF_UNIX;
}

int cl_address_port(const cl_address *address) {
  struct sockaddr_storage storage = storage_of(address);
  if (storage.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&storage)->sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
  return 0;
}

int cl_address_format(const cl_address *address, char *text, size_t capacity) {
  struct sockaddr_storage storage = storage_of(address);
  char host[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &((struct sockaddr_in *)&storage)->sin_addr, host, sizeof host);
    return snprintf(text, capacity, "%s:%d", host, cl_address_port(address));
  }
  if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&storage)->sin6_addr, host, sizeof host);
    return snprintf(text, capacity, "[%s]:%d", host, cl_address_port(address));
  }
  return snprintf(text, capacity, "unix:%s", ((struct sockaddr_un *)&storage)->sun_path);
}

static int open_socket(int family) {
  int fd = answer(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd >= 0 && family != AF_UNIX) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

static int bind_socket(const cl_address *address, int reuse_port) {
  struct sockaddr_storage storage = storage_of(address);
  int fd = open_socket(storage.ss_family);
  if (fd < 0) return fd;
  int on = 1, failed = 0;
  if (storage.ss_family != AF_UNIX) {
    failed |= setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port) failed |= setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (failed || bind(fd, (struct sockaddr *)&storage, address->length) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int cl_listen(const cl_address *address, int backlog, int reuse_port) {
  int fd = bind_socket(address, reuse_port);
  if (fd < 0) return fd;
  if (listen(fd, backlog) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int cl_probe_free(const cl_address *address) {
  int fd = bind_socket(address, 0);
  if (fd < 0) return fd;
  close(fd);
  return 0;
}

int cl_local_address(int fd, cl_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) return -errno;
  store(address, &storage, length);
  return 0;
}

int cl_accept(int listener, cl_address *peer) {
  struct sockaddr_storage storage;
  memset(&storage, 0, sizeof storage);
  socklen_t length = sizeof storage;
  int fd = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return -errno;
  store(peer, &storage, length);
  if (storage.ss_family != AF_UNIX) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

int cl_connect(const cl_address *address, int *done) {
  struct sockaddr_storage storage = storage_of(address);
  int fd = open_socket(storage.ss_family);
  if (fd < 0) return fd;
  *done = connect(fd, (struct sockaddr *)&storage, address->length) == 0;
  if (!*done && errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int cl_socket_pair(int *near_end, int *far_end) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  *near_end = ends[0];
  *far_end = ends[1];
  return 0;
}

int cl_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
  return error;
}

int64_t cl_receive(int fd, void *bytes, size_t count) {
  ssize_t result;
  do result = recv(fd, bytes, count, 0);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

int64_t cl_send(int fd, const void *bytes, size_t count) {
  ssize_t result;
  do result = send(fd, bytes, count, MSG_NOSIGNAL);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

int cl_shutdown_write(int fd) { return answer(shutdown(fd, SHUT_WR)); }
int cl_shutdown_both(int fd) { return answer(shutdown(fd, SHUT_RDWR)); }

int cl_unacknowledged(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

int cl_reset_on_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  return answer(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
}

int cl_set_send_buffer(int fd, int bytes) {
  return answer(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
}

int cl_set_receive_buffer(int fd, int bytes) {
  return answer(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
}
