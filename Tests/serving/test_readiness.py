"""When a server is ready, and what it says of models that cannot be loaded."""
import json
import os
import shutil
import struct

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import APUS, run


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
    result = run("health", "--server", server.address)
    assert result.returncode == 4 and "not ready" in result.stdout


def test_an_idle_server_takes_15_mb_with_everything_that_a_start_turns_on(start, tmp_path):
    """Both fronts, keys, usage and jobs on files: where they are made, and where they are found."""
    (tmp_path / "empty").mkdir()
    # As it is read from a disk. Of a file just written the kernel keeps larger pieces, and maps them whole.
    program = shutil.copy(APUS, tmp_path / "apus")
    with open(program, "rb") as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for _ in range(2):
        server = start(tmp_path / "empty", "--database", tmp_path / "apus.db", program=program)
        server.wait_for("not ready", reason="no model is installed")
        assert not serving(server)
        assert (tmp_path / "apus-jobs.db").exists()
        idle = server.memory()
        assert idle <= 15_000_000, f"{idle / 1e6:.1f} MB when idle"
        server.stop()


def spoil(path, tensor):
    """Puts a NaN into a tensor of floats."""
    with open(path, "r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        start, _ = json.loads(file.read(size))[tensor]["data_offsets"]
        file.seek(8 + size + start)
        file.write(struct.pack("<f", float("nan")))


def swap(path, one, other):
    """Exchanges two lines."""
    lines = path.read_text().split("\n")
    first, second = lines.index(one), lines.index(other)
    lines[first], lines[second] = other, one
    path.write_text("\n".join(lines))


def no_version(folder):
    folder.rename(folder.parent / "one")


@pytest.mark.parametrize("damage,words", [
    (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64), "model.safetensors"),
    (lambda folder: (folder / "config.json").write_text('{"architectures": ["GPT2Model"]}'), "config.json"),
    (lambda folder: (folder / "vocab.txt").write_text("one\ntwo\n"), "vocab.txt"),
    (lambda folder: swap(folder / "vocab.txt", "house", "horse"), "to 2160 they give `horse` and `house`"),
    (lambda folder: (folder / "config.json").unlink(), "a version folder holds"),
    (lambda folder: spoil(folder / "model.safetensors", "embeddings.word_embeddings.weight"),
     "tensor embeddings.word_embeddings.weight: there is a value that is no finite number"),
    (lambda folder: spoil(folder / "model.safetensors", "encoder.layer.5.attention.output.dense.weight"),
     "tensor encoder.layer.5.attention.output.dense.weight: there is a value that is no finite number"),
    (lambda folder: (folder.parent / "model.yaml").write_text("\nnope: 1"), "model.yaml:2: nope is no key"),
    (lambda folder: os.mkfifo(folder.parent / "model.yaml"), "not a regular file"),
    (lambda folder: (folder.parent / "model.yaml").write_text("queue_limit: 99"), "less than max_instances, 100"),
    (lambda folder: (folder.parent / "model.yaml").write_text("queue_tokens: 25599"), "less than 25600, the tokens of"),
    (no_version, "there is no version folder"),
])
def test_a_broken_model_stays_out_and_says_why(start, copy_model, damage, words):
    """Whatever is wrong with it: its files, its settings, its place."""
    folder = copy_model("minilm", "broken")
    damage(folder)
    server = start(folder.parents[1])
    problem = server.wait_for("not loaded", model="broken")["problem"]
    assert words in problem
    reason = server.wait_for("not ready", reason=f"no version of model broken could be loaded: {problem}")["reason"]
    listed = server.stub.ListModels(server.apus.ListModelsRequest()).models
    model = server.stub.GetModel(server.apus.GetModelRequest(name="broken")).model
    assert list(listed) == [model]
    assert [(v.state, v.error) for v in model.versions] == ([] if damage is no_version else [(3, problem)])
    assert model.error in ("", problem) and (model.error or model.versions)
    health = server.stub.Health(server.apus.HealthRequest())
    assert health.live and not health.ready and health.reason == reason
    assert [(m.name, m.state, m.error) for m in health.models] == [("broken", 3, problem)]
    assert problem in run("models", "--server", server.address).stdout
    with pytest.raises(grpc.RpcError) as caught:
        server.texts("broken", ["a"])
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("flags,ready", [([], False), (["--readiness", "all"], False), (["--readiness", "any"], True)])
def test_readiness_is_of_all_models_or_of_any(start, copy_model, flags, ready):
    folder = copy_model("minilm", "good").parents[1]
    (folder / "bad/1").mkdir(parents=True)
    server = start(folder, *flags)
    ask = lambda: server.stub.Health(server.apus.HealthRequest())
    server.until(lambda: "loading" not in ask().reason, "the end of loading")
    assert ask().ready == ready and ("bad" in ask().reason) != ready
    if ready:
        server.wait_for("ready", models=1, failed=1)
    server.until(lambda: serving(server) == ready, "the verdict in grpc.health.v1")
    assert server.stub.Health(server.apus.HealthRequest(model="good")).ready
    assert not server.stub.Health(server.apus.HealthRequest(model="bad")).ready
    assert len(server.texts("good", ["a"]).predictions) == 1


def test_any_is_not_none(start, tmp_path):
    (tmp_path / "models/bad/1").mkdir(parents=True)
    server = start(tmp_path / "models", "--readiness", "any")
    server.wait_for("not loaded", model="bad")
    assert not serving(server) and not server.stub.Health(server.apus.HealthRequest()).ready


@pytest.mark.parametrize("base,words", [
    (lambda folder: (folder / "minilm/model.yaml").write_text("nope: 1"), "minilm`, could not be loaded: "),
    (lambda folder: (folder / "minilm/1/config.json").write_text("{"), "minilm`, could not be loaded: "),
    (lambda folder: (folder / "minilm").rename(folder / "other"), "minilm`, is not there"),
])
def test_a_head_names_what_is_wrong_with_its_base(start, copy_model, base, words):
    folder = copy_model("minilm").parents[1]
    copy_model("sentiment")
    base(folder)
    server = start(folder)
    problem = server.wait_for("not loaded", model="sentiment")["problem"]
    assert words in problem
    if "could not" in words:
        assert problem.endswith(server.wait_for("not loaded", model="minilm")["problem"])


def test_a_context_that_is_cut_is_told(start, endless):
    (endless / "endless/model.yaml").write_text("max_context: 1000\n")
    server = start(endless)
    told = server.wait_for("shorter context than the model was made for")
    assert (told["tokens"], told["made_for"], told["raise"]) == (1000, 8192, "max_context")
    # It is told while the version loads.
    server.wait_for("ready")
    version = server.stub.GetModel(server.apus.GetModelRequest(name="endless")).model.versions[0]
    assert (version.context_length, version.trained_context_length) == (1000, 8192)
    assert "context 1000 (of 8192" in run("models", "--server", server.address).stdout
    (endless / "endless/model.yaml").write_text("kv_cache: 64KiB\n")
    assert start(endless).wait_for("shorter context than the model was made for")["raise"] == "kv_cache"


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
