"""ONNX Runtime or OpenVINO on any model, timed on demand by apus-bench.

    graph_onnx.py MODEL [openvino]

Answers each line "threads seconds name=size …" on stdin with the runs per second of that many
seconds, for inputs whose open dimensions have those sizes.
"""

import os
import sys
import time

import numpy as np
import onnxruntime

try:
    import openvino
except ImportError:
    openvino = None

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


def runner(path, threads, feed, peer):
    """What runs the model on some inputs."""
    if peer == "onnxruntime":
        made = session(path, threads)
        return lambda: made.run(None, feed)
    compiled = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda: request.infer(feed)


def measure(run, seconds):
    run()
    calls, start = 0, clock()
    while (elapsed := clock() - start) < seconds or calls == 0:
        run()
        calls += 1
    return calls / elapsed


def main(path, peer="onnxruntime"):
    print(f"{peer} {sys.modules[peer].__version__}", flush=True)
    inputs = session(path, 1).get_inputs()
    known, run = None, None
    for line in sys.stdin:
        threads, seconds, *sizes = line.split()
        if known != (threads, sizes):
            # One at a time: the threads of another would wait actively.
            run = None
            named = {name: int(size) for name, size in (part.split("=") for part in sizes)}
            run = runner(path, int(threads), {given.name: sample(given, named) for given in inputs}, peer)
            known = (threads, sizes)
        print(measure(run, float(seconds)), flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["openvino"]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
