#include "bridge/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Most messages fit the first block, which the thread keeps. Of larger memory it keeps one chunk
// up to SPARE, so that a stream of images or tensors does not map and unmap pages for each.
enum { FIRST_BLOCK = 32 * 1024, CHUNK = 64 * 1024, SPARE = 1024 * 1024, ALIGNMENT = 8 };

// Under AddressSanitizer every allocation is one of its own and of the exact size, so that a
// write past it is seen.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CM_SEPARATE 1
#endif
#endif
#ifndef CM_SEPARATE
#define CM_SEPARATE 0
#endif

struct cm_chunk {
  struct cm_chunk *next;
  size_t capacity;
  uint8_t bytes[];
};

// What an arena was before a use.
struct cm_use {
  struct cm_use *outer;
  uint8_t *cursor;
  uint8_t *end;
  size_t budget;
  bool exhausted;
  struct cm_chunk *chunks;
};

struct thread_arena {
  cm_arena arena;
  _Alignas(16) uint8_t first[FIRST_BLOCK];
};

static _Thread_local struct thread_arena *current;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end_thread(void *data) {
  struct thread_arena *made = data;
  free(made->arena.spare);
  free(made);
  current = NULL;
}

static void make_key(void) { (void)pthread_key_create(&at_thread_end, end_thread); }

static void *allocate(void *data, size_t size) { return cm_arena_alloc(data, size); }

static void keep(void *data, void *pointer) {
  (void)data;
  (void)pointer;
}

cm_arena *cm_arena_current(void) {
  if (__builtin_expect(current != NULL, 1)) return &current->arena;
  pthread_once(&once, make_key);
  struct thread_arena *made = malloc(sizeof *made);
  if (made == NULL) return NULL;
  made->arena = (cm_arena){
      .allocator = {.alloc = allocate, .free = keep, .allocator_data = &made->arena},
      .cursor = made->first,
      .end = made->first + FIRST_BLOCK,
  };
  (void)pthread_setspecific(at_thread_end, made);
  current = made;
  return &made->arena;
}

// A chunk with at least `bytes`; NULL without memory.
static struct cm_chunk *take_chunk(cm_arena *arena, size_t bytes) {
  struct cm_chunk *chunk = arena->spare;
  if (chunk != NULL && chunk->capacity >= bytes) {
    arena->spare = NULL;
    return chunk;
  }
  if (bytes > SIZE_MAX - sizeof *chunk) return NULL;
  chunk = malloc(sizeof *chunk + bytes);
  if (chunk != NULL) chunk->capacity = bytes;
  return chunk;
}

// Keeps the chunk as the spare if it is larger than the present one.
static void drop_chunk(cm_arena *arena, struct cm_chunk *chunk) {
  struct cm_chunk *spare = arena->spare;
  if (!CM_SEPARATE && chunk->capacity <= SPARE && (spare == NULL || spare->capacity < chunk->capacity)) {
    arena->spare = chunk;
    chunk = spare;
  }
  free(chunk);
}

// Memory without asking the budget.
static void *bump(cm_arena *arena, size_t size) {
  size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (rounded < size) return NULL;
  if (CM_SEPARATE || rounded > (size_t)(arena->end - arena->cursor)) {
    bool own = CM_SEPARATE || rounded > CHUNK;
    struct cm_chunk *chunk = take_chunk(arena, !own ? CHUNK : CM_SEPARATE ? size : rounded);
    if (chunk == NULL) return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    // A large one of its own leaves what the present block still has in use.
    if (own) return chunk->bytes;
    arena->cursor = chunk->bytes;
    arena->end = chunk->bytes + chunk->capacity;
  }
  void *result = arena->cursor;
  arena->cursor += rounded;
  return result;
}

bool cm_arena_enter(cm_arena *arena, size_t budget) {
  struct cm_use before = {arena->use,       arena->cursor,    arena->end,
                          arena->budget,    arena->exhausted, arena->chunks};
  struct cm_use *use = bump(arena, sizeof *use);
  if (use == NULL) return false;
  *use = before;
  arena->use = use;
  arena->budget = budget;
  arena->exhausted = false;
  return true;
}

void cm_arena_leave(cm_arena *arena) {
  struct cm_use before = *arena->use;
  while (arena->chunks != before.chunks) {
    struct cm_chunk *chunk = arena->chunks;
    arena->chunks = chunk->next;
    drop_chunk(arena, chunk);
  }
  arena->use = before.outer;
  arena->cursor = before.cursor;
  arena->end = before.end;
  arena->budget = before.budget;
  arena->exhausted = before.exhausted;
}

void *cm_arena_alloc(cm_arena *arena, size_t size) {
  void *result = size <= arena->budget ? bump(arena, size) : NULL;
  if (result == NULL) {
    arena->exhausted = true;
    return NULL;
  }
  arena->budget -= size;
  return result;
}

void *cm_arena_message(cm_arena *arena, const ProtobufCMessageDescriptor *type) {
  ProtobufCMessage *message = cm_arena_alloc(arena, type->sizeof_message);
  if (message == NULL) return NULL;
  // Absence is zero for every member: the bridge schema has no default values.
  memset(message, 0, type->sizeof_message);
  message->descriptor = type;
  return message;
}
