"""Models from a bucket: a real S3-speaking server (moto, behind a proxy that can fail) and the real binary."""
import collections
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import boto3
import grpc
import pytest

from conftest import PATIENCE, ROOT, run
from versions import Load, answer, states, write_rows


class Bucket:
    """The bucket `models` with models below `m/`, and what a server needs to reach it."""

    def __init__(self, scratch):
        self.scratch, self.count = scratch, 0
        script = ROOT / "Tests/TestSupport/Servers/s3_server.py"
        self.process = subprocess.Popen(
            [sys.executable, script, json.dumps({"buckets": {"models": {}}})], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        facts = json.loads(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{facts['port']}"
        keys = {"aws_access_key_id": facts["access"], "aws_secret_access_key": facts["secret"]}
        self.s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{facts['store']}", region_name="us-east-1", **keys)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**clean, **{name.upper(): value for name, value in keys.items()},
                            "AWS_ENDPOINT_URL_S3": self.url, "AWS_REGION": "us-east-1"}

    def add(self, number, model="rows", **what):
        self.count += 1
        folder = self.scratch / f"upload-{self.count}"
        write_rows(folder, number, **what)
        for file in folder.iterdir():
            self.s3.put_object(Bucket="models", Key=f"m/{model}/{number}/{file.name}", Body=file.read_bytes())

    def remove(self, number, model="rows"):
        for item in self.s3.list_objects_v2(Bucket="models", Prefix=f"m/{model}/{number}/")["Contents"]:
            self.s3.delete_object(Bucket="models", Key=item["Key"])

    def settings(self, text, model="rows"):
        self.s3.put_object(Bucket="models", Key=f"m/{model}/model.yaml", Body=text.encode())

    def tell(self, path):
        urllib.request.urlopen(urllib.request.Request(self.url + path, b""), timeout=PATIENCE)

    def fail(self, kind, times=1):
        """The next requests for objects go wrong; those that hang go on."""
        self.tell(f"/_fault?kind={kind}&times={times}")

    def down(self, isDown):
        self.tell(f"/_down?now={int(isDown)}")

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def bucket(tmp_path):
    bucket = Bucket(tmp_path)
    bucket.add(1)
    yield bucket
    bucket.end()


@pytest.fixture
def serve(start, bucket, tmp_path):
    """Starts a server on the bucket that looks often and has one cache; ready unless told otherwise."""
    def make(*flags, models="s3://models/m", ready=True, **environment):
        server = start(models, "--s3-cache", tmp_path / "cache", "--s3-period", "200ms", "--models-period", "100ms",
                       *flags, env={**bucket.environment, **environment})
        if ready:
            server.wait_for("ready")
        return server
    return make


@pytest.fixture
def service(control):
    """What changes models: service(server).load("rows", "2")."""
    messages, rpc = control

    class Service:
        def __init__(self, server):
            self.stub = rpc.ModelControlStub(server.channel)

        def load(self, model="rows", version=""):
            return self.stub.LoadModel(messages.LoadModelRequest(model=model, version=version), timeout=PATIENCE).model

        def unload(self, model="rows", version=""):
            return self.stub.UnloadModel(
                messages.UnloadModelRequest(model=model, version=version), timeout=PATIENCE).model

        def roll_back(self, model="rows"):
            return self.stub.RollBackModel(messages.RollBackModelRequest(model=model), timeout=PATIENCE).model

        def label(self, label, version, share=0.0, model="rows"):
            return self.stub.SetLabel(messages.SetLabelRequest(
                model=model, label=label, version=version, share=share), timeout=PATIENCE).model
    return Service


def info(server, model="rows"):
    return server.stub.GetModel(server.apus.GetModelRequest(name=model), timeout=PATIENCE).model


def kept(tmp_path, model="rows"):
    """Numbers of the versions in the cache."""
    return sorted(int(each.name) for each in (tmp_path / "cache/models+m" / model).iterdir() if each.name.isdigit())


def test_a_server_starts_from_a_bucket(serve, bucket, tmp_path):
    bucket.settings("description: from afar\n")
    server = serve()
    assert answer(server) == (1, "1") and kept(tmp_path) == [1]
    fetched = server.wait_for("fetched", model="rows", version=1)
    assert fetched["ms"] > 0 and server.wait_for("fetching", model="rows", version=1)["files"] == 2
    shown = info(server)
    assert shown.source == "s3://models/m/" and shown.source_error == "" and shown.description == "from afar"
    assert [each.event for each in shown.events] == ["loaded", "fetched"]
    figures = server.metrics()
    assert figures['apus_model_fetches_total{outcome="fetched"}'] == 1 and figures["apus_model_cache_bytes"] > 0
    with urllib.request.urlopen(f"{server.http}/v1/models/rows", timeout=PATIENCE) as answered:
        model = json.load(answered)
    assert model["source"] == "s3://models/m/" and [each["event"] for each in model["events"]] == ["loaded", "fetched"]
    for secret in (bucket.environment["AWS_SECRET_ACCESS_KEY"], bucket.environment["AWS_ACCESS_KEY_ID"]):
        assert secret not in server.log_path.read_text()


def test_a_new_version_is_swapped_in_without_a_failed_call(serve, bucket):
    server = serve()
    loads = [Load(server) for _ in range(2)]
    for number in range(2, 7):
        bucket.add(number)
        server.wait_for("swapped", model="rows", to=number)
        server.wait_for("unloaded", model="rows", version=number - 1)
    for load in loads:
        load.stop()
    assert [str(failure) for load in loads for failure in load.failures] == []
    answers = sum((load.answers for load in loads), collections.Counter())
    assert all(str(int(number)) == version for number, version in answers)
    assert {version for _, version in answers} == set("123456") and states(server)["6"] == "READY"
    assert "swapped" in [each.event for each in info(server).events]


def test_only_what_should_answer_is_fetched(serve, bucket, service, tmp_path):
    for number in range(2, 6):
        bucket.add(number)
    server = serve()
    assert kept(tmp_path) == [5] and states(server) == {
        "5": "READY", "4": "UNLOADED", "3": "UNLOADED", "2": "UNLOADED", "1": "UNLOADED"}
    assert service(server).load(version="2").versions[3].version == "2"
    assert answer(server, "2") == (2, "2") and kept(tmp_path) == [2, 5]
    service(server).label("stable", "3", 1.0)
    assert answer(server) == (3, "3") and kept(tmp_path) == [2, 3, 5]
    # Rolling back fetches the version before; calls never meet a gap.
    service(server).label("stable", "")
    load = Load(server)
    service(server).roll_back()
    assert answer(server) == (4, "4") and kept(tmp_path) == [2, 3, 4, 5]
    assert load.stop().failures == []
    with pytest.raises(grpc.RpcError, match="has no version `9`") as caught:
        service(server).load(version="9")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_loading_by_name_looks_at_once(start, bucket, service, tmp_path):
    server = start("s3://models/m/", "--s3-cache", tmp_path / "cache", "--s3-period", "1h", env=bucket.environment)
    server.wait_for("ready")
    bucket.add(2)
    assert [each.version for each in service(server).load().versions] == ["2", "1"]
    assert answer(server) == (2, "2")


@pytest.mark.parametrize("damage", ["nan", "cut"])
def test_a_damaged_version_stays_out_until_it_is_mended(serve, bucket, damage):
    server = serve()
    bucket.add(2, damage=damage)
    server.wait_for("not loaded", model="rows", version=2)
    assert answer(server) == (1, "1") and states(server) == {"2": "FAILED", "1": "READY"}
    server.until(lambda: "load_failed" in [each.event for each in info(server).events], "the event")
    bucket.add(2)
    server.until(lambda: answer(server) == (2, "2"), "the mended version")


def test_a_download_that_breaks_off_is_no_version(serve, bucket, tmp_path):
    server = serve()
    # Every object is cut in the middle, more often than one fetch tries.
    bucket.fail("cut", 20)
    bucket.add(2)
    server.wait_for("not fetched", model="rows", version=2)
    assert answer(server) == (1, "1") and kept(tmp_path) == [1]
    failed = info(server)
    assert failed.versions[0].state == server.apus.STATE_FAILED and "ended too soon" in failed.versions[0].error, failed
    assert server.metrics()['apus_model_fetches_total{outcome="failed"}'] == 1
    bucket.fail("cut", 0)
    server.until(lambda: answer(server) == (2, "2"), "the fetch that goes well")
    assert kept(tmp_path) == [1, 2]


def test_slow_downloads_hold_nobody_up(serve, bucket):
    server = serve()
    load = Load(server)
    bucket.fail("hang", 100)
    bucket.add(2)
    server.until(lambda: states(server).get("2") == "FETCHING", "the fetch")
    with pytest.raises(grpc.RpcError, match="version 2 of model rows is still being fetched; retry soon"):
        answer(server, "2")
    count = len(load.times)
    server.until(lambda: len(load.times) > count + 20, "answers in the meantime")
    bucket.fail("hang", 0)
    server.wait_for("swapped", model="rows", to=2)
    assert load.stop().failures == []


def test_a_lost_bucket_keeps_what_is_here(serve, bucket, service):
    server = serve()
    bucket.down(True)
    lost = server.wait_for("source of models lost; what is here goes on answering", source="s3://models/m/")
    assert "S3 cannot be reached" in lost["problem"] or "S3" in lost["problem"]
    assert answer(server) == (1, "1") and server.metrics()["apus_model_sources_lost"] == 1
    shown = info(server)
    assert "S3" in shown.source_error and shown.events[0].event == "source_lost"
    ready = server.stub.Health(server.apus.HealthRequest(), timeout=PATIENCE)
    assert ready.ready
    bucket.add(2)
    with pytest.raises(grpc.RpcError, match="a source of models cannot be looked at") as caught:
        service(server).load(version="2")
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    bucket.down(False)
    server.wait_for("source of models is back", source="s3://models/m/")
    server.until(lambda: answer(server) == (2, "2"), "the version of meanwhile")
    assert server.metrics()["apus_model_sources_lost"] == 0 and info(server).source_error == ""


def test_without_s3_a_server_starts_from_its_cache(serve, bucket):
    assert serve().stop() == 0
    bucket.end()
    server = serve()
    assert answer(server) == (1, "1")
    server.wait_for("source of models lost; what is here goes on answering")
    assert "S3 cannot be reached" in info(server).source_error and answer(server) == (1, "1")


def test_without_s3_and_cache_it_says_what_is_missing(serve, bucket):
    bucket.end()
    server = serve(ready=False)
    server.wait_for("source of models lost; what is here goes on answering")
    health = server.until(lambda: (h := server.stub.Health(server.apus.HealthRequest(), timeout=PATIENCE))
                          and "S3 cannot be reached" in h.reason and h, "the reason")
    assert not health.ready and health.live


def test_wrong_credentials_are_named(serve, bucket, tmp_path):
    server = serve(ready=False, AWS_SECRET_ACCESS_KEY="wrong")
    lost = server.wait_for("source of models lost; what is here goes on answering")
    assert "SignatureDoesNotMatch" in lost["problem"] and "AWS_SECRET_ACCESS_KEY" in lost["problem"]
    server.stop()
    half = run("serve", "--models", "s3://models/m", "--s3-cache", tmp_path / "c", "--database", "memory",
               env={**bucket.environment, "AWS_SECRET_ACCESS_KEY": ""})
    assert half.returncode != 0 and "AWS_SECRET_ACCESS_KEY is missing" in half.stderr
    for models, reason in [("s3://UPPER/x", "is no bucket"), ("gs://models", "neither a folder nor s3://BUCKET/PREFIX"),
                           ("s3://models,s3://models", "twice")]:
        wrong = run("serve", "--models", models, "--s3-cache", tmp_path / "c", "--database", "memory",
                    env=bucket.environment)
        assert wrong.returncode != 0 and reason in wrong.stderr, wrong.stderr


def test_credentials_may_stand_in_the_shared_file(serve, bucket, tmp_path):
    file = tmp_path / "credentials"
    file.write_text(f"[default]\naws_access_key_id = nobody\naws_secret_access_key=x\n\n[apus]\n"
                    f"aws_access_key_id = {bucket.environment['AWS_ACCESS_KEY_ID']}\n"
                    f"aws_secret_access_key={bucket.environment['AWS_SECRET_ACCESS_KEY']}\n")
    server = serve(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_SHARED_CREDENTIALS_FILE=str(file),
                   AWS_PROFILE="apus")
    assert answer(server) == (1, "1")


def test_the_cache_keeps_its_bound(serve, bucket, service, tmp_path):
    """Versions of 1 MiB, and room for three: what was used least lately goes, never what answers."""
    for number in range(2, 7):
        bucket.add(number, padding=1 << 20)
    server = serve("--s3-cache-size", "3300KiB")
    for number in (2, 3, 4, 5):
        service(server).load(version=str(number))
        assert answer(server, str(number))[1] == str(number) and 6 in kept(tmp_path)
        service(server).unload(version=str(number))
        assert server.metrics()["apus_model_cache_bytes"] <= 3300 << 10
    assert kept(tmp_path) == [4, 5, 6]
    size = sum(file.stat().st_size for file in pathlib.Path(tmp_path / "cache").rglob("*") if file.is_file())
    assert size <= 3300 << 10
    # All that fits is in use: the next stays out, and says so.
    service(server).load(version="4"), service(server).load(version="5")
    with pytest.raises(grpc.RpcError, match="raise --s3-cache-size") as caught:
        service(server).load(version="3")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert [answer(server, version)[1] for version in "456"] == ["4", "5", "6"]


def test_a_version_that_left_the_bucket_goes(serve, bucket):
    bucket.add(2)
    server = serve()
    assert answer(server) == (2, "2")
    bucket.remove(2)
    server.until(lambda: answer(server) == (1, "1"), "the version before")
    server.wait_for("unloaded", model="rows", version=2)


def test_a_served_version_does_not_change(serve, bucket):
    server = serve()
    bucket.add(1, damage="nan")
    server.until(lambda: any("has other files now" in line.get("problem", "") for line in server.log()), "the warning")
    assert answer(server) == (1, "1") and states(server) == {"1": "READY"}


def test_a_folder_and_a_bucket_together(serve, bucket, tmp_path):
    write_rows(tmp_path / "here/mine/1", 7)
    write_rows(tmp_path / "here/rows/3", 3)
    server = serve(models=f"{tmp_path / 'here'},s3://models/m")
    assert answer(server) == (3, "3") and info(server).source == str(tmp_path / "here")
    assert info(server, "mine").versions[0].state == server.apus.STATE_READY
    server.until(lambda: any(line.get("problem", "").startswith("rows is in ") for line in server.log()), "the warning")
    bucket.add(1, model="other")
    server.until(lambda: "other" in [m.name for m in server.stub.ListModels(server.apus.ListModelsRequest()).models],
                 "the bucket's model")


# ---- What operators want, across restarts ----------------------------------------------------------


@pytest.fixture
def again(start, tmp_path):
    """Starts servers on one folder and one database, one after the other."""
    for number in (1, 2, 3):
        write_rows(tmp_path / f"served/rows/{number}", number)

    def make():
        server = start(tmp_path / "served", "--models-period", "100ms", "--database", tmp_path / "a.db",
                       "--jobs-database", "off")
        server.wait_for("ready")
        return server
    return make


def test_labels_and_pins_outlive_the_process(again, service):
    server = again()
    service(server).label("stable", "1", 0.25)
    service(server).label("canary", "3")
    service(server).load(version="2")
    server.process.kill()
    server.process.wait()
    server = again()
    assert states(server) == {"3": "READY", "2": "READY", "1": "READY"}
    assert [(each.label, each.version, each.share) for each in info(server).labels] == [
        ("canary", "3", 0), ("stable", "1", 0.25)]
    assert answer(server, "stable") == (1, "1")
    service(server).label("stable", "")
    server.stop()
    assert [each.label for each in info(again()).labels] == ["canary"]


def test_a_rollback_outlives_the_process(again, service):
    server = again()
    service(server).roll_back()
    assert answer(server) == (2, "2")
    server.stop()
    server = again()
    assert answer(server) == (2, "2") and states(server)["3"] == "UNLOADED"
    service(server).load(version="3")
    server.stop()
    assert answer(again()) == (3, "3")


def test_what_was_unloaded_stays_out(again, service, start, tmp_path):
    server = again()
    service(server).unload(version="3")
    server.stop()
    # Another server on the same folder has wishes of its own.
    other = start(tmp_path / "served", "--database", tmp_path / "b.db", "--jobs-database", "off")
    other.wait_for("ready")
    assert answer(other) == (3, "3")
    assert answer(again()) == (2, "2")


def test_rollbacks_of_a_bucket_hold_before_it_is_seen(serve, bucket, service, tmp_path):
    """The version that is held out is the newest in the cache, and S3 is down."""
    bucket.add(2)
    flags = ("--database", tmp_path / "a.db", "--jobs-database", "off")
    server = serve(*flags)
    service(server).roll_back()
    server.stop()
    bucket.end()
    assert answer(serve(*flags)) == (1, "1")


def test_a_label_whose_version_fails_changes_nothing(again, service, tmp_path):
    server = again()
    service(server).roll_back()
    server.wait_for("unloaded", model="rows", version=3)
    (tmp_path / "served/rows/3/head.safetensors").write_bytes(b"broken")
    with pytest.raises(grpc.RpcError, match="version 3 of model rows could not be loaded"):
        service(server).label("stable", "3", 1.0)
    assert not info(server).labels and answer(server) == (2, "2")
    # It is held out as before: mended, it does not come by itself.
    write_rows(tmp_path / "mended", 3)
    (tmp_path / "mended/head.safetensors").rename(tmp_path / "served/rows/3/head.safetensors")
    server.until(lambda: states(server)["3"] == "UNLOADED", "another look at version 3")
    assert answer(server) == (2, "2")


def test_an_operators_changes_are_told(again, service):
    server = again()
    service(server).label("stable", "2")
    service(server).roll_back()
    server.wait_for("labelled", model="rows", label="stable", version="2")
    server.wait_for("rolled back", model="rows", to=2)
    server.wait_for("unloaded", model="rows", version=3)
    events = {each.event: each for each in info(server).events}
    assert {"loaded", "labelled", "rolled_back", "unloaded"} <= set(events)
    assert events["rolled_back"].version == "2" and events["rolled_back"].detail == "from version 3"
    assert server.metrics()['apus_model_events_total{event="rolled_back"}'] == 1
