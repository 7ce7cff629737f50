// JSON text (RFC 8259) to a flat list of its values, by RapidJSON: a header-only library of C++, seen
// through one function of C.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rj_kind {
  RJ_NULL,
  RJ_FALSE,
  RJ_TRUE,
  RJ_INTEGER,
  RJ_REAL,
  RJ_STRING,
  RJ_ARRAY,
  RJ_OBJECT
} rj_kind;

// A value. Those within an array or object follow it in the text's order; before each member of an
// object comes its key, a string.
typedef struct rj_node {
  uint32_t kind;
  // Bytes of a string, elements of an array, members of an object.
  uint32_t size;
  union {
    int64_t integer;
    double real;
    // Where in the parsed text's memory the string's UTF-8 is.
    size_t start;
    // Nodes of an array or object with all that is within.
    size_t width;
  };
} rj_node;

typedef enum rj_error {
  RJ_FINE,
  RJ_VALUE,
  RJ_AFTER_ROOT,
  RJ_KEY,
  RJ_COLON,
  RJ_MEMBER_END,
  RJ_ELEMENT_END,
  RJ_HEX,
  RJ_SURROGATE,
  RJ_ESCAPE,
  RJ_UNENDED,
  RJ_CONTROL,
  RJ_ENCODING,
  RJ_TOO_BIG,
  RJ_FRACTION,
  RJ_EXPONENT,
  RJ_DUPLICATE,
  RJ_FULL
} rj_error;

typedef struct rj_result {
  rj_error error;
  // The byte of the text that is to blame.
  size_t offset;
} rj_result;

// Parses the text in its own memory, which ends with a zero byte at text[count] and holds the strings
// afterwards. 15 bytes more may be read, in vectors.
//
// Integers beyond 64 bits are reals; a double key is refused. Control characters in strings, and what
// nests deeper than the stack allows, are for the caller to refuse before. RJ_FULL: there are more nodes
// than `capacity`.
rj_result rj_parse(char *text, size_t count, rj_node *nodes, size_t capacity);

#ifdef __cplusplus
}
#endif
