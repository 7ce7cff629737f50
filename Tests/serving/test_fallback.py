"""What answers when a version cannot, with models that really fail: weights that overflow on some
inputs, files that are broken, answers that come too late."""
import urllib.error
import urllib.request

import grpc
import numpy
import pytest
from safetensors.numpy import save_file

from conftest import PATIENCE
from test_cache import post
from test_swaps import Folder

GOOD, BAD = (0, 0), (1, 0)


class Failing(Folder):
    """`fragile` answers with its version's number, and overflows where a row's first value is not 0."""

    def fragile(self, number, model="fragile", first=3e38):
        self.add(number, model)
        weight = numpy.array([[first, 0]], numpy.float32)
        bias = numpy.array([3e38 if first else number], numpy.float32)
        folder = self.root / model / str(number)
        save_file({"classifier.weight": weight, "classifier.bias": bias}, folder / "head.safetensors")

    def yaml(self, model, *lines):
        (self.root / model).mkdir(exist_ok=True)
        (self.root / model / "model.yaml").write_text("\n".join(lines) + "\n")


@pytest.fixture
def models(tmp_path):
    folder = Failing(tmp_path / "served")
    folder.add(7, "other")
    return folder


@pytest.fixture
def serve(start, models):
    def make(*flags):
        server = start(models.root, "--models-period", "100ms", "--readiness", "any", *flags)
        server.wait_for("ready")
        return server
    return make


def call(server, values, model="fragile", version="", metadata=None, **more):
    request = server.apus.PredictRequest(
        model=model, version=version, instances=[{"features": {"values": values}}], **more)
    return server.stub.Predict(request, timeout=PATIENCE, metadata=metadata)


def code(server, values, **more):
    with pytest.raises(grpc.RpcError) as caught:
        call(server, values, **more)
    return caught.value.code()


def kind(server, response):
    if not response.HasField("fallback"):
        return ""
    return server.apus.Fallback.Kind.Name(response.fallback.kind)


def breaker(server, model="fragile"):
    versions = server.stub.GetModel(server.apus.GetModelRequest(name=model), timeout=PATIENCE).model.versions
    return server.apus.Breaker.State.Name(versions[0].breaker.state)


def gauge(server, version, model="fragile"):
    return server.metrics()[f'apus_breaker_state{{model="{model}",version="{version}"}}']


def test_a_call_that_the_model_fails_is_answered_by_another(serve, models):
    models.fragile(1)
    models.yaml("fragile", "fallback: [previous, model: other]")
    server = serve()
    assert kind(server, call(server, GOOD)) == ""
    response = call(server, BAD, request_id="mine")
    assert (response.model, response.version, response.predictions[0].values.values[0]) == ("other", "7", 7)
    assert kind(server, response) == "OTHER_MODEL" and response.request_id == "mine"
    assert (response.fallback.model, response.fallback.version) == ("fragile", "1")
    assert response.fallback.reason == "the model failed on this input"
    body, _ = post(server, {"model": "fragile", "inputs": [{"features": BAD}]})
    assert body["fallback"] == {"kind": "other_model", "model": "fragile", "model_version": "1",
                                "reason": "the model failed on this input"} and body["model"] == "other"
    assert server.metrics()['apus_fallbacks_total{model="fragile",kind="other_model"}'] == 2
    line = server.wait_for("call", request_id="mine")
    assert (line["model"], line["version"], line["fallback"]) == ("other", 7, "other_model")


def test_without_a_chain_the_failure_is_the_answer(serve, models):
    models.fragile(1)
    server = serve()
    assert code(server, BAD) == grpc.StatusCode.INTERNAL
    assert kind(server, call(server, GOOD)) == ""


def test_an_open_breaker_keeps_calls_away(serve, models):
    models.fragile(1)
    models.yaml("fragile", "breaker_calls: 4", "breaker_window: 1h", "breaker_pause: 1h", "fallback: [model: other]")
    server = serve()
    assert breaker(server) == "CLOSED" and gauge(server, 1) == 0
    for _ in range(4):
        assert kind(server, call(server, BAD)) == "OTHER_MODEL"
    assert breaker(server) == "OPEN" and gauge(server, 1) == 2
    # Even what the model could answer goes past it now.
    response = call(server, GOOD)
    assert kind(server, response) == "OTHER_MODEL" and "calls are kept away" in response.fallback.reason


def test_a_breaker_closes_when_probes_succeed(serve, models):
    models.fragile(1)
    models.yaml("fragile", "breaker_calls: 4", "breaker_window: 1h", "breaker_pause: 1s", "fallback: [model: other]")
    server = serve()
    for _ in range(4):
        assert kind(server, call(server, BAD)) == "OTHER_MODEL"
    server.until(lambda: kind(server, call(server, GOOD)) == "", "the first probe")
    assert [kind(server, call(server, GOOD)) for _ in range(3)] == ["", "", ""]
    assert breaker(server) == "CLOSED" and gauge(server, 1) == 0
    moves = ["open", "half_open", "closed"]
    server.until(lambda: [line["state"] for line in server.log() if line["event"] == "breaker"] == moves, "the moves")
    series = 'apus_breaker_transitions_total{model="fragile",version="1",to="%s"}'
    assert [server.metrics()[series % to] for to in moves] == [1, 1, 1]


def test_an_open_breaker_without_a_chain_says_when_to_come_back(serve, models):
    models.fragile(1)
    models.yaml("fragile", "breaker_calls: 2", "breaker_pause: 1h")
    server = serve()
    assert [code(server, BAD) for _ in range(2)] == [grpc.StatusCode.INTERNAL] * 2
    with pytest.raises(grpc.RpcError, match="version 1 of model fragile failed too often") as caught:
        call(server, GOOD)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert int(dict(caught.value.trailing_metadata())["grpc-retry-pushback-ms"]) > 3_500_000
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(server, {"model": "fragile", "inputs": [{"features": GOOD}]})
    assert refused.value.code == 503 and int(refused.value.headers["retry-after"]) > 3500


def test_callers_mistakes_open_nothing(serve, models):
    models.fragile(1)
    models.yaml("fragile", "breaker_calls: 2", "fallback: [model: other]")
    server = serve()
    for _ in range(20):
        assert code(server, (1, 2, 3)) == grpc.StatusCode.INVALID_ARGUMENT
    assert breaker(server) == "CLOSED" and kind(server, call(server, GOOD)) == ""


def test_answers_that_come_too_late_open_it(serve, models):
    models.add(1, "fragile")
    models.yaml("fragile", "breaker_latency: 1us", "breaker_calls: 3", "breaker_pause: 1h",
                "fallback: [static: {values: [-1]}]")
    server = serve()
    assert [kind(server, call(server, GOOD)) for _ in range(3)] == ["", "", ""]
    response = call(server, GOOD)
    assert kind(server, response) == "STATIC_ANSWER" and response.predictions[0].values.values[0] == -1
    assert (response.model, response.version) == ("fragile", "")
    many = server.stub.Predict(server.apus.PredictRequest(
        model="fragile", instances=[{"features": {"values": GOOD}}] * 3), timeout=PATIENCE)
    assert [p.values.values[0] for p in many.predictions] == [-1, -1, -1]


def test_the_previous_version_answers(serve, models):
    models.fragile(1, first=0)
    models.fragile(2)
    models.yaml("fragile", "keep_versions: 2", "breaker_calls: 2", "breaker_pause: 1h",
                "fallback: [previous, model: other]")
    server = serve()
    assert call(server, GOOD).version == "2"
    response = call(server, BAD)
    assert (response.version, response.predictions[0].values.values[0]) == ("1", 1)
    assert kind(server, response) == "PREVIOUS_VERSION" and response.fallback.version == "2"
    call(server, BAD)
    assert call(server, GOOD).version == "1" and gauge(server, 2) == 2 and gauge(server, 1) == 0
    # Nothing is before version 1: the next step's turn.
    assert call(server, GOOD, version="1").version == "1"


def test_a_version_that_could_not_be_loaded_is_stood_in_for(serve, models):
    models.add(1, "fragile", damage="cut")
    models.yaml("fragile", "fallback: [previous, model: other]")
    server = serve()
    for version in ("", "1"):
        response = call(server, GOOD, version=version)
        assert response.model == "other" and kind(server, response) == "OTHER_MODEL"
        assert "be loaded" in response.fallback.reason and "GetModel" in response.fallback.reason
    assert code(server, GOOD, version="9") == grpc.StatusCode.NOT_FOUND


def test_chains_never_loop(serve, models):
    for model, next in (("fragile", "second"), ("second", "fragile")):
        models.fragile(1, model)
        models.yaml(model, f"fallback: [model: {model}, model: {next}]", "breaker_failures: 0")
    server = serve()
    assert [code(server, BAD, model=model) for model in ("fragile", "second")] == [grpc.StatusCode.INTERNAL] * 2
    failed = 'apus_predict_failed_inputs_total{model="%s",version="1"}'
    assert [server.metrics()[failed % model] for model in ("fragile", "second")] == [2, 2]


def test_calls_come_back_from_models_on_other_loops(serve, models):
    """A failed call goes from one model's loop to the next one's, whichever loop is its own."""
    models.fragile(1)
    models.fragile(1, "second")
    models.yaml("fragile", "fallback: [model: second, model: other]", "breaker_failures: 0")
    models.yaml("second", "breaker_failures: 0")
    server = serve("--loops", "2")
    for _ in range(8):
        channel = server.open()
        stub = type(server.stub)(channel)
        request = server.apus.PredictRequest(model="fragile", instances=[{"features": {"values": BAD}}])
        assert {stub.Predict(request, timeout=PATIENCE).model for _ in range(25)} == {"other"}
        channel.close()


@pytest.fixture
def office(accounts):
    """Makes keys over the wire; each is metadata that the server knows by then."""
    messages, rpc = accounts

    def make(server):
        service = rpc.AccountsStub(server.channel)
        boss = service.CreateKey(messages.CreateKeyRequest(owner="boss", is_admin=True), timeout=PATIENCE).token

        def attempt(call):
            try:
                return call()
            except grpc.RpcError:
                return None

        def key(**fields):
            made = server.until(lambda: attempt(lambda: service.CreateKey(
                messages.CreateKeyRequest(owner="x", **fields), metadata=[("x-api-key", boss)], timeout=PATIENCE)), "the key")
            metadata = [("x-api-key", made.token)]
            server.until(lambda: attempt(lambda: server.stub.ListModels(
                server.apus.ListModelsRequest(), metadata=metadata, timeout=PATIENCE)), "its use")
            return metadata
        return key
    return make


def test_the_key_must_open_the_other_model_too(serve, models, office):
    models.fragile(1)
    models.yaml("fragile", "fallback: [model: other]", "breaker_failures: 0")
    server = serve()
    key = office(server)
    narrow, wide = key(models=["fragile"]), key(models=["fragile", "other"])
    assert code(server, BAD, metadata=narrow) == grpc.StatusCode.INTERNAL
    assert call(server, BAD, metadata=wide).model == "other"


def test_a_call_that_falls_back_is_charged_to_the_key_once(serve, models, office):
    """Its one place is enough for the model and what stands in for it; that one's limits come on top."""
    models.fragile(1)
    models.yaml("fragile", "fallback: [model: other]", "breaker_failures: 0")
    server = serve()
    metadata = office(server)(limits={"concurrent_calls": 1, "requests": 4, "window_seconds": 3600},
                              model_limits={"other": {"requests": 2, "window_seconds": 3600, "concurrent_calls": 1}})
    # One of the four requests was that of the list. Places are given back before a call is logged.
    for number in range(2):
        response = call(server, BAD, metadata=metadata, request_id=f"call-{number}")
        assert response.model == "other" and response.fallback.model == "fragile"
        server.wait_for("call", request_id=f"call-{number}")
    assert code(server, BAD, metadata=metadata, request_id="call-2") == grpc.StatusCode.INTERNAL
    server.wait_for("call", request_id="call-2")
    assert code(server, GOOD, metadata=metadata) == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_cached_answer_needs_no_closed_breaker(serve, models):
    models.fragile(1)
    models.yaml("fragile", "cache: true", "breaker_calls: 2", "breaker_pause: 1h", "fallback: [model: other]")
    server = serve()
    call(server, GOOD)
    for _ in range(2):
        call(server, BAD)
    assert breaker(server) == "OPEN"
    response = call(server, GOOD)
    assert response.cached and kind(server, response) == ""


@pytest.fixture
def writer(endless, tmp_path):
    """A language model that cannot be loaded, one that stands in for it, and one with a text of its own."""
    broken = endless / "broken/1"
    broken.mkdir(parents=True)
    data = (endless / "endless/1/model.gguf").read_bytes()
    (broken / "model.gguf").write_bytes(data[:len(data) // 2])
    (endless / "broken/model.yaml").write_text("fallback: [model: endless]\n")
    (endless / "silent/1").mkdir(parents=True)
    (endless / "silent/1/model.gguf").write_bytes(data[:1000])
    (endless / "silent/model.yaml").write_text("fallback:\n  - static: {text: come back later}\n")
    return endless


def test_a_stream_is_stood_in_for_before_its_first_token(start, writer):
    server = start(writer, "--readiness", "any")
    server.wait_for("ready")
    stream = list(server.stream("broken", "a", max_tokens=5))
    assert len(stream) == 6 and stream[0].model == stream[-1].model == "endless"
    assert {kind(server, m) for m in (stream[0], stream[-1])} == {"OTHER_MODEL"}
    assert not stream[1].HasField("fallback") and stream[-1].fallback.model == "broken"
    stream = list(server.stream("silent", "a"))
    assert "".join(message.text for message in stream) == "come back later"
    assert kind(server, stream[-1]) == "STATIC_ANSWER"
    assert stream[-1].finish_reason == server.apus.FINISH_REASON_STOP
    body, _ = post(server, {"model": "silent", "prompt": "a"}, "/v1/generate")
    assert body["text"] == "come back later" and body["fallback"]["kind"] == "static_answer"


def test_streams_that_begin_too_late_open_the_breaker(start, endless):
    (endless / "endless/model.yaml").write_text(
        "breaker_latency: 1us\nbreaker_calls: 2\nbreaker_pause: 1h\nfallback: [static: {text: later}]\n")
    server = start(endless)
    server.wait_for("ready")
    for _ in range(2):
        assert len(list(server.stream("endless", "a", max_tokens=3))) == 4
    stream = list(server.stream("endless", "a", max_tokens=3))
    assert [message.text for message in stream] == ["later", ""] and breaker(server, "endless") == "OPEN"
