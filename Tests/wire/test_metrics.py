"""What the server counts, read through the probe's `Metrics`."""

import grpc
import pytest

from conftest import PATIENCE, PROBE, until
from rawhttp2 import Raw, head, message

ECHO = f'method="{PROBE}Echo"'


def test_calls_messages_and_bytes(start):
    server = start("--loops", 2)
    channels = [server.open() for _ in range(8)]
    for channel in channels:
        for _ in range(5):
            server.unary("Echo", b"x" * 100, channel=channel)
    with pytest.raises(grpc.RpcError):
        server.unary("Throw")
    server.until(calls=1)
    metrics = server.metrics()
    assert metrics[f"rpc_server_calls_total{{{ECHO},code=\"OK\"}}"] == 40
    assert metrics[f'rpc_server_calls_total{{method="{PROBE}Throw",code="UNKNOWN"}}'] == 1
    for direction in ("received", "sent"):
        assert metrics[f"rpc_server_{direction}_messages_total{{{ECHO}}}"] == 40
        assert metrics[f"rpc_server_{direction}_message_bytes_total{{{ECHO}}}"] == 4000
    assert metrics[f"rpc_server_call_seconds_count{{{ECHO}}}"] == 40
    assert metrics[f'rpc_server_call_seconds_bucket{{{ECHO},le="+Inf"}}'] == 40
    assert 0 < metrics[f"rpc_server_call_seconds_sum{{{ECHO}}}"] < 40 * PATIENCE
    for channel in channels:
        channel.close()


def test_what_is_open(start):
    server = start()
    assert server.metrics()["rpc_server_connections"] == 1
    with Raw(server) as raw:
        streams = [raw.request(head(PROBE + "HangStream"), end=False) for _ in range(3)]
        server.until(running=4)
        metrics = server.metrics()
        assert metrics["rpc_server_connections"] == 2
        assert metrics["rpc_server_open_calls"] == 4, "the call that asks is one"
        for stream in streams:
            raw.reset(stream)
    server.until(calls=1, connections=1)
    assert server.metrics()["rpc_server_open_calls"] == 1


def test_limits_are_counted_by_name(start):
    server = start("--calls-per-connection", 2, "--message-size", 1000, "--reset-burst", 5,
                   "--resets-per-second", 1)

    def reached(limit):
        return server.metrics().get(f'rpc_server_limit_reached_total{{limit="{limit}"}}', 0)

    with Raw(server) as raw:
        # The first streams go out before the server's settings are known.
        for _ in range(3):
            raw.request(head(PROBE + "HangStream"), end=False)
        until(lambda: reached("max-calls-per-connection") == 1, "a refused stream")
    with pytest.raises(grpc.RpcError):
        server.unary("Echo", b"x" * 1001)
    with pytest.raises(grpc.RpcError):
        server.unary("Echo", metadata=[("x-large", "x" * 20_000)])
    assert reached("max-message-size") == 1 and reached("max-header-size") == 1
    with pytest.raises(grpc.RpcError, match="max-response-metadata"):
        server.unary("LargeMetadata")
    assert reached("max-response-metadata") == 1
    until(lambda: server.ended()[-2][:2] == (PROBE + "LargeMetadata", "INTERNAL"), "what the client was told")
    with Raw(server) as raw:
        for _ in range(20):  # a token comes back each second
            raw.reset(raw.request(head(PROBE + "HangStream"), end=False))
        raw.until_closed()
    assert reached("reset-burst") == 1
    assert server.metrics()["rpc_server_violations_total"] == 1
    assert server.metrics()["rpc_server_rejected_requests_total"] == 1
