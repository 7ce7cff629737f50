#!/usr/bin/env python3
"""Makes ResNet-18 with random weights, quantizes it as ONNX Runtime does, and measures the peers on it.

    resnet_onnx.py make FOLDER            resnet18.onnx (fp32), resnet18-u8s8.onnx, resnet18-s8s8.onnx
    resnet_onnx.py measure FOLDER [--threads 1,2] [--batches 1,8,32] [--seconds 2]

The graph is what torchvision exports (He et al., Deep Residual Learning, 2015), batch norm folded into
the convolutions as exporters do for inference. Quantized statically in QDQ form, weights per channel.
"""
import argparse
import os
import pathlib
import statistics
import sys
import time

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = [(64, 1), (128, 2), (256, 2), (512, 2)]


class Graph:
    """Nodes and weights in the making."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def tensor(self, name, values):
        self.weights.append(numpy_helper.from_array(values.astype(numpy.float32), name))
        return name

    def conv(self, name, x, channels, outputs, kernel, stride):
        # He's initialization keeps the spread of values from layer to layer.
        spread = numpy.sqrt(2 / (channels * kernel * kernel))
        weight = self.random.normal(0, spread, (outputs, channels, kernel, kernel))
        bias = self.random.normal(0, 0.1, outputs)
        pad = kernel // 2
        self.nodes.append(helper.make_node(
            "Conv", [x, self.tensor(f"{name}.weight", weight), self.tensor(f"{name}.bias", bias)],
            [f"{name}.out"], name=name, kernel_shape=[kernel, kernel], strides=[stride, stride],
            pads=[pad] * 4))
        return f"{name}.out"

    def node(self, operation, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(operation, list(inputs), [f"{name}.out"], name=name, **attributes))
        return f"{name}.out"


def resnet18(seed=1):
    graph = Graph(seed)
    x = graph.node("Relu", "relu", graph.conv("conv1", "image", 3, 64, 7, 2))
    x = graph.node("MaxPool", "maxpool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, (outputs, stride) in enumerate(STAGES, 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            step = stride if block == 0 else 1
            y = graph.node("Relu", f"{name}.relu1", graph.conv(f"{name}.conv1", x, channels, outputs, 3, step))
            y = graph.conv(f"{name}.conv2", y, outputs, outputs, 3, 1)
            if step != 1 or channels != outputs:
                x = graph.conv(f"{name}.downsample", x, channels, outputs, 1, step)
            x = graph.node("Relu", f"{name}.relu2", graph.node("Add", f"{name}.add", y, x))
            channels = outputs
    x = graph.node("Flatten", "flatten", graph.node("GlobalAveragePool", "avgpool", x), axis=1)
    weight = graph.random.normal(0, 1 / numpy.sqrt(512), (1000, 512))
    graph.nodes.append(helper.make_node(
        "Gemm", [x, graph.tensor("fc.weight", weight), graph.tensor("fc.bias", numpy.zeros(1000))],
        ["logits"], name="fc", transB=1))
    made = helper.make_graph(
        graph.nodes, "resnet18",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1000])], graph.weights)
    model = helper.make_model(made, producer_name="apus", opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def make(folder):
    from onnxruntime import quantization
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType

    class Images(CalibrationDataReader):
        def __init__(self):
            random = numpy.random.default_rng(2)
            self.images = iter([random.normal(0, 1, (1, 3, 224, 224)).astype(numpy.float32) for _ in range(8)])

        def get_next(self):
            image = next(self.images, None)
            return None if image is None else {"image": image}

    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "resnet18.onnx"
    onnx.save(resnet18(), source)
    for name, activations in [("u8s8", QuantType.QUInt8), ("s8s8", QuantType.QInt8)]:
        quantization.quantize_static(
            source, folder / f"resnet18-{name}.onnx", Images(), quant_format=QuantFormat.QDQ,
            per_channel=True, activation_type=activations, weight_type=QuantType.QInt8)


def runtime(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"image": images})


def openvino(path, threads):
    try:
        import openvino
    except ImportError:
        return None
    core = openvino.Core()
    compiled = core.compile_model(
        path, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda images: request.infer({0: images})


def measure(folder, threads, batches, seconds):
    for name in ["resnet18", "resnet18-u8s8", "resnet18-s8s8"]:
        for peer in [runtime, openvino]:
            for count in threads:
                run = peer(folder / f"{name}.onnx", count)
                if run is None:
                    continue
                for batch in batches:
                    images = numpy.random.default_rng(3).normal(0, 1, (batch, 3, 224, 224)).astype(numpy.float32)
                    run(images)
                    times = []
                    end = time.monotonic() + seconds
                    while time.monotonic() < end or len(times) < 3:
                        begin = time.monotonic()
                        run(images)
                        times.append(time.monotonic() - begin)
                    rate = batch / statistics.median(times)
                    print(f"{peer.__name__:<10}{name:<16}threads {count} batch {batch:<4}{rate:8.1f} images/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make", "measure"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8,32")
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    if options.what == "make":
        make(options.folder)
    else:
        numbers = lambda text: [int(part) for part in text.split(",")]
        measure(options.folder, numbers(options.threads), numbers(options.batches), options.seconds)


if __name__ == "__main__":
    sys.exit(main())
