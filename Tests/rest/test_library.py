"""What libmicrohttpd would do by itself, and is kept from: no answer, half an answer, half a head."""
import socket
import time

import pytest

from conftest import PATIENCE

GOOD = b'{"model":"embed","inputs":["a"]}'


def whole(raw):
    """Everything up to the server's FIN; a reset is an error here."""
    while raw.more():
        pass
    return raw.rest


def test_a_query_of_many_items_is_answered(server):
    for count in (100, 500, 2000):
        target = "/v1/jobs?" + "&".join(f"a{n % 10}" for n in range(count))
        answer = server.get(target)
        assert answer.status == 400 and "no such query parameter" in answer.json["error"]["message"], count
    assert server.get("/health?" + "&" * 4000 + "x").status == 200


@pytest.mark.parametrize("cookie", ["; ".join(f"c{n}={n}" for n in range(500)), ";" * 8000, "a=b"])
def test_cookies_cost_nothing(server, cookie):
    assert server.get("/v1/models", [("Cookie", cookie)]).status == 200


def test_a_head_of_many_fields_is_refused_by_name(server):
    answer = server.get("/v1/models", [(f"x-{n}", "y") for n in range(100)])
    assert answer.status == 200
    with server.raw() as raw:
        raw.request("GET", "/v1/models", fields=[("a", "")] * 3000)
        assert whole(raw).split(b" ")[1] == b"431"


@pytest.mark.parametrize("head", [
    b"X-Api-Key: a\0b\r\nHost: x\r\n", b"Host: x\r\nX-Other: a\0b\r\n", b"Host: x\r\nX-Other: a\0\r\n",
    b"Host: x\r\nX-Other: \0\r\n", b"Host: x\r\nX-Other: \0b\r\nX-More: y\r\n", b"X-Folded: a\r\n b\r\nHost: x\r\n",
])
def test_a_head_that_the_library_cuts_is_refused(server, head):
    with server.raw() as raw:
        raw.send(b"GET /v1/models HTTP/1.1\r\n" + head + b"\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 400
        assert "zero byte, or is folded" in answer.json["error"]["message"] or b"Folded" in head
        assert whole(raw) == b""


@pytest.mark.parametrize("line", [b"GET /v1/models\0/x HTTP/1.1", b"GET /v1/models?a\0b HTTP/1.1"])
def test_a_target_that_the_library_cuts_is_refused(server, line):
    with server.raw() as raw:
        raw.send(line + b"\r\nHost: x\r\n\r\n")
        assert raw.answer().status == 400


def test_odd_heads_that_are_whole_are_served(server):
    for head in (b"Host:x\r\nX-Empty:\r\nX-Blank:   \r\nX-Tail: a  \r\n", b"Host: x\nX-Line: feed\n",
                 b"Host: x\r\nX-Comma: a,b; c=\"d\"\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(60))):
        with server.raw() as raw:
            end = b"\r\n" if b"\r" in head else b"\n"
            for _ in range(2):  # the second finds the first in the library's buffer
                raw.send(b"GET  /v1/models?" + b" HTTP/1.1" + end + head + end)
                assert raw.answer().status == 200, head


@pytest.mark.parametrize("path, status", [("/v1/predict", 413), ("/v1/nothing", 404), ("/v1/jobs/job-x", 413)])
def test_a_body_without_an_end_is_answered(start, path, status):
    server = start("--body-size", 10_000)
    method = b"DELETE" if "job-x" in path else b"POST"
    with server.raw() as raw:
        raw.send(method + b" " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 1 << 30:
                raw.send(b"400\r\n" + b" " * 1024 + b"\r\n")
                sent += 1024
                raw.socket.settimeout(0.001 if sent > 20_000 else 0)
                try:
                    if not raw.more():
                        break
                except (TimeoutError, BlockingIOError):
                    continue
                finally:
                    raw.socket.settimeout(PATIENCE)
        except OSError:
            pass
        answer = raw.answer()
    assert answer.status == status and answer.fields["connection"] == "close"
    assert answer.fields["x-request-id"]
    if status == 413:
        assert "over the limit of 10000 bytes (http-max-body-size)" in answer.body.decode()
    assert sent < 10 << 20
    assert server.get("/health").status == 200


@pytest.mark.parametrize("surplus", [1, 300_000])
def test_the_last_answer_arrives_whole_whatever_still_comes(server, surplus):
    """Closing a socket with unread bytes sends RST, which throws away what the client has not read yet."""
    expected = server.get("/openapi.json").body
    raw = server.raw()
    with raw:
        raw.socket.close()
        raw.socket = socket.socket()
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # most waits in the server's kernel
        raw.socket.settimeout(PATIENCE)
        raw.socket.connect((server.host, server.port))
        raw.request("GET", "/openapi.json", fields=[("Connection", "close")])
        raw.send(b"x" * surplus)
        time.sleep(0.3)
        raw.send(b"x")
        answer = raw.answer()
        assert answer.status == 200 and answer.body == expected
        assert whole(raw) == b""


def test_a_refusal_arrives_though_the_body_goes_on(server):
    with server.raw() as raw:
        raw.request("POST", "/v1/predict", fields=[("Content-Length", 1 << 30)])
        try:
            for _ in range(100):
                raw.send(b" " * 65536)
        except OSError as error:
            pytest.fail(f"{error}: the server reads on for a while")
        assert raw.answer().status == 413


def test_a_client_that_stays_after_the_last_answer_is_let_go(start):
    server = start("--connections", 2)
    held = [server.raw() for _ in range(2)]
    for raw in held:
        raw.request("GET", "/health", fields=[("Connection", "close")])
        assert raw.answer().status == 200 and whole(raw) == b""
    # They count until then, so that no more than the limit are held.
    begun = time.monotonic()
    while True:
        try:
            assert server.get("/health").status == 200
            break
        except (AssertionError, OSError):
            assert time.monotonic() < begun + PATIENCE
            time.sleep(0.1)
    for raw in held:
        raw.socket.close()


def test_half_heads_leave_nothing_behind(server):
    """Heads that the library gives up in their midst, many times over."""
    hostile = b"GET /?" + b"&a\0" * 2500 + b" HTTP/1.1\r\n" + b"Cookie: " + b";" * 4000 + b"\r\nHost: x\r\n\r\n"
    for _ in range(200):
        with server.raw() as raw:
            raw.send(hostile)
            raw.drain()
    before = server.memory()
    for _ in range(2000):
        with server.raw() as raw:
            raw.send(hostile)
            raw.drain()
    assert server.memory() < before + (4 << 20)
    assert server.post("/v1/predict", GOOD).status == 200
