"""Clients that send garbage, vanish or stop reading cost the others nothing."""
import json
import random
import socket

import pytest

from conftest import until

FOREVER = json.dumps({"model": "story", "prompt": "forever", "stream": True}).encode()
GOOD = b'{"model":"embed","inputs":["a"]}'


def says_its_last(raw):
    """FIN, unless the server has closed already, and what it says until it does."""
    try:
        raw.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    raw.drain()


def serves(server):
    assert server.post("/v1/predict", GOOD).status == 200


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 5000, b"\r\n" * 5000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # no host
    b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/models/%ff?%ff=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET http://x/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
])
def test_garbage(server, garbage):
    with server.raw() as raw:
        raw.send(garbage)
        says_its_last(raw)
    serves(server)


@pytest.mark.parametrize("field", [
    b"Content-Length : 30", b"Content Length: 30", b"Transfer-Encoding : chunked", b"Host: y", b"X\x01Y: 1"])
def test_a_head_that_others_could_read_otherwise(server, field):
    """Behind a proxy that reads the field, what follows is a body and must not be run as a request."""
    with server.raw() as raw:
        raw.send(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + field
                 + b"\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        first = raw.answer()
        assert first.status == 400
        assert raw.drain() == b""
    serves(server)


def test_random_bytes(server):
    for seed in range(150):
        choice = random.Random(seed)
        start = choice.choice([b"", b"GET ", b"POST /v1/predict HTTP/1.1\r\nHost: x\r\n",
                               b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"])
        with server.raw() as raw:
            raw.send(start + choice.randbytes(choice.randrange(1, 3000)))
            says_its_last(raw)
    serves(server)


def test_mutated_requests(server):
    """Whole requests with a few bytes changed: answered or refused, never a crash."""
    head = b"POST /v1/%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    bodies = {
        b"predict": b'{"model":"mood","model_version":1,"inputs":["a",[1,2],{"text":"b"}],"options":{"top_k":1}}',
        b"generate": b'{"model":"story","prompt":"a b","options":{"max_tokens":3,"stop":["x"]},"stream":true}',
        b"chat/completions": b'{"model":"story","messages":[{"role":"user","content":"a"}],"n":2,"max_tokens":3}',
        b"completions": b'{"model":"story","prompt":["a","b"],"logprobs":2,"echo":true,"stream":true}',
        b"embeddings": b'{"model":"embed","input":["a","b"],"encoding_format":"base64"}',
    }
    for seed in range(300):
        choice = random.Random(seed)
        path = choice.choice(list(bodies))
        body = bytearray(bodies[path])
        for _ in range(choice.randrange(1, 4)):
            body[choice.randrange(len(body))] = choice.choice(b'{}[]",:0a\\\x00\xff' if choice.random() < 0.8 else range(256))
        request = bytearray(head % (path, len(body)))
        if choice.random() < 0.3:
            request[choice.randrange(len(request))] = choice.randrange(256)
        with server.raw() as raw:
            raw.send(bytes(request + body))
            says_its_last(raw)
    serves(server)
    server.until("probe_running", 0)


@pytest.mark.parametrize("accept", ["", ";", ",", ",;", "a,;", ";;q=1", " ; ,", "text/event-stream;,;"])
def test_media_types_without_a_name(server, accept):
    with server.raw() as raw:
        raw.request("POST", "/v1/generate", b'{"model":"story","prompt":"a b"}', [("Accept", accept)])
        # To its end: otherwise it would be cancelled at some time.
        answer = raw.answer()
        assert answer.status == 200
        expected = "text/event-stream" if "event" in accept else "application/json"
        assert answer.fields["content-type"].startswith(expected)
    serves(server)


def test_half_a_body(server):
    for size in (0, 1, 50):
        with server.raw() as raw:
            raw.request("POST", "/v1/predict", fields=[("Content-Length", 100)])
            raw.send(b" " * size)
    serves(server)


def test_a_client_that_goes_cancels_its_call(server):
    before = server.metric("probe_cancelled_total")
    with server.raw() as raw:
        raw.request("POST", "/v1/predict", b'{"model":"slow","inputs":["a"]}')
        server.until("probe_running", 1)
    server.until("probe_running", 0)
    assert server.metric("probe_cancelled_total") == before + 1


@pytest.mark.parametrize("end", ["close", "reset", "half"])
def test_a_client_that_goes_ends_its_stream(server, end):
    before = server.metric("probe_cancelled_total")
    raw = server.raw()
    raw.request("POST", "/v1/generate", FOREVER)
    assert raw.head()[0] == 200
    raw.take(b"word3")
    if end == "reset":
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if end == "half":
        raw.socket.shutdown(socket.SHUT_WR)
        raw.drain()
    raw.socket.close()
    server.until("probe_running", 0)
    assert server.metric("probe_cancelled_total") == before + 1


def test_a_stream_that_waits_notices_too(server):
    """The handler hangs after its first token: nothing is sent that could fail."""
    raw = server.raw()
    raw.request("POST", "/v1/generate", b'{"model":"story","prompt":"hang","stream":true}')
    raw.take(b"word0")
    server.until("probe_running", 2)  # the generation, and what it hangs in
    raw.socket.close()
    server.until("probe_running", 0)


def test_a_slow_reader_suspends_its_generation(server):
    raw = server.raw()
    raw.request("POST", "/v1/generate", FOREVER)
    raw.take(b"word0")
    memory = server.memory()
    tokens, still = -1.0, 0

    def stands_still():
        nonlocal tokens, still
        before, tokens = tokens, server.metric("probe_tokens_total")
        still = still + 1 if before == tokens else 0
        return still == 20

    until(stands_still, "the generation's pause")
    serves(server)
    assert server.memory() < memory + (16 << 20), "what is not read is not kept here"
    while b"word%d" % int(tokens) not in raw.rest:  # it goes on once it is read
        assert raw.more()
        raw.rest = raw.rest[-65536:]
    raw.socket.close()
    server.until("probe_running", 0)


def test_many_that_vanish(server):
    """Connections closed at every stage, all at once; the server ends up with none of them."""
    raws = [server.raw() for _ in range(200)]
    for number, raw in enumerate(raws):
        stage = number % 5
        if stage == 1:
            raw.send(b"POST /v1/pre")
        elif stage == 2:
            raw.request("POST", "/v1/predict", fields=[("Content-Length", 100)])
        elif stage == 3:
            raw.request("POST", "/v1/predict", b'{"model":"slow","inputs":["a"]}')
        elif stage == 4:
            raw.request("POST", "/v1/generate", FOREVER)
    for raw in raws:
        raw.socket.close()
    server.until("probe_running", 0)
    serves(server)


def test_memory_of_connections_is_given_back(server):
    def round_of_requests():
        raws = [server.raw() for _ in range(100)]
        for raw in raws:
            raw.request("POST", "/v1/predict", b" " * 100_000 + GOOD)
        for raw in raws:
            assert raw.answer().status == 200
            raw.socket.close()

    round_of_requests()
    memory = server.memory()
    # How much is needed at once is up to chance, and the allocator keeps it: a leak grows each time.
    for _ in range(5):
        for _ in range(5):
            round_of_requests()
        before, memory = memory, server.memory()
        if memory < before + (8 << 20):
            break
    assert memory < before + (8 << 20)
