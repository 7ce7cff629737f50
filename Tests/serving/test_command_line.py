"""The program `apus`: what it prints, what it refuses, how it exits."""
import concurrent.futures
import json
import os
import re
import socket
import subprocess

import grpc
import pytest

from conftest import APUS, PATIENCE, run


def test_the_command_line(server):
    at = ("--server", server.address)
    assert run("--version").stdout.startswith("apus ")
    for word in ("serve", "predict", "generate", "models", "health"):
        shown = run(word, "--help")
        assert shown.returncode == 0 and f"Usage: apus {word}" in shown.stdout
        assert word in run("--help").stdout
    family = run("keys", "--help")
    assert family.returncode == 0 and "keys create" in family.stdout and "keys rotate" in family.stdout
    assert run("keys").returncode == 2 and run("kyes", "--help").returncode == 2
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
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and nobody listens
        unreachable = run("health", "--server", f"127.0.0.1:{bound.getsockname()[1]}")
    assert unreachable.returncode == 3 and "start one with apus serve" in unreachable.stderr
    taken = run("serve", "--models", tmp_path, "--grpc", server.address)
    assert taken.returncode == 5 and server.address in taken.stderr and "another" in taken.stderr
    absent = run("serve", "--models", tmp_path / "nowhere", "--grpc", "127.0.0.1:0")
    assert absent.returncode == 5 and "nowhere" in absent.stderr
    database = tmp_path / "absent.db"
    assert run("serve", "--models", tmp_path / "nowhere", "--database", database).returncode == 5
    assert not list(tmp_path.glob("absent*")), "no database for a server that cannot be"


def test_health_waits_for_a_server_and_for_a_model(tmp_path, folder, start):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    absent = run("health", "--server", address, "--wait", "300ms")
    assert absent.returncode == 3 and "start one with apus serve" in absent.stderr
    waiting = subprocess.Popen([APUS, "health", "minilm", "--server", address, "--wait", "60s"],
                               stdout=subprocess.PIPE, text=True)
    server = start(folder, "--grpc", address)
    assert waiting.wait(60) == 0 and waiting.stdout.read().startswith("ready")
    server.wait_for("ready")

    def says(code, *words, server):
        """A try has little time, and more than one may be over before a busy server has answered."""
        def attempt():
            said = run("health", *words, "--server", server.address, "--wait", "300ms")
            return said.returncode == code and said
        return server.until(attempt, f"the code {code}")
    assert "NOT_FOUND" in says(1, "nobody", server=server).stderr
    (tmp_path / "broken/m/1").mkdir(parents=True)
    (tmp_path / "broken/m/1/model.onnx").write_text("x")
    broken = start(tmp_path / "broken")
    not_ready = says(4, server=broken)
    assert "not ready" in not_ready.stdout and "m" in not_ready.stderr
    assert run("health", "--wait", "soon").returncode == 2


def test_a_server_of_something_else_is_told_apart_at_once(server):
    address = server.http.removeprefix("http://")
    wrong = run("health", "--server", address, timeout=20)
    assert wrong.returncode == 3 and "not HTTP/2" in wrong.stderr and "HTTP port" in wrong.stderr
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        told = run("health", "--server", address, "--timeout", "500ms", timeout=20)
    assert told.returncode == 3 and "not said a word of HTTP/2" in told.stderr


def test_json_speaks_the_contracts_names(server):
    models = {m["name"]: m for m in json.loads(run("models", "--json", "--server", server.address).stdout)}
    version = models["minilm"]["versions"][0]
    assert (version["state"], version["task"]) == ("STATE_READY", "TASK_EMBEDDING")
    assert models["storyteller"]["versions"][0]["task"] == "TASK_GENERATION"


@pytest.mark.parametrize("words", [["models"], ["models", "--json"], ["health"], ["predict", "minilm", "a"],
                                   ["generate", "storyteller", "Once"], ["--help"], ["serve", "--help"], ["--version"]])
def test_output_that_cannot_be_written_is_no_success(server, words):
    if not words[-1].startswith("--") or words[-1] == "--json":
        words = [*words, "--server", server.address]
    with open("/dev/full", "w") as full:
        done = subprocess.run([APUS, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.returncode == 6 and "standard output: No space left" in done.stderr
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', APUS, *words],
                            stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert closed.returncode == 6 and "standard output: Bad file" in closed.stderr


@pytest.mark.parametrize("ignored", [False, True])
def test_a_reader_that_has_gone_is_worth_no_words(server, ignored):
    """Like other programs: killed by SIGPIPE or, where that is ignored, an exit code."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([APUS, "models", "--server", server.address], stdout=writer, stderr=subprocess.PIPE,
                          timeout=PATIENCE, restore_signals=not ignored)
    os.close(writer)
    assert done.returncode == (6 if ignored else -13) and done.stderr == b""


def test_the_closing_line_stands_alone_where_both_streams_are_one(server):
    done = subprocess.run([APUS, "generate", "storyteller", "Once", "--max-tokens", "8", "--server", server.address],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert done.stdout.splitlines()[-1].startswith("(storyteller/1, ")


@pytest.mark.parametrize("address", ["nowhere", "host:", "host:port", "host:65536", "host:-1", "::1:8001", "unix:", ""])
def test_a_malformed_address_is_a_usage_error(address, tmp_path):
    for words in (["health", "--server"], ["serve", "--models", tmp_path, "--grpc"]):
        refused = run(*words, address)
        assert refused.returncode == 2 and "is no address" in refused.stderr
        assert "127.0.0.1:8001" in refused.stderr, "it shows how one is written"


def test_a_port_that_is_none_is_named(tmp_path):
    refused = run("serve", "--models", tmp_path, "--grpc", "localhost:99999")
    assert refused.returncode == 2 and "port 99999: a port is 0–65535" in refused.stderr


def test_nothing_is_logged_before_an_address_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run("serve", "--models", tmp_path, "--grpc", f"127.0.0.1:{taken.getsockname()[1]}")
    assert refused.returncode == 5 and len(refused.stderr.splitlines()) == 1


def test_every_bound_is_a_flag_that_names_itself(tmp_path):
    shown = run("serve", "--help").stdout
    for flag, wrong, expected in [
        ("max-message-size", "1", "a size from 1KiB to 2GiB"),
        ("stream-window", "4GiB", "a size from 16KiB to 1GiB"),
        ("handshake-timeout", "1us", "a time from 100ms to 1h"),
        ("reset-burst", "none", "a whole number from 1 to 1000000"),
        ("max-long-texts", "0", "a whole number from 1 to 100000"),
        ("stuck-after", "0", "a time from 100ms to 24h"),
        ("drain-delay", "2h", "a time from 0 to 1h"),
        ("drain-grace", "99999999h", "a time from 0 to 24h"),
    ]:
        assert f"--{flag} " in shown
        refused = run("serve", "--models", tmp_path, f"--{flag}", wrong)
        assert refused.returncode == 2
        assert f"--{flag} {wrong}: expected {expected}" in refused.stderr


def test_texts_of_a_server_cannot_drive_the_terminal(contract):
    messages, service = contract
    hostile = "\x1b[2J\x9b31m\u202etxet\u2066\x7f\rdone"
    shown = r"\u{1b}[2J\u{9b}31m\u{202e}txet\u{2066}\u{7f}\rdone"

    class Hostile(service.InferenceServicer):
        def ListModels(self, request, context):
            version = messages.ModelVersion(version="1", state=messages.STATE_FAILED, error=hostile)
            return messages.ListModelsResponse(
                models=[messages.ModelInfo(name="m", description=hostile, versions=[version])])

        def Predict(self, request, context):
            return messages.PredictResponse(predictions=[messages.Prediction(text=hostile)], model=hostile)

        def StreamPredict(self, request, context):
            yield messages.StreamPredictResponse(text=hostile + "\n\tnext", finish_reason=2, model=hostile)

        def Health(self, request, context):
            context.abort(grpc.StatusCode.INTERNAL, hostile)

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    service.add_InferenceServicer_to_server(Hostile(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        def said(*words):
            done = run(*words, "--server", f"127.0.0.1:{port}")
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", done.stdout + done.stderr), words
            return done
        assert said("models").stdout.count(shown) == 2
        assert shown in said("predict", "m", "text").stdout
        generated = said("generate", "m", "prompt")
        assert generated.stdout == shown + "\n\tnext\n" and shown in generated.stderr
        assert shown in said("health").stderr
        assert json.loads(said("models", "--json").stdout)[0]["description"] == hostile
        assert json.loads(said("predict", "m", "text", "--json").stdout)["model"] == hostile
    finally:
        server.stop(None)


def test_a_timeout_names_what_is_allowed():
    for wrong in ("0", "25h", "99999999h", "soon"):
        refused = run("health", "--timeout", wrong)
        assert refused.returncode == 2 and "expected a time from 1ms to 24h" in refused.stderr


def test_serve_without_models_says_what_to_do_or_takes_the_folder_here(tmp_path):
    refused = run("serve", cwd=tmp_path)
    assert refused.returncode == 2 and "--models DIR" in refused.stderr
    (tmp_path / "models").mkdir()
    # It gets as far as its address, which is taken.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        tried = run("serve", "--grpc", f"127.0.0.1:{taken.getsockname()[1]}", cwd=tmp_path)
    assert tried.returncode == 5 and "another" in tried.stderr


@pytest.mark.parametrize("option,inside,outside", [
    ("temperature", ["0", "10"], ["-1", "10.1", "nan"]),
    ("top-k", ["0", "1000000"], ["-1", "1000001"]),
    ("top-p", ["0.000001", "1"], ["0", "1.01"]),
    ("min-p", ["0", "1"], ["-0.1", "1.01"]),
    ("repetition-penalty", ["0.1", "10"], ["0", "0.05", "11"]),
    ("max-tokens", ["1", "1000000"], ["0"]),
])
def test_command_line_and_server_agree_on_sampling(server, option, inside, outside):
    def accepts(value):
        number = int(value) if option in ("top-k", "max-tokens") else float(value)
        try:
            stream = server.stream("storyteller", "Once", **{"max_tokens": 1, option.replace("-", "_"): number})
            next(stream)
            stream.cancel()
            return True
        except (grpc.RpcError, ValueError):  # protobuf itself takes no negative uint32
            return False

    for value, right in [(v, True) for v in inside] + [(v, False) for v in outside]:
        given = run("generate", "storyteller", "Once", "--max-tokens", "1", f"--{option}={value}",
                    "--server", server.address)
        assert accepts(value) == right, value
        assert given.returncode == (0 if right else 2), (value, given.stderr)
