// Memory of one decode or encode: a bump allocator, one for each thread, with a budget.
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cm_chunk;
struct cm_use;

typedef struct cm_arena {
  // Hands out memory of this arena; its free does nothing.
  ProtobufCAllocator allocator;
  uint8_t *cursor;
  uint8_t *end;
  // Bytes that may still be handed out in the present use.
  size_t budget;
  // Whether something was refused in the present use.
  bool exhausted;
  // Memory beyond the first block, the latest first.
  struct cm_chunk *chunks;
  // A chunk kept for the next message that needs one; NULL if there is none.
  struct cm_chunk *spare;
  // The present use, inside those that it interrupted.
  struct cm_use *use;
} cm_arena;

// The calling thread's arena; NULL without memory. Freed when the thread ends.
cm_arena *cm_arena_current(void);

// Starts a use of the arena with its own budget: one decode or encode. Uses nest. False without
// memory; then there is nothing to leave.
bool cm_arena_enter(cm_arena *arena, size_t budget);
// Ends the present use and frees what it took.
void cm_arena_leave(cm_arena *arena);

// `size` bytes, aligned for any member of a message; NULL when the budget or memory is spent.
void *cm_arena_alloc(cm_arena *arena, size_t size);
// The same for a message, zeroed but for its descriptor.
void *cm_arena_message(cm_arena *arena, const ProtobufCMessageDescriptor *type);
