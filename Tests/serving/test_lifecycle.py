"""Start, load, cancellation, and a clean end."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess

import grpc
import numpy
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from safetensors.numpy import save_file

from blank_bert import write_blank_bert
from conftest import APUS, PATIENCE, run


def test_sigterm_finishes_streams_and_exits_0(start, endless):
    server = start(endless, "--drain-grace", f"{PATIENCE}s")
    server.wait_for("ready")
    # More than the server can send ahead, so the stream cannot be over when the signal comes.
    stream = server.stream("endless", "Once", max_tokens=2000)
    first = next(stream)
    server.process.send_signal(signal.SIGTERM)
    assert server.wait_for("stopping: finishing calls that run; a second signal stops at once")["calls"] == 1
    rest = list(stream)
    assert first.index == 0 and rest[-1].finish_reason == 2
    assert len(rest) == rest[-1].usage.completion_tokens == 2000
    assert server.process.wait(PATIENCE) == 0
    assert server.log()[-1]["event"] == "stopped"


def alive(client):
    """The Connection header of an answer on that connection."""
    client.request("GET", "/health/live")
    answer = client.getresponse()
    assert answer.status == 200 and answer.read()
    return answer.getheader("connection")


def test_http_clients_are_sent_elsewhere_while_a_drain_is_delayed(start, tmp_path):
    """Each answer ends its connection, and new ones are taken until the delay is over."""
    (tmp_path / "models").mkdir()
    server = start(tmp_path / "models", "--drain-delay", "1h")
    address = server.http.removeprefix("http://")
    kept = http.client.HTTPConnection(address, timeout=PATIENCE)
    assert [alive(kept), alive(kept)] == [None, None]
    server.process.send_signal(signal.SIGTERM)
    server.until(lambda: alive(kept) == "close", "the last answer of a connection")
    for _ in range(2):
        assert alive(http.client.HTTPConnection(address, timeout=PATIENCE)) == "close"
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), PATIENCE) as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: apus\r\n\r\n")
        while client.recv(1 << 16):
            pass  # the server ends what it said would end
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_an_answer_from_before_a_drain_does_not_end_its_connection(start, endless):
    """It did not say so: whoever reads it may have sent the next request already."""
    server = start(endless, "--drain-delay", "1h")
    server.wait_for("ready")
    address = server.http.removeprefix("http://")
    kept = http.client.HTTPConnection(address, timeout=PATIENCE)
    question = {"model": "endless", "prompt": "Once", "max_tokens": 8000, "stream": True}
    kept.request("POST", "/v1/completions", json.dumps(question), {"content-type": "application/json"})
    answer = kept.getresponse()
    assert answer.status == 200 and answer.getheader("connection") is None and answer.readline()
    server.process.send_signal(signal.SIGTERM)
    server.until(lambda: alive(http.client.HTTPConnection(address, timeout=PATIENCE)) == "close",
                 "the notice of the drain")
    assert answer.read().endswith(b"data: [DONE]\n\n")
    assert alive(kept) == "close"


def test_a_second_signal_ends_at_once(start, endless):
    server = start(endless, "--drain-grace", f"{PATIENCE}s")
    server.wait_for("ready")
    stream = server.stream("endless", "Once")
    next(stream)
    server.process.send_signal(signal.SIGTERM)
    server.wait_for("stopping: finishing calls that run; a second signal stops at once")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 128 + signal.SIGINT
    assert server.log()[-1]["event"] != "stopped"


def test_sigterm_ends_a_loading(start, tmp_path):
    """Within the time of one matrix: this model is many seconds of work, and of gigabytes that are zero."""
    write_blank_bert(tmp_path / "models/large/1", layers=192, width=1024)
    server = start(tmp_path / "models")
    server.wait_for("loading", model="large")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0
    events = [line["event"] for line in server.log()]
    assert "loaded" not in events and "not loaded" not in events
    assert "loading was given up" in events and events[-1] == "stopped"


def test_a_thousand_connections_lose_nothing(server):
    """Each connection is a client of its own; every call is answered and rightly."""
    expected = server.texts("minilm", ["the same text"]).predictions[0].embedding.values
    errors = []

    def client(_):
        channel = server.open()
        try:
            stub = type(server.stub)(channel)
            for _ in range(2):
                request = server.apus.PredictRequest(model="minilm", instances=[{"text": "the same text"}])
                answer = stub.Predict(request, timeout=PATIENCE, wait_for_ready=True)
                if list(answer.predictions[0].embedding.values) != list(expected):
                    errors.append("another answer")
        except grpc.RpcError as error:
            errors.append(f"{error.code()}: {error.details()}")
        return channel

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        channels = list(pool.map(client, range(1000)))
    open_now = len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))
    for channel in channels:
        channel.close()
    assert not errors and open_now >= 1000


def test_cancelled_streams_stop_computing_and_make_room(start, endless):
    """As many streams as run at once are cancelled half-way: nothing runs, and others take their place."""
    server = start(endless)
    server.wait_for("ready")

    def story(name, **sampling):
        return server.stream("endless", "Once", request_id=name, channel=server.open(), **sampling)

    running = {name: story(name) for name in ("a", "b", "c", "d")}
    with concurrent.futures.ThreadPoolExecutor(len(running)) as pool:
        # Of 8,000 tokens the server is then at 1,600 at most, and at work on the next ones.
        read = list(pool.map(lambda stream: [next(stream).index for _ in range(1000)][-1], running.values()))
    assert read == [999] * 4
    waiting = story("waiting")
    for stream in running.values():
        stream.cancel()
    assert next(waiting).index == 0
    waiting.cancel()
    for name in (*running, "waiting"):
        server.wait_for("call", request_id=name, status="CANCELLED")

    # Who holds no blocks of keys and values takes part in no step.
    for gauge in ("running", "waiting", "kv_blocks_used"):
        series = f'apus_generate_{gauge}{{model="endless",version="1"}}'
        server.until(lambda: server.metrics()[series] == 0, f"{series} 0")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        whole = list(pool.map(lambda name: list(story(name, max_tokens=20)), "efgh"))
    assert [len(messages) for messages in whole] == [21] * 4


def test_a_log_that_nobody_reads_does_not_keep_the_process(tmp_path):
    (tmp_path / "models").mkdir()
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [APUS, "serve", "--models", tmp_path / "models", "--grpc", f"unix:{tmp_path}/socket",
         "--http", "off"], stderr=writer)
    os.close(writer)
    channel = grpc.insecure_channel(f"unix:{tmp_path}/socket")
    check = health_pb2_grpc.HealthStub(channel).Check
    for _ in range(1000):  # about twice what a pipe holds
        check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=PATIENCE)
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        os.close(reader)
        channel.close()


def test_an_address_never_removes_a_file_that_is_no_socket(tmp_path):
    (tmp_path / "models").mkdir()
    precious = tmp_path / "precious"
    precious.write_text("still here")
    refused = run("serve", "--models", tmp_path / "models", "--grpc", f"unix:{precious}")
    assert refused.returncode == 5 and "no socket" in refused.stderr
    assert precious.read_text() == "still here"


def test_weights_that_are_no_numbers_are_refused(start, tmp_path):
    rows = tmp_path / "models/rows/1"
    rows.mkdir(parents=True)
    (rows / "head.json").write_text("{}")
    weight = numpy.full((2, 3), numpy.nan, numpy.float32)
    save_file({"classifier.weight": weight, "classifier.bias": numpy.zeros(2, numpy.float32)},
              rows / "head.safetensors")
    assert "no finite number" in start(tmp_path / "models").wait_for("not loaded")["problem"]


def test_an_unknown_kernel_tier_is_refused_at_start(tmp_path):
    refused = run("serve", "--models", tmp_path, env={**os.environ, "APUS_CPU": "sse9"})
    assert refused.returncode == 5 and "sse9" in refused.stderr and "avx2" in refused.stderr


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(start, copy_model):
    folder = copy_model("minilm", "mixed")
    (folder / "tokenizer.json").unlink()
    words = (folder / "vocab.txt").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join([*words, "zzyzx"]) + "\n")
    problem = start(folder.parents[1]).wait_for("not loaded", model="mixed")["problem"]
    assert f"{len(words) + 1} tokens" in problem and f"only {len(words)} rows" in problem


def test_memory_of_a_flood_of_clients_goes_back(start, tmp_path):
    """Nothing leaks, and what the allocator kept for the next to ask goes back by itself."""
    (tmp_path / "empty").mkdir()
    server = start(tmp_path / "empty")
    calm = server.memory()
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\0\4\1\0\0\0\0"
    for _ in range(2):
        clients = []
        for _ in range(3000):
            clients.append(socket.create_connection((server.host, int(server.port))))
            clients[-1].sendall(hello)
        server.until(lambda: server.memory() > calm + (24 << 20), "the memory of 3000 connections")
        for client in clients:
            client.close()
    server.until(lambda: server.memory() < calm + (16 << 20), "the memory's return")
