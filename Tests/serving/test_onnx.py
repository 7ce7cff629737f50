"""ONNX graphs as they are served: rows, tensors, pictures and texts over both fronts, and what is refused."""
import base64
import json
import urllib.error
import urllib.request

import grpc
import numpy
import onnx
import onnx.numpy_helper
import pytest
from onnx import TensorProto, helper

import onnx_models as made
from conftest import PATIENCE, run
from test_open_inference import fetch

ROW = [0.1, -1, 2, 0.3, 0.5]
RED, GREEN = (250, 10, 20), (10, 240, 30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every kind of graph that a server meets."""
    root = tmp_path_factory.mktemp("onnx")
    for name, model in {"classes": "LogisticRegression__names", "maps": "zipmap_names", "distances": "LinearSVC__binary",
                        "bayes": "GaussianNB__names", "clusters": "KMeans_", "value": "Ridge_", "pair": "PCA_",
                        "holes": "Pipeline_imputed", "columns": "Pipeline_onehot"}.items():
        made.sklearn(root / name / "1", model)
    made.colours(root / "colours/1")
    made.colours(root / "shares/1", softmax=True)
    made.colours(root / "numbers/1", labels=None, image=None)
    two = [made.value("a", ["N", 2]), made.value("b", ["N", 2], TensorProto.INT64)]
    cast = helper.make_node("Cast", ["b"], ["c"], to=TensorProto.FLOAT)
    made.save(root / "sum/1", [cast, helper.make_node("Add", ["a", "c"], ["y"])], two, [made.value("y", ["N", 2])])
    made.words(root / "sentences/1", sentence_bert_config='{"max_seq_length": 5}')
    made.words(root / "topics/1", "logits", config='{"id2label": {"0": "sum", "1": "length"}}')
    series = made.value("x", ["samples"])
    made.save(root / "series/1", [helper.make_node("Abs", ["x"], ["y"])], [series], [made.value("y", ["samples"])])
    return root


@pytest.fixture(scope="module")
def server(contract, folder, tmp_path_factory):
    from conftest import Server
    server = Server(contract, folder, "--max-image-pixels", 1_000_000, log=tmp_path_factory.mktemp("log") / "server.log")
    server.wait_for("ready")
    yield server
    assert server.stop() == 0


@pytest.fixture
def predict(server):
    """Predictions of instances; errors are those of gRPC."""
    def call(model, *instances, **options):
        request = server.apus.PredictRequest(model=model, instances=instances, options=options)
        return list(server.stub.Predict(request, timeout=PATIENCE).predictions)
    return call


@pytest.fixture
def refused(predict):
    """Why instances are refused, after the code that they must have."""
    def call(model, *instances, code=grpc.StatusCode.INVALID_ARGUMENT, **options):
        with pytest.raises(grpc.RpcError) as caught:
            predict(model, *instances, **options)
        assert caught.value.code() == code, caught.value.details()
        return caught.value.details()
    return call


def features(values, names=()):
    return {"features": {"values": values, "names": names}}


def picture(data, kind=""):
    return {"image": {"data": data, "content_type": kind}}


def floats(shape, *values):
    return {"data_type": "FP32", "shape": shape, "floats": values}


# ---- Rows ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", ["classes", "maps", "bayes", "holes"])
def test_a_classifier_of_scikit_learn(predict, model):
    found, = predict(model, features(ROW))
    labels = found.classification.labels
    assert {each.label: each.index for each in labels} == {"no": 0, "perhaps": 1, "yes": 2}
    assert [each.score for each in labels] == sorted((each.score for each in labels), reverse=True)
    assert sum(each.score for each in labels) == pytest.approx(1, abs=1e-5)
    best, = predict(model, features(ROW), top_k=1)
    assert list(best.classification.labels) == [labels[0]]


def test_one_score_decides_between_two(predict):
    first, second = predict("distances", features(ROW))[0].classification.labels
    assert first.score == -second.score > 0 and {first.label, second.label} == {"0", "1"}


def test_values_and_what_is_neither(predict, server):
    assert {name: fetch(server, f"/v1/models/{name}")["task"] for name in ("value", "pair", "classes")} \
        == {"value": "regression", "pair": "tensors", "classes": "classification"}
    assert len(predict("value", features(ROW))[0].values.values) == 1
    assert len(predict("pair", features(ROW))[0].values.values) == 2
    assert set(predict("clusters", features(ROW))[0].tensors.tensors) == {"label", "scores"}


def test_answers_are_bit_for_bit_the_same_alone_and_in_company(predict):
    rows = numpy.random.default_rng(1).normal(size=(40, 5)).astype(numpy.float32)
    together = predict("classes", *map(features, rows))
    assert together == [predict("classes", features(row))[0] for row in rows]


def test_rows_are_refused_by_what_is_wrong(refused):
    assert refused("value", features(ROW[:4])) == "instances[0].features: expected 5 values, got 4"
    assert refused("value", features(ROW), features(ROW, "abcde")).startswith("instances[1].features.names: ")
    assert "is missing (NaN)" in refused("value", features([float("nan")] + ROW[1:]))
    assert refused("value", features([float("inf")] + ROW[1:])).startswith("instances[0].features.values[0]: ")
    assert refused("value", {"text": "five"}).endswith("takes feature rows or tensors, got a text")
    assert refused("value", features(ROW), top_k=1).startswith("options.top_k: ")


def test_what_is_missing_is_filled_in_where_the_model_can(predict):
    filled, = predict("holes", features([0.1, -1, float("nan"), 0.3, 0.5]))
    assert filled.classification.labels


def test_columns_by_name(predict, refused):
    columns = {"color": {"data_type": "BYTES", "shape": [1], "byte_strings": [b"red"]},
               "code": {"data_type": "INT64", "shape": [1, 1], "longs": [2]}, "a": floats([1], 0.5), "b": floats([1, 1], 0.5)}
    answer = predict("columns", {"tensors": {"tensors": columns}})[0].tensors.tensors
    assert list(answer["output_label"].longs) == [1] and len(answer["output_probability"].floats) == 2
    assert refused("columns", features([2, 1], ["code", "a"])) == 'instances[0].features: no value for "color", "b"'
    assert 'no feature "cod"; did you mean "code"?' in refused("columns", features([2], ["cod"]))
    assert refused("columns", features([1, 2, 0, 0], ["color", "code", "a", "b"])) \
        == "instances[0].features.color: expected a text, got a number"
    assert refused("columns", features([float("nan"), 2, 0, 0], ["color", "code", "a", "b"])) \
        == 'instances[0].features.color: the text is missing; "" is an empty one'
    row = {"values": [2, 0.5, 0.5], "names": ["code", "a", "b"], "texts": {"color": "red"}}
    found = predict("columns", {"features": row})[0].classification.labels
    assert found[0].label == "1" and {each.score for each in found} == set(answer["output_probability"].floats)


def test_rows_over_http(server):
    def label(model, row):
        return post(server, [{"features": row}], model=model)["predictions"][0]["label"]
    assert label("columns", {"color": "red", "code": 2, "a": 0.5, "b": 0.5}) == "1"
    assert label("holes", [0.1, -1, None, 0.3, 0.5]) in ("no", "perhaps", "yes")
    found = post(server, [{"features": [0.1, None, 2, 0.3, 0.5]}], model="value")
    assert found["field"] == "inputs[0].features.values[1]" and "is missing" in found["message"]
    found = post(server, [{"features": {"color": None, "code": 2, "a": 0.5, "b": 0.5}}], model="columns")
    assert found["field"] == "inputs[0].features.color" and "the text is missing" in found["message"]
    assert 'texts go by name: {"features": {"name": …}}' in post(server, [["red", 2, 0.5, 0.5]], model="columns")["message"]


# ---- Texts --------------------------------------------------------------------------------------

def test_texts_become_the_mean_of_their_tokens(predict, refused):
    first, second = predict("sentences", {"text": "hello"}, {"text": "hello world hello world"})
    assert list(first.embedding.values) == [3, 1]  # 2, 4, 3
    assert list(second.embedding.values) == pytest.approx([18 / 5, 1])  # cut: 2, 4, 5, 4, 3
    found, = predict("sentences", {"text": "hello"}, normalize=True)
    assert list(found.embedding.values) == pytest.approx([3 / 10 ** 0.5, 1 / 10 ** 0.5])
    assert "more than 5 tokens" in refused("sentences", {"text": "hello world hello world"}, truncate=False)
    assert "takes a text, got a feature row" in refused("sentences", {"text": "hello"}, features([1]))


def test_texts_get_labels(predict, server):
    found, = predict("topics", {"text": "hello"})
    powers = numpy.exp(numpy.float64([9, 3]) - 9)  # of 2 + 4 + 3, and three tokens
    assert [(each.label, each.score) for each in found.classification.labels] \
        == [("sum", pytest.approx(powers[0] / powers.sum())), ("length", pytest.approx(powers[1] / powers.sum()))]
    request = server.apus.PredictRequest(model="topics", instances=[{"text": "hello"}])
    assert server.stub.Predict(request, timeout=PATIENCE).usage.prompt_tokens == 3


# ---- Tensors ------------------------------------------------------------------------------------

def test_tensors_with_or_without_the_one_before(predict, server):
    for shape in ([1, 2], [2]):
        b = {"data_type": "INT64", "shape": shape, "longs": [3, 4]}
        found, = predict("sum", {"tensors": {"tensors": {"a": floats(shape, 1, 2), "b": b}}})
        assert list(found.tensors.tensors["y"].floats) == [4, 6] and list(found.tensors.tensors["y"].shape) == [1, 2]
    raw = {"data_type": "INT64", "shape": [2], "raw": numpy.int64([3, 4]).tobytes()}
    found, = predict("sum", {"tensors": {"tensors": {"a": floats([2], 1, 2), "b": raw}}})
    assert list(found.tensors.tensors["y"].floats) == [4, 6]


def test_a_series_is_whole(predict, refused):
    for values in ([-1], [-1, 2, -3]):
        found, = predict("series", {"tensors": {"tensors": {"x": floats([len(values)], *values)}}})
        assert list(found.tensors.tensors["y"].floats) == [abs(each) for each in values]
    assert "takes tensors, got a feature row" in refused("series", features([1]))


@pytest.mark.parametrize("tensors, reason", [
    ({}, "instances[0].tensors: no tensor for the input `a` (FP32 [N, 2])"),
    ({"A": floats([2], 1, 2)}, "instances[0].tensors: model sum has no input `A`; did you mean `a`?"),
    ({"a": floats([3], 1, 2, 3)}, "instances[0].tensors.a.shape: expected [1, 2] or [2], one row for each instance, got [3]"),
    ({"a": floats([2, 2], 1, 2, 3, 4)},
     "instances[0].tensors.a.shape: expected [1, 2] or [2], one row for each instance, got [2, 2]"),
    ({"a": floats([-2], 1, 2)}, "instances[0].tensors.a.shape: expected [1, 2] or [2], one row for each instance, got [-2]"),
    ({"a": floats([2], 1)}, "instances[0].tensors.a.floats: expected 2 elements as the shape says, got 1"),
    ({"a": {"data_type": "FP32", "shape": [2], "raw": b"123"}},
     "instances[0].tensors.a.raw: expected 2 elements of 4 bytes as the shape says, got 3 bytes"),
    ({"a": {"data_type": "FP32", "shape": [2], "doubles": [1, 2]}},
     "instances[0].tensors.a.doubles: elements of FP32 stand in floats or raw"),
    ({"a": {"data_type": "FP64", "shape": [2], "doubles": [1, 2]}},
     "instances[0].tensors.a.data_type: expected FP32, got FP64"),
    ({"a": {"shape": [2], "floats": [1, 2]}}, "instances[0].tensors.a.data_type: expected FP32, got no type"),
])
def test_tensors_are_refused_by_what_is_wrong(refused, tensors, reason):
    assert refused("sum", {"tensors": {"tensors": tensors}}) == reason


# ---- Pictures -----------------------------------------------------------------------------------

@pytest.mark.parametrize("model", ["colours", "shares"])
def test_a_picture_is_classified(predict, model):
    red, green = predict(model, picture(made.png(64, 48, RED)), picture(made.png(5, 90, GREEN), "image/png"))
    for found, colour, mean in ((red, "red", RED), (green, "green", GREEN)):
        labels = found.classification.labels
        powers = numpy.exp(numpy.array(mean) / 25.5)
        expected = dict(zip(["red", "green", "blue"], powers / powers.sum()))
        assert labels[0].label == colour and len(labels) == 3
        assert {each.label: each.score for each in labels} == pytest.approx(expected, abs=1e-5)
    assert len(predict(model, picture(made.png(9, 9, RED)), top_k=2)[0].classification.labels) == 2


def test_a_photograph_as_the_default_prepares_it(predict):
    found, = predict("numbers", picture((made.PICTURES / "420.jpg").read_bytes()))
    assert {each.label for each in found.classification.labels} == {"0", "1", "2"}


def test_pictures_are_refused_by_what_is_wrong(refused, predict):
    whole = made.png(64, 48, RED)
    assert "is cut short" in refused("colours", picture(whole[:-20]))
    assert "the bytes are PNG" in refused("colours", picture(whole, "image/jpeg"))
    assert refused("colours", picture(b"")) == "instances[0].image: the picture is empty"
    assert "at most 1000000 in all are allowed (--max-image-pixels)" in refused(
        "colours", picture(made.png(1, 1, RED, said=(10_000, 10_000))))
    assert "is animated" in refused("colours", picture((made.PICTURES / "animated.png").read_bytes()))
    assert "GIF" in refused("colours", picture((made.PICTURES / "animated.gif").read_bytes()))
    assert refused("colours", picture(whole), picture(b"text" * 9)).startswith("instances[1].image: ")
    assert "takes feature rows or tensors, got an image" in refused("value", picture(whole))
    # None of them has hurt anybody.
    assert predict("colours", picture(whole))[0].classification.labels[0].label == "red"


def post(server, inputs, **more):
    body = {"model": "colours", **more, "inputs": inputs}
    try:
        return fetch(server, "/v1/predict", body)
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]


def test_large_tensors_and_many_rows(predict, refused):
    """What no loop checks is answered, and refused, the same."""
    values = numpy.arange(300_000, dtype=numpy.float32)
    large = {"data_type": "FP32", "shape": [len(values)], "raw": values.tobytes()}
    found, = predict("series", {"tensors": {"tensors": {"x": large}}})
    assert numpy.array_equal(numpy.float32(found.tensors.tensors["y"].floats or numpy.frombuffer(
        found.tensors.tensors["y"].raw, "<f4")), values)
    assert refused("series", {"tensors": {"tensors": {"x": large | {"shape": [7]}}}}) \
        == "instances[0].tensors.x.raw: expected 7 elements of 4 bytes as the shape says, got 1200000 bytes"
    row = {"values": [2, 0.5, 0.5], "names": ["code", "a", "b"], "texts": {"color": "red"}}
    found = predict("columns", *[{"features": row}] * 100)
    assert len(found) == 100 and all(each == found[0] for each in found)


def test_pictures_over_http(server):
    text = base64.b64encode(made.png(64, 48, RED)).decode()
    for image in (text, f"data:image/png;base64,{text}"):
        answer = post(server, [{"image": image}], options={"top_k": 1})
        assert answer["predictions"][0]["label"] == "red" and answer["timing"]["prepare_ms"] > 0
    assert "the bytes are PNG" in post(server, [{"image": f"data:image/jpeg;base64,{text}"}])["message"]
    mixed = {"image": f"data:image/png;base64,{text}", "content_type": "image/jpeg"}
    assert post(server, [mixed])["field"] == "inputs[0].content_type"
    assert post(server, [{"image": "!"}])["message"] == "inputs[0].image: is not base64, or is empty"


# ---- The Open Inference Protocol ----------------------------------------------------------------

def test_a_graph_has_its_own_tensors(server):
    found = fetch(server, "/v2/models/sum")
    assert found["inputs"] == [{"name": "a", "datatype": "FP32", "shape": [-1, 2]},
                               {"name": "b", "datatype": "INT64", "shape": [-1, 2]}]
    assert found["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]
    assert fetch(server, "/v2/models/maps")["outputs"] == [
        {"name": "output_label", "datatype": "BYTES", "shape": [-1]},
        {"name": "output_probability", "datatype": "FP32", "shape": [-1, 3]}]


@pytest.mark.parametrize("raw", [False, True])
def test_rows_of_tensors_are_instances(server, open_inference, raw):
    messages, rpc = open_inference
    a, b = numpy.float32([[1, 2], [3, 4], [5, 6]]), numpy.int64([[1, 1], [2, 2], [3, 3]])
    request = messages.ModelInferRequest(model_name="sum")
    for name, kind, values, field in (("b", "INT64", b, "int64_contents"), ("a", "FP32", a, "fp32_contents")):
        tensor = request.inputs.add(name=name, datatype=kind, shape=values.shape)
        if raw:
            request.raw_input_contents.append(values.tobytes())
        else:
            getattr(tensor.contents, field).extend(values.ravel().tolist())
    answer = rpc.GRPCInferenceServiceStub(server.channel).ModelInfer(request, timeout=PATIENCE)
    output, = answer.outputs
    assert (output.name, output.datatype, list(output.shape)) == ("y", "FP32", [3, 2])
    flat = numpy.frombuffer(answer.raw_output_contents[0], "<f4") if raw else output.contents.fp32_contents
    assert numpy.array_equal(numpy.float32(flat).reshape(3, 2), a + b)


def infer(server, model, *inputs):
    try:
        return fetch(server, f"/v2/models/{model}/infer", {"inputs": inputs})
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]


def test_infer_says_what_is_wrong(server):
    def tensor(name, shape, data, datatype="FP32"):
        return {"name": name, "shape": shape, "datatype": datatype, "data": data}
    one = tensor("a", [1, 2], [1, 2])
    assert infer(server, "sum", one) == "inputs: no tensor for `b` (INT64 [N, 2])"
    assert infer(server, "sum", one, tensor("b", [2, 2], [1, 2, 3, 4], "INT64")) \
        == "inputs[1].shape: there are 2 instances; inputs[0] has 1"
    two = tensor("b", [1, 2], [1, 2], "INT64")
    assert infer(server, "sum", tensor("a", [1, 3], [1, 2, 3]), two) == "inputs[0].shape: expected [N, 2], got [1, 3]"
    assert infer(server, "sum", tensor("c", [1, 2], [1, 2])).startswith("inputs[0].name: model sum has no input `c`")
    assert infer(server, "sum", tensor("a", [1, 2], [1, 2], "FP64"), two) == "inputs[0].datatype: expected FP32, got `FP64`"
    assert infer(server, "sum", one, one) == "inputs[1].name: `a` is there twice"
    assert infer(server, "maps", tensor("x", [2, 5], ROW * 2))["outputs"][1]["shape"] == [2, 3]
    assert infer(server, "series", tensor("x", [3], [-1, 2, -3]))["outputs"][0]["data"] == [1, 2, 3]


class Golden:
    """What onnxruntime answered for a model of scikit-learn."""

    def __init__(self, name):
        values = onnx.load(made.SKLEARN / name / "values.onnx").graph.initializer
        self.values = {each.name: onnx.numpy_helper.to_array(each) for each in values}
        graph = onnx.load(made.SKLEARN / name / "model.onnx").graph
        self.inputs = [(each.name, self.values[f"input:{index}"]) for index, each in enumerate(graph.input)]
        self.outputs = {each.name: self.output(f"output:{index}") for index, each in enumerate(graph.output)}

    def output(self, place):
        """Maps are rows of their values."""
        if f"{place}:count" not in self.values:
            return self.values[place]
        return numpy.stack([self.values[f"{place}:{row}:values"] for row in range(int(self.values[f"{place}:count"].item()))])


def test_all_models_of_scikit_learn_answer_as_onnxruntime(start, tmp_path, open_inference):
    names = [line.split()[0] for line in (made.SKLEARN / "cases").read_text().splitlines()]
    for index, name in enumerate(names):
        made.sklearn(tmp_path / f"models/m{index}/1", name)
    server = start(tmp_path / "models")
    server.wait_for("ready", models=len(names), failed=0)
    messages, rpc = open_inference
    stub = rpc.GRPCInferenceServiceStub(server.channel)
    for index, name in enumerate(names):
        golden = Golden(name)
        request = messages.ModelInferRequest(model_name=f"m{index}")
        for key, array in golden.inputs:
            kind = {"f": "FP32", "i": "INT64"}.get(array.dtype.kind, "BYTES")
            tensor = request.inputs.add(name=key, datatype=kind, shape=array.shape)
            field = {"FP32": "fp32_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}[kind]
            flat = array.ravel().tolist()
            getattr(tensor.contents, field).extend([bytes(str(each), "utf8") if kind == "BYTES" else each for each in flat])
        for output in stub.ModelInfer(request, timeout=PATIENCE).outputs:
            wanted = golden.outputs[output.name]
            assert list(output.shape) == list(wanted.shape), (name, output.name)
            contents = output.contents
            if output.datatype == "BYTES":
                assert [each.decode() for each in contents.bytes_contents] == wanted.astype(str).ravel().tolist(), name
            else:
                found = contents.fp32_contents or contents.int64_contents
                assert numpy.allclose(found, wanted.ravel(), rtol=1e-4, atol=1e-5), (name, output.name)


# ---- What is known of them ----------------------------------------------------------------------

def test_the_command_line_sends_a_picture(server, tmp_path):
    (tmp_path / "red.png").write_bytes(made.png(9, 9, RED))
    said = run("predict", "colours", "--image", tmp_path / "red.png", "--top", 1, "--server", server.address)
    assert said.stdout.startswith("red 0.99"), said
    said = run("predict", "clusters", "--features", "1,2,3,4,5", "--json", "--server", server.address)
    assert set(json.loads(said.stdout)["predictions"][0]["tensors"]) == {"label", "scores"}
    assert run("predict", "colours", "--image", tmp_path / "none.png", "--server", server.address).returncode == 2


@pytest.mark.parametrize("row", ["red,2,0.5,0.5", '"red", 2, 0.5 , 0.5', ' red ,2,"0.5",.5'])
def test_the_command_line_sends_rows_with_texts(server, predict, row):
    columns = {"values": [2, 0.5, 0.5], "names": ["code", "a", "b"], "texts": {"color": "red"}}
    wanted = predict("columns", {"features": columns})[0].classification.labels
    said = run("predict", "columns", "--features", row, "--json", "--server", server.address)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)["predictions"][0]["labels"]
    assert [each["score"] for each in found] == pytest.approx([each.score for each in wanted])


@pytest.mark.parametrize("model, row, code, reason", [
    ("columns", "red,2,0.5", 2, "expected 4 values, got 3; they are color (a text), code (a number), a (a number), b (a number)"),
    ("columns", "red,two,0.5,0.5", 2, "--features: code: expected a number, got `two`"),
    ("columns", ",two,0.5,0.5", 2, '--features: color: a text cannot be missing; "" is an empty one'),
    ("columns", ",2,0.5,0.5", 1, 'instances[0].features.color: the text is missing; "" is an empty one'),
    ("columns", "red,,0.5,0.5", 1, "instances[0].features.code: the value is missing (NaN)"),
    ("columns", "red,2.5,0.5,0.5", 1, "instances[0].features.code: expected a whole number"),
    ("value", "1,,3,4,5", 1, "instances[0].features.values[1]: the value is missing (NaN)"),
    ("value", "1,two,3,4,5", 2, "--features: value 2: expected a number, got `two`"),
    ("columns", '"red,2,0.5,0.5', 2, "--features: the quote before value 1 is never closed"),
    ("columns", 'red,"2" or so,0.5,0.5', 2, "--features: value 2 goes on behind its quotes"),
])
def test_the_command_line_says_which_value_is_wrong(server, model, row, code, reason):
    said = run("predict", model, "--features", row, "--server", server.address)
    assert (said.returncode, reason in said.stderr) == (code, True), said.stderr


def test_the_command_line_keeps_what_is_in_quotes(server):
    """A text that the encoder does not know is no error; three values would be one."""
    said = run("predict", "columns", "--features", '"a ""b"", c",2,0.5,0.5', "--server", server.address)
    assert said.returncode == 0, said.stderr


def test_models_tell_what_they_take(server):
    version = server.stub.GetModel(server.apus.GetModelRequest(name="colours"), timeout=PATIENCE).model.versions[0]
    assert (version.architecture, version.quantization, list(version.labels)) == ("onnx", "f32", ["red", "green", "blue"])
    assert [(each.name, list(each.shape)) for each in version.inputs] == [("x", [-1, 3, 8, 8])]
    assert [(each.name, list(each.shape)) for each in version.outputs] == [("scores", [-1, 3])]
    assert version.task == server.apus.TASK_CLASSIFICATION and version.parameters == 9


def test_inspect_tells_without_a_server(folder, tmp_path):
    said = run("inspect", folder / "colours").stdout
    for line in ("operators  Flatten 1, GlobalAveragePool 1, MatMul 1", "input      `x` (FP32 [N, 3, 8, 8])",
                 "takes      images or tensors", "answers    a classification of 3 labels",
                 "pictures   resized to 8 × 8 (bilinear), RGB, divided by 255; as image in model.yaml says"):
        assert line in said.splitlines()
    assert "answers    a regression: variable" in run("inspect", folder / "value").stdout.splitlines()
    # Which size is of what.
    size = (folder / "colours/1/model.onnx").stat().st_size
    assert f"file       {folder}/colours/1/model.onnx, {size} bytes" in said.splitlines()
    assert "weights    9 numbers, mostly f32" in said and "constants  36 bytes, weights and all others" in said
    nodes = [helper.make_node("Nothing", ["x"], ["y"]), helper.make_node("GridSample", ["y", "y"], ["z"])]
    made.save(tmp_path / "1", nodes, [made.value("x", ["N", 2])], [made.value("z", None)])
    ended = run("inspect", tmp_path / "1/model.onnx")
    assert ended.returncode == 1 and "2 problems" in ended.stderr
    assert [line.split("(")[1].split(")")[0] for line in ended.stdout.splitlines() if line.startswith("missing")] \
        == ["Nothing", "GridSample"]


def test_products_that_become_int8_are_told_of(start, tmp_path):
    made.colours(tmp_path / "models/colours/1")
    made.colours(tmp_path / "models/colours/2")
    with open(tmp_path / "models/colours/2/model.yaml", "a") as file:
        file.write("quantize: dynamic\n")
    (tmp_path / "models/colours/model.yaml").write_text("keep_versions: 2\n")
    server = start(tmp_path / "models")
    server.wait_for("ready")
    versions = server.stub.GetModel(server.apus.GetModelRequest(name="colours"), timeout=PATIENCE).model.versions
    assert {each.version: each.quantization for each in versions} == {"2": "f32, products in int8", "1": "f32"}
    assert [each["quantization"] for each in fetch(server, "/v1/models/colours")["versions"]] == ["f32, products in int8", "f32"]
    line = "quantize   dynamic: products and dense convolutions in floats become int8 on load"
    assert line in run("inspect", tmp_path / "models/colours").stdout.splitlines()
    assert "quantize " not in run("inspect", tmp_path / "models/colours/1").stdout


def test_which_preparation_is_in_force_is_told_and_the_same_everywhere(start, tmp_path):
    """timm's config.json counts where no preprocessor_config.json does."""
    version = made.colours(tmp_path / "models/colours/1", image=None)
    usual = start(tmp_path / "models")
    loaded = usual.wait_for("loaded")["pictures"]
    assert "shorter side to 9 (bilinear), middle of 8 × 8" in loaded and "is usual" in loaded
    cfg = {"input_size": [3, 8, 8], "interpolation": "nearest", "crop_pct": 0.5, "mean": [0, 0, 0], "std": [1, 1, 1]}
    (version / "config.json").write_text(json.dumps({"pretrained_cfg": cfg}))
    timm = start(tmp_path / "models")
    timm.wait_for("ready")
    words = "shorter side to 16 (nearest), middle of 8 × 8, RGB, divided by 255, mean 0.0 0.0 0.0, deviation 1.0 1.0 1.0; " \
        "as pretrained_cfg in config.json says"
    event, = [each for each in fetch(timm, "/v1/models/colours")["events"] if each["event"] == "loaded"]
    assert event["detail"] == f"pictures: {words}"
    assert f"pictures   {words}" in run("inspect", version).stdout.splitlines()
    # A border of red around green, of which half is cut away.
    rows = [b"\0" + b"".join(bytes(GREEN if 4 <= x < 12 and 4 <= y < 12 else RED) for x in range(16)) for y in range(16)]
    image = made.png_of_rows(16, 16, rows)
    for server, label in ((usual, "red"), (timm, "green")):
        request = server.apus.PredictRequest(model="colours", instances=[picture(image)])
        found = server.stub.Predict(request, timeout=PATIENCE).predictions[0].classification.labels[0]
        assert found.label == label
    (version / "config.json").write_text(json.dumps({"pretrained_cfg": cfg | {"crop_mode": "border"}}))
    refused = start(tmp_path / "models").wait_for("not loaded")["problem"]
    assert 'config.json: pretrained_cfg: "crop_mode" is border; supported are center and squash' in refused


# ---- Loading ------------------------------------------------------------------------------------

@pytest.mark.parametrize("yaml, reason", [
    ("label: [a]", "model.yaml:1: label is no key; did you mean labels?"),
    ("task: clasification", "model.yaml:1: task: `clasification`: expected classification, regression, embedding, values or tensors"),
    ("quantize: static", "model.yaml:1: quantize: `static`: expected none or dynamic"),
    ("labels: [a, b]", "there are 2 labels; the model gives 3 scores"),
    ("labels: names.txt", "names.txt: cannot be opened"),
    ("image: {size: [9, 9], resample: 2}", "pictures are prepared with 9 × 9 pixels; the model takes 8 × 8"),
    ("image: {sizes: [8, 8]}", '"sizes" is not supported'),
    ("keep_versions: 2", "did you mean keep_versions in the model.yaml beside the version's folder?"),
])
def test_wrong_settings_keep_a_version_out(start, tmp_path, yaml, reason):
    (made.colours(tmp_path / "models/colours/1") / "model.yaml").write_text(yaml + "\n")
    server = start(tmp_path / "models")
    assert reason in server.wait_for("not loaded")["problem"]


def test_labels_that_come_later_are_told_of(start, tmp_path):
    version = made.colours(tmp_path / "models/colours/1", labels=None)
    server = start(tmp_path / "models", "--models-period", "100ms")
    server.wait_for("ready")
    (version / "labels.txt").write_text("red\ngreen\nblue\n")
    line = server.wait_for("files of a loaded version changed", model="colours", version=1)
    assert "a folder with a new number" in line["advice"]
    assert [each["event"] for each in fetch(server, "/v1/models/colours")["events"]] == ["files_changed", "loaded"]

    def first():
        request = server.apus.PredictRequest(model="colours", instances=[picture(made.png(8, 8, RED))])
        return server.stub.Predict(request, timeout=PATIENCE).predictions[0].classification.labels[0].label
    assert first() == "0"
    for order in ("unload", "load"):
        done = run("models", order, "colours", "1", "--server", server.address)
        assert done.returncode == 0, done.stderr
    assert first() == "red"
    made.colours(tmp_path / "models/many/1", labels=None)
    server.wait_for("loaded", model="many")
    shown = run("models", "--server", server.address).stdout
    assert "labels red/green/blue\n" in shown and "…" not in shown


def test_many_labels_are_counted(start, tmp_path):
    names = [f"class{number}" for number in range(40)]
    weight = numpy.zeros((3, 40), numpy.float32)
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["logits"])]
    made.save(tmp_path / "models/many/1", nodes, [made.value("x", ["N", 3])], [made.value("logits", ["N", 40])], weight=weight)
    (tmp_path / "models/many/1/labels.txt").write_text("\n".join(names))
    server = start(tmp_path / "models")
    server.wait_for("ready")
    shown = run("models", "--server", server.address).stdout
    assert "labels class0/class1/class2/class3/class4/… and 35 more" in shown
    assert fetch(server, "/v1/models/many")["versions"][0]["labels"] == names


def test_a_graph_is_refused_with_all_that_it_lacks(start, tmp_path):
    nodes = [helper.make_node("Nothing", ["x"], ["y"]), helper.make_node("GridSample", ["y", "y"], ["z"])]
    made.save(tmp_path / "models/odd/1", nodes, [made.value("x", ["N", 2])], [made.value("z", None)])
    problem = start(tmp_path / "models").wait_for("not loaded")["problem"]
    assert "2 problems" in problem and "(Nothing)" in problem and "(GridSample)" in problem


def test_one_version_after_the_other(start, tmp_path, control):
    made.addition(tmp_path / "models/add/1", 1)
    server = start(tmp_path / "models", "--models-period", "100ms")
    server.wait_for("ready")

    def answer():
        found = server.stub.Predict(server.apus.PredictRequest(model="add", instances=[features([1, 2])]), timeout=PATIENCE)
        return found.version, list(found.predictions[0].values.values)
    assert answer() == ("1", [2, 3])
    made.addition(tmp_path / ".2", 10).rename(tmp_path / "models/add/2")
    server.wait_for("unloaded", model="add", version=1)
    assert answer() == ("2", [11, 12])


def test_what_a_graph_took_goes_back(start, tmp_path, control):
    """Weights of 64 MB that lie in memory: halves are widened at load."""
    weight = numpy.ones((4096, 4096), numpy.float16)
    nodes = [helper.make_node("Cast", ["weight"], ["wide"], to=TensorProto.FLOAT), helper.make_node("MatMul", ["x", "wide"], ["y"])]
    made.addition(tmp_path / "models/add/1", 1)
    server = start(tmp_path / "models", "--models-period", "100ms")
    server.wait_for("ready")
    service, messages = control[1].ModelControlStub(server.channel), control[0]
    before = server.memory()
    for turn in range(3):
        made.save(tmp_path / f".{turn}", nodes, [made.value("x", ["N", 4096])], [made.value("y", ["N", 4096])], weight=weight) \
            .rename((tmp_path / "models/large").mkdir(exist_ok=True) or tmp_path / f"models/large/{turn + 1}")
        service.LoadModel(messages.LoadModelRequest(model="large"), timeout=PATIENCE)
        row = features(numpy.ones(4096, numpy.float32))
        found = server.stub.Predict(server.apus.PredictRequest(model="large", instances=[row]), timeout=PATIENCE)
        assert set(found.predictions[0].values.values) == {4096.0}
        assert server.memory() - before > 60 << 20
        versions = server.stub.GetModel(server.apus.GetModelRequest(name="large"), timeout=PATIENCE).model.versions
        # Packed weights are told too, and what they were made of has gone.
        assert 64 << 20 <= max(version.memory_bytes for version in versions) < 80 << 20
    service.UnloadModel(messages.UnloadModelRequest(model="large"), timeout=PATIENCE)
    server.until(lambda: server.memory() - before < 8 << 20, "the memory")
