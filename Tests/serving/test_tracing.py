"""W3C trace context and Server-Timing, as grpcio and curl meet them."""
import json
import re
import subprocess

import grpc
import pytest

from conftest import PATIENCE, run

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"
OURS = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])")
MALFORMED = ["", "garbage", f"00-{TRACE}-{SPAN}", f"00-{TRACE.upper()}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01",
             f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-01-more"]
STAGES = ["access", "decode", "routing", "limits", "validation", "prepare", "queue", "compute", "format"]


def predict(server, *metadata):
    """(initial, trailing) metadata of an answer."""
    request = server.apus.PredictRequest(model="minilm", instances=[{"text": "a"}])
    _, call = server.stub.Predict.with_call(request, metadata=metadata, timeout=PATIENCE)
    return dict(call.initial_metadata()), dict(call.trailing_metadata())


def curl(server, path, *words, body=None):
    """(status, header fields, body)"""
    if body is not None:
        words += ("-H", "content-type: application/json", "-d", json.dumps(body))
    done = subprocess.run(["curl", "-sS", "-i", "--max-time", str(PATIENCE), *words, server.http + path],
                          capture_output=True, text=True, check=True)
    head, _, rest = done.stdout.partition("\n\n")
    lines = head.splitlines()
    fields = [line.split(": ", 1) for line in lines[1:]]
    return int(lines[0].split()[1]), {name.lower(): value for name, value in fields}, rest


def durations(timing):
    """By stage, in the order they stand in."""
    parts = [re.fullmatch(r"([a-z]+);dur=(\d+\.\d{3})", part) for part in timing.split(", ")]
    assert all(parts), timing
    return {part[1]: float(part[2]) for part in parts}


def spans(server, trace):
    """Lines of the log about calls of a trace."""
    return [line for line in server.log() if line.get("trace_id") == trace]


# grpcio


def test_a_call_is_a_span_of_its_clients_trace(server):
    initial, trailing = predict(server, ("traceparent", GIVEN), ("tracestate", "vendor=1"))
    trace, span, sampled = OURS.fullmatch(initial["traceparent"]).groups()
    assert (trace, sampled) == (TRACE, "1") and span != SPAN
    server.wait_for("call", trace_id=TRACE, span_id=span, path="/apus.v1.Inference/Predict")
    stages = durations(trailing["server-timing"])
    assert list(stages) == STAGES and stages["compute"] > 0
    assert "tracestate" not in initial | trailing
    again, _ = predict(server, ("traceparent", GIVEN))
    assert again["traceparent"] != initial["traceparent"], "another call, another span"


@pytest.mark.parametrize("given", MALFORMED)
def test_what_is_malformed_is_ignored_and_a_trace_begun(server, given):
    initial, _ = predict(server, ("traceparent", given))
    trace, span, sampled = OURS.fullmatch(initial["traceparent"]).groups()
    assert trace != TRACE and sampled == "0"
    server.wait_for("call", trace_id=trace, span_id=span)


def test_two_parents_are_none(server):
    # grpcio itself sends the last one only.
    _, fields, _ = curl(server, "/v1/models/minilm", "-H", f"traceparent: {GIVEN}", "-H", f"traceparent: {GIVEN}")
    assert TRACE not in fields["traceparent"]


def test_a_call_without_a_trace_is_logged_with_one_and_costs_no_metadata(server):
    request = server.apus.PredictRequest(model="minilm", instances=[{"text": "a"}], request_id="traceless")
    _, call = server.stub.Predict.with_call(request, timeout=PATIENCE)
    names = {name for name, _ in (*call.initial_metadata(), *call.trailing_metadata())}
    assert not names & {"traceparent", "server-timing"}
    line = server.wait_for("call", request_id="traceless")
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"]) and re.fullmatch("[0-9a-f]{16}", line["span_id"])
    assert line["compute_ms"] > 0 and line["queue_ms"] >= 0
    assert line["ms"] >= line["compute_ms"] + line["queue_ms"]


@pytest.mark.parametrize("path", [
    "/apus.v1.Inference/GetModel", "/no.such/Method", "/apus.v1.Inference/NoSuchMethod"])
def test_a_call_that_fails_is_traced_too(server, path):
    with pytest.raises(grpc.RpcError) as caught:
        server.channel.unary_unary(path)(b"", metadata=[("traceparent", GIVEN)], timeout=PATIENCE)
    span = OURS.fullmatch(dict(caught.value.trailing_metadata())["traceparent"])[2]
    server.wait_for("call", trace_id=TRACE, span_id=span, path=path)


def test_a_call_past_its_deadline_is_traced(start, endless):
    server = start(endless)
    server.wait_for("ready")
    request = server.apus.StreamPredictRequest(model="endless", prompt="a")
    call = server.stub.StreamPredict(request, timeout=PATIENCE, metadata=[("traceparent", GIVEN)])
    next(call)
    span = OURS.fullmatch(dict(call.initial_metadata())["traceparent"])[2]
    call.cancel()
    server.wait_for("call", trace_id=TRACE, span_id=span, status="CANCELLED")


def test_a_stream_says_at_its_end_where_its_time_went(server):
    request = server.apus.StreamPredictRequest(model="storyteller", prompt="Once", sampling={"max_tokens": 5})
    call = server.stub.StreamPredict(request, timeout=PATIENCE, metadata=[("traceparent", GIVEN)])
    assert len(list(call)) == 6
    assert list(durations(dict(call.trailing_metadata())["server-timing"])) == STAGES


# curl


def test_http_answers_always_say_both(server):
    body = {"model": "sentiment", "inputs": ["fine"]}
    status, fields, answer = curl(server, "/v1/predict", "-H", f"traceparent: {GIVEN}", body=body)
    trace, span, sampled = OURS.fullmatch(fields["traceparent"]).groups()
    assert status == 200 and (trace, sampled) == (TRACE, "1") and span != SPAN
    server.wait_for("call", trace_id=TRACE, span_id=span)
    stages = durations(fields["server-timing"])
    timing = json.loads(answer)["timing"]
    assert list(stages) == STAGES
    assert abs(stages["compute"] - timing["compute_ms"]) < 0.001 and abs(stages["queue"] - timing["queue_ms"]) < 0.001
    _, fields, _ = curl(server, "/v1/predict", body=body)
    trace, span, sampled = OURS.fullmatch(fields["traceparent"]).groups()
    assert trace != TRACE and sampled == "0"
    server.wait_for("call", trace_id=trace, span_id=span)


@pytest.mark.parametrize("given", MALFORMED[1:])
def test_http_begins_a_trace_for_what_is_malformed(server, given):
    _, fields, _ = curl(server, "/v1/models/minilm", "-H", f"traceparent: {given}")
    trace = OURS.fullmatch(fields["traceparent"])[1]
    assert trace != TRACE
    server.wait_for("call", trace_id=trace)
    assert list(durations(fields["server-timing"])) == ["access", "limits", "handler"]


def test_http_errors_and_streams_are_traced(server):
    status, fields, _ = curl(server, "/v1/predict", "-H", f"traceparent: {GIVEN}",
                             body={"model": "nobody", "inputs": ["a"]})
    assert status == 404 and OURS.fullmatch(fields["traceparent"])[1] == TRACE
    assert list(durations(fields["server-timing"])) == STAGES[:4]
    status, fields, _ = curl(server, "/v1/completions", "-H", f"traceparent: {GIVEN}",
                             body={"model": "storyteller", "prompt": "Once", "max_tokens": 3, "stream": True})
    span = OURS.fullmatch(fields["traceparent"])[2]
    server.wait_for("call", trace_id=TRACE, span_id=span, path="/apus.v1.Inference/StreamPredict")


def test_the_log_has_one_line_a_call_and_no_keys(start, folder, tmp_path):
    made = run("keys", "create", "--owner", "me", "--json", "--database", tmp_path / "apus.db")
    token = json.loads(made.stdout)["token"]
    server = start(folder, "--database", tmp_path / "apus.db")
    server.wait_for("ready")
    trace = "0af7651916cd43dd8448eb211c80319c"
    predict(server, ("authorization", f"Bearer {token}"), ("traceparent", f"00-{trace}-{SPAN}-01"))
    curl(server, "/v1/models", "-H", f"x-api-key: {token}", "-H", f"traceparent: 00-{trace}-{SPAN}-01")
    server.until(lambda: len(spans(server, trace)) == 2, "two lines")
    assert token not in server.log_path.read_text()
