// int8 and f32 kernels: one instruction set per file, one selector (ck_dispatch.c), a scalar oracle.
//
// Batch-proof is the law of every kernel here: the result of a row is bit-identical whatever rows are
// computed beside it. Sums over K run in one fixed order per element, full and remainder tiles use the
// same operations, and K is never split between threads. Integer sums are identical in all tiers.
//
// Panels. A weight matrix [N outputs × K inputs] is stored as panels of CK_PANEL (64) or CK_Q8_PANEL (32)
// outputs; N is padded up with zero weights. In an int8 panel, one group of 4 inputs stands as
// [panel outputs][4 inputs] bytes: 16 outputs × 4 inputs fill one 64-byte vector, the operand of a
// VNNI or dot-product instruction. Bytes hold weight + 128 (unsigned). Groups follow in order of K,
// so that a panel is one contiguous stream.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CK_PANEL = 64,        // outputs in a panel of ck_gemm_s8 and ck_gemm_f32
  CK_Q8_PANEL = 32,     // outputs in a panel of ck_gemm_q8
  CK_Q8_BLOCK = 32,     // inputs that share a Q8_0 scale
  CK_KV_BLOCK = 16,     // positions in a block of the KV cache
  CK_MAX_INPUTS = 65536 // K of an int8 matrix: 65536 · 255 · 127 < 2^31
};

typedef enum { CK_SCALAR = 0, CK_AVX2 = 1, CK_AVX512VNNI = 2, CK_NEON = 3 } ck_tier;

/// Element types of stored tensors. CK_Q8_0 rows are blocks of 34 bytes: f16 scale, 32 int8.
typedef enum { CK_F32 = 0, CK_F16 = 1, CK_BF16 = 2, CK_Q8_0 = 3 } ck_element;

/// What becomes of a product `v` before it is stored.
typedef enum {
  CK_STORE = 0,     // v
  CK_ADD = 1,       // v + extra
  CK_GELU = 2,      // v · (1 + erf(v / √2)) / 2
  CK_SILU_GATE = 3, // v · silu(extra)
  CK_STORE_SUM = 4, // the int32 sum itself, in the bits of the float (ck_gemm_s8 only; for tests)
  CK_CLAMP = 5,     // min(max(v, low), high)
  CK_ADD_CLAMP = 6  // min(max(v + extra, low), high)
} ck_epilogue_op;

/// Functions of one number.
typedef enum {
  CK_FN_GELU = 0,      // as CK_GELU
  CK_FN_GELU_TANH = 1, // x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
  CK_FN_TANH = 2,
  CK_FN_SIGMOID = 3, // 1 / (1 + e^−x)
  CK_FN_SILU = 4     // x · sigmoid(x)
} ck_activation;

typedef struct {
  float *out;           // f32 [M × N], row stride out_stride
  ptrdiff_t out_stride; // in floats
  const float *bias;    // f32 [N], or NULL; added first
  const float *extra;   // f32 [M × N], row stride extra_stride; may be `out`; CK_ADD*, CK_SILU_GATE
  ptrdiff_t extra_stride;
  ck_epilogue_op op;
  float low, high; // CK_CLAMP and CK_ADD_CLAMP
} ck_epilogue;

/// out = epilogue(A · Wᵀ), both int8, one scale a row of A and one an output of W. A row stands for
/// a · a_scale + a_shift: the shift's product is a_shift times the sum of W's row.
typedef struct {
  const int8_t *a;       // s8 [M × K], row stride a_stride, zero from K up to the next multiple of 4
  ptrdiff_t a_stride;    // in bytes, a multiple of 4
  const float *a_scales; // f32 [M]
  const int32_t *a_sums; // s32 [M]: the sum of each row of `a`
  const float *a_shifts; // f32 [M]: the value that 0 stands for; NULL where it is 0
  const uint8_t *w;      // u8 [⌈N/64⌉ panels][⌈K/4⌉][64][4], weight + 128, 64-byte aligned
  const float *w_scales; // f32 [⌈N/64⌉ · 64]
  const float *w_sums;   // f32 [⌈N/64⌉ · 64]: the sum of each row of W; unread without a_shifts
  ptrdiff_t n, k;
  ck_epilogue epilogue;
} ck_gemm_s8;

/// out = epilogue(A · Wᵀ), both int8 with one scale for each 32 inputs.
typedef struct {
  const int8_t *a;          // s8 [M × K], row stride a_stride; K a multiple of 32
  ptrdiff_t a_stride;       // in bytes, a multiple of 4
  const float *a_scales;    // f32 [M × K/32], row stride a_blocks
  const int32_t *a_sums;    // s32 [M × K/32], row stride a_blocks: the sum of each block of `a`
  ptrdiff_t a_blocks;       // stride of the two above, in elements
  const uint8_t *w;         // u8 [⌈N/32⌉ panels][K/4][32][4], weight + 128, 64-byte aligned
  const uint16_t *w_scales; // f16 [⌈N/32⌉ panels][K/32][32], 64-byte aligned
  ptrdiff_t n, k;
  ck_epilogue epilogue;
} ck_gemm_q8;

/// out = epilogue(A · Wᵀ) in f32; W is widened as it is read.
typedef struct {
  const float *a;     // f32 [M × K], row stride a_stride
  ptrdiff_t a_stride; // in floats
  const void *w;      // `element` [⌈N/64⌉ panels][K][64], 64-byte aligned
  ck_element element; // CK_F32, CK_F16 or CK_BF16
  ptrdiff_t n, k;
  ck_epilogue epilogue;
} ck_gemm_f32;

/// What becomes of the sum of a quantized convolution, for output n of a pixel:
///   y = clamp(round((sum + bias[n]) · scales[n]), low, high)      to nearest even, counted from y's zero
/// and, where there is another tensor to be added (a residual connection):
///   y = clamp(round(y · kept + (other − other_zero) · added), sum_low, sum_high)
/// What is stored is y + zero.
typedef struct {
  const int32_t *bias; // s32 [⌈N/64⌉ · 64]; less the input's zero point times the sum of the weights
  const float *scales; // f32 [⌈N/64⌉ · 64]
  float low, high;     // whole numbers
  const uint8_t *other; // u8 [images][pixels][N], strides as of `out`; or NULL
  int32_t other_zero;
  float kept, added;
  float sum_low, sum_high; // whole numbers; unread without `other`
  int32_t zero;
  uint8_t *out;                     // u8 [images][pixels][N]
  ptrdiff_t out_stride, out_image_stride; // in bytes, from a pixel and from an image to the next
} ck_requantizer;

/// A convolution of u8 values (channels last) with s8 weights; N outputs a pixel.
///
/// A pixel of the output is made of `taps` runs of bytes of the input, each `run` bytes long: the channels
/// of one place of the kernel or of several that lie side by side. `offsets` says where they begin; what
/// lies outside of the image is said to begin where only zero points stand.
typedef struct {
  const uint8_t *x;       // u8: the images
  ptrdiff_t image_stride; // in bytes, from an image to the next
  const int32_t *offsets; // s32 [pixels of one image][taps], in bytes from the image's begin; may be < 0
  ptrdiff_t pixels;       // of the output of one image
  ptrdiff_t taps;
  ptrdiff_t run;         // a multiple of 4
  const int8_t *w;       // s8 [⌈N/64⌉ panels][taps][run/4][64][4], 64-byte aligned
  const int32_t *w_sums; // s32 [⌈N/64⌉ · 64]: the sum of each output's weights
  ptrdiff_t n;
  ck_requantizer epilogue;
} ck_conv_u8;

/// A convolution of each channel by itself, as ck_conv_u8. N outputs a pixel, one of each channel; a tap
/// begins at the first channel of a place of the kernel, and 63 bytes behind the last are there. Its
/// rows × columns taps are taken column by column, and up to four rows of a column at a time.
///
/// In a panel of 64 outputs, output o has place o / 4 % 4 · 16 + o / 16 · 4 + o % 4: bytes of four taps that
/// are interleaved by unpacking, of 16 channels at a time, become sums in that order.
typedef struct {
  const uint8_t *x;
  ptrdiff_t image_stride;
  const int32_t *offsets; // s32 [pixels of one image][rows][columns]
  ptrdiff_t pixels;
  ptrdiff_t rows, columns;
  ptrdiff_t run;   // pixels of a row of the output: within it a pixel's column c is where column
  ptrdiff_t shift; // c + shift of the pixel before it was; `columns` where none is
  const int8_t *w; // s8 [⌈N/64⌉ panels][columns][⌈rows/4⌉][64 places][4 rows], 64-byte aligned, zero-padded
  const int32_t *w_sums; // s32 [⌈N/64⌉ · 64 places]: the sum of each output's weights
  ptrdiff_t n;
  ck_requantizer epilogue; // its biases and scales by places
} ck_depthwise_u8;

/// The largest of the taps of each pixel, for each channel; taps that begin at `outside` do not count, and
/// where there are no others it is 0. Channels last, u8; `run`, offsets and strides as of ck_conv_u8.
typedef struct {
  const uint8_t *x;
  ptrdiff_t image_stride;
  const int32_t *offsets;
  int32_t outside;
  ptrdiff_t pixels, taps, run;
  uint8_t *out;
  ptrdiff_t out_stride, out_image_stride;
} ck_max_u8;

/// Sums of the taps of each pixel, for each channel, as means of another scale:
///   clamp(round(Σ (tap − x_zero) · factors[pixel]) + zero, 0, 255)        to nearest even
/// Taps that begin at `outside` add nothing. Channels last, u8; offsets and strides as of ck_conv_u8.
typedef struct {
  const uint8_t *x;
  ptrdiff_t image_stride;
  const int32_t *offsets;
  int32_t outside;
  ptrdiff_t pixels, taps, channels;
  int32_t x_zero;
  const float *factors; // f32 [pixels]
  int32_t zero;
  uint8_t *out;
  ptrdiff_t out_stride, out_image_stride;
} ck_average_u8;

/// Rows of two tensors of bytes, of which a third is made, element by element. Strides in bytes, from a
/// row to the next, may be 0. Bounds are whole numbers, counted from `zero`. `out` may be `a` or `b`, and 63
/// bytes behind the last of these are there.
typedef struct {
  const uint8_t *a, *b;
  ptrdiff_t a_stride, b_stride;
  int32_t a_zero, b_zero;
  float a_factor, b_factor; // scales over that of `out`; products take a_factor alone
  float low, high;
  int32_t zero;
  uint8_t *out;
  ptrdiff_t out_stride;
} ck_pair_u8;

/// An offset of ck_conv_f32 that stands for zeros.
#define CK_OUTSIDE INT32_MIN

/// A convolution in f32 (channels last): as ck_gemm_f32, whose rows are the pixels of the output, each put
/// together of `taps` runs of floats of the input.
typedef struct {
  const float *x;         // f32: the images
  ptrdiff_t image_stride; // in floats, from an image to the next
  const int32_t *offsets; // s32 [pixels of one image][taps], in floats from the image's begin, or CK_OUTSIDE
  ptrdiff_t pixels;       // of the output of one image
  ptrdiff_t taps, run;
  const float *zeros;     // f32 [run], all 0
  const float *w;         // f32 [⌈N/64⌉ panels][taps · run][64], 64-byte aligned; depthwise: [taps][64]
  ptrdiff_t n;
  ck_epilogue epilogue; // a row is a pixel, counted over all images
} ck_conv_f32;

/// The largest of the taps of each pixel, for each channel, in f32; offsets as of ck_conv_f32.
typedef struct {
  const float *x;
  ptrdiff_t image_stride;
  const int32_t *offsets;
  ptrdiff_t pixels, taps, channels;
  float *out; // f32 [images · pixels][channels]
} ck_max_f32;

/// Softmax(Q Kᵀ · scale + mask) V within each sequence; sequences stand packed, one after the other.
typedef struct {
  const float *q, *k, *v; // f32 [rows × heads · head_size], row stride `stride`
  ptrdiff_t stride;       // in floats
  const int32_t *offsets; // s32 [sequences + 1]: sequence i has rows offsets[i] ..< offsets[i + 1]
  ptrdiff_t heads, head_size;
  float scale;
  const float *mask; // f32, or NULL: for each query of a sequence one number a key, side by side
  ptrdiff_t mask_sequence, mask_head, mask_query; // strides in floats; 0 where numbers are shared
  float *out; // f32 [rows × heads · head_size], row stride out_stride
  ptrdiff_t out_stride;
} ck_encoder_attention;

/// The rows that one sequence adds in this step, and where its positions live in the KV cache.
typedef struct {
  int32_t row;      // first row
  int32_t count;    // rows
  int32_t position; // position of the first row
  int32_t table;    // index into `blocks` of the block of position 0
} ck_slice;

/// The paged KV cache of one layer. K stands transposed so that 16 positions fill one vector.
typedef struct {
  void *keys;         // `element` [blocks][kv_heads][head_size][16]
  void *values;       // `element` [blocks][kv_heads][16][head_size], 64 readable bytes after the end
  ck_element element; // CK_F16 or CK_F32
  ptrdiff_t kv_heads, head_size;
} ck_kv_layer;

/// Causal attention of new rows over all positions of their sequences up to their own.
typedef struct {
  ck_kv_layer layer;
  const ck_slice *slices;
  const int32_t *blocks; // s32: block tables of all slices
  const float *q;        // f32 [rows × heads · head_size], row stride q_stride
  ptrdiff_t q_stride;    // in floats
  ptrdiff_t heads;       // a multiple of layer.kv_heads
  float scale;
  float *out; // f32 [rows × heads · head_size], row stride out_stride
  ptrdiff_t out_stride;
} ck_paged_attention;

/// The kernels of one tier. Ranges are half open; `x` and `out` of row kernels may be the same.
typedef struct {
  ck_tier tier;
  const char *name;
  /// Rows [row0, row1) and panels [panel0, panel1) of the product.
  void (*gemm_s8)(const ck_gemm_s8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                  ptrdiff_t panel1);
  void (*gemm_q8)(const ck_gemm_q8 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                  ptrdiff_t panel1);
  void (*gemm_f32)(const ck_gemm_f32 *job, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t panel0,
                   ptrdiff_t panel1);
  /// Pixels [pixel0, pixel1), counted over all images, and panels [panel0, panel1).
  void (*conv_f32)(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                   ptrdiff_t panel1);
  /// The same of each channel by itself, where `run` is not read.
  void (*depthwise_f32)(const ck_conv_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                        ptrdiff_t panel1);
  /// Pixels [pixel0, pixel1), counted over all images.
  void (*max_f32)(const ck_max_f32 *job, ptrdiff_t pixel0, ptrdiff_t pixel1);
  /// x f32 [rows × columns], row stride `stride` → out f32 [columns × rows]: rows [row0, row1) of x.
  void (*turn_f32)(const float *x, ptrdiff_t stride, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t columns,
                   float *out, ptrdiff_t out_stride);
  /// Pixels [pixel0, pixel1), counted over all images, and panels [panel0, panel1).
  void (*conv_u8)(const ck_conv_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1, ptrdiff_t panel0,
                  ptrdiff_t panel1);
  void (*depthwise_u8)(const ck_depthwise_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1,
                       ptrdiff_t panel0, ptrdiff_t panel1);
  /// Pixels [pixel0, pixel1), counted over all images.
  void (*max_u8)(const ck_max_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1);
  /// Pixels [pixel0, pixel1), counted over all images.
  void (*average_u8)(const ck_average_u8 *job, ptrdiff_t pixel0, ptrdiff_t pixel1);
  /// clamp(round((a − a_zero) · a_factor + (b − b_zero) · b_factor), low, high) + zero, to nearest even;
  /// u8 [rows][n].
  void (*add_u8)(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n);
  /// clamp(round((a − a_zero) · (b − b_zero) · a_factor), low, high) + zero, as add_u8.
  void (*multiply_u8)(const ck_pair_u8 *job, ptrdiff_t rows, ptrdiff_t n);
  /// table[x]; u8 [n], table u8 [256].
  void (*map_u8)(const uint8_t *x, ptrdiff_t n, const uint8_t *table, uint8_t *out);
  /// x f32 [channels][pixels], planes `plane` floats apart → q u8 [pixels][channels], pixels `stride` bytes
  /// apart: clamp(round(x / scale) + zero, 0, 255), to nearest even; the lowest for what is no number.
  /// Fewer than four channels may be written with what pads them to four.
  void (*quantize_planes)(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t pixels,
                          float scale, int32_t zero, uint8_t *q, ptrdiff_t stride);
  /// The way back: (q − zero) · scale.
  void (*dequantize_planes)(const uint8_t *q, ptrdiff_t stride, ptrdiff_t channels, ptrdiff_t pixels,
                            float scale, int32_t zero, float *x, ptrdiff_t plane);
  /// Adds u8 [rows][n] up, rows `stride` bytes apart: sums s32 [n].
  void (*add_up_u8)(const uint8_t *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, int32_t *sums);
  /// x f32 [k] → q s8 [k], zero up to k_padded, over the range of x and 0; sum of q. x is about
  /// q · scale + shift.
  void (*quantize_row)(const float *x, ptrdiff_t k, ptrdiff_t k_padded, int8_t *q, float *scale,
                       float *shift, int32_t *sum);
  /// x f32 [k] → q s8 [k] in blocks of 32 with a scale and a sum each; k a multiple of 32.
  void (*quantize_blocks)(const float *x, ptrdiff_t k, int8_t *q, float *scales, int32_t *sums);
  /// (x − mean) / √(variance + epsilon) · weight + bias; all f32 [n].
  void (*layer_norm)(const float *x, ptrdiff_t n, const float *weight, const float *bias,
                     float epsilon, float *out);
  /// x / √(mean(x²) + epsilon) · weight; all f32 [n].
  void (*rms_norm)(const float *x, ptrdiff_t n, const float *weight, float epsilon, float *out);
  /// Of each element, f32 [n]; absolute error below 1e-6 of max(1, |x|).
  void (*activate)(ck_activation kind, const float *x, ptrdiff_t n, float *out);
  /// exp(x − max x) / Σ, f32 [n].
  void (*softmax)(const float *x, ptrdiff_t n, float *out);
  /// Rotates `heads` heads of one row in place; cosines and sines f32 [dims / 2].
  /// halves: pairs (i, i + dims/2), else pairs (2i, 2i + 1); elements from dims up stay.
  void (*rotate)(float *x, ptrdiff_t heads, ptrdiff_t head_size, ptrdiff_t dims,
                 const float *cosines, const float *sines, bool halves);
  /// Query rows [q0, q1) of one head of one sequence, counted from the sequence's first row.
  void (*encoder_attention)(const ck_encoder_attention *job, ptrdiff_t sequence, ptrdiff_t head,
                            ptrdiff_t q0, ptrdiff_t q1);
  /// Writes rows of k and v (f32 [rows × kv_heads · head_size], stride in floats) of one slice.
  void (*kv_store)(const ck_kv_layer *layer, const ck_slice *slice, const int32_t *blocks,
                   const float *k, const float *v, ptrdiff_t stride);
  /// Rows [q0, q1) of a slice (counted from its first), all query heads of one KV head.
  void (*paged_attention)(const ck_paged_attention *job, ptrdiff_t slice, ptrdiff_t kv_head,
                          ptrdiff_t q0, ptrdiff_t q1);
  /// `n` elements of a stored row → f32; n a multiple of 32 for CK_Q8_0.
  void (*widen)(ck_element element, const void *source, ptrdiff_t n, float *out);
} ck_kernels;

/// The kernels in use: the best tier of this machine, or the one APUS_CPU names.
const ck_kernels *ck_active(void);
/// Kernels of one tier, or NULL where this machine cannot run it.
const ck_kernels *ck_kernels_of(ck_tier tier);
/// The tier that `wish` names, else the best of this machine ("" and NULL wish for that). Where the wish
/// cannot be met, `problem` (`size` bytes) says why and what can be; else it becomes empty.
const ck_kernels *ck_choose_tier(const char *wish, char *problem, size_t size);
/// Why APUS_CPU could not be obeyed, or NULL.
const char *ck_tier_error(void);

/// Bytes of a stored row of n elements.
ptrdiff_t ck_row_bytes(ck_element element, ptrdiff_t n);
/// Whether none of `n` stored elements is infinite or NaN; of Q8_0 the scales decide.
bool ck_is_finite(ck_element element, const void *source, ptrdiff_t n);
/// Largest |x| of f32 [n].
float ck_largest(const float *x, ptrdiff_t n);

/// Packing writes one output (a row of the stored matrix) into its place in the panels.
/// The panels must have been cleared: int8 panels to 128, the others to 0.
/// row f32 [k], quantized symmetrically by max|row| / 127 → w, w_scales, w_sums of ck_gemm_s8.
void ck_pack_s8(const float *row, ptrdiff_t output, ptrdiff_t k, uint8_t *w, float *w_scales,
                float *w_sums);
/// row s8 [k] that stands for row · scale, as it is.
void ck_pack_bytes(const int8_t *row, float scale, ptrdiff_t output, ptrdiff_t k, uint8_t *w,
                   float *w_scales, float *w_sums);
/// row: Q8_0 blocks → w, w_scales of ck_gemm_q8, lossless.
void ck_pack_q8(const void *row, ptrdiff_t output, ptrdiff_t k, uint8_t *w, uint16_t *w_scales);
/// s8 weights of a convolution as a file has them, strides in bytes: of one panel's outputs from
/// `first` on.
typedef struct {
  const int8_t *first;
  ptrdiff_t output_stride, tap_stride, channel_stride;
  ptrdiff_t taps, channels;
  /// Channels of a tap in the panel, a multiple of four.
  ptrdiff_t run;
} ck_conv_weights;
/// Up to CK_PANEL outputs → one panel of ck_conv_u8, which must have been cleared to 0; sums s32
/// [CK_PANEL].
void ck_pack_conv_s8(const ck_conv_weights *weights, ptrdiff_t outputs, int8_t *panel,
                     int32_t *sums);
/// row: elements of 2 or 4 bytes → w of ck_gemm_f32, lossless.
void ck_pack_float(const void *row, ptrdiff_t output, ptrdiff_t k, ck_element element, void *w);
/// The ways back of the two that lose nothing: an output's row, byte for byte as it was stored.
void ck_unpack_q8(const uint8_t *w, const uint16_t *w_scales, ptrdiff_t output, ptrdiff_t k,
                  void *row);
void ck_unpack_float(const void *w, ptrdiff_t output, ptrdiff_t k, ck_element element, void *row);

/// A pool of threads for short parallel phases. See ck_pool.c for how work changes hands.
typedef struct ck_pool ck_pool;
typedef void (*ck_part)(void *context, ptrdiff_t part);
/// threads counts the caller, so threads − 1 are started; NULL where the system refuses.
ck_pool *ck_pool_create(ptrdiff_t threads);
/// Runs part(context, 0 ..< parts), each exactly once, and returns when all are done. The caller works
/// too. From inside a part, or while another thread runs a phase, the parts run on the caller alone.
void ck_pool_run(ck_pool *pool, ptrdiff_t parts, ck_part part, void *context);
/// Ends and joins the threads. No run may be under way.
void ck_pool_destroy(ck_pool *pool);
