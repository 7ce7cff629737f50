"""Writes Tests/Fixtures/images: small pictures of every kind, and what Pillow makes of them.

    python tools/golden/make_images.py       (the versions that it last ran with are in goldens.json)

Pixels are those of `ImageOps.exif_transpose` and `convert("RGB")`, models' inputs those of the image
processors of `transformers` that stand on Pillow.
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
import transformers
from PIL import Image, ImageOps, features

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/images"
WIDTH, HEIGHT = 21, 15
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def scene(width: int, height: int) -> np.ndarray:
    """Slopes, edges and some noise: u8 [height][width][3]."""
    y, x = np.mgrid[0:height, 0:width]
    random = np.random.default_rng(7)
    picture = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], -1)
    picture[(x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] = (250, 20, 60)
    picture[height // 5 : height // 3, width // 2 :] = (0, 255, 255)
    return np.clip(picture + random.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


# PNGs that Pillow cannot write, by hand.

def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def rows(samples: np.ndarray, depth: int) -> bytes:
    """Unfiltered rows of [height][width][channels] samples."""
    lines = []
    for line in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            packed = line.astype(">u2").tobytes()
        else:
            bits = "".join(f"{value:0{depth}b}" for value in line)
            bits += "0" * (-len(bits) % 8)
            packed = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        lines.append(b"\0" + packed)
    return b"".join(lines)


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples: np.ndarray, depth: int, kind: int, interlaced=False, before=b"", after=b"") -> bytes:
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES]
        data = b"".join(rows(part, depth) for part in parts if part.size)
    else:
        data = rows(samples, depth)
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    body = zlib.compress(data)
    # In two chunks, as large files are.
    pixels = chunk(b"IDAT", body[:40]) + chunk(b"IDAT", body[40:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + before + pixels + after + chunk(b"IEND", b"")


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    value = struct.pack(order + ("H2x" if kind == 3 else "I"), orientation)
    entries = [struct.pack(order + "HHI", 0x010F, 2, 4) + b"cam\0", struct.pack(order + "HHI", 0x0112, kind, 1) + value]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", 0)


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def png_files(colour: np.ndarray) -> dict[str, bytes]:
    grey = np.array(Image.fromarray(colour).convert("L"))[..., None]
    alpha = (np.indices(grey.shape)[1] * 12 % 256).astype(np.uint8)
    wide = colour.astype(np.uint16) * 257 ^ 0x5A
    # Most of it lies within a byte: greater values are cut there.
    wide_grey = grey.astype(np.uint16) * 2
    palette = Image.fromarray(colour).quantize(200)
    plte = chunk(b"PLTE", bytes(palette.getpalette())[:600])
    indices = np.array(palette)[..., None]
    small = chunk(b"PLTE", bytes(range(48)))
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 20)))
    files = {
        "rgb.png": saved(Image.fromarray(colour), "PNG"),
        "rgba.png": saved(Image.fromarray(np.concatenate([colour, alpha], -1)), "PNG"),
        "grey.png": saved(Image.fromarray(grey[..., 0]), "PNG"),
        "grey-alpha.png": saved(Image.fromarray(np.concatenate([grey, alpha], -1)), "PNG"),
        "rgb16.png": png(wide, 16, 2),
        "rgba16.png": png(np.concatenate([wide, wide[..., :1]], -1), 16, 6),
        "grey16.png": png(wide_grey, 16, 0),
        "grey-alpha16.png": png(wide[..., :2], 16, 4),
        "palette8.png": png(indices, 8, 3, before=plte),
        "palette-transparent.png": png(indices, 8, 3, before=plte + chunk(b"tRNS", bytes(range(200)))),
        "rgb-transparent.png": png(colour, 8, 2, before=chunk(b"tRNS", struct.pack(">HHH", *map(int, colour[3, 3])))),
        "rgb-gamma.png": png(colour, 8, 2, before=chunk(b"gAMA", struct.pack(">I", 100000)) + text),
        "rgb-interlaced.png": png(colour, 8, 2, interlaced=True),
        "grey16-interlaced.png": png(wide_grey, 16, 0, interlaced=True),
        "palette8-interlaced.png": png(indices, 8, 3, interlaced=True, before=plte),
        "turned.png": png(colour, 8, 2, after=chunk(b"eXIf", exif(6, ">"))),
    }
    for depth in (1, 2, 4):
        files[f"grey{depth}.png"] = png(grey >> (8 - depth), depth, 0)
        files[f"palette{depth}.png"] = png(grey >> (8 - depth), depth, 3, before=small)
    files["grey2-interlaced.png"] = png(grey >> 6, 2, 0, interlaced=True)
    return files


def other_files(colour: np.ndarray) -> dict[str, bytes]:
    picture = Image.fromarray(colour)
    alpha = np.concatenate([colour, colour[..., :1]], -1)
    files = {
        "444.jpg": saved(picture, "JPEG", quality=90, subsampling=0),
        "422.jpg": saved(picture, "JPEG", quality=90, subsampling=1),
        "420.jpg": saved(picture, "JPEG", quality=75, subsampling=2),
        "grey.jpg": saved(picture.convert("L"), "JPEG", quality=90),
        "progressive.jpg": saved(picture, "JPEG", quality=80, progressive=True),
        "restarts.jpg": saved(picture, "JPEG", quality=80, restart_marker_blocks=2),
        "rgb.jpg": saved(picture, "JPEG", quality=90, keep_rgb=True),
        "cmyk.jpg": saved(picture.convert("CMYK"), "JPEG", quality=90),
        "lossy.webp": saved(picture, "WEBP", quality=80),
        "lossless.webp": saved(picture, "WEBP", lossless=True),
        "alpha.webp": saved(Image.fromarray(alpha), "WEBP", lossless=True, exact=True),
        "alpha-lossy.webp": saved(Image.fromarray(alpha), "WEBP", quality=80),
        "turned.webp": saved(picture, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(8)),
    }
    for orientation in range(1, 9):
        order, kind = "<>"[orientation % 2], 3 + orientation // 2 % 2
        files[f"turned{orientation}.jpg"] = saved(
            picture, "JPEG", quality=90, subsampling=0, exif=b"Exif\0\0" + exif(orientation, order, kind))
    return files


def animated_files(colour: np.ndarray) -> dict[str, bytes]:
    frames = [Image.fromarray(colour), Image.fromarray(255 - colour)]
    more = {"save_all": True, "append_images": frames[1:], "duration": 100}
    return {
        "animated.png": saved(frames[0], "PNG", **more),
        "animated.webp": saved(frames[0], "WEBP", lossless=True, **more),
        "animated.gif": saved(frames[0].convert("P"), "GIF", **more),
    }


def decoded(name: str, file: bytes) -> dict:
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    return {
        "file": name, "width": picture.width, "height": picture.height,
        # Versions of libjpeg-turbo and libwebp may differ by one; two colours of that make two.
        "tolerance": 2 if name.endswith(".jpg") or "lossy" in name else 0,
        "pixels": base64.b64encode(picture.tobytes()).decode(),
    }


def fnv(data: bytes) -> str:
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return f"{state:016x}"


def resized(colour: np.ndarray) -> list[dict]:
    sizes = [(30, 23), (61, 20), (13, 47), (7, 5), (1, 1), (122, 94), (100, 31), (9, 120), (60, 47), (61, 46), (256, 3), (58, 30), (58, 42)]
    cases = []
    for channels, picture in ((3, Image.fromarray(colour)), (1, Image.fromarray(colour).convert("L"))):
        for filter in range(6):
            for size in sizes:
                cases.append({
                    "channels": channels, "filter": filter, "width": size[0], "height": size[1],
                    "digest": fnv(picture.resize(size, filter).tobytes()),
                })
    return cases


# What Hugging Face's processors make of a picture.

PROCESSORS = "Beit Bit CLIP ConvNext DeiT MobileNetV1 MobileNetV2 MobileViT Pvt Siglip ViT".split()


def processor(name: str) -> type:
    return getattr(transformers, f"{name}ImageProcessorPil")


def prepared(colour: np.ndarray, settings: dict) -> np.ndarray:
    options = dict(settings)
    name = options.pop("image_processor_type").split("ImageProcessor")[0]
    layout = options.pop("data_format", None)
    picture = Image.fromarray(colour)
    if len(options.get("image_mean") or [0] * 3) == 1:
        picture = picture.convert("L")
    values = processor(name)(**options)(picture, return_tensors="np")["pixel_values"][0]
    return np.ascontiguousarray(values.transpose(1, 2, 0) if layout == "channels_last" else values)


def settings() -> list[dict]:
    scale = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255}
    half = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    vit = {**scale, "image_processor_type": "ViTImageProcessor", "resample": 2}
    convnext = {**scale, **half, "image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.875}
    clip = {**scale, "image_processor_type": "CLIPImageProcessorFast", "resample": 3, "do_center_crop": True,
            "do_normalize": True, "image_mean": CLIP_MEAN, "image_std": CLIP_STD}
    square = {"height": 32, "width": 32}
    return [
        {**vit, **half, "size": {"height": 48, "width": 40}},
        {**vit, **half, "size": {"height": 24, "width": 24}, "data_format": "channels_last"},
        {**vit, "size": square, "do_normalize": True, "image_mean": [0.1307], "image_std": [0.3081]},
        {**vit, **half, "size": square, "do_rescale": False, "resample": 0},
        {**clip, "size": {"shortest_edge": 32}, "crop_size": square},
        {**clip, "size": {"shortest_edge": 37}, "crop_size": {"height": 28, "width": 33}},
        # Black goes around what is smaller than the crop.
        {**clip, "size": {"shortest_edge": 20}, "crop_size": {"height": 35, "width": 23}},
        {**clip, "do_resize": False, "size": {"shortest_edge": 20}, "crop_size": square},
        {**convnext, "size": {"shortest_edge": 32}, "resample": 3},
        {**convnext, "size": {"shortest_edge": 384}, "resample": 2},
        {**scale, "image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 36},
         "crop_size": square, "do_center_crop": True, "do_flip_channel_order": True, "resample": 2},
        # What is in the files of models whose authors changed nothing.
        *(json.loads(processor(name)().to_json_string()) for name in PROCESSORS),
    ]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    colour = scene(WIDTH, HEIGHT)
    files = png_files(colour) | other_files(colour)
    for name, file in (files | animated_files(colour)).items():
        (FOLDER / name).write_bytes(file)
    source = scene(61, 47)
    (FOLDER / "source.png").write_bytes(saved(Image.fromarray(source), "PNG"))
    inputs = []
    for case in settings():
        for name, picture in (("source.png", source), ("rgb.png", colour)):
            values = prepared(picture, case)
            inputs.append({"file": name, "settings": case, "count": values.size, "digest": fnv(values.tobytes())})
    goldens = {
        "pillow": PIL.__version__, "transformers": transformers.__version__,
        "libjpeg-turbo": features.version("libjpeg_turbo"), "libwebp": features.version("webp"),
        "decode": [decoded(name, file) for name, file in files.items()],
        "resize": resized(source),
        "prepare": inputs,
    }
    (FOLDER / "goldens.json").write_text(json.dumps(goldens, indent=1) + "\n")


if __name__ == "__main__":
    main()
