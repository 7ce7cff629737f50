"""ONNX Runtime with dynamic int8 on all-MiniLM-L6-v2, timed on demand by apus-bench.

    minilm_onnx.py MODEL_FOLDER CACHE_FOLDER

Exports the model (with mean pooling and normalisation) on first use. Then answers each line
"batch length threads seconds" on stdin with the sentences per second of that many seconds.
"""

import os
import sys
import time

import numpy as np
import onnxruntime


def export(folder: str, path: str) -> None:
    import torch
    import transformers
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class SentenceEncoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = transformers.BertModel.from_pretrained(
                folder, add_pooling_layer=False, attn_implementation="eager")

        def forward(self, input_ids, attention_mask):
            rows = self.bert(input_ids=input_ids, attention_mask=attention_mask)[0]
            mask = attention_mask.unsqueeze(-1).to(rows.dtype)
            mean = (rows * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    ids = torch.ones(2, 8, dtype=torch.int64)
    axes = {0: "batch", 1: "length"}
    torch.onnx.export(
        SentenceEncoder().eval(), (ids, ids), path + ".f32",
        input_names=["input_ids", "attention_mask"], output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
        opset_version=17, dynamo=False)
    quantize_dynamic(path + ".f32", path + ".part", weight_type=QuantType.QInt8)
    os.replace(path + ".part", path)
    os.remove(path + ".f32")


def main(folder: str, cache: str) -> None:
    path = os.path.join(cache, f"minilm-dynamic-int8-{onnxruntime.__version__}.onnx")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        stdout, sys.stdout = sys.stdout, sys.stderr
        export(folder, path)
        sys.stdout = stdout
    sessions = {}
    random = np.random.default_rng(1)
    print(f"onnxruntime {onnxruntime.__version__}", flush=True)
    for line in sys.stdin:
        batch, length, threads, seconds = line.split()
        batch, length, threads, seconds = int(batch), int(length), int(threads), float(seconds)
        if threads not in sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            sessions[threads] = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"])
        feed = {
            "input_ids": random.integers(1000, 30000, (batch, length)),
            "attention_mask": np.ones((batch, length), np.int64),
        }
        print(measure(lambda: sessions[threads].run(None, feed), seconds, batch), flush=True)


def measure(run, seconds: float, batch: int) -> float:
    run()
    calls, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or calls == 0:
        run()
        calls += 1
    return batch * calls / elapsed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
