"""Writes Tests/Fixtures/onnx-seeds.bin: small valid models that the tests break at random.

    .venv/bin/python tools/golden/make_onnx_seeds.py [onnx-probe]

For each operator the two smallest cases of onnx's node tests, then random networks, products, encoders and
quantized ones. The file is a protobuf message whose field 1 is repeated: the models. With the probe given,
cases that are not claimed are left out.
"""
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import random_graphs  # noqa: E402

PER_OPERATOR, LARGEST_CASE, LARGEST_RANDOM = 2, 800, 2000
RANDOM = {"quantized": 16, "calibrated": 6, "integers": 3, "pictures": 12, "products": 8, "words": 6, "dynamic": 6,
          "forms": 8, "microsoft": 6}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def cases(probe: str | None) -> list[bytes]:
    warnings.simplefilter("ignore")
    from onnx.backend.test.case.node import collect_testcases
    found = {case.name: case.model for case in collect_testcases(None)}
    if probe:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, str(ROOT / "tools" / "onnx-nodes"), probe, "--keep", f"{folder}/cases"], check=True,
                           capture_output=True)
            lines = subprocess.run([probe, f"{folder}/cases"], capture_output=True, text=True).stdout.splitlines()
        found = {name: found[name] for name, outcome in (line.split(" ")[:2] for line in lines) if outcome == "pass"}
    by_operator = defaultdict(list)
    for model in found.values():
        # An expanded case shows none of its own.
        bytes_ = model.SerializeToString()
        operators = {(node.domain, node.op_type) for node in model.graph.node}
        by_operator[min(operators) if len(operators) == 1 else len(operators)].append(bytes_)
    return [model for key in sorted(by_operator, key=str)
            for model in sorted(by_operator[key], key=len)[:PER_OPERATOR] if len(model) <= LARGEST_CASE]


def randoms() -> list[bytes]:
    found = []
    for kind, wanted in RANDOM.items():
        models = (random_graphs.make(seed, kind).model.SerializeToString() for seed in range(1000, 1400))
        small = (model for model in models if len(model) <= LARGEST_RANDOM)
        found += [model for model, _ in zip(small, range(wanted))]
    return found


def main() -> None:
    models = cases(sys.argv[1] if len(sys.argv) > 1 else None) + randoms()
    file = ROOT / "Tests" / "Fixtures" / "onnx-seeds.bin"
    file.write_bytes(b"".join(b"\x0a" + varint(len(model)) + model for model in models))
    print(f"{len(models)} models, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
