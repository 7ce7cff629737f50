#!/usr/bin/env python3
"""What the service around a model costs: tools/bench service [--seconds N]

Predict on a linear model of ten features, whose computing costs nothing: with keys, limits, usage on
file and a look-up in the cache, and with all of that off; then POST /v1/predict of ours and of FastAPI
on uvicorn with the same model. Servers have core 0, the load (h2load) core 1.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

from rpc import GRPC, ROOT, Subject, free_port, message, row, write

FEATURES = [0.5 * index for index in range(10)]
JSON_BODY = json.dumps({"model": "rows", "inputs": [FEATURES]}).encode()


def field(number, payload):
    """A length-delimited field of protobuf."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def predict_request():
    """PredictRequest{model: "rows", instances: [{features: {values: [...]}}], options: {queue_timeout_ms:
    60000}} as a gRPC message. With such an option no call waits for what another computes."""
    values = field(1, struct.pack("<10f", *FEATURES))
    body = field(1, b"rows") + field(3, field(2, values)) + field(4, b"\x20\xe0\xd4\x03")
    return struct.pack(">BI", 0, len(body)) + body


def make_model(folder):
    """rows/1: two sums of ten features (safetensors: length, JSON, data)."""
    version = folder / "rows/1"
    version.mkdir(parents=True)
    (version / "head.json").write_text("{}")
    (folder / "rows/model.yaml").write_text("cache: true\n")
    header = json.dumps({
        "classifier.weight": {"dtype": "F32", "shape": [2, 10], "data_offsets": [0, 80]},
        "classifier.bias": {"dtype": "F32", "shape": [2], "data_offsets": [80, 88]}}).encode()
    numbers = struct.pack("<22f", *(index / 10 for index in range(20)), 1, -1)
    (version / "head.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + numbers)


class Apus(Subject):
    """A server with one loop, as it has one core."""

    def __init__(self, name, folder, *flags):
        self.http = free_port()
        port = free_port()
        super().__init__(name, [
            os.fspath(ROOT / ".build/apus"), "serve", "--models", os.fspath(folder / "models"), "--loops", "1",
            "--grpc", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{self.http}", "--call-log", "errors",
            *map(str, flags)], port)
        health = [ROOT / ".build/apus", "health", "--server", f"127.0.0.1:{port}"]
        while subprocess.run(health, stdout=subprocess.DEVNULL).returncode:
            pass

    def post(self, *arguments, **options):
        """The same load on the HTTP front."""
        self.port, grpc = self.http, self.port
        try:
            return self.load(*arguments, **options)
        finally:
            self.port = grpc


def key(database):
    made = subprocess.run(
        [ROOT / ".build/apus", "keys", "create", "--owner", "bench", "--json", "--database", database,
         "--requests", str(10**9), "--tokens", str(10**9), "--monthly-requests", str(10**9)],
        check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["token"]


def rounds(count, runs):
    """Each of the named runs in turn, `count` times: the least disturbed of each, and all of them."""
    all_runs = {name: [] for name in runs}
    for _ in range(count):
        for name, run in runs.items():
            all_runs[name].append(run())
    return {name: min(each, key=lambda run: run["cpu_us"]) for name, each in all_runs.items()}, all_runs


def service(folder, options, report):
    """CPU per call with everything on, beside everything off. Each call looks into a cache that has no
    room for an answer, and computes; `hit` is the same with room for it."""
    databases = {name: folder / f"{name}.db" for name in ("on", "hit")}
    known = {name: (*GRPC, f"x-api-key: {key(database)}") for name, database in databases.items()}
    on = Apus("on", folder, "--database", databases["on"], "--cache-size", "1")
    hit = Apus("hit", folder, "--database", databases["hit"])
    off = Apus("off", folder, "--database", "memory", "--allow-anonymous", "--cache-size", "0")
    path = "/apus.v1.Inference/Predict"
    try:
        for clients, streams in [(8, 32), (64, 1)]:
            best, each = rounds(options.rounds, {
                "off": lambda: off.load(path, predict_request(), clients, streams, options.seconds),
                "on": lambda: on.load(path, predict_request(), clients, streams, options.seconds, known["on"]),
                "hit": lambda: hit.load(path, predict_request(), clients, streams, options.seconds, known["hit"]),
            })
            work = f"predict {clients}x{streams}"
            for name, run in best.items():
                print(f"{work:<16}{name:<10}{run['req_per_s']:>10.0f} req/s{run['cpu_us']:>10.2f} µs of CPU")
                row(report, f"apus, service {name}", work, "cpu_us_per_req", run["cpu_us"])
            ratio = statistics.median(a["cpu_us"] / b["cpu_us"] for a, b in zip(each["on"], each["off"]))
            print(f"{'':<16}on / off{ratio:>10.2f}")
            row(report, "apus", work, "cpu_ratio_on_to_off", ratio)
    finally:
        for subject in (on, hit, off):
            subject.stop()


def rest(folder, options, report):
    """POST /v1/predict beside FastAPI, 64 connections with one request each."""
    port = free_port()
    peer = Subject("fastapi", [
        os.fspath(ROOT / ".venv-bench/bin/uvicorn"), "fastapi_rows:app", "--app-dir", os.fspath(ROOT / "tools/peers"),
        "--port", str(port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"], port)
    ours = Apus("apus", folder, "--database", "memory", "--allow-anonymous", "--cache-size", "0")
    known = "content-type: application/json",
    try:
        best, _ = rounds(options.rounds, {
            subject.name: lambda load=load: load(
                "/v1/predict", JSON_BODY, 64, 1, options.seconds, known, ["--h1"])
            for subject, load in [(peer, peer.load), (ours, ours.post)]})
        for name, run in best.items():
            print(f"{'REST 64x1':<16}{name:<10}{run['req_per_s']:>10.0f} req/s{run['cpu_us']:>10.2f} µs of CPU")
            row(report, name, "rest predict 64x1", "req_per_s", run["req_per_s"])
            row(report, name, "rest predict 64x1", "cpu_us_per_req", run["cpu_us"])
        ratio = best["fastapi"]["cpu_us"] / best["apus"]["cpu_us"]
        print(f"{'':<16}requests per core, apus / FastAPI{ratio:>8.1f}")
        row(report, "apus", "rest predict 64x1", "req_per_core_ratio_to_fastapi", ratio)
    finally:
        peer.stop()
        ours.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=2, help="length of one run (2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, in turn (5)")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    options = parser.parse_args()
    if not shutil.which("h2load"):
        sys.exit("bench: h2load is missing; tools/setup --bench installs it")
    subprocess.run([ROOT / "tools/build"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([ROOT / "tools/peers/prepare"], check=True)
    report = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_model(folder / "models")
        service(folder, options, report)
        rest(folder, options, report)
    if not options.dry:
        print(f"written to {write(report, 'service')}")


if __name__ == "__main__":
    main()
