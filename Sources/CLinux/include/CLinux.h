// What EventLoop and Threads need of Linux and Swift's Glibc overlay does not import cleanly.
// Every function answers a value >= 0, or -errno. File descriptors are close-on-exec; sockets never block.
#pragma once
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>

// epoll(7)
enum { CL_READABLE = 0x001, CL_WRITABLE = 0x004, CL_ERROR = 0x008, CL_HANGUP = 0x010, CL_PEER_ENDED = 0x2000 };
#define CL_EDGE 0x80000000u
typedef struct {
  uint64_t token;
  uint32_t events;
  uint32_t padding;
} cl_event;
int cl_epoll_create(void);
int cl_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int cl_epoll_change(int epoll, int fd, uint32_t events, uint64_t token);
int cl_epoll_remove(int epoll, int fd);
// Waits at most `nanoseconds` (negative: for ever); at most 256 events a call.
int cl_epoll_wait(int epoll, cl_event *events, int capacity, int64_t nanoseconds);

// Wake-ups, signals, time
int cl_eventfd(void);
int cl_eventfd_signal(int fd);
int cl_signals_block(const int *signals, int count);
// Waits at most `nanoseconds` (negative: for ever) for one of the signals, which the thread must
// block. Its number, -EAGAIN when the time is over, -EINTR for another signal.
int cl_signal_wait(const int *signals, int count, int64_t nanoseconds);
int cl_ignore_sigpipe(void);
// CLOCK_MONOTONIC.
uint64_t cl_monotonic_nanoseconds(void);

// Socket addresses
typedef struct {
  uint8_t bytes[128];
  uint32_t length;
} cl_address;
// A numeric IPv4 or IPv6 host.
int cl_address_ip(cl_address *address, const char *host, uint16_t port);
// The first address of a host name (blocks; getaddrinfo); -ENOENT when it has none.
int cl_address_resolve(cl_address *address, const char *host, uint16_t port);
int cl_address_unix(cl_address *address, const char *path);
int cl_address_is_unix(const cl_address *address);
int cl_address_port(const cl_address *address);
// `ip:port`, `[ip]:port` or `unix:path`, zero-terminated; answers its length.
int cl_address_format(const cl_address *address, char *text, size_t capacity);

// Sockets
int cl_listen(const cl_address *address, int backlog, int reuse_port);
// Binds without SO_REUSEPORT and lets go: tells whether somebody else listens there.
int cl_probe_free(const cl_address *address);
int cl_local_address(int fd, cl_address *address);
int cl_accept(int listener, cl_address *peer);
// Answers the socket with its connect under way; *done is 1 when it already stands.
int cl_connect(const cl_address *address, int *done);
// Two stream sockets that are connected to each other.
int cl_socket_pair(int *near_end, int *far_end);
// The pending error of a socket (SO_ERROR), or 0.
int cl_socket_error(int fd);
int64_t cl_receive(int fd, void *bytes, size_t count);
int64_t cl_send(int fd, const void *bytes, size_t count);
int cl_shutdown_write(int fd);
// Ends both directions at once; whoever holds the descriptor reads the end of the stream.
int cl_shutdown_both(int fd);
// Bytes, the FIN among them, that the peer's kernel has not taken yet.
int cl_unacknowledged(int fd);
// The next close sends RST instead of FIN.
int cl_reset_on_close(int fd);
int cl_set_send_buffer(int fd, int bytes);
int cl_set_receive_buffer(int fd, int bytes);
int cl_duplicate(int fd);
int cl_reserve(void);
int cl_close(int fd);
/// Removes a socket's file; -ENOTSOCK for a file of any other kind, which is left alone.
int cl_unlink_socket(const char *path);
// Cores this process may run on.
int cl_cpu_count(void);
// Names the calling thread; at most 15 bytes.
int cl_thread_name(const char *name);
// Has the calling thread give way to others by so many steps of niceness.
int cl_thread_give_way(int steps);
// Waits for a semaphore on the monotonic clock; -ETIMEDOUT when the time is up.
int cl_semaphore_wait(sem_t *semaphore, int64_t nanoseconds);
// Gives memory that was freed back to the system.
void cl_trim_memory(void);
// Bytes that were freed and that the allocator keeps; 0 where it does not tell.
size_t cl_freed_memory(void);
// Raises the soft limit on descriptors to the hard one; answers the limit that holds then.
int cl_raise_descriptor_limit(void);
// Descriptors that this process may have open.
int cl_descriptor_limit(void);
// Puts /dev/null, on which reads and writes fail, where standard input, output or error is closed.
int cl_fill_standard_streams(void);
