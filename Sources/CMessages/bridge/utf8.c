#include "bridge/utf8.h"

#include <string.h>

// Bytes of the sequence at `at`, which does not start with ASCII; 0 if it is not well-formed.
static size_t sequence(const uint8_t *at, size_t rest) {
  uint8_t first = at[0];
  size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                  : first >= 0xe0 && first <= 0xef ? 3
                  : first >= 0xf0 && first <= 0xf4 ? 4
                                                   : 0;
  if (length == 0 || rest < length) return 0;
  // The second byte's range rules out overlong forms, surrogates and what is past U+10FFFF.
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

bool cm_is_utf8(const uint8_t *bytes, size_t count) {
  size_t i = 0;
  while (i < count) {
    while (count - i >= 8) {
      uint64_t word;
      memcpy(&word, bytes + i, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      i += 8;
    }
    if (i == count) break;
    if (bytes[i] < 0x80) {
      i += 1;
      continue;
    }
    size_t length = sequence(bytes + i, count - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}
