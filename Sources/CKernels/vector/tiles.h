// How rows (of a matrix, or pixels) are dealt to tiles, and what a tile brings to L2 meanwhile.
#pragma once

/// Calls TILE(rows) with `rows` as a constant of at most max_rows.
#define CK_ROWS(n) ((n) < max_rows ? (n) : max_rows)
#define CK_BY_ROWS(rows, TILE)                                                                     \
  switch (rows) {                                                                                  \
    case 1: TILE(1); break;                                                                        \
    case 2: TILE(CK_ROWS(2)); break;                                                               \
    case 3: TILE(CK_ROWS(3)); break;                                                               \
    case 4: TILE(CK_ROWS(4)); break;                                                               \
    case 5: TILE(CK_ROWS(5)); break;                                                               \
    default: TILE(max_rows); break;                                                                \
  }

/// Lines of the next panel that a tile brings to L2 at each of its steps.
typedef struct {
  const uint8_t *next;
  int lines;
} ck_ahead;

/// Where a panel is used by several tiles, each prefetches its share of the next one, so that memory
/// and arithmetic overlap. A single tile reads as fast as memory gives; prefetching would only cost.
CK_INLINE ck_ahead prefetch_share(const uint8_t *w, ptrdiff_t bytes, ptrdiff_t steps,
                                  ptrdiff_t panel, ptrdiff_t panel1, ptrdiff_t tile,
                                  ptrdiff_t tiles) {
  if (tiles < 2 || tiles > 8 || panel + 1 == panel1) return (ck_ahead){w, 0};
  ptrdiff_t lines = ck_ceil(ck_ceil(bytes / 64, steps), tiles);
  return (ck_ahead){w + bytes + tile * lines * steps * 64, (int)lines};
}
