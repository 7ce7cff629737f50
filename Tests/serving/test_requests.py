"""What the server says to requests that are wrong, and what else callers are promised."""
import sys

import grpc
import pytest

from conftest import PATIENCE, ROOT

sys.path.append(str(ROOT / "Tests/wire"))
from rawhttp2 import Raw, head, message


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code().name, caught.value.details()


@pytest.mark.parametrize("request_fields,code,words", [
    ({"model": ""}, "INVALID_ARGUMENT", "model: a name is required"),
    ({"model": "nobody"}, "NOT_FOUND", "no model named `nobody`; there are: "),
    ({"model": "x" * 5000}, "NOT_FOUND", "…"),
    ({"model": "minilm", "version": "9"}, "NOT_FOUND", "no version `9`; it has 1"),
    ({"model": "minilm"}, "INVALID_ARGUMENT", "instances: expected 1 to 100 for minilm, got 0"),
    ({"model": "minilm", "instances": [{"text": "a"}] * 101}, "INVALID_ARGUMENT", "got 101"),
    ({"model": "minilm", "instances": [{}]}, "INVALID_ARGUMENT", "instances[0]: model minilm takes a text, got nothing"),
    ({"model": "minilm", "instances": [{"text": "a"}, {"features": {"values": [1]}}]}, "INVALID_ARGUMENT", "instances[1]"),
    ({"model": "minilm", "instances": [{"text": "word " * 300}], "options": {"truncate": False}},
     "INVALID_ARGUMENT", "more than 256 tokens"),
    ({"model": "minilm", "instances": [{"text": "a"}], "request_id": "r" * 129}, "INVALID_ARGUMENT", "request_id: 129 bytes; at most 128"),
    ({"model": "storyteller", "instances": [{"text": "a"}]}, "INVALID_ARGUMENT", "call StreamPredict"),
    ({"model": "rows", "instances": [{"features": {"values": [1] * 9}}]}, "INVALID_ARGUMENT", "expected 10 values, got 9"),
    ({"model": "rows", "instances": [{"features": {"values": [1] * 9 + [float("nan")]}}]}, "INVALID_ARGUMENT", "values[9]"),
    ({"model": "rows", "instances": [{"text": "1,2"}]}, "INVALID_ARGUMENT", "expected a feature row, got a text"),
])
def test_predict_refuses(server, request_fields, code, words):
    got, details = refused(lambda: server.stub.Predict(server.apus.PredictRequest(**request_fields)))
    assert got == code
    assert words in details
    assert len(details) < 400


@pytest.mark.parametrize("fields,code,words", [
    ({"model": "minilm"}, "INVALID_ARGUMENT", "call Predict"),
    ({"model": "storyteller", "sampling": {"temperature": -1}}, "INVALID_ARGUMENT", "temperature"),
    ({"model": "storyteller", "sampling": {"temperature": float("nan")}}, "INVALID_ARGUMENT", "temperature"),
    ({"model": "storyteller", "sampling": {"top_p": 1.5}}, "INVALID_ARGUMENT", "top_p"),
    ({"model": "storyteller", "sampling": {"stop": ["a"] * 17}}, "INVALID_ARGUMENT", "stop"),
    ({"model": "storyteller", "sampling": {"stop": [""]}}, "INVALID_ARGUMENT", "stop"),
    ({"model": "storyteller", "prompt": "word " * 5000}, "INVALID_ARGUMENT", "token"),
])
def test_stream_predict_refuses(server, fields, code, words):
    request = server.apus.StreamPredictRequest(**{"prompt": "Once", **fields})
    got, details = refused(lambda: list(server.stub.StreamPredict(request, timeout=PATIENCE)))
    assert got == code
    assert words in details


def test_request_ids_come_back_and_stand_in_the_log(server):
    given = server.texts("minilm", ["a"], request_id="my-id-1")
    assert given.request_id == "my-id-1"
    server.wait_for("call", request_id="my-id-1", path="/apus.v1.Inference/Predict", status="OK")
    made = [server.texts("minilm", ["a"]).request_id for _ in range(3)]
    assert len(set(made)) == 3 and all(made)
    messages = list(server.stream("storyteller", "Once", max_tokens=3))
    assert messages[0].request_id == messages[-1].request_id != ""
    assert messages[1].request_id == ""


def test_the_log_has_no_bodies(server):
    server.texts("minilm", ["a very secret sentence"], request_id="secret-1")
    list(server.stream("storyteller", "another secret prompt", request_id="secret-2", max_tokens=2))
    for request_id in ("secret-1", "secret-2"):
        server.wait_for("call", request_id=request_id)
    assert "secret " not in server.log_path.read_text()


def test_answers_name_model_version_and_where_time_went(server):
    answer = server.texts("minilm", ["a", "b"], version="latest")
    assert (answer.model, answer.version) == ("minilm", "1")
    assert answer.latency_ms >= answer.timing.compute_ms > 0
    assert answer.timing.batch_size >= 2
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 6


def test_options_shape_the_answer(server):
    top = server.texts("sentiment", ["fine"], options={"top_k": 1}).predictions[0].classification.labels
    both = server.texts("sentiment", ["fine"]).predictions[0].classification.labels
    assert len(top) == 1 and len(both) == 2
    assert both[0].score >= both[1].score and abs(sum(l.score for l in both) - 1) < 1e-5


def test_long_texts_are_cut_to_the_models_length(server):
    answer = server.texts("minilm", ["word " * 1000])
    assert answer.usage.prompt_tokens == 256


def test_a_deadline_ends_a_stream(start, endless):
    """The server's own clock ends it: this client has none, and reads nothing, so that the stream
    cannot come to its end before."""
    server = start(endless)
    server.wait_for("ready")
    request = server.apus.StreamPredictRequest(model="endless", prompt="Once")
    with Raw(server, consumes=False) as raw:
        path = head("/apus.v1.Inference/StreamPredict", grpc_timeout="200m")
        assert raw.call(path, message(request.SerializeToString())).status == "4"
    server.wait_for("call", path="/apus.v1.Inference/StreamPredict", status="DEADLINE_EXCEEDED")


def test_models_are_described(server):
    models = {m.name: m for m in server.stub.ListModels(server.apus.ListModelsRequest()).models}
    assert {"minilm", "sentiment", "storyteller", "rows"} <= set(models)
    minilm = models["minilm"].versions[0]
    assert (minilm.embedding_size, minilm.max_tokens, minilm.architecture) == (384, 256, "bert")
    assert 22_000_000 < minilm.parameters < 23_000_000
    assert list(models["sentiment"].versions[0].labels) == ["negative", "positive"]
    one = server.stub.GetModel(server.apus.GetModelRequest(name="storyteller", version="latest")).model
    assert one.versions[0].context_length > 0 and one.versions[0].state == 2
    assert refused(lambda: server.stub.GetModel(server.apus.GetModelRequest(name="storyteller", version="7")))[0] == "NOT_FOUND"
