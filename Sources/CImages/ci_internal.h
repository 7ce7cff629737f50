// Shared within the target.
#pragma once
#include "include/CImages.h"

/// Keeps as much of the text as there is room for.
static inline void ci_say(ci_reason *reason, const char *text) {
  size_t n = 0;
  for (; text[n] && n < sizeof reason->text - 1; n++) reason->text[n] = text[n];
  reason->text[n] = 0;
}
