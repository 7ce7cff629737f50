// A look at encoded bytes before protobuf-c takes them: how deep, how many, where broken.
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cm_verdict {
  CM_FINE = 0,
  // The tag, varint or length at `offset` is broken or reaches past the end.
  CM_MALFORMED,
  // The field at `offset` has another wire type than its declaration.
  CM_WRONG_TYPE,
  // A group, which proto3 does not have.
  CM_GROUP,
  CM_TOO_DEEP,
  CM_TOO_MANY,
  CM_TOO_MANY_PARTS,
} cm_verdict;

typedef struct cm_scan_state {
  // Messages may nest this much deeper.
  int depth;
  // Elements of repeated fields that may still come.
  size_t elements;
  // Values that may still come of fields that are no plain numbers: messages and what is merged
  // into them, texts, packed lists, fields that the type does not know.
  size_t parts;
  // Where the verdict fell, in bytes from the start.
  size_t offset;
} cm_scan_state;

// Walks the message as protobuf_c_message_unpack would, in one pass, without allocating. Takes
// stack for `depth` small frames at most.
cm_verdict cm_scan(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t count,
                   cm_scan_state *state);
