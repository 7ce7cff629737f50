// JPEG by libjpeg-turbo. Its warnings are what a program goes on after; those that cost pixels end the
// decoding here, the others (bytes between segments, unknown versions) go unheard, as in Pillow.
#include "ci_internal.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

typedef struct {
  struct jpeg_error_mgr manager;
  struct jpeg_progress_mgr progress;
  jmp_buf out;
  ci_status status;
  ci_reason *reason;
  int scans;
} decoding;

_Noreturn static void leave(j_common_ptr info, ci_status status) {
  decoding *state = (decoding *)info->err;
  char text[JMSG_LENGTH_MAX];
  state->manager.format_message(info, text);
  ci_say(state->reason, text);
  state->status = status;
  longjmp(state->out, 1);
}

_Noreturn static void fail(j_common_ptr info) {
  switch (info->err->msg_code) {
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY: leave(info, CI_TRUNCATED);
    // The latter is asked for when coefficients take more than they may.
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE: leave(info, CI_NO_MEMORY);
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_NOT_COMPILED: leave(info, CI_UNSUPPORTED);
    default: leave(info, CI_CORRUPT);
  }
}

static void hear(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF: leave(info, CI_TRUNCATED);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC: leave(info, CI_CORRUPT);
    default: return;
  }
}

static void silence(j_common_ptr info) { (void)info; }

static void count_scans(j_common_ptr info) {
  decoding *state = (decoding *)info->err;
  if (((j_decompress_ptr)info)->input_scan_number <= state->scans) return;
  state->status = CI_TOO_MANY_SCANS;
  longjmp(state->out, 1);
}

/// As Pillow: values are inverted, as Adobe's programs write them, and then mixed without a profile.
static void mix_inks(const uint8_t *inks, uint8_t *pixels, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, inks += 4, pixels += 3) {
    int light = inks[3];
    for (int c = 0; c < 3; c++) {
      int taken = (255 - inks[c]) * light + 128;
      int value = light - (((taken >> 8) + taken) >> 8);
      pixels[c] = (uint8_t)(value < 0 ? 0 : value);
    }
  }
}

static void read_pixels(j_decompress_ptr info, const ci_picture *picture) {
  size_t stride = (size_t)picture->width * 3;
  if (info->num_components == 4) {
    info->out_color_space = JCS_CMYK;
    jpeg_start_decompress(info);
    JSAMPARRAY row =
        info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, picture->width * 4, 1);
    while (info->output_scanline < info->output_height) {
      uint8_t *out = picture->pixels + info->output_scanline * stride;
      if (jpeg_read_scanlines(info, row, 1) == 1) mix_inks(row[0], out, picture->width);
    }
    return;
  }
  info->out_color_space = JCS_RGB;
  jpeg_start_decompress(info);
  while (info->output_scanline < info->output_height) {
    JSAMPROW rows[8];
    JDIMENSION left = info->output_height - info->output_scanline, count = left < 8 ? left : 8;
    for (JDIMENSION i = 0; i < count; i++) {
      rows[i] = picture->pixels + (info->output_scanline + i) * stride;
    }
    jpeg_read_scanlines(info, rows, count);
  }
}

ci_status ci_decode_jpeg(const ci_picture *picture, int scans, size_t memory, ci_reason *reason) {
  struct jpeg_decompress_struct info;
  decoding state = {.status = CI_OK, .reason = reason, .scans = scans};
  memset(&info, 0, sizeof info);
  info.err = jpeg_std_error(&state.manager);
  state.manager.error_exit = fail;
  state.manager.emit_message = hear;
  state.manager.output_message = silence;
  state.progress.progress_monitor = count_scans;
  if (setjmp(state.out)) {
    jpeg_destroy_decompress(&info);
    return state.status;
  }
  jpeg_create_decompress(&info);
  info.progress = &state.progress;
  info.mem->max_memory_to_use = (long)memory;
  jpeg_mem_src(&info, picture->bytes, picture->count);
  jpeg_read_header(&info, TRUE);
  if (info.image_width != picture->width || info.image_height != picture->height) {
    ci_say(reason, "it has two headers that disagree");
    state.status = CI_CORRUPT;
  } else if (info.num_components == 2 || info.num_components > 4) {
    ci_say(reason, "it has a number of components that no colours have");
    state.status = CI_UNSUPPORTED;
  } else {
    read_pixels(&info, picture);
    // To the end of the picture, which has to be there.
    if (!jpeg_finish_decompress(&info)) {
      ci_say(reason, "scans follow the last one");
      state.status = CI_CORRUPT;
    }
  }
  jpeg_destroy_decompress(&info);
  return state.status;
}
