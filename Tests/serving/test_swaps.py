"""Versions that come, go and are swapped while calls go on."""
import collections
import json
import pathlib
import statistics
import time
import urllib.request

import grpc
import numpy
import pytest
from safetensors.numpy import save_file

from conftest import MODELS, PATIENCE
from versions import Folder, Load, answer, states


@pytest.fixture
def models(tmp_path):
    folder = Folder(tmp_path / "served")
    folder.add(1)
    return folder


@pytest.fixture
def serving(start, models, control):
    """A server on that folder that looks often, and its control."""
    server = start(models.root, "--models-period", "100ms")
    server.wait_for("ready")
    return server, control[1].ModelControlStub(server.channel), control[0]


def test_a_new_version_takes_the_traffic_and_the_old_one_goes(serving, models):
    server, *_ = serving
    assert answer(server) == (1, "1")
    models.add(2)
    server.wait_for("unloaded", model="rows", version=1)
    assert answer(server) == (2, "2") and states(server) == {"2": "READY", "1": "UNLOADED"}
    with pytest.raises(grpc.RpcError, match="version 1 of model rows is not loaded; LoadModel loads it"):
        answer(server, "1")


def test_a_hundred_swaps_under_load_fail_no_call(serving, models, control):
    server, service, messages = serving
    loads = [Load(server) for _ in range(4)]
    server.until(lambda: all(len(each.times) > 300 for each in loads), "calls")
    calm = [len(each.times) for each in loads]
    for number in range(2, 102):
        models.add(number)
        service.LoadModel(messages.LoadModelRequest(model="rows"), timeout=PATIENCE)
        models.remove(number - 1)
    for each in loads:
        each.stop()
    assert [str(failure) for each in loads for failure in each.failures] == []
    answers = sum((each.answers for each in loads), collections.Counter())
    # Every answer is whole: the number is that of the version that it names.
    assert all(str(int(number)) == version for number, version in answers)
    assert len({version for _, version in answers}) > 50 and answer(server) == (101, "101")
    before = sorted(time for each, count in zip(loads, calm) for time in each.times[:count])
    during = sorted(time for each, count in zip(loads, calm) for time in each.times[count:])
    print(f"\n100 swaps under {len(during)} calls: p99 {1e3 * during[len(during) * 99 // 100]:.2f} ms, "
          f"calm {1e3 * before[len(before) * 99 // 100]:.2f} ms, median {1e3 * statistics.median(during):.2f} ms")


@pytest.mark.parametrize("damage", ["nan", "cut"])
def test_a_version_that_fails_stays_out(serving, models, control, damage):
    server, service, messages = serving
    models.add(2, damage=damage)
    server.wait_for("not loaded", model="rows", version=2)
    assert answer(server) == (1, "1") and states(server) == {"2": "FAILED", "1": "READY"}
    with pytest.raises(grpc.RpcError, match="version 2 of model rows could not be loaded") as caught:
        service.LoadModel(messages.LoadModelRequest(model="rows", version="2"), timeout=PATIENCE)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert answer(server) == (1, "1")
    # Mended, it is tried again by itself.
    models.remove(2)
    server.until(lambda: states(server) == {"1": "READY"}, "the version's end")
    models.add(2)
    server.until(lambda: answer(server) == (2, "2"), "the mended version")
    assert server.metrics()['apus_model_loads_total{outcome="failed"}'] >= 1


def test_a_version_in_place_is_tried_again_when_its_files_change(serving, models):
    server, *_ = serving
    models.add(2, damage="cut")
    server.wait_for("not loaded", model="rows", version=2)
    save_file({"classifier.weight": numpy.zeros((1, 2), numpy.float32),
               "classifier.bias": numpy.array([2], numpy.float32)}, models.root / "rows/2/head.safetensors")
    server.until(lambda: answer(server) == (2, "2"), "the mended version")


def rows(server, count):
    request = server.apus.PredictRequest(model="rows", instances=[{"features": {"values": [0, 0]}}] * count)
    return server.stub.Predict(request, timeout=PATIENCE)


def test_settings_that_change_under_a_loaded_version_are_told_of(serving, models, control):
    server, service, messages = serving
    file = models.root / "rows/model.yaml"
    file.write_text("max_instances: 1\ndescription: taken over at once\n")
    line = server.wait_for("settings of a loaded version changed", model="rows", version=1)
    assert line["keys"] == "max_instances" and "unload the version and load it again" in line["advice"]
    info = server.stub.GetModel(server.apus.GetModelRequest(name="rows")).model
    assert info.description == "taken over at once"
    assert info.events[0].event == "files_changed" and info.events[0].detail.startswith("max_instances; ")
    assert len(rows(server, 2).predictions) == 2
    service.UnloadModel(messages.UnloadModelRequest(model="rows"), timeout=PATIENCE)
    service.LoadModel(messages.LoadModelRequest(model="rows"), timeout=PATIENCE)
    with pytest.raises(grpc.RpcError, match="expected 1 to 1"):
        rows(server, 2)
    # What is taken over needs no word. At once: a file half written says something else.
    made = models.root / ".made"
    made.write_text("max_instances: 1\ndescription: again\n")
    made.rename(file)
    def described():
        return server.stub.GetModel(server.apus.GetModelRequest(name="rows")).model.description
    server.until(lambda: described() == "again", "the description")
    assert len([line for line in server.log() if line["event"].startswith("settings of")]) == 1


def test_a_broken_model_yaml_leaves_what_it_said_in_force(serving, models):
    server, *_ = serving
    file = models.root / "rows/model.yaml"
    file.write_text("keep_versions: 2\ndescription: both\n")
    models.add(2)
    server.until(lambda: states(server) == {"2": "READY", "1": "READY"}, "both versions")
    file.write_text("keep_versons: 2\n")
    assert "did you mean keep_versions?" in server.wait_for("not loaded", model="rows")["problem"]
    # Another model has been taken up: so many looks later.
    models.add(1, model="other")
    server.wait_for("loaded", model="other")
    assert states(server) == {"2": "READY", "1": "READY"}
    assert server.stub.GetModel(server.apus.GetModelRequest(name="rows")).model.description == "both"


def test_a_version_that_its_settings_kept_out_is_tried_again(serving, models):
    server, *_ = serving
    (models.root / "late").mkdir()
    file = models.root / "late/model.yaml"
    file.write_text("fallback: [static: {label: neutral}]\n")
    models.add(1, model="late")
    assert "of another kind than the model's own" in server.wait_for("not loaded", model="late")["problem"]
    file.write_text("fallback: [static: {values: [7]}]\n")
    server.wait_for("loaded", model="late")


def test_labels_share_the_traffic(serving, models):
    server, service, messages = serving
    models.add(2)
    server.until(lambda: answer(server) == (2, "2"), "version 2")
    def label(name, version, share=0.0):
        service.SetLabel(messages.SetLabelRequest(model="rows", label=name, version=version, share=share),
                         timeout=PATIENCE)
    label("stable", "1")
    assert states(server) == {"2": "READY", "1": "READY"}
    assert answer(server, "stable") == (1, "1") and answer(server, "latest") == (2, "2")
    label("stable", "1", 0.75)
    drawn = collections.Counter(answer(server)[1] for _ in range(400))
    # Binomial(400, 0.75): outside 240 … 350 about once in 10^12 runs.
    assert 240 < drawn["1"] < 350 and set(drawn) == {"1", "2"}
    info = server.stub.GetModel(server.apus.GetModelRequest(name="rows")).model
    assert [(each.label, each.version, each.share) for each in info.labels] == [("stable", "1", 0.75)]
    with pytest.raises(grpc.RpcError, match="0.25 are left"):
        label("canary", "2", 0.5)
    for wrong in ("latest", "7", "UP", ""):
        with pytest.raises(grpc.RpcError, match="label: expected 1 to 64"):
            label(wrong, "1")
    label("stable", "")
    server.wait_for("unloaded", model="rows", version=1)
    assert collections.Counter(answer(server)[1] for _ in range(20)) == {"2": 20}


def test_a_label_goes_with_its_version(serving, models):
    server, service, messages = serving
    models.add(2)
    server.until(lambda: answer(server) == (2, "2"), "version 2")
    service.SetLabel(messages.SetLabelRequest(model="rows", label="old", version="1"), timeout=PATIENCE)
    models.remove(1)
    server.until(lambda: not server.stub.GetModel(server.apus.GetModelRequest(name="rows")).model.labels, "its end")
    assert server.wait_for("labelled", model="rows", version="none")["label"] == "old"


def test_rolling_back_and_forth(serving, models):
    server, service, messages = serving
    with pytest.raises(grpc.RpcError, match="no version before"):
        service.RollBackModel(messages.RollBackModelRequest(model="rows"), timeout=PATIENCE)
    models.add(2)
    server.until(lambda: answer(server) == (2, "2"), "version 2")
    load = Load(server)
    service.RollBackModel(messages.RollBackModelRequest(model="rows"), timeout=PATIENCE)
    assert answer(server) == (1, "1")
    # It stays out though its folder is there, until somebody asks for it.
    server.wait_for("unloaded", model="rows", version=2)
    service.LoadModel(messages.LoadModelRequest(model="rows", version="2"), timeout=PATIENCE)
    assert answer(server) == (2, "2")
    assert load.stop().failures == []


def test_unloading_over_http(serving):
    server, *_ = serving
    def post(path, body):
        request = urllib.request.Request(
            server.http + path, json.dumps(body).encode(), {"content-type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=PATIENCE))
    assert post("/v1/models/rows/unload", {})["versions"][0]["state"] == "unloaded"
    with pytest.raises(grpc.RpcError, match="no version of model rows is loaded; LoadModel loads one"):
        answer(server)
    # Whoever asks about the model hears so; the server is as its operator wants it.
    health = server.stub.Health(server.apus.HealthRequest(model="rows"), timeout=PATIENCE)
    assert not health.ready and health.reason == "no version of model rows is loaded"
    assert server.stub.Health(server.apus.HealthRequest(), timeout=PATIENCE).ready
    assert post("/v1/models/rows/load", {"model_version": "1"})["versions"][0]["state"] == "ready"
    assert answer(server) == (1, "1")


def test_memory_comes_back(start, tmp_path, control):
    """A language model of 72 MiB is swapped: what the old version had goes back to the system."""
    root = tmp_path / "served"
    (root / "story").mkdir(parents=True)
    source = (MODELS / "storyteller/1").resolve()
    (root / "story/1").symlink_to(source)
    server = start(root, "--models-period", "100ms")
    server.wait_for("ready")
    messages, rpc = control
    service = rpc.ModelControlStub(server.channel)
    def settled(number):
        server.stub.GetModel(server.apus.GetModelRequest(name="story"))
        list(server.stub.StreamPredict(server.apus.StreamPredictRequest(
            model="story", prompt="Once", sampling={"max_tokens": 5}), timeout=PATIENCE))
        return server.memory()
    first = settled(1)
    sizes = []
    for number in range(2, 8):
        (root / f"story/{number}").symlink_to(source)
        service.LoadModel(messages.LoadModelRequest(model="story"), timeout=PATIENCE)
        server.wait_for("unloaded", model="story", version=number - 1)
        sizes.append(settled(number))
    server.until(lambda: server.memory() < first + (16 << 20), f"the memory of {first}, now {sizes},")
    service.UnloadModel(messages.UnloadModelRequest(model="story"), timeout=PATIENCE)
    server.until(lambda: server.memory() < first - (24 << 20), f"the memory of the last, {server.memory()},")


def test_a_stream_outlives_its_version(start, endless, control):
    server = start(endless, "--models-period", "100ms")
    server.wait_for("ready")
    messages, rpc = control
    service = rpc.ModelControlStub(server.channel)
    stream = server.stream("endless", "a", max_tokens=3000)
    next(stream)
    (endless / "endless/2").symlink_to(endless / "endless/1")
    service.LoadModel(messages.LoadModelRequest(model="endless"), timeout=PATIENCE)
    assert states(server, "endless")["1"] == "UNLOADING"
    last = collections.deque(stream, 1)[0]
    assert last.version == "1" and last.usage.completion_tokens == 3000
    server.wait_for("unloaded", model="endless", version=1)


def test_nobody_waits_awake_for_a_stream(start, endless, control):
    """While a stream holds an old version, the thread that waits for its end sleeps."""
    server = start(endless, "--models-period", "1h")
    server.wait_for("ready")
    messages, rpc = control
    stream = server.stream("endless", "a", max_tokens=3000)
    next(stream)
    (endless / "endless/2").symlink_to(endless / "endless/1")
    rpc.ModelControlStub(server.channel).LoadModel(messages.LoadModelRequest(model="endless"), timeout=PATIENCE)
    keeper = next(task for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
                  if (task / "comm").read_text() == "models\n")

    def wakes():
        return next(int(line.split()[1]) for line in (keeper / "status").read_text().splitlines()
                    if line.startswith("voluntary_ctxt_switches"))
    before, begin = wakes(), time.monotonic()
    time.sleep(1)
    # Once a second it looks whether memory can go back; it used to look for the stream's end 100 times.
    assert wakes() - before < 20 * (time.monotonic() - begin)
    assert states(server, "endless")["1"] == "UNLOADING"
    collections.deque(stream, 1)
    server.wait_for("unloaded", model="endless", version=1)
