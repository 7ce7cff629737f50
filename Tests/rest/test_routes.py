"""Our own routes, with a client of bare bytes."""
import base64
import json
import re

import pytest


def test_predict_answers_with_all_there_is_to_say(server):
    answer = server.post("/v1/predict", {"model": "mood", "inputs": ["a good day", {"text": "rain"}]})
    assert answer.status == 200
    assert answer.fields["content-type"] == "application/json"
    body = answer.json
    assert body.pop("request_id") == answer.fields["x-request-id"]
    good = [{"label": "positive", "index": 1, "score": 0.75}, {"label": "negative", "index": 0, "score": 0.25}]
    bad = [{"label": "negative", "index": 0, "score": 0.75}, {"label": "positive", "index": 1, "score": 0.25}]
    assert body == {
        "predictions": [{"label": "positive", "score": 0.75, "labels": good},
                        {"label": "negative", "score": 0.75, "labels": bad}],
        "model": "mood", "model_version": "1", "latency_ms": 0.5,
        "timing": {"queue_ms": 0.125, "compute_ms": 0.25, "prepare_ms": 0.125, "batch_size": 1},
        "usage": {"prompt_tokens": 4, "completion_tokens": 0, "total_tokens": 4}, "cached": False,
    }


@pytest.mark.parametrize("model, given, expected", [
    ("embed", "four", {"embedding": [4.0, 2.0, -4.0, 0.1]}),
    ("rows", [1, 2.5], {"values": [3.5, 0.0]}),
    ("rows", {"features": {"a": 1, "b": 2}}, {"values": [3.0, 2.0]}),
    ("pixels", {"image": base64.b64encode(b"12345").decode(), "content_type": "image/png"},
     {"text": "image/png of 5 bytes"}),
    ("pixels", {"image": "data:image/gif;base64," + base64.b64encode(b"1234").decode()},
     {"text": "image/gif of 4 bytes"}),
    ("shapes", {"tensors": {"x": {"data_type": "INT32", "data": [[1, 2], [3, 4]]}}},
     {"tensors": {"x": {"data_type": "INT32", "shape": [2, 2], "data": [1, 2, 3, 4]}}}),
])
def test_every_kind_of_input(server, model, given, expected):
    answer = server.post("/v1/predict", {"model": model, "inputs": [given]})
    assert answer.status == 200, answer.body
    assert answer.json["predictions"] == [expected]


def test_an_error_of_a_model_names_the_field_as_json_has_it(server):
    answer = server.post("/v1/predict", {"model": "rows", "inputs": [[1], "text"]})
    assert answer.status == 400
    error = answer.json["error"]
    assert error["field"] == "inputs[1]" and error["code"] == "INVALID_ARGUMENT"
    assert error["request_id"] == answer.fields["x-request-id"]
    assert list(error) == ["code", "message", "field", "request_id"]


@pytest.mark.parametrize("version, status", [(1, 200), ("1", 200), ("latest", 200), ("stable", 200), (7, 404)])
def test_versions_may_be_numbers(server, version, status):
    answer = server.post("/v1/predict", {"model": "embed", "model_version": version, "inputs": ["a"]})
    assert answer.status == status


def test_a_request_is_known_by_its_own_id(server):
    body = {"model": "embed", "inputs": ["a"]}
    answer = server.post("/v1/predict", body, [("X-Request-Id", "from-the-header")])
    assert answer.json["request_id"] == answer.fields["x-request-id"] == "from-the-header"
    answer = server.post("/v1/predict", body | {"request_id": "from-the-body"})
    assert answer.json["request_id"] == answer.fields["x-request-id"] == "from-the-body"
    answer = server.post("/v1/predict", body, [("X-Request-Id", "not usable")])
    assert re.fullmatch("[0-9a-f]{16}-[0-9a-f]+", answer.fields["x-request-id"])


def test_a_deadline_of_the_client_ends_the_call(server):
    answer = server.post("/v1/predict", {"model": "slow", "inputs": ["a"]}, [("x-timeout-ms", "50")])
    assert answer.status == 504 and answer.json["error"]["code"] == "DEADLINE_EXCEEDED"
    server.until("probe_running", 0)


def test_limits_of_the_server_come_with_their_fields(server):
    answer = server.post("/v1/predict", {"model": "limited", "inputs": ["a"]})
    assert answer.status == 429 and answer.fields["retry-after"] == "7"
    assert answer.fields["ratelimit"] == '"requests";r=0;t=7' and "x-secret" not in answer.fields


def test_generate_whole(server):
    answer = server.post("/v1/generate", {"model": "story", "prompt": "a b", "options": {"max_tokens": 2, "logprobs": 1}})
    body = answer.json
    assert body["text"] == " word0 word1" and body["finish_reason"] == "length"
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    assert [t["logprob"] for t in body["tokens"]] == [-0.5, -0.5]
    assert body["tokens"][0]["top_logprobs"] == [{"text": " word0", "token_id": 0, "logprob": -0.5}]
    chat = {"model": "story", "messages": [{"role": "user", "content": "a b c"}]}
    assert server.post("/v1/generate", chat).json["usage"]["prompt_tokens"] == 3


def events(answer):
    assert answer.fields["content-type"] == "text/event-stream; charset=utf-8"
    blocks = answer.body.decode().split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: ") for block in blocks)
    return [json.loads(block[6:]) for block in blocks]


@pytest.mark.parametrize("how", ["field", "header"])
def test_generate_streams(server, how):
    body = {"model": "story", "prompt": "a b", "options": {"stop": "word2"}}
    fields = [("Accept", "text/event-stream")] if how == "header" else []
    if how == "field":
        body["stream"] = True
    all_events = events(server.post("/v1/generate", body, fields))
    assert [e["text"] for e in all_events] == [" word0", " word1", ""]
    assert all_events[-1]["finish_reason"] == "stop" and all_events[-1]["model"] == "story"


def test_errors_before_the_stream_are_statuses_and_in_it_events(server):
    body = {"model": "nothing", "prompt": "a", "stream": True}
    assert server.post("/v1/generate", body).status == 404
    answer = server.post("/v1/generate", {"model": "story", "prompt": "fail", "stream": True})
    assert answer.status == 200
    first, last = events(answer)
    assert first["text"] == " word0" and last["error"]["code"] == "INTERNAL"


def test_models_answer_both_kinds_of_clients(server):
    body = server.get("/v1/models").json
    assert body["object"] == "list" and len(body["data"]) == 9
    one = server.get("/v1/models/embed").json
    assert one in body["data"]
    assert one["id"] == one["name"] == "embed" and one["object"] == "model" and one["owned_by"] == "apus"
    assert one["versions"][0]["state"] == "ready" and one["task"] == "embedding"
    assert server.get("/v1/models/embed?version=1").json["id"] == "embed"
    missing = server.get("/v1/models/nothing")
    assert missing.status == 404
    assert set(missing.json["error"]) == {"message", "type", "param", "code", "field", "request_id"}


def test_health(server, start):
    assert server.get("/health").json["status"] == "ok"
    assert server.get("/health/live").json == {"status": "ok"}
    assert server.get("/health/ready").status == 200
    other = start("--not-ready")
    answer = other.get("/health/ready")
    assert answer.status == 503
    assert answer.json == {"status": "unavailable", "reason": "story is still loading"}
    assert other.get("/health/live").status == 200 and other.get("/health").json["ready"] is False


def test_tensors(server, start):
    texts = {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["four", "a"]}
    answer = server.post("/v2/models/embed/infer", {"id": "42", "inputs": [texts]})
    assert answer.json == {"model_name": "embed", "model_version": "1", "id": "42", "outputs": [
        {"name": "values", "datatype": "FP32", "shape": [2, 4], "data": [4.0, 2.0, -4.0, 0.1, 1.0, 0.5, -1.0, 0.1]}]}
    assert server.get("/v2").json == {"name": "test", "version": "1", "extensions": []}
    assert server.get("/v2/models/embed/versions/1").json["inputs"] == [
        {"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert server.get("/v2/models/embed/ready").json == {"name": "embed", "ready": True}
    missing = server.get("/v2/models/nothing/ready")
    assert missing.status == 404 and missing.json == {"error": "there is no model nothing"}
    refused = server.post("/v2/models/embed/infer", b"{}", [("Inference-Header-Content-Length", "2")])
    assert refused.status == 400 and "binary tensor data" in refused.json["error"]
    other = start("--not-ready")
    for path in ("/v2/health/ready", "/v2/models/story/ready"):
        answer = other.get(path)
        assert answer.status == 503 and answer.json["ready"] is False
    assert other.get("/v2/health/live").json == {"live": True}


def test_keys(server):
    made = server.post("/v1/keys", {"owner": "me", "models": ["embed"], "is_admin": True,
                                    "expires_at": "2030-01-01T00:00:00Z", "limits": {"requests": 5}})
    assert made.status == 201 and made.fields["cache-control"] == "no-store"
    key = made.json["key"]
    assert made.json["token"] == f"token-of-{key['id']}"
    assert key["expires_at"] == "2030-01-01T00:00:00Z" and key["limits"] == {"requests": 5}
    assert key in server.get("/v1/keys").json["keys"]
    rotated = server.post(f"/v1/keys/{key['id']}/rotate", {"overlap_seconds": 60})
    assert rotated.json["token"] == "new-token-after-60.0"
    assert server.call("POST", f"/v1/keys/{key['id']}/rotate").status == 200, "a body may be left out"
    revoked = server.call("DELETE", f"/v1/keys/{key['id']}")
    assert revoked.json["revoked_at"] is not None
    assert server.get("/v1/keys?include_ended=true").json["keys"][0]["revoked_at"] is not None
    missing = server.call("DELETE", "/v1/keys/none")
    assert missing.status == 404 and missing.fields["content-type"] == "application/problem+json"
    assert missing.json["title"] == "NOT_FOUND" and missing.json["status"] == 404


def test_models_are_controlled(server):
    def said(answer):
        assert answer.status == 200, answer.body
        return answer.json["description"]

    assert said(server.post("/v1/models/embed/load", {"model_version": 2})) == "load 2"
    assert said(server.call("POST", "/v1/models/embed/load")) == "load "
    assert said(server.post("/v1/models/embed/unload", {"model_version": "1"})) == "unload 1"
    assert said(server.call("POST", "/v1/models/embed/rollback")) == "roll back"
    path = "/v1/models/embed/labels/canary"
    assert said(server.call("PUT", path, {"model_version": 2, "share": 0.25})) == "label canary 2 0.25"
    assert said(server.call("DELETE", path)) == "label canary  0.0"
    failed = server.call("POST", "/v1/models/broken/load")
    assert failed.status == 400 and failed.json["code"] == "FAILED_PRECONDITION"


def test_jobs(server):
    work = {"predict": {"model": "embed", "inputs": ["a"]}, "webhook_url": "https://example.com/done"}
    made = server.post("/v1/jobs", work, [("Idempotency-Key", "k1")])
    assert made.status == 202 and made.fields["location"] == "/v1/jobs/job-k1"
    job = server.get(made.fields["location"]).json
    assert job["state"] == "succeeded" and job["prediction"]["model"] == "embed"
    assert job["started_at"].endswith(".250Z") and job["webhook"]["state"] == "delivered"
    server.post("/v1/jobs", {"generate": {"model": "x", "prompt": "a"}, "idempotency_key": "k2"})
    listed = server.get("/v1/jobs?state=failed&limit=1").json
    assert [j["id"] for j in listed["jobs"]] == ["job-k2"] and listed["next_page"] is None
    assert server.call("DELETE", "/v1/jobs/job-k1").json["id"] == "job-k1"
    assert server.get("/v1/jobs/none").status == 404
    assert server.get("/v1/jobs?state=lost").json["error"]["field"] == "state"
    wrong = server.post("/v1/jobs", {"predict": {"model": "embed", "inputs": [3]}})
    assert wrong.json["error"]["field"] == "predict.inputs[0]"


def test_keys_are_asked_for_as_over_grpc(start):
    server = start("--keys")
    body = {"model": "embed", "inputs": ["a"]}
    refused = server.post("/v1/predict", body)
    assert refused.status == 401 and refused.fields["www-authenticate"] == "bearer"
    assert server.post("/v1/predict", body, [("Authorization", "Bearer user")]).status == 200
    assert server.post("/v1/predict", body, [("X-API-Key", "user")]).status == 200
    assert server.get("/v1/keys", [("X-API-Key", "user")]).status == 403
    assert server.get("/v1/keys", [("X-API-Key", "admin")]).status == 200
    assert server.get("/health/ready").status == 200


def test_metrics_count_requests_by_route(start):
    server = start()
    server.get("/v1/models/embed")
    server.get("/v1/models/nothing")
    server.get("/some/path/1")
    server.call("BREW", "/some/path/2")
    family = "http_server_requests_total"
    # Answers may be here before they are counted.
    server.until(f'{family}{{route="/v1/models/{{name}}",method="GET",status="200"}}', 1)
    server.until(f'{family}{{route="/v1/models/{{name}}",method="GET",status="404"}}', 1)
    server.until(f'{family}{{route="none",method="GET",status="404"}}', 1)
    server.until(f'{family}{{route="none",method="other",status="404"}}', 1)
    server.until('rpc_server_calls_total{method="/apus.v1.Inference/GetModel",code="OK"}', 1)
