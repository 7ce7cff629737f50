"""Answers that are kept, shared, and thrown away at the right time, over both fronts."""
import json
import threading
import urllib.request

import grpc
import pytest

from conftest import PATIENCE
from versions import Folder, write_rows


@pytest.fixture
def models(tmp_path):
    """`rows` keeps its answers, `plain` does not; both answer with the number of their version."""
    folder = Folder(tmp_path / "served")
    for model in ("rows", "plain"):
        folder.add(1, model)
    settings(folder, "rows", "cache: true")
    return folder


def settings(folder, model, *lines):
    (folder.root / model / "model.yaml").write_text("\n".join(lines) + "\n")


def call(server, model="rows", values=(0, 0), metadata=None, **more):
    request = server.apus.PredictRequest(model=model, instances=[{"features": {"values": values}}], **more)
    return server.stub.Predict.with_call(request, timeout=PATIENCE, metadata=metadata)


def ask(server, *arguments, **more):
    """(answer, whether it was cached)"""
    response, _ = call(server, *arguments, **more)
    return response.predictions[0].values.values[0], response.cached


def post(server, body, path="/v1/predict", **headers):
    request = urllib.request.Request(
        server.http + path, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer), answer.headers


def count(server, what, model="rows"):
    return server.metrics().get(f'apus_cache_{what}_total{{model="{model}"}}', 0)


def ready(start, models, *flags, **more):
    server = start(models.root, "--models-period", "100ms", *flags, **more)
    server.wait_for("ready")
    return server


def test_the_same_question_is_computed_once_on_both_fronts(start, models):
    server = ready(start, models)
    response, ended = call(server, request_id="first")
    assert not response.cached and ("cache-status", "apus; fwd=miss") in ended.initial_metadata()
    response, ended = call(server, request_id="second")
    assert response.cached and response.predictions[0].values.values[0] == 1
    # What belongs to the call is its own.
    assert response.request_id == "second" and response.version == "1" and not response.timing.compute_ms
    assert ("cache-status", "apus; hit") in ended.initial_metadata()
    body, headers = post(server, {"model": "rows", "inputs": [{"features": [0, 0]}]})
    assert body["cached"] is True and headers["cache-status"] == "apus; hit"
    assert (count(server, "hits"), count(server, "misses")) == (2, 1)
    metrics = server.metrics()
    assert metrics["apus_cache_entries"] == 1 and metrics["apus_cache_bytes"] > 0
    server.until(lambda: [line.get("cached", False) for line in server.log() if line["event"] == "call"] ==
                 [False, True, True], "the lines of the calls")


def test_other_questions_and_other_options_are_others(start, models):
    server = ready(start, models)
    assert ask(server) == (1, False)
    assert ask(server, values=(0, 1)) == (1, False) and ask(server, values=(0, 1)) == (1, True)
    # Named or not, it is the same version.
    assert ask(server, version="1") == (1, True) and ask(server, version="latest") == (1, True)


def test_a_model_that_does_not_ask_for_it_has_no_cache(start, models):
    server = ready(start, models)
    for _ in range(3):
        response, ended = call(server, "plain")
        assert not response.cached and "cache-status" not in dict(ended.initial_metadata())
    assert server.metrics()["apus_cache_entries"] == 0


def test_no_cache_computes_anew_and_keeps_nothing(start, models):
    server = ready(start, models)
    for _ in range(2):
        response, ended = call(server, options={"no_cache": True})
        assert not response.cached and ("cache-status", "apus; fwd=request") in ended.initial_metadata()
        body, headers = post(
            server, {"model": "rows", "inputs": [{"features": [0, 0]}]}, **{"cache-control": "no-cache"})
        assert body["cached"] is False and headers["cache-status"] == "apus; fwd=request"
    assert server.metrics()["apus_cache_entries"] == 0 and count(server, "bypasses") == 4
    assert ask(server) == (1, False) and ask(server) == (1, True)
    assert ask(server, options={"no_cache": True}) == (1, False) and ask(server) == (1, True)


def test_a_swap_and_an_unload_forget(start, models, control):
    server = ready(start, models)
    service, messages = control[1].ModelControlStub(server.channel), control[0]
    assert ask(server) == (1, False) and ask(server) == (1, True)
    models.add(2)
    server.wait_for("unloaded", model="rows", version=1)
    assert server.metrics()["apus_cache_entries"] == 0
    assert ask(server) == (2, False) and ask(server) == (2, True)
    service.UnloadModel(messages.UnloadModelRequest(model="rows"), timeout=PATIENCE)
    assert server.metrics()["apus_cache_entries"] == 0
    # The same version with other contents under its number.
    models.remove(2)
    write_rows(models.root / ".again", 3)
    (models.root / ".again").rename(models.root / "rows/2")
    service.LoadModel(messages.LoadModelRequest(model="rows", version="2"), timeout=PATIENCE)
    assert ask(server, version="2") == (3, False) and ask(server, version="2") == (3, True)


def test_an_answer_lives_for_its_time(start, models):
    settings(models, "rows", "cache: true", "cache_ttl: 300ms")
    server = ready(start, models)
    assert ask(server) == (1, False)
    server.until(lambda: ask(server) == (1, False), "the end of the answer's time")
    # Nobody asks again: it goes by itself.
    server.until(lambda: server.metrics()["apus_cache_entries"] == 0, "the sweep")


def test_keys_may_be_kept_apart(start, models, accounts):
    settings(models, "rows", "cache: true", "cache_per_key: true")
    server = ready(start, models)
    service = accounts[1].AccountsStub(server.channel)
    tokens = []
    for owner in ("one", "two"):
        metadata = [("x-api-key", tokens[0])] if tokens else None
        made = service.CreateKey(
            accounts[0].CreateKeyRequest(owner=owner, is_admin=True), metadata=metadata, timeout=PATIENCE)
        tokens.append(made.token)
        server.until(lambda: answers(server, tokens[-1]), "the key")
    for token in tokens:
        metadata = [("x-api-key", token)]
        assert ask(server, values=(1, 1), metadata=metadata) == (1, False)
        assert ask(server, values=(1, 1), metadata=metadata) == (1, True)


def answers(server, token):
    try:
        return ask(server, "plain", metadata=[("x-api-key", token)])
    except grpc.RpcError:
        return None


def test_the_budget_holds_and_0_is_off(start, models):
    server = ready(start, models, "--cache-size", "64KiB", "--cache-entry-size", "4KiB")
    for number in range(1000):
        ask(server, values=(0, number))
    metrics = server.metrics()
    assert 0 < metrics["apus_cache_bytes"] <= 65536
    assert metrics["apus_cache_entries"] + metrics["apus_cache_evictions_total"] == 1000
    off = ready(start, models, "--cache-size", "0")
    assert ask(off) == (1, False) and ask(off) == (1, False)


def test_an_answer_too_large_is_given_and_not_kept(start, models):
    server = ready(start, models, "--cache-entry-size", "1KiB")
    rows = [{"features": {"values": [0, 0]}}] * 100
    request = server.apus.PredictRequest(model="rows", instances=rows)
    for _ in range(2):
        response = server.stub.Predict(request, timeout=PATIENCE)
        assert len(response.predictions) == 100 and not response.cached
    assert server.metrics()["apus_cache_oversized_total"] == 2


def test_errors_are_not_kept(start, models):
    server = ready(start, models)
    for _ in range(2):
        with pytest.raises(grpc.RpcError, match="expected 2 values, got 3"):
            ask(server, values=(1, 2, 3))
    assert server.metrics()["apus_cache_entries"] == 0


TEXT = "the quick brown fox jumps over the lazy dog " * 40


@pytest.fixture
def encoder(copy_model, tmp_path):
    """The demo's encoder, which takes milliseconds for a long text, with a cache."""
    copy_model("minilm")
    (tmp_path / "models/minilm/model.yaml").write_text("cache: true\nmax_batch_instances: 1\n")
    return tmp_path / "models"


def test_sixty_four_clients_at_once_compute_once(start, encoder):
    server = start(encoder)
    server.wait_for("ready")
    for turn in range(5):
        barrier, found = threading.Barrier(64), []

        def client():
            barrier.wait()
            response = server.texts("minilm", [f"{turn} {TEXT}"])
            found.append((response.cached, tuple(response.predictions[0].embedding.values)))

        threads = [threading.Thread(target=client) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 64 and sum(not cached for cached, _ in found) == 1
        assert len({values for _, values in found}) == 1
    assert count(server, "misses", "minilm") == 5
    assert count(server, "hits", "minilm") + count(server, "joins", "minilm") == 5 * 63
    assert count(server, "joins", "minilm") > 0
    # One batch of the engine for each question, and the one that tried the model at its load.
    batches = server.metrics()['apus_predict_batch_inputs_count{model="minilm",version="1"}']
    assert batches == 5


def test_a_leader_that_goes_fails_nobody(start, encoder):
    (encoder / "minilm/model.yaml").write_text(
        "cache: true\nmax_batch_instances: 1\nmax_instances: 1000\n"
        "queue_limit: 20000\nqueue_tokens: 10000000\n")
    server = start(encoder)
    server.wait_for("ready")
    # The engine is busy with other texts until they are cancelled: all of these wait.
    busy = [server.stub.Predict.future(server.apus.PredictRequest(
        model="minilm", instances=[{"text": f"{n} {TEXT}"} for n in range(1000)],
        options={"no_cache": True})) for _ in range(9)]
    # Long texts are cut into tokens one after the other: only what is behind them in the queue waits.
    server.until(lambda: server.metrics()['apus_predict_queue_inputs{model="minilm",version="1"}'] > 200, "a queue")
    request = server.apus.PredictRequest(model="minilm", instances=[{"text": TEXT}])
    gauge = lambda name: server.metrics()[f"apus_cache_{name}"]
    leader = server.stub.Predict.future(request, timeout=PATIENCE)
    server.until(lambda: gauge("computing") == 1, "the leader")
    followers = [server.stub.Predict.future(request, timeout=PATIENCE) for _ in range(8)]
    server.until(lambda: gauge("waiting") == 8, "the followers")
    impatient = server.stub.Predict.future(request, timeout=0.05)
    with pytest.raises(grpc.RpcError) as caught:
        impatient.result()
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    leader.cancel()
    server.until(lambda: gauge("waiting") == 7, "somebody to take over")
    followers[0].cancel()
    for each in busy:
        each.cancel()
    found = [follower.result() for follower in followers[1:]]
    assert len({tuple(each.predictions[0].embedding.values) for each in found}) == 1
    assert sum(not each.cached for each in found) == 1
    server.until(lambda: gauge("computing") == 0, "the end of all flights")
