"""A small convolutional network in NumPy: forward, backward, Adam, and what it is as ONNX."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = [8, 16, 32]


class Network:
    """[n, 1, 28, 28] → three times (3×3 convolution, Relu), 2×2 maxima after the first two → logits."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.weights = {}
        inputs = 1
        for place, outputs in enumerate(CHANNELS):
            spread = np.sqrt(2 / (9 * inputs))
            self.weights[f"conv{place}.weight"] = random.normal(0, spread, (outputs, inputs, 3, 3))
            self.weights[f"conv{place}.bias"] = np.zeros(outputs)
            inputs = outputs
        self.weights["fc.weight"] = random.normal(0, np.sqrt(1 / 1568), (10, 49 * inputs))
        self.weights["fc.bias"] = np.zeros(10)
        self.weights = {name: value.astype(np.float32) for name, value in self.weights.items()}
        self.moments = {name: (0.0, 0.0) for name in self.weights}
        self.steps = 0

    def forward(self, x):
        """Logits, and what backward needs of the way."""
        trace = []
        for place in range(len(CHANNELS)):
            weight = self.weights[f"conv{place}.weight"]
            columns = windows(x)
            y = columns @ weight.reshape(len(weight), -1).T + self.weights[f"conv{place}.bias"]
            y = np.maximum(y, 0).reshape(len(x), x.shape[2], x.shape[3], -1).transpose(0, 3, 1, 2)
            taken = None
            if place < 2:
                n, c, h, w = y.shape
                blocks = y.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
                blocks = blocks.reshape(n, c, h // 2, w // 2, 4)
                taken = blocks.argmax(-1)[..., None]
                x_next = np.take_along_axis(blocks, taken, -1)[..., 0]
            else:
                x_next = y
            trace.append((x.shape, columns, y, taken))
            x = x_next
        flat = x.reshape(len(x), -1)
        return flat @ self.weights["fc.weight"].T + self.weights["fc.bias"], (trace, flat, x.shape)

    def backward(self, gradient, way):
        """Gradients of all weights."""
        trace, flat, shape = way
        found = {"fc.weight": gradient.T @ flat, "fc.bias": gradient.sum(0)}
        gradient = (gradient @ self.weights["fc.weight"]).reshape(shape)
        for place in reversed(range(len(CHANNELS))):
            x_shape, columns, y, taken = trace[place]
            if taken is not None:
                n, c, h, w = y.shape
                spread = np.zeros((n, c, h // 2, w // 2, 4), np.float32)
                np.put_along_axis(spread, taken, gradient[..., None], -1)
                spread = spread.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)
                gradient = spread.reshape(n, c, h, w)
            gradient = gradient * (y > 0)
            rows = gradient.transpose(0, 2, 3, 1).reshape(-1, gradient.shape[1])
            weight = self.weights[f"conv{place}.weight"]
            found[f"conv{place}.weight"] = (rows.T @ columns).reshape(weight.shape)
            found[f"conv{place}.bias"] = rows.sum(0)
            if place > 0:
                gradient = unwound(rows @ weight.reshape(len(weight), -1), x_shape)
        return found

    def learn(self, found, rate, decay):
        """One step of Adam with decoupled weight decay."""
        self.steps += 1
        for name, gradient in found.items():
            first, second = self.moments[name]
            first = 0.9 * first + 0.1 * gradient
            second = 0.99 * second + 0.01 * gradient**2
            self.moments[name] = (first, second)
            step = first / (1 - 0.9**self.steps) / (np.sqrt(second / (1 - 0.99**self.steps)) + 1e-8)
            if name.endswith("weight"):
                step = step + decay * self.weights[name]
            self.weights[name] = (self.weights[name] - rate * step).astype(np.float32)

    def model(self):
        """The network as ONNX."""
        nodes, x = [], "image"
        for place in range(len(CHANNELS)):
            nodes.append(helper.make_node(
                "Conv", [x, f"conv{place}.weight", f"conv{place}.bias"], [f"conv{place}"],
                name=f"conv{place}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
            nodes.append(helper.make_node("Relu", [f"conv{place}"], [f"relu{place}"], name=f"relu{place}"))
            x = f"relu{place}"
            if place < 2:
                nodes.append(helper.make_node(
                    "MaxPool", [x], [f"pool{place}"], name=f"pool{place}", kernel_shape=[2, 2], strides=[2, 2]))
                x = f"pool{place}"
        nodes.append(helper.make_node("Flatten", [x], ["flat"], name="flatten"))
        nodes.append(helper.make_node(
            "Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], name="fc", transB=1))
        graph = helper.make_graph(
            nodes, "digits",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
            [numpy_helper.from_array(value, name) for name, value in self.weights.items()])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made, full_check=True)
        return made


def windows(x):
    """[n, c, h, w] → [n·h·w, c·9]: what each 3×3 window sees, zeros outside."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    n, c, h, w = x.shape
    return np.ascontiguousarray(seen.transpose(0, 2, 3, 1, 4, 5)).reshape(n * h * w, c * 9)


def unwound(columns, shape):
    """The sums of what windows put back to each place."""
    n, c, h, w = shape
    columns = columns.reshape(n, h, w, c, 3, 3)
    padded = np.zeros((n, c, h + 2, w + 2), np.float32)
    for row in range(3):
        for column in range(3):
            padded[:, :, row : row + h, column : column + w] += columns[..., row, column].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]
