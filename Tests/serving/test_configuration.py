"""One apus.yaml, variables and flags: what is checked, shown, and taken over while calls go on."""
import json
import os
import re
import signal
import threading

import grpc
import pytest

import onnx_models
from conftest import PATIENCE, ROOT, run
from versions import Folder, answer, states

WRONG = """\
grpc:
  max_cals: 5
  max_message_size: 3MB
htpp: {}
models:
  minilm:
    queue_limit: many
"""


@pytest.fixture
def models(tmp_path):
    folder = Folder(tmp_path / "served")
    for number in (1, 2):
        folder.add(number)
    return folder


@pytest.fixture
def file(tmp_path):
    return tmp_path / "apus.yaml"


def values(text):
    """Lines of `config print` without the comments at their ends."""
    return [re.sub(r"\s+# .*", "", line) for line in text.splitlines()]


def ask(server, token="", version=""):
    request = server.apus.PredictRequest(model="rows", version=version, instances=[{"features": {"values": [0, 0]}}])
    metadata = [("x-api-key", token)] if token else []
    return server.stub.Predict(request, metadata=metadata, timeout=PATIENCE)


def reload(server, file, text):
    """Has a server read this, or find no file, and waits until it has said what came of it."""
    file.unlink() if text is None else file.write_text(text)
    def ends():
        return [line for line in server.log()
                if line["event"] == "configuration reloaded" or line["event"].startswith("configuration not")]
    before = len(ends())
    server.process.send_signal(signal.SIGHUP)
    server.until(lambda: len(ends()) > before, "a reload")
    return ends()[before:]


def lines(server, event):
    return [line for line in server.log() if line["event"] == event]


# ---- apus config

def test_check_names_line_and_fix_of_every_error(file):
    file.write_text(WRONG)
    checked = run("config", "check", file)
    assert checked.returncode == 1 and checked.stdout == ""
    assert checked.stderr.splitlines() == [
        f"{file}:2: grpc.max_cals is no key here; did you mean max_calls?",
        f"{file}:3: grpc.max_message_size: `3MB`: expected a size from 1KiB to 2GiB",
        f"{file}:4: htpp is no key; did you mean http?",
        f"{file}:7: models.minilm.queue_limit: `many`: expected a whole number from 1 to 1048576",
        "apus config check: 4 errors"]
    assert run("config", "check", "--config", file).stderr == checked.stderr
    file.write_text("grpc: {max_calls: 5}\n")
    checked = run("config", "check", file, cwd=file.parent)
    assert checked.returncode == 0 and checked.stdout == f"{file}: all is well\n" and checked.stderr == ""
    assert run("config", "check", file.parent / "none.yaml").returncode == 1
    assert run("config", "check", file, "--loops", "many").returncode == 2
    assert run("config").returncode == 2 and "config check, config print" in run("config").stderr


def test_check_reads_each_model_yaml(models, file):
    version = onnx_models.colours(models.root / "colours/1", labels=None)
    def check(*words):
        return run("config", "check", "--models", models.root, *words, cwd=file.parent)
    right = check()
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.splitlines() == ["no file: all is well", f"{models.root}: all is well with 1 model.yaml"]
    # Of the model itself nothing is read.
    (version / "model.onnx").write_bytes(b"nothing")
    assert check().returncode == 0
    (version / "model.yaml").write_text("tusk: values\nimage: {sizes: [8, 8]}\nqueue_limit: 3\n")
    (models.root / "rows/model.yaml").write_text("queue_limit: many\ncach: true\n")
    (models.root / "rows/2/model.yaml").write_text("task: values\n")
    wrong = check()
    assert wrong.returncode == 1
    told = wrong.stderr.splitlines()
    assert told[0] == f"{models.root}/rows/2/model.yaml is not read, for that is no ONNX graph; " \
        f"{models.root}/rows/model.yaml is"
    assert told[1:3] == [f"{version}/model.yaml:1: tusk is no key; did you mean task?", told[2]]
    assert told[2].startswith(f'{version}/model.yaml:2: image: "sizes" is not supported; supported are ')
    assert told[3] == f"{version}/model.yaml:3: queue_limit is no key; " \
        "did you mean queue_limit in the model.yaml beside the version's folder?"
    assert told[4:] == [
        f"{models.root}/rows/model.yaml:1: queue_limit: `many`: expected a whole number from 1 to 1048576",
        f"{models.root}/rows/model.yaml:2: cach is no key; did you mean cache?",
        "apus config check: 5 errors"]
    (version / "model.yaml").write_text("labels: names.txt\n")
    assert f"{models.root}/colours/names.txt: cannot be opened" in check().stderr
    (models.root / "colours/names.txt").write_text("red\n\ngreen\n" + "b" * 2000)
    assert f"{models.root}/colours/names.txt: expected 1 to" in check().stderr


def test_check_says_what_it_did_not_check(file):
    away = file.parent / "away"
    said = run("config", "check", "--models", f"{away},s3://models/prod", cwd=file.parent)
    assert said.returncode == 0 and said.stderr.splitlines() == [
        f"{away}: cannot read this folder: No such file or directory; no model.yaml there is checked",
        "s3://models/prod/: no model.yaml in a bucket is checked"]


def test_serve_refuses_a_wrong_file_with_all_its_errors(file, tmp_path):
    file.write_text(WRONG)
    refused = run("serve", "--config", file, "--models", tmp_path)
    assert refused.returncode == 5 and refused.stderr.count(f"{file}:") == 4


def test_the_example_is_right():
    checked = run("config", "check", ROOT / "deploy/apus.yaml")
    assert checked.returncode == 0, checked.stderr


def test_flags_go_before_variables_before_the_file(file):
    file.write_text("grpc: {max_calls: 1, max_connections: 1, reset_burst: 1}\n")
    shown = run("config", "print", "--max-calls", "3", env={
        **os.environ, "APUS_CONFIG": str(file), "APUS_MAX_CALLS": "2", "APUS_MAX_CONNECTIONS": "2",
        "APUS_HTTP": "off", "APUS_MAX_CALL": "9"})
    assert shown.returncode == 0
    for line, origin in [("max_calls: 3", "--max-calls"), ("max_connections: 2", "APUS_MAX_CONNECTIONS"),
                         ("reset_burst: 1", f"{file}:1"), ("address: off", "APUS_HTTP"), ("max_memory: 1GiB", "default")]:
        assert re.search(rf"^  {line} +# {re.escape(origin)}$", shown.stdout, re.M), shown.stdout
    assert shown.stderr == "APUS_MAX_CALL is no setting; did you mean APUS_MAX_CALLS?\n"


def test_what_is_printed_can_be_used_again(file, tmp_path):
    shown = run("config", "print", ROOT / "deploy/apus.yaml", "--threads", "3")
    file.write_text(shown.stdout)
    again = run("config", "print", file)
    assert again.returncode == 0 and values(again.stdout) == values(shown.stdout)
    assert "  threads: 3" in values(shown.stdout)
    # Here is where a file is looked for.
    assert run("config", "print", cwd=tmp_path).stdout.count("# apus.yaml:") > 50
    assert "# apus.yaml:" not in run("config", "print").stdout


def test_keys_are_made_in_the_configured_database(file, tmp_path):
    file.write_text(f"accounts: {{database: {tmp_path / 'from-file.db'}}}\n")
    assert run("keys", "create", "--owner", "me", cwd=tmp_path).returncode == 0
    assert (tmp_path / "from-file.db").exists() and not (tmp_path / "apus.db").exists()
    variable = {**os.environ, "APUS_DATABASE": "memory"}
    refused = run("keys", "list", cwd=tmp_path, env=variable)
    assert refused.returncode == 5 and "--server" in refused.stderr


# ---- A server with a file

def test_a_file_is_in_force(start, models, file):
    file.write_text("grpc: {max_message_size: 1KiB}\nmodels: {rows: {max_instances: 1, description: from the file}}\n")
    (models.root / "rows/model.yaml").write_text("max_instances: 7\nqueue_limit: 50\n")
    server = start(models.root, "--config", file)
    server.wait_for("ready")
    model = server.stub.GetModel(server.apus.GetModelRequest(name="rows"), timeout=PATIENCE).model
    assert model.description == "from the file"
    with pytest.raises(grpc.RpcError) as refused:
        server.stub.Predict(server.apus.PredictRequest(
            model="rows", instances=[{"features": {"values": [0, 0]}}] * 2), timeout=PATIENCE)
    assert "expected 1 to 1" in refused.value.details()
    with pytest.raises(grpc.RpcError) as refused:
        server.texts("rows", ["x" * 2000])
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_limit_changes_under_load_without_a_failed_call(start, models, file, tmp_path):
    database = tmp_path / "keys.db"
    made = run("keys", "create", "--owner", "me", "--json", "--database", database)
    token = json.loads(made.stdout)["token"]
    file.write_text("limits: {requests: 0}\n")
    server = start(models.root, "--config", file, "--database", database)
    server.wait_for("ready")
    failures, calls, isOver = [], [0], threading.Event()

    def load():
        while not isOver.is_set():
            try:
                ask(server, token)
                calls[0] += 1
            except grpc.RpcError as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for each in threads:
        each.start()
    try:
        for number in range(20):
            before = calls[0]
            reload(server, file, f"limits: {{requests: {(number % 2) * 10_000_000}, concurrent: {100 + number}}}\n")
            server.until(lambda: calls[0] > before + 20 or failures, "calls under the new limit")
    finally:
        isOver.set()
        for each in threads:
            each.join()
    assert not failures
    changes = [line for line in lines(server, "changed") if line["setting"] == "limits.concurrent"]
    assert [line["to"] for line in changes] == [str(100 + n) for n in range(20)]
    # Then one that bites, at once.
    reload(server, file, "limits: {requests: 1, window: 1h}\n")
    codes = []
    for _ in range(2):
        try:
            ask(server, token)
            codes.append(grpc.StatusCode.OK)
        except grpc.RpcError as error:
            codes.append(error.code())
    assert codes[-1] == grpc.StatusCode.RESOURCE_EXHAUSTED
    reload(server, file, "limits: {requests: 0}\n")
    assert ask(server, token).model == "rows"


def test_a_broken_file_leaves_the_old_one_in_force(start, models, file):
    file.write_text("log: {level: debug}\n")
    server = start(models.root, "--config", file)
    server.wait_for("ready")
    (end,) = reload(server, file, "log: {level: error}\n\ngrpc: {max_calls: 0}\nhtpp: {}\n")
    assert "the one before stays in force" in end["event"] and end["problems"] == 2
    assert [line["problem"] for line in lines(server, "configuration")] == [
        f"{file}:3: grpc.max_calls: `0`: expected a whole number from 1 to 10000000",
        f"{file}:4: htpp is no key; did you mean http?"]
    assert not lines(server, "changed")
    reload(server, file, None)
    assert "No such file" in lines(server, "configuration")[-1]["problem"]
    assert reload(server, file, "limits: {requests: 5}\n")[0]["changed"] == 2


def test_what_needs_a_restart_is_named(start, models, file):
    file.write_text("")
    server = start(models.root, "--config", file, "--max-connections", "50")
    server.wait_for("ready")
    text = "grpc: {max_calls: 5, max_connections: 7}\nmodels: {rows: {queue_limit: 500}}\n"
    for _ in range(2):
        (end,) = reload(server, file, text)
        assert end["changed"] == 0
    named = lines(server, "needs a restart")
    # A flag goes before the file, then as now.
    assert [line["setting"] for line in named] == ["grpc.max_calls", "models.rows.queue_limit", "grpc.max_calls"]
    assert (named[0]["in_force"], named[0]["configured"]) == ("16384", "5")
    assert reload(server, file, "")[0]["needs_restart"] == 1


def test_settings_of_models_change(start, models, file):
    file.write_text("")
    server = start(models.root, "--models-period", "100ms", "--config", file)
    server.wait_for("ready")

    def described():
        model = server.stub.GetModel(server.apus.GetModelRequest(name="rows"), timeout=PATIENCE).model
        return model.description, sorted(v.version for v in model.versions if v.state == server.apus.STATE_READY)

    assert described() == ("", ["2"])
    reload(server, file, "models: {rows: {description: new, keep_versions: 2}}\n")
    server.until(lambda: described() == ("new", ["1", "2"]), "both versions")


def test_the_chain_of_a_model_changes(start, models, file, control):
    file.write_text("")
    server = start(models.root, "--models-period", "100ms", "--config", file)
    server.wait_for("ready")
    desk = control[1].ModelControlStub(server.channel)
    desk.UnloadModel(control[0].UnloadModelRequest(model="rows"), timeout=PATIENCE)

    def stands_in():
        try:
            return list(ask(server).predictions[0].values.values)
        except grpc.RpcError:
            return None

    assert stands_in() is None
    reload(server, file, "models: {rows: {fallback: [previous, static: {values: [7]}]}}\n")
    assert lines(server, "changed")[-1]["to"] == "[previous, static: {values: [7.0]}]"
    server.until(lambda: stands_in() == [7], "the static answer")
    reload(server, file, "")
    server.until(lambda: stands_in() is None, "the end of the chain")


def test_the_level_of_the_log_changes(start, models, file):
    file.write_text("")
    server = start(models.root, "--config", file)
    server.wait_for("ready")
    ask(server)
    server.wait_for("call")
    file.write_text("log: {level: error}\n")
    server.process.send_signal(signal.SIGHUP)
    server.until(lambda: quiet(server), "calls without lines")


def quiet(server):
    before = len(lines(server, "call"))
    ask(server, version="2")
    ask(server, version="2")
    return len(lines(server, "call")) == before


def test_the_file_here_is_taken_and_the_last_of_many_signals_counts(start, models, file):
    file.write_text("server: {models_period: 100ms}\n")
    server = start(models.root, cwd=file.parent)
    server.wait_for("ready")
    for number in range(30):
        file.write_text(f"limits: {{requests: {1000 + number}}}\n")
        server.process.send_signal(signal.SIGHUP)
    # Written in place, a file may be seen when it is empty or half there: the next signal mends that.
    server.until(lambda: [line["to"] for line in lines(server, "changed")][-1:] == ["1029"], "the last limit")
    server.wait_for("configuration reloaded")
    assert len(lines(server, "configuration reloaded")) <= 30
    assert lines(server, "configuration reloaded")[0]["file"] == "apus.yaml"


# ---- Labels

def labels(server):
    model = server.stub.GetModel(server.apus.GetModelRequest(name="rows"), timeout=PATIENCE).model
    return {label.label: (label.version, round(label.share, 3)) for label in model.labels}


def test_labels_are_set_at_the_start_and_on_reload_and_go_before_those_of_others(start, models, file, control):
    file.write_text("models: {rows: {labels: {stable: {version: 1, share: 1}}}}\n")
    server = start(models.root, "--models-period", "100ms", "--config", file)
    server.wait_for("ready")
    # From the first answer on.
    assert labels(server) == {"stable": ("1", 1.0)}
    assert answer(server) == (1, "1") and answer(server, "stable") == (1, "1") and answer(server, "2") == (2, "2")
    desk = control[1].ModelControlStub(server.channel)
    desk.SetLabel(control[0].SetLabelRequest(model="rows", label="stable", version="2", share=0.2), timeout=PATIENCE)
    desk.SetLabel(control[0].SetLabelRequest(model="rows", label="mine", version="1", share=0.5), timeout=PATIENCE)
    reload(server, file, "models: {rows: {labels: {stable: 2, canary: {version: 1, share: 0.9}}}}\n")
    assert labels(server) == {"stable": ("2", 0.0), "canary": ("1", 0.9)}
    # Without a word about labels they stay; with an empty one they go.
    reload(server, file, "models: {rows: {}}\n")
    assert "canary" in labels(server)
    reload(server, file, "models: {rows: {labels: {}}}\n")
    assert labels(server) == {}


def test_versions_of_labels_are_not_remembered_as_asked_for(start, models, file, tmp_path):
    def begin():
        server = start(models.root, "--models-period", "100ms", "--config", file, "--database", tmp_path / "apus.db")
        server.wait_for("ready")
        return server

    file.write_text("models: {rows: {labels: {stable: 1}}}\n")
    begin().stop()
    server = begin()
    assert states(server) == {"2": "READY", "1": "READY"}
    reload(server, file, "models: {rows: {labels: {stable: 2}}}\n")
    server.wait_for("unloaded", model="rows", version=1)
    server.stop()
    assert states(begin()) == {"2": "READY", "1": "UNLOADED"}


def test_labels_wait_for_their_version(start, models, file):
    file.write_text("models: {rows: {labels: {next: 3}}, ghost: {labels: {stable: 1}}}\n")
    server = start(models.root, "--models-period", "100ms", "--config", file)
    server.wait_for("ready")
    assert server.wait_for("labels cannot be set yet", model="rows")["problem"].startswith("model rows has no version `3`")
    server.wait_for("labels cannot be set yet", model="ghost")
    models.add(3)
    server.wait_for("labelled", model="rows", label="next")
    assert answer(server, "next") == (3, "3")
