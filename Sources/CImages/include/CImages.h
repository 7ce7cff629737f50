// JPEG, PNG and WebP to pixels, and pixels to other sizes.
//
// The libraries report errors by long jumps and variable arguments, which Swift cannot take: both stay
// within these files. Nothing here keeps state between calls, and any thread may call.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum {
  CI_OK,
  CI_CORRUPT,
  CI_TRUNCATED,
  CI_UNSUPPORTED,
  CI_TOO_MANY_SCANS,
  CI_NO_MEMORY,
} ci_status;

/// A picture to decode. Its header has been read: what the library finds must agree.
typedef struct {
  const uint8_t *bytes;
  size_t count;
  uint32_t width, height;
  /// u8 [height][width][3], with CI_SLACK bytes behind it.
  uint8_t *pixels;
} ci_picture;

/// What went wrong, in the library's words.
typedef struct {
  char text[200];
} ci_reason;

/// `scans`: most of them; each costs a pass over all of the picture, however few bytes it has.
/// `memory`: most bytes for coefficients, which pictures in several scans are kept in.
ci_status ci_decode_jpeg(const ci_picture *picture, int scans, size_t memory, ci_reason *reason);
ci_status ci_decode_png(const ci_picture *picture, ci_reason *reason);
ci_status ci_decode_webp(const ci_picture *picture, ci_reason *reason);

/// Bytes behind the last pixel of every picture that may be read, and whose values do not matter.
enum { CI_SLACK = 64 };
/// Binary places of a weight.
enum { CI_WEIGHT_BITS = 22 };

/// For each output, which inputs it is the weighted sum of.
typedef struct {
  const int32_t *first;
  const int32_t *count;
  /// s32 [outputs][stride] of 1/2²²; zeros behind the count, up to a multiple of 4.
  const int32_t *values;
  ptrdiff_t stride;
  ptrdiff_t outputs;
} ci_weights;

/// Which instructions do it; the bytes are the same.
typedef enum { CI_PORTABLE, CI_AVX2 } ci_tier;
ci_tier ci_best_tier(void);

/// in: u8 [rows][in_stride], out: u8 [rows][outputs][channels]; channels are 1 or 3.
void ci_resample_rows(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t rows,
                      int channels, const ci_weights *weights, ci_tier tier);

/// in: u8 [..][in_stride], out: u8 [outputs][width]; width and stride are in bytes.
void ci_resample_columns(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t width,
                         const ci_weights *weights, ci_tier tier);

/// Luma as Pillow's convert("L") has it (ITU-R BT.601). in: u8 [count][3], out: u8 [count].
void ci_grey(const uint8_t *in, ptrdiff_t count, uint8_t *out);

/// Rows and columns are flipped first, as they are in `in`, and then exchanged.
typedef struct {
  int transposes, flips_columns, flips_rows;
} ci_turning;

/// in: u8 [height][width][3]; out: the same, or [width][height][3] if the turning transposes.
void ci_turn(const uint8_t *in, ptrdiff_t width, ptrdiff_t height, ci_turning turning, uint8_t *out);

/// in: u8 [count][channels]; out: f32 [channels][count] if `planar`, else [count][channels].
/// Output channel c is input channel order[c], by its table: f32 [channels][256].
void ci_look_up(const uint8_t *in, ptrdiff_t count, int channels, const int32_t *order,
                const float *tables, int planar, float *out);
