"""Nodes as older operator sets have them: what is an input now was an attribute, or there was no such operator."""
import numpy as np


def lowered(g, operation: str, inputs: list[str], attributes: dict):
    """A node's inputs and attributes in the graph's version, of those that it has since 11."""
    if g.opset < 11 and operation == "Clip":
        for name, place in (("min", 1), ("max", 2)):
            if place < len(inputs) and inputs[place]:
                attributes[name] = float(g.weights[inputs[place]])
        inputs = inputs[:1]
    elif g.opset < 11 and operation == "Pad":
        attributes["pads"] = g.weights[inputs[1]].tolist()
        if len(inputs) > 2:
            attributes["value"] = float(g.weights[inputs[2]])
        inputs = inputs[:1]
    elif g.opset < 10 and operation == "Slice" and all(name in g.weights for name in inputs[1:]):
        for name, values in zip(("starts", "ends", "axes", "steps"), inputs[1:]):
            attributes[name] = g.weights[values].tolist()
        attributes.pop("steps", None)
        inputs = inputs[:1]
    elif g.opset < 11 and operation == "Gemm" and len(inputs) == 2:
        inputs = inputs + [g.constant(np.float32(0))]
    return inputs, attributes
