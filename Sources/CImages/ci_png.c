// PNG by libpng, to the pixels that Pillow's convert("RGB") gives: alpha is dropped, gamma and
// transparency are not looked at, the upper byte is what counts of 16 bits. Grey of 16 bits alone is
// cut at 255 instead.
//
// Chunks that pixels are not made of, such as profiles and texts, which may unpack to any size, are
// stepped over.
#include "ci_internal.h"
#include <setjmp.h>
#include <string.h>

#include <png.h>

typedef struct {
  const uint8_t *next;
  size_t left;
  jmp_buf out;
  ci_status status;
  ci_reason *reason;
} decoding;

static void fail(png_structp png, png_const_charp text) {
  decoding *state = png_get_error_ptr(png);
  if (state->status == CI_OK) {
    ci_say(state->reason, text);
    state->status = strstr(text, "emory") ? CI_NO_MEMORY : CI_CORRUPT;
  }
  longjmp(state->out, 1);
}

static void hear(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t count) {
  decoding *state = png_get_io_ptr(png);
  if (count > state->left) {
    ci_say(state->reason, "its bytes end early");
    state->status = CI_TRUNCATED;
    longjmp(state->out, 1);
  }
  memcpy(bytes, state->next, count);
  state->next += count;
  state->left -= count;
}

typedef enum { COLOURS, INDICES, WIDE_GREY } row_kind;

/// How rows are to come out of the library: as colours, or as what `widen_row` makes colours of.
static row_kind choose_rows(png_structp png, png_infop info) {
  int depth = png_get_bit_depth(png, info), kind = png_get_color_type(png, info);
  if (kind == PNG_COLOR_TYPE_PALETTE) {
    png_set_packing(png);
    return INDICES;
  }
  if (kind == PNG_COLOR_TYPE_GRAY && depth == 16) return WIDE_GREY;
  if (kind == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (depth == 16) png_set_strip_16(png);
  if (kind & PNG_COLOR_MASK_ALPHA) png_set_strip_alpha(png);
  if (!(kind & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
  return COLOURS;
}

/// From the row's end, where the wider pixels overtake none that is still to be read.
/// Zero where an index leads past the palette.
static int widen_row(uint8_t *row, uint32_t width, row_kind kind, const png_color *palette,
                     int colours) {
  for (size_t x = width; x-- > 0;) {
    uint8_t *pixel = row + 3 * x;
    if (kind == WIDE_GREY) {
      uint8_t value = row[2 * x] ? 255 : row[2 * x + 1];
      pixel[0] = pixel[1] = pixel[2] = value;
    } else {
      if (row[x] >= colours) return 0;
      png_color colour = palette[row[x]];
      pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
    }
  }
  return 1;
}

static void read_pixels(png_structp png, png_infop info, const ci_picture *picture) {
  size_t stride = (size_t)picture->width * 3;
  row_kind kind = choose_rows(png, info);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) > stride) png_error(png, "its rows are too long");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < picture->height; y++) {
      png_read_row(png, picture->pixels + y * stride, NULL);
    }
  }
  png_read_end(png, NULL);
  if (kind == COLOURS) return;
  png_colorp palette = NULL;
  int colours = 0;
  if (kind == INDICES) png_get_PLTE(png, info, &palette, &colours);
  for (uint32_t y = 0; y < picture->height; y++) {
    if (!widen_row(picture->pixels + y * stride, picture->width, kind, palette, colours)) {
      png_error(png, "a pixel's colour is not in the palette");
    }
  }
}

ci_status ci_decode_png(const ci_picture *picture, ci_reason *reason) {
  decoding state = {
      .next = picture->bytes, .left = picture->count, .status = CI_OK, .reason = reason};
  // Both change after setjmp.
  png_structp volatile png = NULL;
  png_infop volatile info = NULL;
  if (setjmp(state.out) == 0) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, fail, hear);
    if (png) info = png_create_info_struct(png);
    if (!info) {
      ci_say(reason, "no memory for libpng");
      state.status = CI_NO_MEMORY;
    } else {
      png_set_read_fn(png, &state, read_bytes);
      png_set_user_limits(png, picture->width, picture->height);
      png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
      png_read_info(png, info);
      if (png_get_image_width(png, info) != picture->width ||
          png_get_image_height(png, info) != picture->height) {
        png_error(png, "it has two headers that disagree");
      }
      read_pixels(png, info, picture);
    }
  }
  png_structp made = png;
  png_infop described = info;
  png_destroy_read_struct(&made, &described, NULL);
  return state.status;
}
