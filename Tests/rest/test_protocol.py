"""HTTP itself: methods, framing, keep-alive, limits, and the end of the server."""
import socket
import threading

import pytest

from conftest import PATIENCE, until

GOOD = b'{"model":"embed","inputs":["a"]}'


def reached(limit):
    return f'http_server_limit_reached_total{{limit="{limit}"}}'


def test_connections_are_kept(server):
    with server.raw() as raw:
        for number in range(20):
            raw.request("POST", "/v1/predict", GOOD)
            answer = raw.answer()
            assert answer.status == 200 and "connection" not in answer.fields, number


def test_requests_may_be_sent_ahead(server):
    with server.raw() as raw:
        one = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD
        raw.send(one * 30)
        assert [raw.answer().status for _ in range(30)] == [200] * 30


def test_connections_end_when_asked(server):
    with server.raw() as raw:
        raw.request("GET", "/health", fields=[("Connection", "close")])
        assert raw.answer().fields["connection"] == "close"
        assert not raw.more()
    with server.raw() as raw:
        raw.request("GET", "/health", version="1.0")
        assert raw.answer().status == 200
        assert not raw.more()


def test_head_is_get_without_a_body(server):
    whole = server.get("/v1/models")
    answer = server.call("HEAD", "/v1/models")
    assert answer.status == 200 and answer.body == b""
    assert answer.fields["content-length"] == whole.fields["content-length"]


def test_a_body_in_chunks(server):
    with server.raw() as raw:
        raw.send(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in GOOD:
            raw.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        raw.send(b"0\r\n\r\n")
        assert raw.answer().status == 200
        raw.request("GET", "/health")
        assert raw.answer().status == 200


def test_expect_continue(server):
    with server.raw() as raw:
        fields = [("Expect", "100-continue"), ("Content-Length", len(GOOD))]
        raw.request("POST", "/v1/predict", fields=fields)
        status, _ = raw.head()
        assert status == 100
        raw.send(GOOD)
        assert raw.answer().status == 200
    with server.raw() as raw:
        raw.request("POST", "/nothing", fields=[("Expect", "100-continue"), ("Content-Length", 5)])
        status, fields = raw.head()
        assert status == 404 and fields["connection"] == "close", "no body was asked for"


@pytest.mark.parametrize("head", [
    b"Content-Length: 3\r\nContent-Length: 4\r\n", b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 1x\r\n", b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
])
def test_what_two_readers_would_read_differently_ends_the_connection(server, head):
    with server.raw() as raw:
        raw.send(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\n" + head + b"\r\nabcGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        everything = raw.drain()
    assert everything.split(b" ")[1] in (b"400", b"413", b"501"), everything
    assert b'"status"' not in everything, "the hidden request was not answered"


def test_bodies_have_a_limit(start):
    server = start("--body-size", 1000)
    assert server.post("/v1/predict", b" " * (1000 - len(GOOD)) + GOOD).status == 200
    answer = server.post("/v1/predict", b" " * 1001)
    assert answer.status == 413
    assert "over the limit of 1000 bytes (http-max-body-size)" in answer.json["error"]["message"]
    with server.raw() as raw:
        raw.send(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.send(b"5dc\r\n" + b" " * 1500 + b"\r\n0\r\n\r\n")
        assert raw.answer().status == 413
    with server.raw() as raw:
        raw.send(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(10_000):
                raw.send(b"400\r\n" + b" " * 1024 + b"\r\n")
        except OSError:
            pass
        raw.drain()  # the server has closed: nobody may send for ever
    assert server.get("/health").status == 200


def test_all_bodies_together_have_a_limit(start):
    server = start("--bodies", 10_000)
    with server.raw() as holder:
        holder.request("POST", "/v1/predict", fields=[("Content-Length", 9_000)])
        holder.send(b" " * 8_999)
        refused = until(lambda: (found := server.post("/v1/predict", b" " * 5_000 + GOOD)).status == 503 and found, "503")
        assert refused.json["error"]["message"] == \
            "the bodies of all requests together have too many bytes, over the limit of 10000 bytes (http-max-body-memory)"
        holder.send(b" ")
        assert holder.answer().status == 400
    until(lambda: server.post("/v1/predict", b" " * 5_000 + GOOD).status == 200, "room again")


def test_heads_have_limits(start):
    server = start("--header-size", 4000, "--target-size", 1000)
    answer = server.get("/v1/models?x=" + "a" * 1000)
    assert answer.status == 414 and "over the limit of 1000" in answer.json["error"]["message"]
    answer = server.get("/v1/models", [("X-Filler", "a" * 4000)])
    assert answer.status == 431 and "over the limit of 4000" in answer.json["error"]["message"]
    with server.raw() as raw:
        raw.request("GET", "/v1/models", fields=[("X-Filler", "a" * 20_000)])
        assert raw.drain().split(b" ")[1] in (b"431", b"414")
    with server.raw() as raw:
        raw.request("GET", "/" + "a" * 20_000)
        assert raw.drain().split(b" ")[1] in (b"431", b"414")
    assert server.get("/health").status == 200


@pytest.mark.parametrize("sent", [
    b"", b"GET /hea", b"GET /health HTTP/1.1\r\nHost: x\r\n",
])
def test_heads_have_a_time(start, sent):
    server = start("--head-ms", 500)
    with server.raw() as raw:
        raw.send(sent)
        assert raw.drain() == b"", "closed without an answer"
    server.counts(reached("http-head-timeout"))


def test_a_head_that_trickles_in_gains_no_time(start):
    server = start("--head-ms", 1000)
    stop = threading.Event()
    with server.raw() as raw:
        def trickle():
            try:
                raw.send(b"GET /health HTTP/1.1\r\n")
                while not stop.wait(0.05):
                    raw.send(b"a: b\r\n")
            except OSError:
                pass

        thread = threading.Thread(target=trickle)
        thread.start()
        raw.drain()
        stop.set()
        thread.join()
    server.counts(reached("http-head-timeout"))


def test_bodies_have_a_time(start):
    server = start("--body-ms", 500)
    with server.raw() as raw:
        raw.request("POST", "/v1/predict", fields=[("Content-Length", 100)])
        raw.send(b"{")
        raw.drain()
    server.counts(reached("http-body-timeout"))
    assert server.get("/health").status == 200


def test_connections_without_a_request_are_closed(start):
    server = start("--idle-ms", 1000)

    def answered():
        """A client that is held up may be closed before it asks."""
        raw = server.raw()
        try:
            raw.request("GET", "/health")
            return raw.answer().status == 200 and raw
        except (AssertionError, OSError):
            raw.socket.close()

    with until(answered, "an answer") as raw:
        raw.drain()


def test_connections_have_a_limit(start):
    server = start("--connections", 3)
    held = [server.raw() for _ in range(3)]
    for raw in held:
        raw.request("GET", "/health")
        assert raw.answer().status == 200
    with server.raw() as extra:
        assert extra.drain() == b""
    for raw in held:
        raw.socket.close()
    server.counts(reached("http-max-connections"))


def responds(server):
    try:
        return server.get("/health").status == 200
    except (AssertionError, OSError):
        return False


def test_connections_of_one_address_have_a_limit(start):
    server = start("--connections-per-address", 2)
    held = [server.raw() for _ in range(2)]
    for raw in held:
        raw.request("GET", "/health")
        assert raw.answer().status == 200
    with server.raw() as extra:
        assert extra.drain() == b""
    held[0].socket.close()
    until(lambda: responds(server), "room for a connection")
    held[1].socket.close()


def test_cors(start):
    server = start("--origin", "https://app.example")
    answer = server.call("OPTIONS", "/v1/predict", fields=[
        ("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")])
    assert answer.status == 204 and answer.fields["access-control-allow-origin"] == "https://app.example"
    answer = server.get("/v1/models", [("Origin", "https://evil.example")])
    assert answer.status == 200 and "access-control-allow-origin" not in answer.fields


def test_the_server_ends_in_good_order(start):
    server = start()
    idle, busy, stream = server.raw(), server.raw(), server.raw()
    idle.request("GET", "/health")
    idle.answer()
    busy.request("POST", "/v1/predict", fields=[("Expect", "100-continue"), ("Content-Length", len(GOOD))])
    assert busy.head()[0] == 100, "it has begun"
    stream.request("POST", "/v1/generate", b'{"model":"story","prompt":"forever","stream":true}')
    assert stream.head()[0] == 200
    server.terminate()
    assert not idle.more(), "a connection without a request is closed at once"
    busy.send(GOOD)
    answer = busy.answer()
    assert answer.status == 200 and answer.fields["connection"] == "close"
    assert not busy.more()
    stream.socket.close()
    assert server.process.wait(PATIENCE) == 0
    with pytest.raises(OSError):
        socket.create_connection((server.host, server.port), timeout=1)


def test_the_grace_has_an_end(start):
    server = start("--grace-ms", 300)
    with server.raw() as raw:
        raw.request("POST", "/v1/predict", b'{"model":"slow","inputs":["a"]}')
        server.until("probe_running", 1)
        server.terminate()
        raw.drain()
    assert server.process.wait(PATIENCE) == 0
