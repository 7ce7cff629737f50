"""ONNX Runtime on any model, timed on demand by apus-bench.

    graph_onnx.py MODEL

Answers each line "threads seconds name=size …" on stdin with the runs per second of that many
seconds, for inputs whose open dimensions have those sizes.
"""

import os
import sys
import time

import numpy as np
import onnxruntime

clock = time.process_time if os.environ.get("APUS_BENCH_CLOCK") == "cpu" else time.perf_counter
TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}


def sample(given, sizes):
    """As apus-bench makes it: masks of ones, ids within a small vocabulary, pixels."""
    shape = [sizes.get(size, size) if isinstance(size, str) else size or 1 for size in given.shape]
    numbers = 1 + np.arange(int(np.prod(shape))) * 7919 % 997
    if "mask" in given.name:
        numbers[:] = 1
    elif "type" in given.name:
        numbers[:] = 0
    kind = TYPES[given.type]
    if kind == np.float32:
        numbers = numbers / 500 - 1
    return numbers.astype(kind).reshape(shape)


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def measure(run, seconds):
    run()
    calls, start = 0, clock()
    while (elapsed := clock() - start) < seconds or calls == 0:
        run()
        calls += 1
    return calls / elapsed


def main(path):
    sessions = {}
    print(f"onnxruntime {onnxruntime.__version__}", flush=True)
    for line in sys.stdin:
        threads, seconds, *sizes = line.split()
        if threads not in sessions:
            # One at a time: the threads of another would wait actively.
            sessions.clear()
            sessions[threads] = session(path, int(threads))
        sizes = {name: int(size) for name, size in (part.split("=") for part in sizes)}
        feed = {given.name: sample(given, sizes) for given in sessions[threads].get_inputs()}
        print(measure(lambda: sessions[threads].run(None, feed), float(seconds)), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
