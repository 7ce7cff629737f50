"""What the server says to requests that are wrong, and what else callers are promised."""
import sys

import grpc
import numpy
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
    ({"model": "minilm", "instances": [{"text": "a"}], "options": {"parameters": {"colour": "red"}}},
     "INVALID_ARGUMENT", "options.parameters: model minilm has no option `colour`; it has none"),
    ({"model": "minilm", "instances": [{"text": "a"}], "options": {"top_k": 3}}, "INVALID_ARGUMENT", "options.top_k"),
    ({"model": "sentiment", "instances": [{"text": "a"}], "options": {"normalize": False}},
     "INVALID_ARGUMENT", "options.normalize: model sentiment answers with no embedding"),
    ({"model": "rows", "instances": [{"features": {"values": [1] * 10}}], "options": {"truncate": True}},
     "INVALID_ARGUMENT", "options.truncate: model rows takes no text"),
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
    ({"model": "storyteller", "prompt": "word " * 700}, "INVALID_ARGUMENT", "the model's context of 512 leaves room for 511"),
    ({"model": "storyteller", "prompt": "word " * 50000}, "INVALID_ARGUMENT",
     "the context of storyteller leaves room for 511; shorten it"),
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


def test_every_call_has_one_id(server):
    """Calls whose messages have no place for an id, and calls that fail, are logged with one, too."""
    _, call = server.stub.ListModels.with_call(
        server.apus.ListModelsRequest(), metadata=[("x-request-id", "list-1")])
    assert dict(call.initial_metadata())["x-request-id"] == "list-1"
    server.wait_for("call", request_id="list-1", path="/apus.v1.Inference/ListModels", status="OK")
    answer, call = server.stub.Predict.with_call(
        server.apus.PredictRequest(model="minilm", instances=[{"text": "a"}]), metadata=[("x-request-id", "head-1")])
    assert answer.request_id == dict(call.initial_metadata())["x-request-id"] == "head-1"
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.GetModel(server.apus.GetModelRequest(name="nobody"))
    id = dict(caught.value.trailing_metadata())["x-request-id"]
    server.wait_for("call", request_id=id, path="/apus.v1.Inference/GetModel", status="NOT_FOUND")
    assert all(line["request_id"] for line in server.log() if line["event"] == "call")


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


def test_embeddings_have_length_1_unless_a_request_asks_otherwise(server):
    def embed(**options):
        answer = server.texts("minilm", ["How are you?", "a"], options=options)
        return numpy.array([p.embedding.values for p in answer.predictions], numpy.float32)

    made, raw = embed(), embed(normalize=False)
    lengths = numpy.linalg.norm(raw, axis=1)
    assert (made == embed(normalize=True)).all()
    assert (abs(lengths - 1) > 0.1).all(), "minilm's pooled vectors are longer than 1"
    assert numpy.allclose(raw / lengths[:, None], made, atol=1e-6)


def test_texts_too_long_for_a_loop_answer_the_same(server):
    """16 KiB are cut into tokens on the loop, more elsewhere; where the text is cut off is the same."""
    word = "한국어 "
    short, long = (server.texts("minilm", [word * count]) for count in (1000, 100_000))
    assert short.predictions == long.predictions and long.usage.prompt_tokens == 256
    both = server.texts("minilm", [word * 1000, word * 100_000])
    assert list(both.predictions) == [short.predictions[0]] * 2


def test_a_prompt_too_long_for_a_loop_is_continued(start, endless):
    server = start(endless)
    server.wait_for("ready")
    messages = list(server.stream("endless", "a" * 6000, max_tokens=3))
    # The begin token, three bytes of the space in front, and a byte each.
    assert len(messages) == 4 and messages[-1].usage.prompt_tokens == 6004


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
