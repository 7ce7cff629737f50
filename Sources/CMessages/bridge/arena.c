#include "bridge/arena.h"

#include <pthread.h>
#include <stdlib.h>

// Most messages fit the first block, which the thread keeps.
enum { FIRST_BLOCK = 32 * 1024, CHUNK = 64 * 1024, ALIGNMENT = 8 };

struct cm_chunk {
  struct cm_chunk *next;
  uint8_t bytes[];
};

struct thread_arena {
  cm_arena arena;
  _Alignas(16) uint8_t first[FIRST_BLOCK];
};

static _Thread_local struct thread_arena *current;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void) { (void)pthread_key_create(&at_thread_end, free); }

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
      .budget = 0,
      .exhausted = false,
      .chunks = NULL,
  };
  (void)pthread_setspecific(at_thread_end, made);
  current = made;
  return &made->arena;
}

cm_mark cm_arena_mark(cm_arena *arena, size_t budget) {
  cm_mark mark = {arena->cursor, arena->end, arena->budget, arena->exhausted, arena->chunks};
  arena->budget = budget;
  arena->exhausted = false;
  return mark;
}

void cm_arena_release(cm_arena *arena, cm_mark mark) {
  while (arena->chunks != mark.chunks) {
    struct cm_chunk *next = arena->chunks->next;
    free(arena->chunks);
    arena->chunks = next;
  }
  arena->cursor = mark.cursor;
  arena->end = mark.end;
  arena->budget = mark.budget;
  arena->exhausted = mark.exhausted;
}

static void *refuse(cm_arena *arena) {
  arena->exhausted = true;
  return NULL;
}

void *cm_arena_alloc(cm_arena *arena, size_t size) {
  if (size > arena->budget) return refuse(arena);
  size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (rounded < size) return refuse(arena);
  if (rounded > (size_t)(arena->end - arena->cursor)) {
    size_t bytes = rounded > CHUNK ? rounded : CHUNK;
    if (bytes > SIZE_MAX - sizeof(struct cm_chunk)) return refuse(arena);
    struct cm_chunk *chunk = malloc(sizeof *chunk + bytes);
    if (chunk == NULL) return refuse(arena);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (bytes == rounded) {
      // A large one of its own: what is left of the present block stays in use.
      arena->budget -= size;
      return chunk->bytes;
    }
    arena->cursor = chunk->bytes;
    arena->end = chunk->bytes + bytes;
  }
  void *result = arena->cursor;
  arena->cursor += rounded;
  arena->budget -= size;
  return result;
}
