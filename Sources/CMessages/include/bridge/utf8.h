// Whether bytes are text.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Well-formed UTF-8 by table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing
// above U+10FFFF. Eight ASCII bytes at a time.
bool cm_is_utf8(const uint8_t *bytes, size_t count);
