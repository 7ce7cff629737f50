// Attention, written once over the vector type of the including file.
//
// Up to 6 query rows go together. Keys stand transposed, VL positions to a vector:
//
//   scores[r][positions]  Σ over d, in order:  query[r][d] · keys[d][positions]
//   weights               e^(scores − max), one sum per lane, joined by a fixed tree
//   out[r][d]             Σ over positions, in order:  weight[r][p] · values[p][d], then · 1/Σ
//
// Positions behind a row's own have weight zero and add exactly nothing: a row's result does not
// depend on the rows it is computed with.
#pragma once
#include <stdlib.h>

enum { query_rows = 6, stack_floats = 8192 };

/// Where runs of keys and values stand: `count` positions in runs of `length` (the last may be less).
typedef struct {
  const void *const *runs; // first element of each run
  ptrdiff_t length;        // positions in a run
  ptrdiff_t stride;        // elements from one d (keys) or one position (values) to the next
  ptrdiff_t count;         // positions in all
} ck_runs;

/// Calls TILE(vectors) with `vectors` as a constant of at most TILE_VECTORS.
#define CK_VECTORS(n) ((n) < TILE_VECTORS ? (n) : TILE_VECTORS)
#define CK_BY_VECTORS(vectors, TILE)                                                               \
  switch (vectors) {                                                                               \
    case 1: TILE(1); break;                                                                        \
    case 2: TILE(CK_VECTORS(2)); break;                                                            \
    case 3: TILE(CK_VECTORS(3)); break;                                                            \
    default: TILE(TILE_VECTORS); break;                                                            \
  }

CK_INLINE vf load_kv(const void *p, ck_element element, ptrdiff_t at) {
  return element == CK_F16 ? vf_load_f16((const uint16_t *)p + at) : vf_load((const float *)p + at);
}

/// scores[r][0 ..< vectors · VL] of vectors of keys at k[j].
CK_INLINE void score_tile(const float *const *q, const int rows, const void *const *k,
                          const int vectors, ptrdiff_t stride, ck_element element, ptrdiff_t size,
                          vf scale, float *scores, ptrdiff_t scores_stride) {
  vf acc[query_rows][TILE_VECTORS];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = vf_set1(0.0f);
  }
  for (ptrdiff_t d = 0; d < size; d++) {
    vf key[TILE_VECTORS];
    for (int j = 0; j < vectors; j++) key[j] = load_kv(k[j], element, d * stride);
    for (int r = 0; r < rows; r++) {
      vf one = vf_set1(q[r][d]);
      for (int j = 0; j < vectors; j++) acc[r][j] = vf_fma(one, key[j], acc[r][j]);
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) {
      vf_store(scores + r * scores_stride + j * VL, vf_mul(acc[r][j], scale));
    }
  }
}

/// Scores of all positions of the runs, padded to whole vectors.
CK_INLINE void score_rows(const float *const *q, const int rows, ck_runs keys, ck_element element,
                          ptrdiff_t size, float scale, float *scores, ptrdiff_t scores_stride) {
  ptrdiff_t per_run = keys.length / VL, all = ck_ceil(keys.count, VL), j = 0;
  size_t width = element == CK_F16 ? 2 : 4;
  vf factor = vf_set1(scale);
  while (j < all) {
    const void *k[TILE_VECTORS];
    int vectors = (int)ck_min(all - j, TILE_VECTORS);
    for (int i = 0; i < vectors; i++) {
      ptrdiff_t run = (j + i) / per_run, within = (j + i) % per_run * VL;
      k[i] = (const uint8_t *)keys.runs[run] + (size_t)within * width;
    }
#define CK_TILE(n)                                                                                 \
  score_tile(q, rows, k, n, keys.stride, element, size, factor, scores + j * VL, scores_stride)
    CK_BY_VECTORS(vectors, CK_TILE)
#undef CK_TILE
    j += vectors;
  }
}

/// out[r][first ..< first + vectors · VL] = Σ weights · values; `left` valid elements from `first` on.
CK_INLINE void value_tile(const float *weights, ptrdiff_t weights_stride, const int rows,
                          ck_runs values, ck_element element, ptrdiff_t first, const int vectors,
                          const float *inverse, float *const *out, ptrdiff_t left) {
  vf acc[query_rows][TILE_VECTORS];
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) acc[r][j] = vf_set1(0.0f);
  }
  for (ptrdiff_t p = 0, run = 0; p < values.count; run++) {
    ptrdiff_t end = ck_min(p + values.length, values.count), at = first;
    for (; p < end; p++, at += values.stride) {
      vf value[TILE_VECTORS];
      for (int j = 0; j < vectors; j++) {
        ptrdiff_t here = left - j * VL;
        const void *run_at = values.runs[run];
        // f16 caches may be read 64 bytes past their end; lanes behind `here` are not stored.
        if (here >= VL || element == CK_F16) value[j] = load_kv(run_at, element, at + j * VL);
        else value[j] = vf_load_first((const float *)run_at + at + j * VL, here);
      }
      for (int r = 0; r < rows; r++) {
        vf one = vf_set1(weights[r * weights_stride + p]);
        for (int j = 0; j < vectors; j++) acc[r][j] = vf_fma(one, value[j], acc[r][j]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < vectors; j++) {
      vf v = vf_mul(acc[r][j], vf_set1(inverse[r]));
      ptrdiff_t here = left - j * VL;
      if (here >= VL) vf_store(out[r] + first + j * VL, v);
      else vf_store_first(out[r] + first + j * VL, here, v);
    }
  }
}

/// scores [n] += mask [n].
CK_INLINE void add_mask(float *scores, const float *mask, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i += VL) {
    vf_store(scores + i, vf_add(vf_load(scores + i), load_part(mask, i, n)));
  }
}

/// Up to 6 queries over the positions of the runs; query r sees the first lengths[r] of them.
/// masks: NULL, or for each query numbers that are added to its scores.
CK_INLINE void attend_rows(const float *const *q, const int rows, const ptrdiff_t *lengths,
                           ck_runs keys, ck_runs values, ck_element element, ptrdiff_t size,
                           float scale, const float *const *masks, float *scores,
                           float *const *out) {
  ptrdiff_t padded = ck_ceil(keys.count, VL) * VL;
  float inverse[query_rows];
  score_rows(q, rows, keys, element, size, scale, scores, padded);
  for (int r = 0; r < rows; r++) {
    if (masks) add_mask(scores + r * padded, masks[r], lengths[r]);
    inverse[r] = softmax_weights(scores + r * padded, lengths[r], padded);
  }
  for (ptrdiff_t d = 0; d < size; d += TILE_VECTORS * VL) {
    ptrdiff_t left = size - d;
    // All vectors of a head at once: a lone query is bound by the latency of its few sums.
#define CK_TILE(n)                                                                                 \
  value_tile(scores, padded, rows, values, element, d, n, inverse, out, left)
    CK_BY_VECTORS(ck_min(ck_ceil(left, VL), TILE_VECTORS), CK_TILE)
#undef CK_TILE
  }
}

/// Not inlined: one copy for each number of rows and element type.
#define CK_ATTEND(rows, element)                                                                   \
  static __attribute__((noinline)) void attend_##rows##_##element(                                 \
      const float *const *q, const ptrdiff_t *lengths, ck_runs keys, ck_runs values,               \
      ptrdiff_t size, float scale, const float *const *masks, float *scores, float *const *out) {  \
    attend_rows(q, rows, lengths, keys, values, element, size, scale, masks, scores, out);         \
  }
#define CK_ATTEND_ROWS(element)                                                                    \
  CK_ATTEND(1, element)                                                                            \
  CK_ATTEND(2, element)                                                                            \
  CK_ATTEND(3, element)                                                                            \
  CK_ATTEND(4, element)                                                                            \
  CK_ATTEND(5, element)                                                                            \
  CK_ATTEND(6, element)
CK_ATTEND_ROWS(CK_F32)
CK_ATTEND_ROWS(CK_F16)
#undef CK_ATTEND_ROWS
#undef CK_ATTEND

static void attend(const float *const *q, int rows, const ptrdiff_t *lengths, ck_runs keys,
                   ck_runs values, ck_element element, ptrdiff_t size, float scale,
                   const float *const *masks, float *scores, float *const *out) {
#define CK_CALL(n)                                                                                 \
  case n:                                                                                          \
    if (element == CK_F16)                                                                         \
      attend_##n##_CK_F16(q, lengths, keys, values, size, scale, masks, scores, out);              \
    else attend_##n##_CK_F32(q, lengths, keys, values, size, scale, masks, scores, out);           \
    break;
  switch (rows) { CK_CALL(1) CK_CALL(2) CK_CALL(3) CK_CALL(4) CK_CALL(5) CK_CALL(6) }
#undef CK_CALL
}

/// Memory for a call: the caller's array where it is enough, else from the heap.
CK_INLINE void *scratch(void *local, size_t local_bytes, size_t bytes, void **heap) {
  *heap = NULL;
  if (bytes <= local_bytes) return local;
  *heap = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!*heap) abort();
  return *heap;
}

/// keys: f32 [length × size], row stride `stride` → f32 [size][padded], zeros behind `length`.
static void transpose_keys(const float *keys, ptrdiff_t stride, ptrdiff_t length, ptrdiff_t size,
                           ptrdiff_t padded, float *out) {
  for (ptrdiff_t p = 0; p < padded; p += VL) {
    for (ptrdiff_t d = 0; d < size; d += VL) {
      vf tile[VL];
      for (int i = 0; i < VL; i++) {
        tile[i] = p + i < length ? load_part(keys + (p + i) * stride, d, size) : vf_set1(0.0f);
      }
      vf_transpose(tile);
      for (int i = 0; i < VL && d + i < size; i++) vf_store(out + (d + i) * padded + p, tile[i]);
    }
  }
}

static void encoder_attention(const ck_encoder_attention *job, ptrdiff_t sequence, ptrdiff_t head,
                              ptrdiff_t q0, ptrdiff_t q1) {
  ptrdiff_t first = job->offsets[sequence], length = job->offsets[sequence + 1] - first;
  ptrdiff_t size = job->head_size, column = head * size, padded = ck_ceil(length, VL) * VL;
  _Alignas(64) float local[stack_floats];
  void *heap;
  float *keys = scratch(local, sizeof local,
                        (size_t)(padded * (size + query_rows)) * sizeof(float), &heap);
  float *scores = keys + padded * size;
  transpose_keys(job->k + first * job->stride + column, job->stride, length, size, padded, keys);
  const void *key_run = keys, *value_run = job->v + first * job->stride + column;
  ck_runs key_runs = {&key_run, padded, padded, length};
  ck_runs value_runs = {&value_run, length, job->stride, length};
  const float *mask =
      job->mask ? job->mask + sequence * job->mask_sequence + head * job->mask_head : NULL;
  ptrdiff_t tiles = ck_ceil(q1 - q0, query_rows);
  for (ptrdiff_t t = 0; t < tiles; t++) {
    ptrdiff_t row = q0 + (q1 - q0) * t / tiles, end = q0 + (q1 - q0) * (t + 1) / tiles;
    const float *q[query_rows], *masks[query_rows];
    float *out[query_rows];
    ptrdiff_t lengths[query_rows];
    for (ptrdiff_t r = row; r < end; r++) {
      masks[r - row] = job->mask ? mask + r * job->mask_query : NULL;
      q[r - row] = job->q + (first + r) * job->stride + column;
      out[r - row] = job->out + (first + r) * job->out_stride + column;
      lengths[r - row] = length;
    }
    attend(q, (int)(end - row), lengths, key_runs, value_runs, CK_F32, size, job->scale,
           job->mask ? masks : NULL, scores, out);
  }
  free(heap);
}

/// Writes `size` floats as a column of K (stride 16) and a row of V.
static void store_position(const ck_kv_layer *layer, ptrdiff_t tile, ptrdiff_t slot,
                           const float *key, const float *value) {
  ptrdiff_t size = layer->head_size;
  if (layer->element == CK_F32) {
    float *keys = (float *)layer->keys + tile + slot;
    for (ptrdiff_t d = 0; d < size; d++) keys[d * CK_KV_BLOCK] = key[d];
    memcpy((float *)layer->values + tile + slot * size, value, (size_t)size * sizeof(float));
    return;
  }
  uint16_t *keys = (uint16_t *)layer->keys + tile + slot;
  uint16_t *values = (uint16_t *)layer->values + tile + slot * size;
  for (ptrdiff_t d = 0; d < size; d += VL) {
    uint16_t halves[VL];
    ptrdiff_t here = ck_min(VL, size - d);
    vf_store_f16(halves, load_part(key, d, size));
    for (ptrdiff_t i = 0; i < here; i++) keys[(d + i) * CK_KV_BLOCK] = halves[i];
    vf_store_f16(halves, load_part(value, d, size));
    memcpy(values + d, halves, (size_t)here * sizeof *halves);
  }
}

static void kv_store(const ck_kv_layer *layer, const ck_slice *slice, const int32_t *blocks,
                     const float *k, const float *v, ptrdiff_t stride) {
  ptrdiff_t size = layer->head_size;
  for (ptrdiff_t i = 0; i < slice->count; i++) {
    ptrdiff_t position = slice->position + i;
    ptrdiff_t block = blocks[slice->table + position / CK_KV_BLOCK];
    for (ptrdiff_t head = 0; head < layer->kv_heads; head++) {
      ptrdiff_t at = (slice->row + i) * stride + head * size;
      store_position(layer, (block * layer->kv_heads + head) * size * CK_KV_BLOCK,
                     position % CK_KV_BLOCK, k + at, v + at);
    }
  }
}

static void paged_attention(const ck_paged_attention *job, ptrdiff_t slice_index,
                            ptrdiff_t kv_head, ptrdiff_t q0, ptrdiff_t q1) {
  const ck_slice *slice = &job->slices[slice_index];
  const ck_kv_layer *layer = &job->layer;
  ptrdiff_t size = layer->head_size, group = job->heads / layer->kv_heads;
  ptrdiff_t longest = slice->position + q1, blocks = ck_ceil(longest, CK_KV_BLOCK);
  _Alignas(64) float local[stack_floats];
  void *heap;
  size_t score_bytes = (size_t)(blocks * CK_KV_BLOCK) * query_rows * sizeof(float);
  float *scores = scratch(local, sizeof local,
                          score_bytes + (size_t)blocks * 2 * sizeof(void *), &heap);
  const void **key_runs = (const void **)((uint8_t *)scores + score_bytes);
  const void **value_runs = key_runs + blocks;
  size_t width = layer->element == CK_F16 ? 2 : 4;
  for (ptrdiff_t b = 0; b < blocks; b++) {
    ptrdiff_t tile = (job->blocks[slice->table + b] * layer->kv_heads + kv_head) * size;
    size_t offset = (size_t)tile * CK_KV_BLOCK * width;
    key_runs[b] = (const uint8_t *)layer->keys + offset;
    value_runs[b] = (const uint8_t *)layer->values + offset;
  }
  // Query rows are (position, head of the group), position by position.
  ptrdiff_t rows = (q1 - q0) * group, tiles = ck_ceil(rows, query_rows);
  for (ptrdiff_t t = 0; t < tiles; t++) {
    ptrdiff_t row = rows * t / tiles, end = rows * (t + 1) / tiles;
    const float *q[query_rows];
    float *out[query_rows];
    ptrdiff_t lengths[query_rows], most = 0;
    for (ptrdiff_t r = row; r < end; r++) {
      ptrdiff_t i = q0 + r / group, column = (kv_head * group + r % group) * size;
      q[r - row] = job->q + (slice->row + i) * job->q_stride + column;
      out[r - row] = job->out + (slice->row + i) * job->out_stride + column;
      most = lengths[r - row] = slice->position + i + 1;
    }
    ck_runs keys = {key_runs, CK_KV_BLOCK, CK_KV_BLOCK, most};
    ck_runs values = {value_runs, CK_KV_BLOCK, size, most};
    attend(q, (int)(end - row), lengths, keys, values, layer->element, size, job->scale, NULL,
           scores, out);
  }
  free(heap);
}
