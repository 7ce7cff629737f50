"""The Open Inference Protocol (KServe v2) beside /v1, over both fronts: the same answers by the same path."""
import json
import struct
import urllib.error
import urllib.request

import grpc
import numpy
import pytest

from conftest import PATIENCE
from test_accounts import Office
from test_fallback import Failing

INFER = "/inference.GRPCInferenceService/ModelInfer"
SENTENCES = ["How are you?", "the same text", "ümlaut"]


class Client:
    """Calls the protocol's methods, raw or typed, and reads the tensors that come back."""

    def __init__(self, open_inference, server):
        self.messages, rpc = open_inference
        self.server, self.stub = server, rpc.GRPCInferenceServiceStub(server.channel)

    def texts(self, model, texts, raw=False, **more):
        data = [text.encode() for text in texts]
        packed = b"".join(struct.pack("<I", len(each)) + each for each in data)
        return self.infer(model, "text", "BYTES", [len(texts)], {"bytes_contents": data}, packed, raw, **more)

    def rows(self, model, rows, raw=False, **more):
        values = numpy.array(rows, "<f4")
        contents = {"fp32_contents": values.ravel()}
        return self.infer(model, "features", "FP32", values.shape, contents, values.tobytes(), raw, **more)

    def infer(self, model, name, datatype, shape, contents, packed, raw, metadata=None, outputs=(), **more):
        request = self.messages.ModelInferRequest(model_name=model, outputs=[{"name": n} for n in outputs], **more)
        tensor = request.inputs.add(name=name, datatype=datatype, shape=shape)
        if raw:
            request.raw_input_contents.append(packed)
        else:
            tensor.contents.MergeFrom(self.messages.InferTensorContents(**contents))
        return self.stub.ModelInfer(request, timeout=PATIENCE, metadata=metadata)


@pytest.fixture
def client(open_inference, server):
    return Client(open_inference, server)


def tensors(answer):
    """The outputs of an answer by name."""
    found = {}
    for index, output in enumerate(answer.outputs):
        if answer.raw_output_contents:
            assert not output.HasField("contents")
            packed = answer.raw_output_contents[index]
            flat = numpy.frombuffer(packed, "<f4") if output.datatype == "FP32" else list(strings(packed))
        else:
            flat = output.contents.fp32_contents if output.datatype == "FP32" else output.contents.bytes_contents
        found[output.name] = numpy.array(flat).reshape(output.shape)
    return found


def strings(packed):
    while packed:
        size, = struct.unpack_from("<I", packed)
        yield packed[4:4 + size]
        packed = packed[4 + size:]


def fetch(server, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    if data:
        headers["content-type"] = "application/json"
    request = urllib.request.Request(server.http + path, data, headers)
    return json.load(urllib.request.urlopen(request, timeout=PATIENCE))


@pytest.mark.parametrize("raw", [False, True])
def test_embeddings_are_bit_for_bit_those_of_v1(server, client, raw):
    expected = [list(each.embedding.values) for each in server.texts("minilm", SENTENCES).predictions]
    answer = client.texts("minilm", SENTENCES, raw, id="oip-1")
    assert (answer.model_name, answer.model_version, answer.id) == ("minilm", "1", "oip-1")
    assert [output.name for output in answer.outputs] == ["embedding"]
    assert numpy.array_equal(tensors(answer)["embedding"], numpy.float32(expected))
    server.wait_for("call", request_id="oip-1", path=INFER, status="OK")


def test_embeddings_over_http(server):
    expected = [list(each.embedding.values) for each in server.texts("minilm", SENTENCES).predictions]
    body = {"id": "h", "inputs": [{"name": "text", "datatype": "BYTES", "shape": [3, 1], "data": [[s] for s in SENTENCES]}]}
    for path in ("/v2/models/minilm/infer", "/v2/models/minilm/versions/1/infer"):
        answer = fetch(server, path, body)
        output, = answer.pop("outputs")
        assert answer == {"model_name": "minilm", "model_version": "1", "id": "h"}
        assert output["shape"] == [3, 384] and output["datatype"] == "FP32"
        assert numpy.array_equal(numpy.float32(output["data"]).reshape(3, 384), numpy.float32(expected))


@pytest.mark.parametrize("raw", [False, True])
def test_rows_are_those_of_v1(server, client, raw):
    rows = numpy.arange(30, dtype=numpy.float32).reshape(3, 10) / 7
    predictions = server.stub.Predict(server.apus.PredictRequest(
        model="rows", instances=[{"features": {"values": row}} for row in rows]), timeout=PATIENCE).predictions
    expected = numpy.float32([each.values.values for each in predictions])
    assert numpy.array_equal(tensors(client.rows("rows", rows, raw))["values"], expected)
    whole = [int(value) for value in range(10)]
    typed = client.infer("rows", "features", "INT64", [1, 10], {"int64_contents": whole}, None, False)
    packed = client.infer("rows", "features", "FP64", [1, 10], None, numpy.array(whole, "<f8").tobytes(), True)
    assert numpy.array_equal(tensors(typed)["values"], tensors(packed)["values"])


@pytest.mark.parametrize("raw", [False, True])
def test_labels_are_those_of_v1(server, client, raw):
    texts = ["a gripping, beautifully shot film", "dull and far too long"]
    predictions = server.texts("sentiment", texts).predictions
    ranked = [each.classification.labels for each in predictions]
    found = tensors(client.texts("sentiment", texts, raw))
    assert [label.decode() for label in found["label"]] == [labels[0].label for labels in ranked]
    assert [[l.decode() for l in row] for row in found["labels"]] == [[l.label for l in labels] for labels in ranked]
    assert numpy.array_equal(found["scores"], numpy.float32([[l.score for l in labels] for labels in ranked]))
    one = client.texts("sentiment", texts, raw, outputs=["scores"], parameters={"top_k": {"int64_param": 1}})
    assert [output.name for output in one.outputs] == ["scores"] and list(one.outputs[0].shape) == [2, 1]


def test_models_say_what_they_take_and_give(server, client):
    def described(list_of_tensors):
        return [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in list_of_tensors]

    about = {name: client.stub.ModelMetadata(client.messages.ModelMetadataRequest(name=name), timeout=PATIENCE)
             for name in ("minilm", "sentiment", "rows", "storyteller")}
    assert described(about["minilm"].inputs) == [("text", "BYTES", [-1])]
    assert described(about["minilm"].outputs) == [("embedding", "FP32", [-1, 384])]
    assert described(about["rows"].inputs) == [("features", "FP32", [-1, 10])]
    assert [tensor.name for tensor in about["sentiment"].outputs] == ["label", "labels", "scores"]
    assert about["minilm"].versions == ["1"] and not about["storyteller"].inputs
    assert fetch(server, "/v2/models/rows/versions/1") == {
        "name": "rows", "versions": ["1"], "platform": "apus",
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, 10]}],
        "outputs": [{"name": "values", "datatype": "FP32", "shape": [-1, -1]}]}


def test_probes_and_the_server_itself(server, client):
    messages, stub = client.messages, client.stub
    assert stub.ServerLive(messages.ServerLiveRequest()).live and stub.ServerReady(messages.ServerReadyRequest()).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name="minilm", version="1")).ready
    for request in ({"name": "nobody"}, {"name": "minilm", "version": "9"}):
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelReady(messages.ModelReadyRequest(**request))
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    about = stub.ServerMetadata(messages.ServerMetadataRequest())
    assert fetch(server, "/v2") == {"name": "apus", "version": about.version, "extensions": []}
    assert fetch(server, "/v2/health/live") == {"live": True} and fetch(server, "/v2/health/ready") == {"ready": True}
    assert fetch(server, "/v2/models/minilm/ready") == {"name": "minilm", "ready": True}


def test_a_model_that_cannot_answer_is_not_ready(start, open_inference, tmp_path):
    models = Failing(tmp_path / "served")
    models.add(1, "rows")
    (models.root / "broken/1").mkdir(parents=True)
    server = start(models.root, "--readiness", "any")
    server.wait_for("ready")
    client = Client(open_inference, server)
    for name, ready in (("rows", True), ("broken", False)):
        assert client.stub.ModelReady(client.messages.ModelReadyRequest(name=name)).ready is ready
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(server, "/v2/models/broken/ready")
    assert caught.value.code == 503 and json.load(caught.value) == {"name": "broken", "ready": False}
    with pytest.raises(grpc.RpcError) as caught:
        client.texts("broken", ["what is wrong with the tensors comes after what is with the model"], outputs=["x", "x"])
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("change,code,words", [
    ({"model_name": "nobody"}, "NOT_FOUND", "no model named `nobody`"),
    ({"model_name": ""}, "INVALID_ARGUMENT", "model_name: a name is required"),
    ({"model_version": "9"}, "NOT_FOUND", "no version `9`"),
    ({"model_name": "storyteller"}, "INVALID_ARGUMENT", "generates text: call StreamPredict"),
    ({"model_name": "rows"}, "INVALID_ARGUMENT", "inputs[0].name: model rows has no input `text`; it takes `features`"),
    ({"id": "i" * 129}, "INVALID_ARGUMENT", "id: 129 bytes; at most 128"),
    ({"outputs": [{"name": "label"}]}, "INVALID_ARGUMENT", "outputs[0].name: model minilm has no output `label`"),
    ({"raw_input_contents": [b"\1\0\0\0x"]}, "INVALID_ARGUMENT", "inputs[0].contents: there are raw_input_contents too"),
    ({"parameters": {"top_k": {"int64_param": 3}}}, "INVALID_ARGUMENT", "parameters.top_k: model minilm"),
    ({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "contents": {
        "bytes_contents": [b"short", b"word " * 300]}}], "parameters": {"truncate": {"bool_param": False}}},
     "INVALID_ARGUMENT", "inputs[0][1]: the text has more than 256 tokens"),
    ({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [101], "contents": {"bytes_contents": [b"x"] * 101}}]},
     "INVALID_ARGUMENT", "inputs[0].shape: expected 1 to 100 instances for model minilm, got 101"),
])
def test_infer_refuses(client, change, code, words):
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"x"]}}
    request = client.messages.ModelInferRequest(**{"model_name": "minilm", "inputs": [tensor], **change})
    with pytest.raises(grpc.RpcError) as caught:
        client.stub.ModelInfer(request, timeout=PATIENCE)
    assert caught.value.code().name == code and words in caught.value.details()


def test_errors_over_http_are_one_text(server):
    def refusal(path, tensor):
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(server, path, {"inputs": [{"name": "features", "datatype": "FP32", **tensor}]})
        error = json.load(caught.value)
        assert list(error) == ["error"]
        return caught.value.code, error["error"]

    status, text = refusal("/v2/models/rows/infer", {"shape": [1, 9], "data": [0] * 9})
    assert status == 400 and text == "inputs[0].shape: expected [N, 10], got [1, 9]"
    assert refusal("/v2/models/nobody/infer", {"shape": [1, 1], "data": [0]})[0] == 404


def test_figures_are_the_models_own(server, client):
    client.rows("rows", [[0] * 10])
    labels = 'model="rows",version="1"'
    requests = f'apus_requests_total{{method="{INFER}",{labels},status="OK"}}'
    server.until(lambda: server.metrics().get(requests, 0) >= 1, "the call's count")
    with urllib.request.urlopen(f"{server.http}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    assert sum(line.startswith(f"nv_inference_request_success{{{labels}}}") for line in lines) == 1


def test_both_versions_share_a_keys_limits(start, folder, open_inference, tmp_path):
    office = Office(tmp_path / "apus.db")
    office.key("boss", "--admin")
    token = office.key("search", "--requests", "3", "--window", "600s")
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    client, key = Client(open_inference, server), [("authorization", f"Bearer {token}")]
    client.rows("rows", [[0] * 10], metadata=key)
    request = server.apus.PredictRequest(model="rows", instances=[{"features": {"values": [0] * 10}}])
    server.stub.Predict(request, timeout=PATIENCE, metadata=key)
    # Tensors that are wrong count as instances do that are wrong.
    for code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED):
        with pytest.raises(grpc.RpcError) as caught:
            client.rows("rows", [[0] * 9], metadata=key)
        assert caught.value.code() == code
    with pytest.raises(grpc.RpcError) as caught:
        client.rows("rows", [[0] * 10])
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_cache_and_fallback_are_those_of_v1(start, open_inference, tmp_path):
    models = Failing(tmp_path / "served")
    models.add(7, "rows")
    models.yaml("rows", "cache: true")
    models.fragile(1)
    models.yaml("fragile", "fallback: [model: rows]")
    server = start(models.root)
    server.wait_for("ready")
    client = Client(open_inference, server)
    request = server.apus.PredictRequest(model="rows", instances=[{"features": {"values": [0, 0]}}])
    assert not server.stub.Predict(request, timeout=PATIENCE).cached
    answer = client.rows("rows", [[0, 0]])
    assert answer.parameters["cached"].bool_param and tensors(answer)["values"].tolist() == [[7]]
    answer = client.rows("rows", [[0, 0]], parameters={"no_cache": {"bool_param": True}})
    assert "cached" not in answer.parameters
    answer = client.rows("fragile", [[1, 0]])
    assert (answer.model_name, answer.model_version) == ("rows", "7")
    assert answer.parameters["fallback"].string_param == "other_model"
    assert answer.parameters["fallback_reason"].string_param
