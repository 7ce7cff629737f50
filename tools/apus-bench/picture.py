#!/usr/bin/env python3
"""What a Predict with a JPEG costs beside what it computes: tools/bench picture [--rounds N]

ResNet-18 in bytes (random weights) on a JPEG of 640 × 480 pixels. Alone: decoding with resizing, and
inference, each in a loop of one thread, and the one after the other, as each finds the caches full of the
other's data then. Then the same as gRPC calls, one after the other, to a server that computes with one
thread. Server and parts have core 0, the load (h2load) core 1; each round has processes of its own, as where
their memory lies decides what the caches hold of it.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from rpc import ROOT, Subject, free_port, pinned, row, write
from service import field

PYTHON = ROOT / ".venv-bench/bin/python"


def made(path, *command):
    if not path.exists():
        subprocess.run([os.fspath(part) for part in (PYTHON, *command)], check=True)
    return path


def make_model(folder):
    """resnet/1: the graph, the preparation of ImageNet."""
    cache = ROOT / ".cache/resnet"
    graph = made(cache / "resnet18-u8s8.onnx", ROOT / "tools/peers/resnet_onnx.py", "make", cache)
    version = folder / "resnet/1"
    version.mkdir(parents=True)
    shutil.copy(graph, version / "model.onnx")
    (version / "preprocessor_config.json").write_text(json.dumps({
        "do_resize": True, "size": {"shortest_edge": 256}, "resample": 2,
        "do_center_crop": True, "crop_size": {"height": 224, "width": 224},
        "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}))
    return version


def request(picture):
    """PredictRequest{model: "resnet", instances: [{image: {data}}], options: {top_k: 5, queue_timeout_ms:
    60000}} as a gRPC message."""
    body = field(1, b"resnet") + long_field(3, long_field(3, long_field(1, picture)))
    body += field(4, b"\x08\x05\x20\xe0\xd4\x03")
    return b"\x00" + len(body).to_bytes(4, "big") + body


def long_field(number, payload):
    size, length = b"", len(payload)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + payload


def parts(version, picture):
    command = [os.fspath(ROOT / ".build/apus-bench"), "parts", "--model", os.fspath(version),
               "--picture", os.fspath(picture), "--seconds", "1"]
    out = subprocess.run(pinned(0, command), capture_output=True, text=True, check=True).stdout
    return [float(text) for text in re.search(r"prepare (\S+) infer (\S+) in turn (\S+)", out).groups()]


def served(models, body):
    """The calls of two seconds to a server of their own, warmed up by those of one."""
    port = free_port()
    server = Subject("apus", [
        os.fspath(ROOT / ".build/apus"), "serve", "--models", os.fspath(models), "--loops", "1",
        "--threads", "1", "--database", os.fspath(models.parent / "apus.db"), "--grpc", f"127.0.0.1:{port}",
        "--http", f"127.0.0.1:{free_port()}", "--call-log", "errors"], port)
    try:
        server.load("/apus.v1.Inference/Predict", body, 1, 1, 1)
        return server.load("/apus.v1.Inference/Predict", body, 1, 1, 2)
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="runs of each, in turn (9)")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    options = parser.parse_args()
    for tool in ("tools/peers/prepare",), ("tools/build", "apus", "apus-bench"):
        subprocess.run([os.fspath(ROOT / tool[0]), *tool[1:]], check=True)
    picture = made(ROOT / ".cache/images/640x480.jpg", ROOT / "tools/peers/pillow_images.py", "make",
                   ROOT / ".cache/images/640x480.jpg")
    with tempfile.TemporaryDirectory() as temporary:
        models = pathlib.Path(temporary) / "models"
        version = make_model(models)
        body = request(picture.read_bytes())
        alone, calls, cpu = [], [], []
        for _ in range(options.rounds):
            alone.append(parts(version, picture))
            loaded = served(models, body)
            calls.append(1000 / loaded["req_per_s"])
            cpu.append(loaded["cpu_us"] / 1000)
    prepare, infer, in_turn = (statistics.median(values) for values in zip(*alone))
    sums = [prepare + infer for prepare, infer, _ in alone]
    to_sum = statistics.median(call / own for call, own in zip(calls, sums))
    to_turn = statistics.median(call / own for call, (_, _, own) in zip(calls, alone))
    report = []
    for work, value in [("decode and resize", prepare), ("inference", infer), ("both", statistics.median(sums)),
                        ("both in turn", in_turn)]:
        row(report, "parts", f"picture {work}", "ms", value)
    row(report, "apus", "picture predict", "ms", statistics.median(calls))
    row(report, "apus", "picture predict", "cpu ms", statistics.median(cpu))
    for _, work, metric, value in report:
        print(f"{work:<28}{metric:<8}{value:8.3f}")
    print(f"\na Predict takes {to_sum:.3f} times its parts, {to_turn:.3f} times them in turn")
    if not options.dry:
        print(f"written to {write(report, 'picture')}")


if __name__ == "__main__":
    sys.exit(main())
