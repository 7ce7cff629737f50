"""What is to go: its callers are told, counted by key, and refused after the sunset if the file says so."""
import json
import signal
import urllib.error
import urllib.request

import grpc
import pytest

from conftest import PATIENCE, run
from versions import Folder

LINK = 'rel="deprecation"'
TOLD = """\
limits: {requests: 0}
models: {rows: {keep_versions: 2}}
deprecated:
  - {model: rows, version: 1, since: 2026-01-01, sunset: 2099-01-01, link: "https://example.com/rows"}
  - {rpc: /apus.v1.Inference/ListModels, since: 2026-02-01, sunset: 2026-03-01}
  - {route: POST /v1/predict, since: 2025-01-01, successor: "https://example.com/v2"}
"""
GONE = """\
limits: {requests: 0}
models: {rows: {keep_versions: 2}}
deprecated:
  - {model: rows, version: 1, since: 2026-01-01, sunset: 2026-02-01, successor: "https://example.com/rows",
     refuse_after_sunset: true}
  - {rpc: /apus.v1.Inference/ListModels, since: 2026-01-01, sunset: 2026-02-01, successor: "https://example.com/v2",
     refuse_after_sunset: true}
  - {route: /v1/generate, since: 2026-01-01, sunset: 2026-02-01, refuse_after_sunset: true}
  - {route: GET /openapi.json, since: 2026-01-01, sunset: 2026-02-01, refuse_after_sunset: true}
"""

PASSED = """\
models: {rows: {keep_versions: 2}}
deprecated:
  - {model: rows, version: 1, since: 2026-01-01, sunset: 2026-02-01}
  - {model: rows, version: 2, since: 2026-01-01, sunset: 2026-02-01, refuse_after_sunset: true}
"""


@pytest.fixture
def made(tmp_path):
    """Makes keys; each is an object with its `key` and `token`."""
    def make(*flags):
        words = ["--owner", "late", "--json", "--database", tmp_path / "keys.db", *flags]
        return json.loads(run("keys", "create", *words).stdout)
    return make


@pytest.fixture
def token(made):
    return made()


@pytest.fixture
def serve(start, tmp_path, token):
    models = Folder(tmp_path / "served")
    for number in (1, 2):
        models.add(number)
    file = tmp_path / "apus.yaml"

    def make(text):
        file.write_text(text)
        server = start(models.root, "--config", file, "--database", tmp_path / "keys.db")
        server.wait_for("ready")
        server.until(lambda: len(ready(server, token)) == 2, "both versions")
        return server
    make.file = file
    return make


def ready(server, token):
    with server.open() as channel:
        answer = type(server.stub)(channel).GetModel(
            server.apus.GetModelRequest(name="rows"), metadata=key(token), timeout=PATIENCE)
    return {v.version: v for v in answer.model.versions if v.state == server.apus.STATE_READY}


def key(token):
    return [("x-api-key", token["token"])]


def request(server, version=""):
    return server.apus.PredictRequest(model="rows", version=version, instances=[{"features": {"values": [0, 0]}}])


def told(metadata):
    return [(k, v) for k, v in metadata if k in ("deprecation", "sunset", "link")]


def http(server, path, token=None, body=None):
    """Status, the fields that tell of an end, and what the body says."""
    headers = {"content-type": "application/json"} | (dict(key(token)) if token else {})
    wanted = urllib.request.Request(server.http + path, json.dumps(body).encode() if body else None, headers)
    try:
        with urllib.request.urlopen(wanted, timeout=PATIENCE) as answer:
            return answer.status, told(answer.headers.items()), json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, told(error.headers.items()), json.load(error)


def counted(server, family):
    start = f"apus_deprecated_{family}_total{{"
    return {name[len(start):-1]: value for name, value in server.metrics().items() if name.startswith(start)}


def test_callers_are_told_and_counted(serve, token):
    server, name = serve(TOLD), token["key"]["id"]
    _, call = server.stub.Predict.with_call(request(server, "1"), metadata=key(token), timeout=PATIENCE)
    assert told(call.initial_metadata()) == [
        ("deprecation", "@1767225600"), ("sunset", "Thu, 01 Jan 2099 00:00:00 GMT"),
        ("link", f"<https://example.com/rows>; {LINK}")]
    _, call = server.stub.Predict.with_call(request(server, "2"), metadata=key(token), timeout=PATIENCE)
    assert told(call.initial_metadata()) == []
    # The route and the version go together; past its sunset a method without refusal is served.
    body = {"model": "rows", "model_version": "1", "inputs": [[0, 0]]}
    assert http(server, "/v1/predict", token, body)[:2] == (200, [
        ("deprecation", "@1735689600"), ("sunset", "Thu, 01 Jan 2099 00:00:00 GMT"),
        ("link", '<https://example.com/v2>; rel="successor-version"'), ("link", f"<https://example.com/rows>; {LINK}")])
    status, fields, listed = http(server, "/v1/models", token)
    assert (status, fields) == (200, [("deprecation", "@1769904000"), ("sunset", "Sun, 01 Mar 2026 00:00:00 GMT")])
    versions = {v["model_version"]: v.get("deprecation") for v in listed["data"][0]["versions"]}
    assert versions == {"2": None, "1": {"deprecated_at": "2026-01-01T00:00:00Z", "sunset_at": "2099-01-01T00:00:00Z",
                                         "link": "https://example.com/rows", "gone": False}}
    paths = http(server, "/openapi.json")[2]["paths"]
    assert [(path, method) for path, methods in paths.items() for method, operation in methods.items()
            if operation.get("deprecated")] == [("/v1/predict", "post")]
    # Whose key is wrong is counted, and told of the route alone.
    assert http(server, "/v1/predict", {"token": "nonsense"}, body)[:2] == (401, [
        ("deprecation", "@1735689600"), ("link", '<https://example.com/v2>; rel="successor-version"')])
    assert counted(server, "calls") == {
        f'what="model",name="rows/1",key="{name}"': 2, f'what="rpc",name="/apus.v1.Inference/ListModels",key="{name}"': 1,
        f'what="route",name="POST /v1/predict",key="{name}"': 1, 'what="route",name="POST /v1/predict",key="(unknown)"': 1}
    assert counted(server, "refusals") == {}
    assert server.wait_for("call", deprecated="model rows/1")["key"] == name
    described = ready(server, token)
    shown = run("models", "--server", server.address, "--key", token["token"]).stdout
    assert shown.count("deprecated, sunset 2099-01-01T00:00:00Z") == 1
    assert described["1"].deprecation.sunset_at == 4070908800 and not described["2"].HasField("deprecation")


def test_what_has_gone_is_refused_and_charged_to_nobody(serve, made):
    token = made("--requests", 1)
    server = serve(GONE)
    for _ in range(6):
        with pytest.raises(grpc.RpcError) as refused:
            server.stub.Predict(request(server, "1"), metadata=key(token), timeout=PATIENCE)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.RpcError) as refused:
            server.stub.ListModels(server.apus.ListModelsRequest(), metadata=key(token), timeout=PATIENCE)
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert refused.value.details() == (
        "rpc /apus.v1.Inference/ListModels has gone: deprecated since 2026-01-01T00:00:00Z, its sunset was "
        "2026-02-01T00:00:00Z; use https://example.com/v2 instead")
    assert ("sunset", "Sun, 01 Feb 2026 00:00:00 GMT") in told(refused.value.trailing_metadata())
    body = {"model": "rows", "model_version": "1", "inputs": [[0, 0]]}
    status, fields, answer = http(server, "/v1/predict", token, body)
    assert status == 410 and answer["error"]["code"] == "GONE" and "rows/1 has gone" in answer["error"]["message"]
    assert fields == [("deprecation", "@1767225600"), ("sunset", "Sun, 01 Feb 2026 00:00:00 GMT"),
                      ("link", '<https://example.com/rows>; rel="successor-version"')]
    assert http(server, "/v1/models", token)[0] == 410
    status, fields, answer = http(server, "/openapi.json")
    assert status == 410 and answer["error"]["code"] == "GONE" and len(fields) == 2
    assert http(server, "/v1/generate", token, {"model": "rows", "prompt": "a"})[0] == 410
    name = token["key"]["id"]
    expected = {
        f'what="model",name="rows/1",key="{name}"': 7, f'what="rpc",name="/apus.v1.Inference/ListModels",key="{name}"': 7,
        'what="route",name="GET /openapi.json",key="anonymous"': 1, f'what="route",name="/v1/generate",key="{name}"': 1}
    assert counted(server, "refusals") == counted(server, "calls") == expected
    assert server.wait_for("request", route="/openapi.json", status=410)["deprecated"] == "route GET /openapi.json"
    line = server.wait_for("call", status="UNIMPLEMENTED")
    assert line["deprecated"] == "rpc /apus.v1.Inference/ListModels" and line["key"] == name
    # The key's one request is left, whatever was refused.
    assert server.stub.Predict(request(server), metadata=key(token), timeout=PATIENCE).version == "2"


def test_whoever_looks_at_a_model_sees_what_has_gone(serve, made):
    token = made("--requests", 0)
    server = serve(GONE)
    described = ready(server, token)
    assert described["1"].deprecation.gone and described["1"].deprecation.successor == "https://example.com/rows"
    assert not described["2"].HasField("deprecation")
    versions = {v["model_version"]: v.get("deprecation") for v in http(server, "/v1/models/rows", token)[2]["versions"]}
    assert versions == {"2": None, "1": {
        "deprecated_at": "2026-01-01T00:00:00Z", "sunset_at": "2026-02-01T00:00:00Z",
        "link": "https://example.com/rows", "successor": "https://example.com/rows", "gone": True}}
    ready_at = {v: http(server, f"/v2/models/rows/versions/{v}/ready")[0] for v in "12"}
    assert ready_at["2"] == 200 != ready_at["1"]


def test_a_passed_sunset_alone_is_no_end(serve, token):
    """What nobody said, such as where to read about it, is in neither JSON."""
    server = serve(PASSED)
    words = ["models", "--server", server.address, "--key", token["token"]]
    shown = run(*words).stdout
    assert shown.count("deprecated, sunset 2026-02-01T00:00:00Z") == 1
    assert shown.count("deprecated, refused since 2026-02-01T00:00:00Z") == 1
    listed = json.loads(run(*words, "--json").stdout)[0]["versions"]
    assert {v["version"]: v["deprecation"] for v in listed} == {
        v: {"deprecated_at": 1767225600, "sunset_at": 1769904000, "gone": v == "2"} for v in "12"}
    listed = http(server, "/v1/models", token)[2]["data"][0]["versions"]
    assert {v["model_version"]: v["deprecation"] for v in listed} == {
        v: {"deprecated_at": "2026-01-01T00:00:00Z", "sunset_at": "2026-02-01T00:00:00Z", "gone": v == "2"} for v in "12"}


def test_a_changed_file_is_taken_over(serve, token):
    server = serve(GONE.split("deprecated")[0])
    serve.file.write_text(GONE)
    server.process.send_signal(signal.SIGHUP)
    changed = server.wait_for("changed", setting="deprecated model rows/1")
    assert changed["from"] == "not deprecated" and changed["to"].startswith("since 2026-01-01T00:00:00Z, sunset 2026-02")
    assert server.wait_for("configuration reloaded")["needs_restart"] == 0
    assert http(server, "/openapi.json")[0] == 410
    serve.file.write_text(GONE.split("deprecated")[0])
    server.process.send_signal(signal.SIGHUP)
    server.until(lambda: http(server, "/openapi.json")[0] == 200, "the route")


def test_check_names_line_and_fix(tmp_path):
    file = tmp_path / "apus.yaml"
    file.write_text("deprecated:\n  - {rpc: /apus.v1.Inference/Predit, since: 2026-01-01}\n"
                    "  - {route: /v1/predict, since: 2026-01-02, sunset: 2026-01-01}\n")
    checked = run("config", "check", file)
    assert checked.returncode == 1 and checked.stderr.splitlines()[:2] == [
        f"{file}:2: deprecated[0].rpc: there is no method `/apus.v1.Inference/Predit`; "
        "did you mean /apus.v1.Inference/Predict?",
        f"{file}:3: deprecated[1].sunset: it ends before it is deprecated (since 2026-01-02T00:00:00Z)"]
