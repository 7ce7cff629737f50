// Memory of one decode or encode: a bump allocator, one for each thread, with a budget.
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cm_chunk;

typedef struct cm_arena {
  // Hands out memory of this arena; its free does nothing. First member: see cm_alloc.
  ProtobufCAllocator allocator;
  uint8_t *cursor;
  uint8_t *end;
  // Bytes that may still be handed out.
  size_t budget;
  // Whether something was refused since the last cm_arena_mark.
  bool exhausted;
  // Memory beyond the first block, the latest first.
  struct cm_chunk *chunks;
} cm_arena;

// A state to return to; marks nest.
typedef struct cm_mark {
  uint8_t *cursor;
  uint8_t *end;
  size_t budget;
  bool exhausted;
  struct cm_chunk *chunks;
} cm_mark;

// The calling thread's arena; NULL without memory. Freed when the thread ends.
cm_arena *cm_arena_current(void);

// Starts a use of the arena with its own budget; cm_arena_release ends it and frees what it took.
cm_mark cm_arena_mark(cm_arena *arena, size_t budget);
void cm_arena_release(cm_arena *arena, cm_mark mark);

// `size` bytes, aligned for any member of a message; NULL when the budget or memory is spent.
void *cm_arena_alloc(cm_arena *arena, size_t size);
