"""One id per call: in its context, in the observer's log and in the answer."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import PATIENCE, PROBE, until
from rawhttp2 import Raw, head, message

NAME = PROBE + "Name"


def name(server, body=b"", header=None):
    """Calls `Name`: the id in the handler's context, and in the response's head."""
    metadata = [("x-request-id", header)] if header is not None else []
    method = server.channel.unary_unary(NAME)
    answer, call = method.with_call(body, timeout=PATIENCE, metadata=metadata)
    return answer.decode(), dict(call.initial_metadata()).get("x-request-id")


def logged(server, path):
    """The id of the last call of that path that ended, and its status."""

    def last():
        found = [(id, status) for at, status, id in server.ended() if at == path]
        return found[-1] if found else None

    return until(last, f"the end of {path}")


def test_the_clients_id_is_everywhere(server):
    assert name(server, header="their-id 17") == ("their-id 17", "their-id 17")
    assert logged(server, NAME) == ("their-id 17", "OK")


def test_a_call_without_an_id_gets_one(server):
    made = [name(server) for _ in range(3)]
    ids = {id for id, _ in made}
    assert len(ids) == 3 and all(ids)
    assert [echoed for _, echoed in made] == [None] * 3, "only what was given is given back"
    until(lambda: logged(server, NAME)[0] == made[-1][0], "the id in the log")


@pytest.mark.parametrize("header", ["", "x" * 129])
def test_an_unusable_id_is_passed_over(server, header):
    id, echoed = name(server, header=header)
    assert id and id != header and echoed is None


def test_an_id_that_is_not_ascii_is_passed_over(server):
    with Raw(server) as raw:
        answer = raw.call(head(NAME, x_request_id="caf\u00e9"), message(b""))
        assert answer.status == "0" and b"caf" not in answer.data
        assert "x-request-id" not in answer.headers


def test_the_message_may_choose(server):
    assert name(server, b"order-17") == ("order-17", None)
    until(lambda: logged(server, NAME)[0] == "order-17", "the id in the log")
    assert name(server, b"order-18", header="proxy-1") == ("order-18", "order-18")
    until(lambda: logged(server, NAME)[0] == "order-18", "the id in the log")


@pytest.mark.parametrize("header", [None, "given"])
def test_a_failure_tells_its_id(server, header):
    metadata = [("x-request-id", header)] if header else []
    with pytest.raises(grpc.RpcError) as caught:
        server.channel.unary_unary(NAME)(b"fail", timeout=PATIENCE, metadata=metadata)
    error = caught.value
    id = error.details()
    assert error.code() is grpc.StatusCode.ABORTED and id == (header or id) != ""
    assert dict(error.trailing_metadata())["x-request-id"] == id
    until(lambda: logged(server, NAME) == (id, "ABORTED"), "the failure in the log")


@pytest.mark.parametrize("path,status", [
    (PROBE + "NoSuch", "UNIMPLEMENTED"),
    ("/no.Such/Method", "UNIMPLEMENTED"),
    (PROBE + "Throw", "UNKNOWN"),
])
def test_refused_calls_are_logged_with_the_id_of_their_answer(server, path, status):
    with pytest.raises(grpc.RpcError) as caught:
        server.channel.unary_unary(path)(b"", timeout=PATIENCE)
    id = dict(caught.value.trailing_metadata())["x-request-id"]
    until(lambda: logged(server, path) == (id, status), "the refusal in the log")


def test_an_encoding_that_is_not_spoken_is_logged(server):
    with Raw(server) as raw:
        answer = raw.call(head(PROBE + "Echo", grpc_encoding="br"), message(b"x"))
        assert answer.status == "12" and answer.headers["grpc-accept-encoding"] == "identity"
        id = answer.headers["x-request-id"]
    until(lambda: (PROBE + "Echo", "UNIMPLEMENTED", id) in server.ended(), "the refusal in the log")


def test_headers_over_their_limit_are_logged(server):
    with Raw(server) as raw:
        answer = raw.call(head(PROBE + "Echo", x_large="x" * 20_000), message(b"x"))
        assert answer.status == "8"
        id = answer.headers["x-request-id"]
    ended = (PROBE + "Echo", "RESOURCE_EXHAUSTED", id)
    until(lambda: ended in server.ended(), "the refusal in the log")


def test_health_checks_have_ids(server):
    stub = health_pb2_grpc.HealthStub(server.channel)
    stub.Check(health_pb2.HealthCheckRequest(), metadata=[("x-request-id", "probe-1")])
    until(lambda: logged(server, "/grpc.health.v1.Health/Check")[0] == "probe-1", "the id in the log")
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="no.Such"))
    id = dict(caught.value.trailing_metadata())["x-request-id"]
    until(lambda: logged(server, "/grpc.health.v1.Health/Check") == (id, "NOT_FOUND"), "the id in the log")
