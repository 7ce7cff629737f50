"""`apus quantize`: what it writes is right for others, too, and what it refuses says what to do."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import SimpleNamespace

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from conftest import ROOT, run

IMAGES = ROOT / "Tests/Fixtures/images"


def network(path: pathlib.Path, opset: int = 21, side=24) -> pathlib.Path:
    """A block of a residual network, norms and all, in a version whose QDQ the onnx package computes."""
    random = numpy.random.default_rng(5)
    nodes, weights = [], []

    def constant(name, shape, low=-0.3, high=0.3):
        values = random.uniform(low, high, shape).astype(numpy.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def node(operation, output, *inputs, **attributes):
        nodes.append(helper.make_node(operation, list(inputs), [output], name=f"{output}_node", **attributes))
        return output

    def conv(name, x, inputs, outputs):
        x = node("Conv", f"{name}_conv", x, constant(f"{name}.w", (outputs, inputs, 3, 3)), pads=[1] * 4)
        parts = [constant(f"{name}.{part}", (outputs,), low, high)
                 for part, low, high in (("scale", 0.5, 1.5), ("shift", -1, 1), ("mean", -1, 1), ("variance", 0.5, 2))]
        return node("BatchNormalization", name, x, *parts)

    x = node("Relu", "relu1", conv("one", "image", 3, 16))
    x = node("MaxPool", "pool", x, kernel_shape=[2, 2], strides=[2, 2])
    y = node("Clip", "clip", conv("two", x, 16, 16), "zero", "six")
    weights.extend(numpy_helper.from_array(numpy.float32(value), name) for name, value in (("zero", 0), ("six", 6)))
    x = node("Relu", "relu2", node("Add", "sum", conv("three", y, 16, 16), x))
    x = node("Flatten", "flat", node("GlobalAveragePool", "mean", x))
    node("Gemm", "logits", x, constant("fc.w", (16, 40)), constant("fc.b", (40,)))
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "block", [value("image", ["n", 3, side, side])], [value("logits", ["n", 40])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def samples(folder: pathlib.Path, shape=(1, 3, 24, 24), count=16) -> pathlib.Path:
    folder.mkdir()
    random = numpy.random.default_rng(6)
    for number in range(count):
        numpy.save(folder / f"{number}.npy", random.normal(0, 1, shape).astype(numpy.float32))
    return folder


def cosine(one, other, shape=(1, 3, 24, 24), count=8):
    """The worst, by the operators of the onnx package."""
    models = [ReferenceEvaluator(str(path)) for path in (one, other)]
    random = numpy.random.default_rng(7)
    found = []
    for _ in range(count):
        image = random.normal(0, 1, shape).astype(numpy.float32)
        a, b = (model.run(None, {"image": image})[0].ravel() for model in models)
        found.append(float(a @ b / numpy.linalg.norm(a) / numpy.linalg.norm(b)))
    return min(found)


@pytest.mark.parametrize("signed", [(), ("--signed",)])
def test_answers_stay_near_by_operators_that_are_not_ours(tmp_path, signed):
    source, made = network(tmp_path / "model.onnx"), tmp_path / "model-int8.onnx"
    said = run("quantize", source, "--calibrate", samples(tmp_path / "samples"), *signed)
    assert said.returncode == 0, said.stderr
    assert "4 layers" in said.stdout and "16 samples" in said.stdout
    onnx.checker.check_model(str(made), full_check=True)
    model = onnx.load(made)
    assert model.producer_name == "apus" and not list(tmp_path.glob("*.part"))
    counts = {kind: sum(node.op_type == kind for node in model.graph.node)
              for kind in ("QuantizeLinear", "DequantizeLinear", "Conv", "BatchNormalization")}
    assert counts == {"QuantizeLinear": 8, "DequantizeLinear": 16, "Conv": 3, "BatchNormalization": 0}
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert kinds["relu1_zero_point"] == (TensorProto.INT8 if signed else TensorProto.UINT8)
    assert cosine(source, made) > 0.999


def test_pictures_are_prepared_as_the_model_says(tmp_path):
    source = network(tmp_path / "model.onnx")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("rgb.png", "rgb.jpg", "lossy.webp", "grey.png"):
        shutil.copy(IMAGES / name, folder)

    def prepared():
        said = run("quantize", source, "--calibrate", folder, "--output", tmp_path / "out.onnx")
        assert said.returncode == 0 and "4 samples" in said.stdout, said.stderr
        onnx.checker.check_model(str(tmp_path / "out.onnx"), full_check=True)
        told, = [line for line in said.stdout.splitlines() if line.startswith("pictures: ")]
        return told, (tmp_path / "out.onnx").read_bytes()
    # What the server would do of the same folder, in the same order.
    usual = prepared()
    assert "shorter side to 27" in usual[0] and "is usual" in usual[0]
    cfg = {"input_size": [3, 32, 32], "interpolation": "bicubic", "crop_pct": 0.75, "mean": [0, 0, 0], "std": [1, 1, 1]}
    (tmp_path / "config.json").write_text(json.dumps({"pretrained_cfg": cfg}))
    timm = prepared()
    assert "shorter side to 32 (bicubic), middle of 24 × 24" in timm[0] and "pretrained_cfg in config.json" in timm[0]
    (tmp_path / "preprocessor_config.json").write_text('{"size": [24, 24], "resample": 2, "do_rescale": true}')
    processor = prepared()
    assert "resized to 24 × 24" in processor[0] and processor[0].endswith("as preprocessor_config.json says")
    (tmp_path / "model.yaml").write_text("image: {size: [24, 24], resample: 0, do_rescale: false}\n")
    settings = prepared()
    assert "(nearest)" in settings[0] and settings[0].endswith("as image in model.yaml says")
    assert len({usual[1], timm[1], processor[1], settings[1]}) == 4


def test_pictures_of_a_model_of_any_size_need_a_word(tmp_path):
    source = network(tmp_path / "model.onnx", side="side")
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(IMAGES / "rgb.png", folder)
    refused = run("quantize", source, "--calibrate", folder)
    assert refused.returncode == 1 and "preprocessor_config.json" in refused.stderr


def test_refusals_say_what_to_do(tmp_path):
    source = network(tmp_path / "model.onnx")
    good = samples(tmp_path / "samples", count=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    wrong = samples(tmp_path / "wrong", shape=(1, 3, 20, 24), count=1)
    run("quantize", source, "--calibrate", good)
    cases = [
        ((source,), 2, "--calibrate DIR is missing"),
        ((source, "--calibrate", empty), 1, "put 32 to 100 pictures"),
        ((source, "--calibrate", tmp_path / "none"), 1, "no folder that can be read"),
        ((source, "--calibrate", wrong), 1, "0.npy"),
        ((tmp_path / "model-int8.onnx", "--calibrate", good), 1, "quantized already"),
        ((network(tmp_path / "old/model.onnx", 11), "--calibrate", good), 1, "export it anew"),
        ((tmp_path / "missing.onnx", "--calibrate", good), 1, "missing.onnx"),
        ((source, "--calibrate", good, "--output", tmp_path / "no/where.onnx"), 1, "cannot be written"),
        ((source, "--calibrate", good, "--samples", "0"), 2, "--samples 0"),
    ]
    for words, code, text in cases:
        said = run("quantize", *words)
        assert (said.returncode, text in said.stderr) == (code, True), said.stderr


def test_the_preparation_is_that_of_the_weights(tmp_path):
    """Of what torchvision says of its weights; torchvision itself is not here."""
    loader = SourceFileLoader("export_torchvision", str(ROOT / "tools/models/export-torchvision"))
    tool = module_from_spec(spec_from_loader("export_torchvision", loader))
    loader.exec_module(tool)

    def preset(resize, crop, interpolation):
        return SimpleNamespace(resize_size=resize, crop_size=crop, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25),
                               interpolation=SimpleNamespace(value=interpolation))

    def write(path):
        network(path)
        return preset([28], [24], "bicubic"), [f"kind {number}" for number in range(40)]

    made = tool.preparation(preset([232], [224], "bilinear"))
    assert (made["size"], made["resample"]) == ({"shortest_edge": 232}, 2)
    assert made["crop_size"] == {"height": 224, "width": 224} and made["image_std"] == [0.25] * 3
    assert tool.preparation(preset([240, 320], [224, 299], "bicubic"))["size"] == {"height": 240, "width": 320}
    tool.lay_out(tmp_path / "net/1", write)
    seen = run("inspect", tmp_path / "net/1")
    assert seen.returncode == 0 and "image" in seen.stdout and "40 labels" in seen.stdout, seen.stdout
    assert not list((tmp_path / "net/1").glob("*.part"))
    refused = subprocess.run([sys.executable, ROOT / "tools/models/export-torchvision", "--random", "--model",
                              "vgg16", tmp_path], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and "resnet18 alone" in refused.stderr


def test_the_export_knows_classifiers_alone(tmp_path):
    """In place of torchvision, which is not here, a module that has its registry."""
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").write_text("")
    (tmp_path / "torchvision/models.py").write_text(
        "def list_models(module=None):\n    return ['resnet18', 'vgg16'] + ([] if module else ['fcn_resnet50'])\n")
    refused = subprocess.run(
        [sys.executable, ROOT / "tools/models/export-torchvision", "--model", "fcn_resnet50", tmp_path / "models"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("torchvision has no classifier fcn_resnet50; it has resnet18, vgg16")
    assert not (tmp_path / "models/fcn_resnet50/.1").exists()


def test_folders_stand_for_the_model_and_for_the_output(tmp_path):
    source = network(tmp_path / "net/2/onnx/model.onnx")
    shutil.copy(source, source.with_name("model_quantized.onnx"))
    (tmp_path / "net/2/config.json").write_text("{}")
    (tmp_path / "net/1").mkdir()
    (tmp_path / "net/3").mkdir()
    folder = samples(tmp_path / "samples", count=4)
    # Such names hide the folder from servers until it is whole.
    (tmp_path / "net/.4").mkdir()
    said = run("quantize", tmp_path / "net/2", "--calibrate", folder, "--output", tmp_path / "net/.4")
    assert said.returncode == 0 and (tmp_path / "net/.4/model.onnx").is_file(), said.stderr
    assert "takes" in said.stderr and "not onnx/model_quantized.onnx" in said.stderr
    assert str(tmp_path / "net/.4/model.onnx") in said.stdout
    assert "copied beside it: config.json" in said.stdout
    itself = run("quantize", source, "--calibrate", folder, "--output", source.parent)
    assert itself.returncode == 1 and "is the model in floats" in itself.stderr
    told = run("inspect", tmp_path / "net/2")
    assert told.returncode == 0 and "not taken  onnx/model_quantized.onnx" in told.stdout


def test_a_folder_is_made_with_what_serves_the_model(tmp_path):
    version = network(tmp_path / "net/1/model.onnx").parent
    beside = {"names.txt": "".join(f"kind {number}\n" for number in range(40)), "model.yaml": "labels: names.txt\n",
              "preprocessor_config.json": '{"size": [24, 24], "resample": 2, "do_rescale": true}',
              "modules.json": "[]", "1_Pooling/config.json": "{}"}
    (version / "1_Pooling").mkdir()
    for name, text in (beside | {"notes.md": "not for servers", "model.safetensors": "nor is this"}).items():
        (version / name).write_text(text)
    folder = samples(tmp_path / "samples", count=4)
    for output in (tmp_path / "net/2", f"{tmp_path}/net/3/"):
        said = run("quantize", tmp_path / "net/1/model.onnx", "--calibrate", folder, "--output", output)
        assert said.returncode == 0, said.stderr
        assert "copied beside it: model.yaml, modules.json, preprocessor_config.json, names.txt, 1_Pooling/config.json" \
            in said.stdout.splitlines()
    made = {str(path.relative_to(tmp_path / "net/2")) for path in (tmp_path / "net/2").rglob("*") if path.is_file()}
    assert made == {*beside, "model.onnx"}
    assert all((tmp_path / "net/2" / name).read_text() == text for name, text in beside.items())
    # Nothing half done is left, and what was there before is not touched.
    assert sorted(path.name for path in (tmp_path / "net").iterdir()) == ["1", "2", "3"]
    (tmp_path / "net/3/names.txt").write_text("mine")
    said = run("quantize", version, "--calibrate", folder, "--output", tmp_path / "net/3")
    assert said.returncode == 0 and "copied" not in said.stdout
    assert (tmp_path / "net/3/names.txt").read_text() == "mine"
    (version / "modules.json").unlink()
    assert "40 labels" in run("inspect", version).stdout
    # A name that ends in .onnx is a file's, and nothing comes along.
    said = run("quantize", version, "--calibrate", folder, "--output", tmp_path / "alone.onnx")
    assert said.returncode == 0 and (tmp_path / "alone.onnx").is_file() and "copied" not in said.stdout
    (tmp_path / "file").write_text("")
    for output, reason in ((tmp_path / "no/where", "there is no folder"), (tmp_path / "file", "is a file: give a folder")):
        refused = run("quantize", version, "--calibrate", folder, "--output", output)
        assert refused.returncode == 1 and reason in refused.stderr, refused.stderr


def test_samples_of_other_types_and_answers_that_are_no_floats(tmp_path):
    source = network(tmp_path / "model.onnx")
    model = onnx.load(source)
    model.graph.node.append(helper.make_node("ArgMax", ["logits"], ["class"], axis=1, keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info("class", TensorProto.INT64, ["n"]))
    onnx.save(model, source)
    random = numpy.random.default_rng(8)
    folder = tmp_path / "samples"
    folder.mkdir()
    for number, kind in enumerate((numpy.uint8, numpy.float16, numpy.int64, numpy.float64)):
        numpy.save(folder / f"{number}.npy", random.integers(0, 4, (3, 24, 24)).astype(kind))
    said = run("quantize", source, "--calibrate", folder)
    assert said.returncode == 0 and "% of what is no float is the same" in said.stdout, said.stderr
    del model.graph.output[0]
    onnx.save(model, source)
    said = run("quantize", source, "--calibrate", folder)
    assert said.returncode == 0 and "cosine" not in said.stdout and "is the same" in said.stdout, said.stderr
    for bad in (numpy.inf, numpy.nan):
        numpy.save(folder / "0.npy", numpy.full((3, 24, 24), bad, numpy.float32))
        refused = run("quantize", source, "--calibrate", folder)
        assert refused.returncode == 1 and "0.npy: image is not finite" in refused.stderr, refused.stderr
    numpy.save(folder / "0.npy", numpy.full((3, 24, 24), 1e-39, numpy.float32))
    assert run("quantize", source, "--calibrate", folder, "--samples", "1").returncode == 0


def test_the_way_of_resnet_with_random_weights(tmp_path):
    made = subprocess.run([sys.executable, ROOT / "tools/models/export-torchvision", "--random", tmp_path],
                          capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "resnet18/1"
    assert len((folder / "labels.txt").read_text().splitlines()) == 1000
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("rgb.png", "422.jpg", "lossless.webp"):
        shutil.copy(IMAGES / name, pictures)
    said = run("quantize", folder / "model.onnx", "--calibrate", pictures, "--output", tmp_path / "int8.onnx")
    assert said.returncode == 0, said.stderr
    assert "21 layers" in said.stdout
    assert float(said.stdout.split("floats:")[1].split()[0]) >= 0.999
    assert (tmp_path / "int8.onnx").stat().st_size < 13e6
    onnx.checker.check_model(str(tmp_path / "int8.onnx"), full_check=True)
