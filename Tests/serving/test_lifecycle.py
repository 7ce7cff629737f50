"""Start, readiness, broken models, load, and a clean end."""
import concurrent.futures
import os
import pathlib
import signal
import socket
import subprocess
import threading

import grpc
import numpy
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from safetensors.numpy import save_file

from conftest import APUS, MODELS, PATIENCE


def run(*words, **more):
    return subprocess.run([APUS, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE, **more)


def serving(server, service=""):
    check = health_pb2_grpc.HealthStub(server.channel).Check
    return check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING


def test_a_server_without_models_is_live_but_not_ready(start, tmp_path):
    (tmp_path / "empty").mkdir()
    server = start(tmp_path / "empty")
    server.wait_for("not ready", reason="no model is installed")
    assert not serving(server)
    health = server.stub.Health(server.apus.HealthRequest())
    assert health.live and not health.ready and health.reason == "no model is installed"
    assert server.memory() <= 15 << 20, f"{server.memory() >> 20} MiB resident when idle"
    result = run("health", "--server", server.address)
    assert result.returncode == 4 and "not ready" in result.stdout


@pytest.mark.parametrize("damage,words", [
    (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64), "model.safetensors"),
    (lambda folder: (folder / "config.json").write_text('{"architectures": ["GPT2Model"]}'), "config.json"),
    (lambda folder: (folder / "vocab.txt").write_text("one\ntwo\n"), "vocab.txt"),
    (lambda folder: (folder / "config.json").unlink(), "a version folder holds"),
])
def test_a_broken_model_stays_out_and_says_why(start, copy_model, damage, words):
    folder = copy_model("minilm", "broken")
    damage(folder)
    server = start(folder.parents[1])
    problem = server.wait_for("not loaded", model="broken")["problem"]
    assert words in problem
    server.wait_for("not ready", reason="no version of model broken could be loaded")
    version = server.stub.GetModel(server.apus.GetModelRequest(name="broken")).model.versions[0]
    assert version.state == 3 and version.error == problem
    with pytest.raises(grpc.RpcError) as caught:
        server.texts("broken", ["a"])
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


def test_the_newest_version_that_loads_answers(start, copy_model):
    folder = copy_model("minilm", "m")
    broken = folder.parent / "2"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    (broken / "model.safetensors").write_bytes(b"")
    (folder.parent / "model.yaml").write_text("description: two versions\nmax_instances: 2\n")
    server = start(folder.parents[1])
    server.wait_for("ready")
    assert server.texts("m", ["a"]).version == "1"
    with pytest.raises(grpc.RpcError, match="got 3"):
        server.texts("m", ["a"] * 3)


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

    def still():
        before = server.cpu_ticks()
        threading.Event().wait(0.3)
        return server.cpu_ticks() - before <= 1
    server.until(still, "an idle process")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        whole = list(pool.map(lambda name: list(story(name, max_tokens=20)), "efgh"))
    assert [len(messages) for messages in whole] == [21] * 4


def test_the_command_line(server):
    at = ("--server", server.address)
    assert run("--version").stdout.startswith("apus ")
    for word in ("serve", "predict", "generate", "models", "health"):
        shown = run(word, "--help")
        assert shown.returncode == 0 and f"Usage: apus {word}" in shown.stdout
        assert word in run("--help").stdout
    assert run().returncode == 2
    assert "no command `sevre`" in run("sevre").stderr
    assert run("serve", "--modles", "x").returncode == 2
    assert "--loops many: expected a whole number" in run("serve", "--loops", "many").stderr
    answer = run("predict", "sentiment", "a wonderful film", *at)
    assert answer.returncode == 0 and "positive" in answer.stdout
    assert '"labels":[' in run("predict", "sentiment", "a wonderful film", "--json", *at).stdout
    told = run("generate", "storyteller", "Once upon a time", "--max-tokens", "12", *at)
    assert told.returncode == 0 and len(told.stdout) > 10 and "tokens" in told.stderr
    assert "minilm" in run("models", *at).stdout and "embedding" in run("models", "minilm", *at).stdout
    assert run("health", *at).returncode == 0
    missing = run("predict", "nobody", "x", *at)
    assert missing.returncode == 1 and "NOT_FOUND" in missing.stderr and "minilm" in missing.stderr


def test_errors_of_the_command_line_say_what_to_do(tmp_path, server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    unreachable = run("health", "--server", address)
    assert unreachable.returncode == 3 and "start one with apus serve" in unreachable.stderr
    taken = run("serve", "--models", tmp_path, "--grpc", server.address)
    assert taken.returncode == 5 and server.address in taken.stderr and "another" in taken.stderr
    absent = run("serve", "--models", tmp_path / "nowhere", "--grpc", "127.0.0.1:0")
    assert absent.returncode == 5 and "nowhere" in absent.stderr


def test_a_log_that_nobody_reads_does_not_keep_the_process(tmp_path):
    (tmp_path / "models").mkdir()
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [APUS, "serve", "--models", tmp_path / "models", "--grpc", f"unix:{tmp_path}/socket"], stderr=writer)
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


def test_settings_that_are_a_pipe_do_not_hang_the_start(start, copy_model):
    folder = copy_model("minilm", "m")
    os.mkfifo(folder.parent / "model.yaml")
    server = start(folder.parents[1])
    assert "not a regular file" in server.wait_for("models folder")["problem"]


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
