#!/usr/bin/env python3
"""What loading takes and what it leaves: tools/bench load [--rounds N]

ResNet-18 in bytes (random weights) comes to a server without models: how long until it is ready,
warmed up (the server's own log, from a warm page cache), and the server's resident memory before it,
with it, after a second of calls with pictures one by one, and after it was unloaded.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from picture import PYTHON, made, make_model, request
from rpc import ROOT, Subject, free_port, resident, row, write


def loading(log):
    """(MB of weights, milliseconds) by the log's line of the loaded version, once it is there."""
    for _ in range(1000):
        found = re.search(r" loaded model=resnet .* mib=(\S+) ms=(\S+)", log.read_text())
        if found:
            return float(found[1]) * 1.048576, float(found[2])
        time.sleep(0.01)
    raise SystemExit(f"bench: the model was not loaded:\n{log.read_text()}")


def private(pid):
    """Resident bytes that are no file's: the program's own pages stay when a model has gone."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def unload(port):
    command = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models/resnet/unload", data=b"{}", method="POST")
    command.add_header("content-type", "application/json")
    urllib.request.urlopen(command).read()
    time.sleep(3)


def one_round(folder, body):
    """By name, what one server took."""
    models, log = folder / "models", folder / "log"
    models.mkdir()
    port, http = free_port(), free_port()
    with log.open("w") as errors:
        server = Subject("apus", [
            os.fspath(ROOT / ".build/apus"), "serve", "--models", os.fspath(models), "--models-period", "100ms",
            "--database", os.fspath(folder / "apus.db"), "--grpc", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{http}",
            "--call-log", "errors"], port, errors)
    try:
        memory = lambda: resident(server.process.pid) / 1e6
        own = lambda: private(server.process.pid) / 1e6
        idle, idle_own = memory(), own()
        make_model(folder / "made")
        (folder / "made/resnet").rename(models / "resnet")
        weights, took = loading(log)
        loaded = memory()
        server.load("/apus.v1.Inference/Predict", body, 1, 1, 1)
        called = memory()
        unload(http)
        return {"ready": took, "weights": weights, "idle": idle, "loaded": loaded, "after calls": called,
                "over the weights": called - weights, "after unload": memory(),
                "private, idle": idle_own, "private, after unload": own()}
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="servers started (10)")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    options = parser.parse_args()
    for tool in ("tools/peers/prepare",), ("tools/build", "apus"):
        subprocess.run([os.fspath(ROOT / tool[0]), *tool[1:]], check=True)
    picture = ROOT / ".cache/images/640x480.jpg"
    body = request(made(picture, ROOT / "tools/peers/pillow_images.py", "make", picture).read_bytes())
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(one_round(pathlib.Path(folder), body))
    report = []
    for work in rounds[0]:
        values = [each[work] for each in rounds]
        unit = "ms" if work == "ready" else "rss_mb"
        row(report, "apus", f"resnet18 {work.replace(',', '')}", unit, statistics.median(values))
        print(f"{work:<24}median {statistics.median(values):6.1f} {unit.replace('rss_mb', 'MB')}, most {max(values):6.1f}")
    if not options.dry:
        print(f"written to {write(report, 'load')}")


if __name__ == "__main__":
    sys.exit(main())
