#include <microhttpd.h>
#include <stdint.h>

// libmicrohttpd's own functions for these take variable arguments, which Swift cannot call.

// What a daemon calls; `owner` is handed back each time.
struct mhd_callbacks {
  void *owner;
  void *(*request_line)(void *owner, const char *uri, struct MHD_Connection *connection);
  MHD_AccessHandlerCallback access;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
};

// A daemon that neither listens nor has a thread: it is given connections and is run by its owner.
static inline struct MHD_Daemon *mhd_start(struct mhd_callbacks callbacks, size_t connection_memory,
                                           unsigned int idle_seconds) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, 0, 0, callbacks.access,
      callbacks.owner, MHD_OPTION_URI_LOG_CALLBACK, callbacks.request_line, callbacks.owner,
      MHD_OPTION_NOTIFY_COMPLETED, callbacks.completed, callbacks.owner, MHD_OPTION_NOTIFY_CONNECTION,
      callbacks.connection, callbacks.owner, MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
      MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_LIMIT, 1u << 20,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static inline int mhd_epoll(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

// What the connection callback stored for the connection.
static inline void *mhd_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static inline size_t mhd_header_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

// Keeps the library from taking the query and the cookies apart, which nobody asks it for. To be
// called from `request_line` with what it was given, which has no query afterwards.
void mhd_skip_items(struct MHD_Connection *connection, const char *target);

// Where the library has the parts of a head whose access callback this is.
struct mhd_head {
  const char *method;
  const char *target;
  // Bytes of the target as it came, its query with it.
  size_t target_size;
  const char *version;
};

// Zero where lines do not follow one another: one was folded onto the next, or has a zero byte, at
// which the library takes it to end.
int mhd_is_head_whole(struct MHD_Connection *connection, struct mhd_head head);

// Nonzero if the daemon has work left that no descriptor will tell of.
static inline int mhd_is_busy(struct MHD_Daemon *daemon) {
  unsigned long long timeout;
  return MHD_get_timeout(daemon, &timeout) == MHD_YES && timeout == 0;
}
