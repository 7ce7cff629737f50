// What 0.9.75 does with a request's head and is kept from, or watched at.

#include <string.h>

#include "CMicroHTTPD.h"

static const char no_cookies[] = "Cookie";

// The library makes a record of 64 bytes for each item of the query and each cookie, which may have
// one or two bytes in the request; when its memory runs out over that, it ends the connection
// without an answer.
void mhd_skip_items(struct MHD_Connection *connection, const char *target) {
  // Its own buffer, in which it is about to write itself: what it takes for a query is empty.
  char *mark = target ? strchr((char *)target, '?') : NULL;
  if (mark) mark[1] = '\0';
  // The first field of that name is the one that it reads.
  MHD_set_connection_value(connection, MHD_HEADER_KIND, no_cookies, "");
}

struct walk {
  // Where the line ends that was walked last.
  const char *end;
  int is_whole;
};

// From a line's end to the next line: CR and LF, or LF, both zeroed by the library.
static int is_next(const char *end, const char *line) {
  return line == end + 1 || line == end + 2;
}

static enum MHD_Result walk_field(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size) {
  (void)kind, (void)name_size;
  struct walk *walk = context;
  if (name == no_cookies) return MHD_YES;
  if (!is_next(walk->end, name)) walk->is_whole = 0;
  walk->end = value + value_size;
  return MHD_YES;
}

int mhd_is_head_whole(struct MHD_Connection *connection, struct mhd_head head) {
  if (!head.method || !head.target || !head.version) return 0;
  const char *end = head.method + mhd_header_size(connection);
  struct walk walk = {head.version + strlen(head.version),
                      head.target + head.target_size + 1 == head.version};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, walk_field, &walk);
  // The last line, and the empty one behind it.
  return walk.is_whole && end >= walk.end + 2 && end <= walk.end + 4;
}
