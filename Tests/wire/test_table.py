"""Every row of the table "case | answer" of the gRPC wire, and what belongs to it."""

import grpc
import pytest

from conftest import PROBE, until
from rawhttp2 import Raw, head, message

ECHO = PROBE + "Echo"
OK = message(b"hello")


def raw_call(server, headers, body=OK, end=True):
    with Raw(server) as raw:
        return raw.call(headers, body, end)


def fails(call, *arguments, **more):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **more)
    return caught.value


def test_a_plain_call(server):
    answer = raw_call(server, head(ECHO))
    assert answer.headers == {":status": "200", "content-type": "application/grpc"}
    assert answer.data == OK
    assert answer.trailers == {"grpc-status": "0"}
    assert answer.ended and answer.reset is None


def test_te_may_be_missing(server):
    assert raw_call(server, head(ECHO, te=None)).status == "0"


@pytest.mark.parametrize(
    "kind", ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]
)
def test_content_types_that_are_grpc(server, kind):
    assert raw_call(server, head(ECHO, content_type=kind)).status == "0"


@pytest.mark.parametrize("kind", ["application/json", "application/grpcx", "text/plain", None])
def test_content_type_is_not_grpc(server, kind):
    answer = raw_call(server, head(ECHO, content_type=kind))
    assert answer.headers[":status"] == "415"
    assert answer.headers["accept-post"] == "application/grpc"
    assert answer.ended


@pytest.mark.parametrize("method", ["GET", "PUT", "post"])
def test_method_is_not_post(server, method):
    answer = raw_call(server, head(ECHO, pseudo_method=method))
    assert answer.headers[":status"] == "405"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("timeout", ["5", "S", "1s", "123456789S", "-1S", "1 S", "1.5S"])
def test_malformed_timeout(server, timeout):
    answer = raw_call(server, head(ECHO, grpc_timeout=timeout))
    assert answer.headers[":status"] == "400"
    assert answer.headers["grpc-status"] == "13"
    assert "grpc-timeout" in answer.detail


@pytest.mark.parametrize("value", ["Zg=", "Z", "Zm9-", "Zm 9v", "Zg,Z"])
def test_malformed_binary_metadata(server, value):
    answer = raw_call(server, head(ECHO) + [("x-data-bin", value)])
    assert answer.headers[":status"] == "400"
    assert answer.headers["grpc-status"] == "13"
    assert "x-data-bin" in answer.detail


@pytest.mark.parametrize("value", ["Zg", "Zg==", "Zg,Zm8=", "Zg, Zm8", ""])
def test_binary_metadata_padded_or_not(server, value):
    assert raw_call(server, head(ECHO) + [("x-data-bin", value)]).status == "0"


def test_odd_ascii_metadata_does_not_fail_a_call(server):
    odd = [("x-odd", "a\x7fb\xff"), ("x-blank", "  both ends  "), ("x!name", "v"), ("grpc-foo", "1")]
    assert raw_call(server, head(ECHO) + odd).status == "0"


@pytest.mark.parametrize(
    "path, detail",
    [
        (PROBE + "Nothing", "unknown method Nothing of service apus.testing.Probe"),
        (PROBE + "echo", "unknown method echo"),
        ("/no.Service/Echo", "unknown service no.Service"),
        ("/apus.testing.Probe", "malformed path"),
        ("/", "malformed path"),
        ("*", "malformed path"),
        ("", "malformed path"),
        (PROBE + "Echo/", "malformed path"),
        ("apus.testing.Probe/Echo", "malformed path"),
    ],
)
def test_unknown_or_malformed_path(server, path, detail):
    answer = raw_call(server, head(path))
    assert answer.headers[":status"] == "200"
    assert answer.headers["grpc-status"] == "12", "Trailers-Only"
    assert not answer.trailers
    assert answer.detail.startswith(detail.replace('"', "%22")) or detail in answer.detail


def test_unknown_encoding(server):
    answer = raw_call(server, head(ECHO, grpc_encoding="gzip"), message(b"x", flag=1))
    assert answer.status == "12"
    assert answer.headers["grpc-accept-encoding"] == "identity"
    assert "gzip" in answer.detail


def test_identity_encoding_is_fine(server):
    assert raw_call(server, head(ECHO, grpc_encoding="identity")).status == "0"


@pytest.mark.parametrize("flag", [1, 2, 255])
@pytest.mark.parametrize("encoding", [{}, {"grpc_encoding": "identity"}])
def test_flags_that_make_no_sense(server, flag, encoding):
    answer = raw_call(server, head(ECHO, **encoding), message(b"x", flag=flag))
    assert answer.status == "13"


def test_request_that_does_not_parse(server):
    answer = raw_call(server, head("/grpc.health.v1.Health/Check"), message(b"\x0a\xff\xff"))
    assert answer.status == "13"


@pytest.mark.parametrize("body", [b"", OK + OK, OK + OK + OK])
@pytest.mark.parametrize("name", ["Echo", "Flood"])
def test_zero_or_several_messages(server, name, body):
    answer = raw_call(server, head(PROBE + name), body)
    assert answer.status == "12"


@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_request_that_ends_within_a_message(server, cut):
    for name in ["Echo", "EchoStream"]:
        assert raw_call(server, head(PROBE + name), OK[:cut]).status == "13"


def test_message_at_and_over_the_limit(start):
    server = start("--message-size", 1000)
    assert server.unary("Echo", b"x" * 1000) == b"x" * 1000
    error = fails(server.unary, "Echo", b"x" * 1001)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details() == "a message of 1001 bytes is over the limit of 1000 bytes (max-message-size)"
    # Only the prefix is needed to know.
    with Raw(server) as raw:
        answer = raw.call(head(ECHO), b"\0\xff\xff\xff\xff", end=False)
        assert answer.status == "8" and "4294967295" in answer.detail


def test_handler_threw_something(server):
    error = fails(server.unary, "Throw")
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "Misfortune" not in error.details()


def test_deadline_already_past(start):
    server = start()
    answer = raw_call(server, head(PROBE + "Hang", grpc_timeout="0n"))
    assert answer.status == "4"
    assert server.stats()["running"] == 1, "no handler was started but that of Stats"


def test_deadline_passes(start):
    server = start()

    def ends_the_handler():
        assert raw_call(server, head(PROBE + "Hang", grpc_timeout="50m")).status == "4"
        return server.stats()["cancelled"]

    # On a busy machine it may pass before the handler starts.
    until(ends_the_handler)
    server.until(running=1)


def test_deadline_passes_before_the_request_ends(server):
    answer = raw_call(server, head(PROBE + "HangStream", grpc_timeout="50m"), end=False)
    assert answer.status == "4"
    with Raw(server) as raw:
        stream = raw.request(head(PROBE + "HangStream", grpc_timeout="50m"), OK, end=False)
        raw.until(lambda: raw.answers[stream].reset is not None)
        assert raw.answers[stream].status == "4"
        # NO_ERROR, not CANCEL: gRPC's C core would take the reset's status over that of the trailers.
        assert raw.answers[stream].reset == 0


def test_an_early_end_is_followed_by_reset(server):
    with Raw(server) as raw:
        stream = raw.request(head(PROBE + "Nothing"), OK, end=False)
        raw.until(lambda: raw.answers[stream].reset is not None)
        assert raw.answers[stream].status == "12"
        assert raw.answers[stream].reset == 0, "RST_STREAM(NO_ERROR)"


def test_the_longest_timeout_is_clamped(server):
    assert raw_call(server, head(ECHO, grpc_timeout="99999999H")).status == "0"


def test_too_many_running_calls(start):
    server = start("--calls-per-connection", 4)
    with Raw(server) as raw:
        raw.until(lambda: 3 in raw.settings)
        assert raw.settings[3] == 4
        # Handlers that ignore their cancellation count although their streams are closed.
        for _ in range(4):
            stream = raw.request(head(PROBE + "Deaf"), OK)
            raw.reset(stream)
        server.until(calls=5)
        answer = raw.call(head(ECHO), OK)
        assert answer.reset == 7, "RST_STREAM(REFUSED_STREAM)"
        assert server.unary("Echo", b"others are served") == b"others are served"
        server.unary("Release")
        server.until(calls=1)
        assert raw.call(head(ECHO), OK).status == "0"


def test_too_many_calls_on_the_whole_server(start):
    server = start("--calls", 2)
    with Raw(server) as one, Raw(server) as other:
        first = one.request(head(PROBE + "Hang"), OK)
        second = one.request(head(PROBE + "Hang"), OK)
        # Both have their places before anybody else asks for one.
        one.h2.ping(b"01234567")
        one.flush()
        one.until(lambda: one.pongs)
        assert other.call(head(ECHO), OK).reset == 7
        one.reset(first)
        one.reset(second)
        until(lambda: other.call(head(ECHO), OK).status == "0")


def test_over_the_announced_streams_before_the_settings_are_seen(start):
    server = start("--calls-per-connection", 4)
    with Raw(server) as raw:
        # Everything leaves before the server's SETTINGS could be acknowledged.
        streams = []
        for _ in range(6):
            stream = raw.h2.get_next_available_stream_id()
            raw.h2.send_headers(stream, head(PROBE + "Hang"))
            raw.h2.send_data(stream, OK, end_stream=True)
            raw.answers[stream] = __import__("rawhttp2").Answer()
            streams.append(stream)
        raw.flush()
        for stream in streams[4:]:
            assert raw.wait(stream).reset == 7


def test_header_list_over_the_limit(start):
    server = start("--header-size", 2000)
    answer = raw_call(server, head(ECHO) + [(f"x-{n}", "v" * 50) for n in range(40)])
    assert answer.status == "8"
    assert "2000" in answer.detail
    with Raw(server) as raw:
        raw.until(lambda: raw.settings)
        assert raw.settings[6] == 2000, "SETTINGS_MAX_HEADER_LIST_SIZE"
        assert raw.call(head(ECHO), OK).status == "0"


@pytest.mark.parametrize(
    "headers",
    [
        head(ECHO) + [("Upper", "case")],
        head(ECHO) + [("connection", "close")],
        head(ECHO) + [("transfer-encoding", "chunked")],
        head(ECHO) + [(":path", ECHO)],
        head(ECHO, te="gzip"),
        head(ECHO, pseudo_path=None),
        head(ECHO, pseudo_method=None),
        head(ECHO, pseudo_scheme=None),
        [*head(ECHO), (":unknown", "x")],
        head(ECHO) + [("x-break", "a\nb")],
        head(ECHO) + [("x-zero", "a\0b")],
        head(ECHO) + [("sp ace", "b")],
    ],
)
def test_heads_that_break_http(server, headers):
    with Raw(server) as raw:
        answer = raw.call(headers, OK)
        assert answer.reset == 1, "RST_STREAM(PROTOCOL_ERROR)"
        assert raw.call(head(ECHO), OK).status == "0", "the connection goes on"


def test_authority_may_be_missing_or_odd(server):
    assert raw_call(server, head(ECHO, pseudo_authority=None)).status == "0"
    assert raw_call(server, head(ECHO, pseudo_authority="")).status == "0"
    assert raw_call(server, head(ECHO, pseudo_authority="/tmp/a.sock")).status == "0"


def test_unix_socket(start, tmp_path):
    server = start(address=f"unix:{tmp_path}/rpc.sock")
    assert server.unary("Echo", b"hello") == b"hello"


def test_request_trailers_end_the_request(server):
    with Raw(server) as raw:
        stream = raw.request(head(ECHO), OK, end=False)
        raw.h2.send_headers(stream, [("x-trailer", "1")], end_stream=True)
        raw.flush()
        assert raw.wait(stream).status == "0"


def test_response_metadata_that_cannot_be_sent(server):
    error = fails(server.unary, "BadMetadata")
    assert error.code() is grpc.StatusCode.INTERNAL and "Upper Case" in error.details()
    error = fails(server.unary, "LargeMetadata")
    assert error.code() is grpc.StatusCode.INTERNAL and "limit" in error.details()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 100])
def test_data_frame_edges_mean_nothing(server, size):
    body = message(b"first") + message(b"") + message(b"x" * 300)
    with Raw(server) as raw:
        stream = raw.request(head(PROBE + "EchoStream"), body[:size], end=False)
        for start in range(size, len(body), size):
            raw.send(stream, body[start : start + size], end=False)
        raw.send(stream, b"", end=True)
        answer = raw.wait(stream)
        assert answer.data == body and answer.status == "0"
