"""Random graphs, each from a seed, with onnxruntime's answers. See tools/onnx-random."""
from .cases import KINDS, Case, make  # noqa: F401
