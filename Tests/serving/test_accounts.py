"""Keys, limits and usage of the real server, over both fronts, as clients and operators meet them."""
import collections
import concurrent.futures
import http.client
import json
import re
import signal
import time
import urllib.error
import urllib.request

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool

from conftest import APUS, PATIENCE, run

OPEN_METHODS = {
    "/apus.v1.Inference/Health", "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady", "/inference.GRPCInferenceService/ModelReady",
    "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}
OPEN_ROUTES = {
    "/health", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/v2/health/live", "/v2/health/ready",
    "/v2/models/{name}/ready", "/v2/models/{name}/versions/{version}/ready"}


class Office:
    """Makes keys in a database's file, as an operator does."""

    def __init__(self, database):
        self.database = database

    def __call__(self, *words):
        done = run("keys", *words, "--database", self.database)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def key(self, owner, *flags):
        return json.loads(self("create", "--owner", owner, "--json", *flags))["token"]


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path / "apus.db")


@pytest.fixture
def guarded(start, office, folder):
    """A server whose database holds an administrator's key, and that key."""
    token = office.key("boss", "--admin")
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    return server, token


def known(token):
    """Call options with a key."""
    return {"metadata": [("authorization", f"Bearer {token}")], "timeout": PATIENCE}


def request(server):
    return server.apus.PredictRequest(model="rows", instances=[{"features": {"values": range(10)}}])


def code_of(call):
    try:
        call()
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def fetch(server, method, path, body=None, **headers):
    """(status, headers, body) of an HTTP request."""
    connection = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=PATIENCE)
    if body is not None:
        headers["content-type"] = "application/json"
        body = json.dumps(body)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


# Who may call


def test_no_method_is_open_by_accident(guarded):
    server, _ = guarded
    database = ProtoReflectionDescriptorDatabase(server.channel)
    pool = DescriptorPool(database)
    paths = [f"/{service}/{method.name}" for service in database.get_services()
             for method in pool.FindServiceByName(service).methods]
    assert OPEN_METHODS < set(paths) and len(paths) >= 12
    for path in set(paths) - OPEN_METHODS:
        call = server.channel.stream_stream(path)
        code = code_of(lambda: list(call(iter([b""]), timeout=PATIENCE)))
        assert code == grpc.StatusCode.UNAUTHENTICATED, path


def test_no_route_is_open_by_accident(guarded):
    server, _ = guarded
    paths = json.loads(fetch(server, "GET", "/openapi.json")[2])["paths"]
    assert OPEN_ROUTES < set(paths) and len(paths) >= 20
    for path, operations in paths.items():
        for method in operations.keys() & {"get", "post", "put", "delete"}:
            body = {"model": "rows", "inputs": [], "input": "x", "prompt": "x", "owner": "x", "messages": [
                {"role": "user", "content": "x"}], "kind": "predict"} if method != "get" else None
            path_of_rows = re.sub(r"{\w+}", "rows", path.replace("{version}", "1"))
            status, _, text = fetch(server, method.upper(), path_of_rows, body)
            if path in OPEN_ROUTES:
                assert status == 200, (path, text)
            else:
                # Whatever is wrong with the body.
                assert status == 401, (method, path, status, text)


@pytest.mark.parametrize("path, body", [
    ("/v1/predict", {"model": "rows", "inputs": [[0] * 10]}),
    ("/v2/models/rows/infer", {"inputs": [
        {"name": "features", "datatype": "FP32", "shape": [1, 10], "data": [0] * 10}]}),
    ("/v1/generate", {"model": "storyteller", "prompt": "Once"}),
    ("/v1/embeddings", {"model": "minilm", "input": "x"}),
    ("/v1/completions", {"model": "storyteller", "prompt": "Once"}),
    ("/v1/chat/completions", {"model": "storyteller", "messages": [{"role": "user", "content": "x"}]}),
    ("/v1/keys", {"owner": "me", "is_admin": True})])
def test_good_requests_need_a_key_over_http(guarded, path, body):
    server, token = guarded
    assert fetch(server, "POST", path, body)[0] == 401
    assert fetch(server, "POST", path, {"wrong": 1})[0] == 401
    assert fetch(server, "POST", path, {"wrong": 1}, x_api_key=token)[0] == 400
    assert fetch(server, "POST", path, body, x_api_key=token)[0] in (200, 201)
    assert fetch(server, "POST", path, body, authorization=f"Bearer {token}")[0] in (200, 201)


def test_tokens_that_are_none_are_refused_alike(guarded, office):
    server, token = guarded
    wrong = [token[:-1] + ("A" if token[-1] != "A" else "B"), "sk-123", "apus_", "x" * 500,
             token.replace("apus_", "apus-"), token.swapcase()]
    said = set()
    for each in wrong:
        with pytest.raises(grpc.RpcError) as caught:
            server.stub.Predict(request(server), **known(each))
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        said.add(caught.value.details())
    assert said == {"invalid API key"}
    server.stub.Predict(request(server), **known(token))
    log = server.log_path.read_text()
    assert "malformed key" in log and not any(each in log for each in wrong if len(each) > 10) and token not in log


def test_a_key_opens_its_models_only(guarded, office):
    server, _ = guarded
    token = office.key("search", "--models", "minilm")
    predict = server.stub.Predict
    words = server.apus.PredictRequest(model="minilm", instances=[{"text": "x"}])
    assert code_of(lambda: predict(words, **known(token))) == grpc.StatusCode.OK
    with pytest.raises(grpc.RpcError, match="does not open model rows") as caught:
        predict(request(server), **known(token))
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_key_sees_its_models_only(guarded, office):
    server, boss = guarded
    token = office.key("search", "--models", "minilm")
    listed = lambda key: [m.name for m in server.stub.ListModels(server.apus.ListModelsRequest(), **known(key)).models]
    over_http = lambda key: [m["id"] for m in json.loads(fetch(server, "GET", "/v1/models", x_api_key=key)[2])["data"]]
    assert listed(token) == over_http(token) == ["minilm"]
    assert listed(boss) == over_http(boss) and {"minilm", "rows", "storyteller"} <= set(listed(boss))
    # An administrator's key that calls one model alone sees all the same.
    assert listed(office.key("chief", "--admin", "--models", "minilm")) == listed(boss)
    for path, status in (("/v1/models/minilm", 200), ("/v1/models/rows", 403), ("/v1/models/none", 404),
                         ("/v2/models/minilm", 200), ("/v2/models/rows", 403), ("/v2/models/none", 404)):
        answer = fetch(server, "GET", path, x_api_key=token)
        assert answer[0] == status and "storyteller" not in answer[2], answer
    with pytest.raises(grpc.RpcError, match="there are: minilm") as caught:
        server.stub.Predict(server.apus.PredictRequest(model="none", instances=[{"text": "x"}]), **known(token))
    assert "rows" not in caught.value.details()
    with pytest.raises(grpc.RpcError, match="rows, ") as caught:
        server.stub.GetModel(server.apus.GetModelRequest(name="none"), **known(boss))


def test_a_key_works_from_the_moment_it_is_shown(guarded, office):
    server, _ = guarded
    for number in range(10):
        made = json.loads(office("create", "--owner", f"new-{number}", "--json"))
        if number % 2:
            server.stub.Predict(request(server), **known(made["token"]))
        else:
            answer = fetch(server, "GET", "/v1/models", authorization=f"Bearer {made['token']}")
            assert answer[0] == 200, answer
    turned = json.loads(office("rotate", made["key"]["id"], "--json"))["token"]
    assert turned != made["token"]
    server.stub.Predict(request(server), **known(turned))


def test_from_the_first_key_on_nobody_calls_without_one(start, folder, office):
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    server.stub.Predict(request(server), timeout=PATIENCE)
    token = office.key("first")
    # The command has waited for the servers' next look; on a busy machine that may still be to come.
    until(lambda: code_of(lambda: server.stub.Predict(request(server), timeout=PATIENCE)) ==
          grpc.StatusCode.UNAUTHENTICATED)
    server.stub.Predict(request(server), **known(token))


def test_wrong_keys_are_refused_alike_and_a_flood_of_them_costs_nobody_else(guarded, tmp_path):
    server, boss = guarded
    # Well made, and of another server.
    strange = Office(tmp_path / "strange.db").key("stranger", "--admin")
    said = set()
    call = lambda: server.stub.ListModels(server.apus.ListModelsRequest(), **known(strange))

    def refused():
        with pytest.raises(grpc.RpcError) as caught:
            call()
        said.add((caught.value.code(), caught.value.details()))

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        flood = [pool.submit(refused) for _ in range(640)]
        for _ in range(20):
            server.stub.Predict(request(server), **known(boss))
        for each in flood:
            each.result()
    assert said == {(grpc.StatusCode.UNAUTHENTICATED, "invalid API key")}
    figures = fetch(server, "GET", "/metrics")[2]
    assert re.search(r'apus_key_refusals_total\{reason="unknown"\} 640(\.0)?$', figures, re.M)


def test_a_key_is_looked_for_whatever_is_wrong_with_the_body(guarded, office, tmp_path):
    server, _ = guarded
    strange = Office(tmp_path / "strange.db").key("stranger")
    # What is judged before there is a call: a wrong body, and one of which little is kept of strangers.
    for body in ({"wrong": 1}, {"model": "rows", "inputs": [[0] * 10], "wrong": "x" * 200_000}):
        token = office.key("new")
        status, _, text = fetch(server, "POST", "/v1/predict", body, x_api_key=token)
        assert status == 400, text
        assert fetch(server, "POST", "/v1/predict", body, x_api_key=strange)[0] == 401


def test_administration_is_for_administrators(guarded, accounts, office):
    server, boss = guarded
    messages, rpc = accounts
    service = rpc.AccountsStub(server.channel)
    made = service.CreateKey(messages.CreateKeyRequest(owner="team"), **known(boss))
    token, id = made.token, made.key.id
    for call in (lambda: service.CreateKey(messages.CreateKeyRequest(owner="x"), **known(token)),
                 lambda: service.ListKeys(messages.ListKeysRequest(), **known(token)),
                 lambda: service.RevokeKey(messages.RevokeKeyRequest(id=id), **known(token)),
                 lambda: service.GetUsage(messages.GetUsageRequest(all_keys=True), **known(token))):
        assert code_of(call) == grpc.StatusCode.PERMISSION_DENIED
    assert [key.owner for key in service.ListKeys(messages.ListKeysRequest(), **known(boss)).keys] == ["team", "boss"]
    # The change is known to its own server before the answer goes out.
    server.stub.Predict(request(server), **known(token))
    service.RevokeKey(messages.RevokeKeyRequest(id=id), **known(boss))
    assert code_of(lambda: server.stub.Predict(request(server), **known(token))) == grpc.StatusCode.UNAUTHENTICATED
    assert office("list", "--all").count("revoked") == 1


def test_a_key_revoked_by_another_process_ends_soon(guarded, office):
    server, _ = guarded
    made = json.loads(office("create", "--owner", "gone", "--json"))
    call = lambda: server.stub.Predict(request(server), **known(made["token"]))
    until(lambda: code_of(call) == grpc.StatusCode.OK)
    office("revoke", made["key"]["id"])
    until(lambda: code_of(call) == grpc.StatusCode.UNAUTHENTICATED)


def test_a_rotated_key_works_on_for_its_overlap(guarded, office):
    server, _ = guarded
    made = json.loads(office("create", "--owner", "turn", "--json"))
    rotated = json.loads(office("rotate", made["key"]["id"], "--overlap", "1h", "--json"))["token"]
    for token in (made["token"], rotated):
        until(lambda: code_of(lambda: server.stub.Predict(request(server), **known(token))) == grpc.StatusCode.OK)
    ended = json.loads(office("rotate", made["key"]["id"], "--overlap", "0", "--json"))["token"]
    until(lambda: code_of(lambda: server.stub.Predict(request(server), **known(ended))) == grpc.StatusCode.OK)
    assert code_of(lambda: server.stub.Predict(request(server), **known(rotated))) == grpc.StatusCode.UNAUTHENTICATED


def test_without_keys_only_this_machine_is_served(start, folder, office):
    refused = run("serve", "--models", folder, "--grpc", "0.0.0.0:0", "--http", "off", "--database", office.database)
    assert refused.returncode == 5 and "--allow-anonymous" in refused.stderr
    server = start(folder, "--database", office.database)
    server.wait_for("no keys: whoever can reach this server from this machine may call it")
    server.wait_for("ready")
    call = lambda **more: server.stub.Predict(request(server), timeout=PATIENCE, **more)
    call()
    # What clients send that must send something.
    call(metadata=[("authorization", "Bearer none")])
    office.key("first")
    until(lambda: code_of(call) == grpc.StatusCode.UNAUTHENTICATED)


def test_anonymous_callers_may_be_let_in_but_not_administrate(start, folder, office, accounts):
    office.key("boss", "--admin")
    server = start(folder, "--database", office.database, "--allow-anonymous", "--grpc", "0.0.0.0:0")
    server.wait_for("ready")
    server.stub.Predict(request(server), timeout=PATIENCE)
    messages, rpc = accounts
    service = rpc.AccountsStub(server.channel)
    assert code_of(lambda: service.ListKeys(messages.ListKeysRequest(), timeout=PATIENCE)) == \
        grpc.StatusCode.PERMISSION_DENIED
    assert code_of(lambda: server.stub.Predict(request(server), **known("wrong"))) == grpc.StatusCode.UNAUTHENTICATED


# Limits


def test_sixty_four_racing_callers_get_exactly_the_quota(guarded, office):
    server, _ = guarded
    token = office.key("racer", "--requests", "100", "--window", "1h")
    until(lambda: code_of(lambda: server.stub.GetModel(
        server.apus.GetModelRequest(name="rows"), **known(token))) == grpc.StatusCode.OK)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        calls = [pool.submit(code_of, lambda: server.stub.Predict(request(server), **known(token)))
                 for _ in range(64 * 4)]
        codes = collections.Counter(each.result() for each in calls)
    # GetModel was one of the hundred.
    assert codes == {grpc.StatusCode.OK: 99, grpc.StatusCode.RESOURCE_EXHAUSTED: 64 * 4 - 99}


def test_a_refusal_says_when_to_come_back(guarded, office):
    server, _ = guarded
    token = office.key("slow", "--requests", "2", "--window", "50s")
    body = {"model": "rows", "inputs": [[0] * 10]}
    until(lambda: fetch(server, "POST", "/v1/predict", body, x_api_key=token)[0] == 200)
    status, headers, _ = fetch(server, "POST", "/v1/predict", body, x_api_key=token)
    assert status == 200 and headers["ratelimit"].startswith('"requests";r=0')
    status, headers, text = fetch(server, "POST", "/v1/predict", body, x_api_key=token)
    assert status == 429 and 1 <= int(headers["retry-after"]) <= 50
    assert headers["ratelimit-policy"] == '"requests";q=2;w=50'
    assert "2 requests per 50 s" in json.loads(text)["error"]["message"]
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.Predict(request(server), **known(token))
    trailing = dict(caught.value.trailing_metadata())
    assert 0 < int(trailing["grpc-retry-pushback-ms"]) <= 50_000
    assert b"google.rpc.RetryInfo" in trailing["grpc-status-details-bin"]


def test_calls_at_once_and_tokens_are_limited(guarded, office):
    server, _ = guarded
    token = office.key("talker", "--concurrent", "1", "--tokens", "60", "--requests", "0")
    words = lambda count: server.apus.StreamPredictRequest(
        model="storyteller", prompt="Once", sampling={"max_tokens": count})
    until(lambda: code_of(lambda: list(server.stub.StreamPredict(words(1), **known(token)))) == grpc.StatusCode.OK)
    # The call asks for more than a minute's tokens: no waiting helps.
    with pytest.raises(grpc.RpcError, match="60 tokens per 60 s") as caught:
        list(server.stub.StreamPredict(words(100), **known(token)))
    assert dict(caught.value.trailing_metadata())["x-should-retry"] == "false"
    list(server.stub.StreamPredict(words(40), **known(token)))
    with pytest.raises(grpc.RpcError, match="60 tokens per 60 s"):
        list(server.stub.StreamPredict(words(40), **known(token)))


def test_one_call_at_a_time(start, endless, office):
    token = office.key("single", "--concurrent", "1")
    server = start(endless, "--database", office.database)
    server.wait_for("ready")
    ask = server.apus.StreamPredictRequest(model="endless", prompt="a", sampling={"max_tokens": 100_000})
    running = server.stub.StreamPredict(ask, **known(token))
    next(running)
    with pytest.raises(grpc.RpcError, match="1 calls at the same time"):
        list(server.stub.StreamPredict(ask, **known(token)))
    running.cancel()
    again = lambda: code_of(lambda: next(server.stub.StreamPredict(ask, **known(token))))
    until(lambda: again() == grpc.StatusCode.OK)


# Usage


def test_the_report_counts_what_was_called(guarded, office, accounts):
    server, boss = guarded
    token = office.key("reader", "--requests", "0")
    until(lambda: code_of(lambda: server.stub.Predict(request(server), **known(token))) == grpc.StatusCode.OK)
    for _ in range(5):
        server.stub.Predict(request(server), **known(token))
    told = list(server.stub.StreamPredict(server.apus.StreamPredictRequest(
        model="storyteller", prompt="Once upon", sampling={"max_tokens": 7}), **known(token)))[-1].usage
    assert code_of(lambda: server.stub.Predict(server.apus.PredictRequest(model="rows"), **known(token))) == \
        grpc.StatusCode.INVALID_ARGUMENT

    messages, rpc = accounts
    service, asked = rpc.AccountsStub(server.channel), [0]

    def usage(key, **fields):
        asked[0] += key == token
        return service.GetUsage(messages.GetUsageRequest(**fields), **known(key))
    mine = lambda: usage(token)
    until(lambda: sum(each.usage.requests for each in mine().models if each.model) >= 8)
    models = {each.model: each.usage for each in mine().models}
    assert (models["rows"].requests, models["rows"].successes, models["rows"].instances) == (7, 6, 6)
    assert (models["storyteller"].prompt_tokens, models["storyteller"].completion_tokens) == \
        (told.prompt_tokens, told.completion_tokens) == (told.prompt_tokens, 7)
    assert 0 < models["rows"].p50_latency_ms <= models["rows"].p99_latency_ms
    status, _, text = fetch(server, "GET", "/v1/usage?all=true", x_api_key=boss)
    assert status == 200 and json.loads(text)["total"]["requests"] >= 8
    shown = run("usage", "--database", office.database)
    assert shown.returncode == 0 and "storyteller" in shown.stdout

    # By key: over both fronts and from the file alike.
    ask = lambda key, **more: usage(key, by_key=True, **more).keys
    # The calls that ask are counted too, in batches: one may come in between.
    until(lambda: [(each.owner, each.usage.requests) for each in ask(token)] == [("reader", mine().total.requests)])
    until(lambda: {each.owner for each in ask(boss, all_keys=True)} == {"reader", "boss"})

    def seen():
        return next(each for each in ask(boss, all_keys=True) if each.owner == "reader")
    # Eight calls of models, and those that asked.
    until(lambda: seen().usage.requests == 8 + asked[0])
    of_reader = seen()
    _, _, text = fetch(server, "GET", "/v1/usage?all=true&by_key=true", x_api_key=boss)
    told = {each["owner"]: each for each in json.loads(text)["keys"]}
    assert told["reader"]["key_id"] == of_reader.key_id and told["reader"]["requests"] == of_reader.usage.requests
    _, _, text = fetch(server, "GET", f"/v1/usage?key={of_reader.key_id}", x_api_key=boss)
    assert json.loads(text)["total"]["requests"] == of_reader.usage.requests and "keys" not in json.loads(text)
    told = f"^{of_reader.key_id} reader +{of_reader.usage.requests} "
    until(lambda: re.search(told, run("usage", "--by-key", "--database", office.database).stdout, re.M))
    assert code_of(lambda: ask(token, all_keys=True)) == grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_process_loses_no_record(start, folder, office, end):
    token = office.key("counter", "--requests", "0")
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    for _ in range(200):
        server.stub.Predict(request(server), **known(token))
    server.process.send_signal(end)
    server.process.wait(PATIENCE)
    if end == signal.SIGKILL:
        start(folder, "--database", office.database).wait_for("listening")
    usage = lambda: json.loads(run("usage", "--database", office.database, "--json").stdout)["total"]["requests"]
    until(lambda: usage() >= 200)
    assert usage() == 200


def test_a_database_that_cannot_be_used_is_named(tmp_path, folder):
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no database" * 1000)
    refused = run("serve", "--models", folder, "--grpc", "127.0.0.1:0", "--http", "off", "--database", damaged)
    assert refused.returncode == 5 and "damaged.db" in refused.stderr
    absent = run("serve", "--models", folder, "--grpc", "127.0.0.1:0", "--http", "off",
                 "--database", tmp_path / "no/where.db")
    assert absent.returncode == 5 and "where.db" in absent.stderr
    assert "there is no database" in run("keys", "list", "--database", tmp_path / "none.db").stderr
    assert "one more word" in run("keys").stderr
