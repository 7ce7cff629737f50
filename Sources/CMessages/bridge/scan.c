#include "bridge/scan.h"

#include <limits.h>

// message := { tag value }     tag := varint of (number << 3 | wire type)
// value   := varint | 8 bytes | length bytes | 4 bytes      by wire types 0, 1, 2, 5
//
// Numbers and lengths are read exactly as protobuf-c 1.4.1 reads them, odd encodings included:
// what this does not see nested, protobuf-c must not either.

struct cursor {
  const uint8_t *start;
  const uint8_t *at;
  const uint8_t *end;
};

static int read_tag(struct cursor *c, uint32_t *number, uint8_t *wire) {
  size_t rest = (size_t)(c->end - c->at);
  size_t most = rest > 5 ? 5 : rest;
  uint32_t tag = (c->at[0] & 0x7fu) >> 3;
  unsigned shift = 4;
  if ((c->at[0] & 0xf8) == 0) return 0;
  *wire = c->at[0] & 7;
  if ((c->at[0] & 0x80) == 0) {
    *number = tag;
    c->at += 1;
    return 1;
  }
  for (size_t i = 1; i < most; i++) {
    tag |= (uint32_t)(c->at[i] & 0x7f) << shift;
    shift += 7;
    if ((c->at[i] & 0x80) == 0) {
      *number = tag;
      c->at += i + 1;
      return 1;
    }
  }
  return 0;
}

static int skip_varint(struct cursor *c) {
  size_t rest = (size_t)(c->end - c->at);
  size_t most = rest > 10 ? 10 : rest;
  for (size_t i = 0; i < most; i++) {
    if ((c->at[i] & 0x80) == 0) {
      c->at += i + 1;
      return 1;
    }
  }
  return 0;
}

static int read_length(struct cursor *c, size_t *length) {
  size_t rest = (size_t)(c->end - c->at);
  size_t most = rest > 5 ? 5 : rest;
  uint64_t value = 0;
  for (size_t i = 0; i < most; i++) {
    value |= (uint64_t)(c->at[i] & 0x7f) << (7 * i);
    if ((c->at[i] & 0x80) == 0) {
      if (value > INT_MAX || value > rest - (i + 1)) return 0;
      c->at += i + 1;
      *length = (size_t)value;
      return 1;
    }
  }
  return 0;
}

// Bytes of a fixed-size element; 1 for a varint, 0 for what cannot be packed.
static size_t packed_size(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return 4;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return 0;
    default: return 1;
  }
}

static uint8_t wire_type(ProtobufCType type) {
  switch (packed_size(type)) {
    case 0: return 2;
    case 4: return 5;
    case 8: return 1;
    default: return 0;
  }
}

// Elements in a packed record; SIZE_MAX if its bytes are no whole number of them.
static size_t packed_count(ProtobufCType type, const uint8_t *bytes, size_t length) {
  size_t size = packed_size(type);
  if (size > 1) return length % size == 0 ? length / size : SIZE_MAX;
  if (length > 0 && (bytes[length - 1] & 0x80) != 0) return SIZE_MAX;
  size_t count = 0, run = 0;
  for (size_t i = 0; i < length; i++) {
    run = (bytes[i] & 0x80) == 0 ? 0 : run + 1;
    if (run >= 10) return SIZE_MAX;
    count += run == 0;
  }
  return count;
}

static cm_verdict scan(const ProtobufCMessageDescriptor *type, struct cursor *c,
                       cm_scan_state *state);

// The payload of a length-delimited field that the type declares.
static cm_verdict scan_payload(const ProtobufCFieldDescriptor *field, struct cursor *c,
                               size_t length, cm_scan_state *state) {
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
    if (state->depth == 0) return CM_TOO_DEEP;
    struct cursor inner = {c->start, c->at, c->at + length};
    state->depth -= 1;
    cm_verdict verdict = scan(field->descriptor, &inner, state);
    state->depth += 1;
    return verdict;
  }
  if (packed_size(field->type) == 0) return CM_FINE;
  if (field->label != PROTOBUF_C_LABEL_REPEATED) return CM_WRONG_TYPE;
  size_t count = packed_count(field->type, c->at, length);
  if (count == SIZE_MAX) return CM_MALFORMED;
  if (count > state->elements) return CM_TOO_MANY;
  state->elements -= count;
  return CM_FINE;
}

static cm_verdict scan_value(const ProtobufCFieldDescriptor *field, uint8_t wire, struct cursor *c,
                             cm_scan_state *state) {
  size_t length = 0;
  if (field == NULL || wire == 2) {
    if (state->parts == 0) return CM_TOO_MANY_PARTS;
    state->parts -= 1;
  }
  switch (wire) {
    case 0:
      if (!skip_varint(c)) return CM_MALFORMED;
      break;
    case 1:
    case 5:
      length = wire == 1 ? 8 : 4;
      if ((size_t)(c->end - c->at) < length) return CM_MALFORMED;
      c->at += length;
      break;
    case 2:
      if (!read_length(c, &length)) return CM_MALFORMED;
      if (field != NULL) {
        cm_verdict verdict = scan_payload(field, c, length, state);
        if (verdict != CM_FINE) return verdict;
      }
      c->at += length;
      break;
    case 3:
    case 4: return CM_GROUP;
    default: return CM_MALFORMED;
  }
  if (field == NULL) return CM_FINE;
  // Length-delimited values that are no single element were counted above.
  if (wire == 2 && packed_size(field->type) != 0) return CM_FINE;
  if (wire != wire_type(field->type)) return CM_WRONG_TYPE;
  if (field->label == PROTOBUF_C_LABEL_REPEATED) {
    if (state->elements == 0) return CM_TOO_MANY;
    state->elements -= 1;
  }
  return CM_FINE;
}

static cm_verdict scan(const ProtobufCMessageDescriptor *type, struct cursor *c,
                       cm_scan_state *state) {
  while (c->at < c->end) {
    const uint8_t *field_start = c->at;
    uint32_t number = 0;
    uint8_t wire = 0;
    cm_verdict verdict = CM_MALFORMED;
    if (read_tag(c, &number, &wire)) {
      verdict = scan_value(protobuf_c_message_descriptor_get_field(type, number), wire, c, state);
    }
    if (verdict != CM_FINE) {
      // The innermost field that broke names the place; outer ones pass it on.
      if (state->offset == SIZE_MAX) state->offset = (size_t)(field_start - c->start);
      return verdict;
    }
  }
  return CM_FINE;
}

cm_verdict cm_scan(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t count,
                   cm_scan_state *state) {
  if (count == 0) return CM_FINE;
  struct cursor c = {bytes, bytes, bytes + count};
  state->offset = SIZE_MAX;
  return scan(type, &c, state);
}
