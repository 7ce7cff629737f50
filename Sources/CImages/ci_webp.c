// WebP by libwebp. Alpha is dropped, as by Pillow's convert("RGB").
#include "ci_internal.h"
#include <stdio.h>

#include <webp/decode.h>

static ci_status explained(VP8StatusCode code, ci_reason *reason) {
  switch (code) {
    case VP8_STATUS_OK: return CI_OK;
    case VP8_STATUS_OUT_OF_MEMORY: ci_say(reason, "no memory for libwebp"); return CI_NO_MEMORY;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: ci_say(reason, "its bytes end early"); return CI_TRUNCATED;
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      ci_say(reason, "it uses a feature that libwebp lacks");
      return CI_UNSUPPORTED;
    default: ci_say(reason, "its bitstream is broken"); return CI_CORRUPT;
  }
}

ci_status ci_decode_webp(const ci_picture *picture, ci_reason *reason) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    ci_say(reason, "libwebp is another version than it was built for");
    return CI_UNSUPPORTED;
  }
  VP8StatusCode code = WebPGetFeatures(picture->bytes, picture->count, &config.input);
  if (code != VP8_STATUS_OK) return explained(code, reason);
  if (config.input.has_animation || config.input.width != (int)picture->width ||
      config.input.height != (int)picture->height) {
    ci_say(reason, "it has two headers that disagree");
    return CI_CORRUPT;
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = picture->pixels;
  config.output.u.RGBA.stride = (int)picture->width * 3;
  config.output.u.RGBA.size = (size_t)picture->width * picture->height * 3;
  code = WebPDecode(picture->bytes, picture->count, &config);
  WebPFreeDecBuffer(&config.output);
  return explained(code, reason);
}
