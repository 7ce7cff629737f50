// Attention as its definition: scores, softmax, weighted sum of values.
#include "scalar.h"
#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

/// scores [n] → softmax(scores), in place; returns nothing. Sums in double.
static void normalize(float *scores, ptrdiff_t n) {
  float largest = -INFINITY;
  for (ptrdiff_t i = 0; i < n; i++) largest = fmaxf(largest, scores[i]);
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += scores[i] = expf(scores[i] - largest);
  for (ptrdiff_t i = 0; i < n; i++) scores[i] = (float)(scores[i] / sum);
}

void ck_encoder_attention_f32_scalar(const ck_encoder_attention *job, ptrdiff_t sequence,
                                     ptrdiff_t head, ptrdiff_t q0, ptrdiff_t q1) {
  ptrdiff_t first = job->offsets[sequence], length = job->offsets[sequence + 1] - first;
  ptrdiff_t size = job->head_size, column = head * size;
  float *scores = malloc((size_t)(length + 1) * sizeof *scores);
  if (!scores) abort();
  const float *mask =
      job->mask ? job->mask + sequence * job->mask_sequence + head * job->mask_head : NULL;
  for (ptrdiff_t q = q0; q < q1; q++) {
    const float *query = job->q + (first + q) * job->stride + column;
    for (ptrdiff_t k = 0; k < length; k++) {
      const float *key = job->k + (first + k) * job->stride + column;
      float sum = 0;
      for (ptrdiff_t i = 0; i < size; i++) sum = fmaf(query[i], key[i], sum);
      scores[k] = sum * job->scale;
      if (mask) scores[k] += mask[q * job->mask_query + k];
    }
    normalize(scores, length);
    float *out = job->out + (first + q) * job->out_stride + column;
    for (ptrdiff_t i = 0; i < size; i++) {
      float sum = 0;
      for (ptrdiff_t k = 0; k < length; k++) {
        sum = fmaf(scores[k], job->v[(first + k) * job->stride + column + i], sum);
      }
      out[i] = sum;
    }
  }
  free(scores);
}

static float cached(const void *cache, ck_element element, ptrdiff_t at) {
  return element == CK_F16 ? ck_from_f16(((const uint16_t *)cache)[at])
                           : ((const float *)cache)[at];
}

static void set_cached(void *cache, ck_element element, ptrdiff_t at, float value) {
  if (element == CK_F16) ((uint16_t *)cache)[at] = ck_to_f16(value);
  else ((float *)cache)[at] = value;
}

void ck_kv_store_f32_scalar(const ck_kv_layer *layer, const ck_slice *slice, const int32_t *blocks,
                            const float *k, const float *v, ptrdiff_t stride) {
  ptrdiff_t size = layer->head_size;
  for (ptrdiff_t i = 0; i < slice->count; i++) {
    ptrdiff_t position = slice->position + i, slot = position % CK_KV_BLOCK;
    ptrdiff_t block = blocks[slice->table + position / CK_KV_BLOCK];
    for (ptrdiff_t head = 0; head < layer->kv_heads; head++) {
      ptrdiff_t tile = (block * layer->kv_heads + head) * size * CK_KV_BLOCK;
      const float *key = k + (slice->row + i) * stride + head * size;
      const float *value = v + (slice->row + i) * stride + head * size;
      for (ptrdiff_t d = 0; d < size; d++) {
        set_cached(layer->keys, layer->element, tile + d * CK_KV_BLOCK + slot, key[d]);
        set_cached(layer->values, layer->element, tile + slot * size + d, value[d]);
      }
    }
  }
}

void ck_paged_attention_f32_scalar(const ck_paged_attention *job, ptrdiff_t slice_index,
                                   ptrdiff_t kv_head, ptrdiff_t q0, ptrdiff_t q1) {
  const ck_slice *slice = &job->slices[slice_index];
  const ck_kv_layer *layer = &job->layer;
  ptrdiff_t size = layer->head_size, group = job->heads / layer->kv_heads;
  float *scores = malloc((size_t)(slice->position + q1 + 1) * sizeof *scores);
  if (!scores) abort();
  for (ptrdiff_t q = q0; q < q1; q++) {
    ptrdiff_t length = slice->position + q + 1;
    for (ptrdiff_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
      const float *query = job->q + (slice->row + q) * job->q_stride + head * size;
      float *out = job->out + (slice->row + q) * job->out_stride + head * size;
      for (ptrdiff_t p = 0; p < length; p++) {
        ptrdiff_t block = job->blocks[slice->table + p / CK_KV_BLOCK];
        ptrdiff_t tile = (block * layer->kv_heads + kv_head) * size * CK_KV_BLOCK;
        float sum = 0;
        for (ptrdiff_t d = 0; d < size; d++) {
          ptrdiff_t at = tile + d * CK_KV_BLOCK + p % CK_KV_BLOCK;
          sum = fmaf(query[d], cached(layer->keys, layer->element, at), sum);
        }
        scores[p] = sum * job->scale;
      }
      normalize(scores, length);
      for (ptrdiff_t d = 0; d < size; d++) {
        float sum = 0;
        for (ptrdiff_t p = 0; p < length; p++) {
          ptrdiff_t block = job->blocks[slice->table + p / CK_KV_BLOCK];
          ptrdiff_t tile = (block * layer->kv_heads + kv_head) * size * CK_KV_BLOCK;
          ptrdiff_t at = tile + (p % CK_KV_BLOCK) * size + d;
          sum = fmaf(scores[p], cached(layer->values, layer->element, at), sum);
        }
        out[d] = sum;
      }
    }
  }
  free(scores);
}
