"""Many connections, and the drain on SIGTERM."""

import resource
import signal
import socket
import threading

import grpc
import hpack
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import PATIENCE, PROBE, until
from racing import Racers
from rawhttp2 import DATA, HEADERS, PREFACE, SETTINGS, Raw, called, frame, head, message

OK = message(b"hello")
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


def test_a_thousand_connections_lose_nothing(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    # Each says hello at once, and goes on when the last has.
    server = start("--loops", 2, "--handshake-ms", 3_600_000)
    idle = server.memory()
    raws = [Raw(server) for _ in range(1000)]
    streams = []
    for number, raw in enumerate(raws):
        streams.append(raw.request(head(PROBE + "Echo"), message(str(number).encode() * 50)))
    for number, (raw, stream) in enumerate(zip(raws, streams)):
        answer = raw.wait(stream)
        assert answer.status == "0"
        assert answer.data == message(str(number).encode() * 50)
    assert server.stats()["connections"] == 1001
    per_connection = (server.memory() - idle) / 1000
    print(f"{per_connection / 1024:.1f} KiB a connection")
    assert per_connection < 64 << 10
    for raw in raws:
        raw.socket.close()
    server.until(connections=1)


def test_drain_finishes_what_is_under_way(start):
    server = start("--grace-ms", 20000)
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    with Raw(server, consumes=False) as raw:
        stream = raw.request(head(PROBE + "Flood"), message(b"2000 1000"))
        raw.until(lambda: raw.answers[stream].data)
        server.terminate()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        # The final GOAWAY names the stream that is under way.
        raw.until(lambda: raw.goaway is not None)
        assert raw.goaway[0] == 0
        taken = 0
        while not raw.answers[stream].over:
            fresh = len(raw.answers[stream].data) - taken
            taken += fresh
            if fresh:
                raw.h2.acknowledge_received_data(fresh, stream)
                raw.flush()
            assert raw.step() or raw.answers[stream].over
        assert len(raw.answers[stream].data) == 2000 * 1005
        assert raw.answers[stream].status == "0", "a drain loses no stream"
        raw.until_closed()
    server.channel.close()
    assert server.wait() == 0


def test_drain_loses_no_call_of_a_busy_client(start):
    """grpcio keeps calling while the server drains: each call ends well or was never taken."""
    server = start()
    other = start()
    outcomes = []
    draining = threading.Event()

    def call():
        # Calls go to the second server once the first refuses; wait_for_ready is not set.
        while True:
            try:
                server.unary("Echo", b"x")
                outcomes.append("ok")
            except grpc.RpcError as error:
                outcomes.append((error.code(), error.details()))
                return
            if draining.is_set() and server.process.poll() is not None:
                return

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: outcomes.count("ok") > 200)
    draining.set()
    server.terminate()
    for thread in threads:
        thread.join()
    assert server.wait() == 0
    errors = [outcome for outcome in outcomes if outcome != "ok"]
    # After the drain nobody listens: that is the only error a client may see.
    assert all(code is grpc.StatusCode.UNAVAILABLE for code, _ in errors), errors
    assert all("refused" in detail or "connect" in detail for _, detail in errors), errors
    assert other.unary("Echo", b"alive") == b"alive"


def test_after_the_grace_calls_end_with_unavailable(start):
    server = start("--grace-ms", 200)
    call = server.channel.unary_unary(PROBE + "Hang").future(b"")
    server.until(running=2)
    server.terminate()
    error = call.exception()
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "shutting down" in error.details()
    assert server.wait() == 0


def test_drain_ends_health_watches(start):
    """A watch has no end of its own; the drain must not wait out its grace for one."""
    server = start("--grace-ms", 3_600_000)
    stub = health_pb2_grpc.HealthStub(server.channel)
    watches = [
        stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE) for name in ("", "unknown")
    ]
    first = [next(watch).status for watch in watches]
    assert first == [health_pb2.HealthCheckResponse.SERVING, UNKNOWN]
    server.terminate()
    assert next(watches[0]).status == health_pb2.HealthCheckResponse.NOT_SERVING
    for watch in watches:
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "the server is shutting down"
    assert server.wait() == 0, "at once, not after the grace"


def test_drain_gives_up_on_a_client_that_never_reads(start):
    server = start("--grace-ms", 300)
    made = socket.create_connection((server.host, server.port))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    path = hpack.Encoder().encode(head(PROBE + "Flood"))
    made.sendall(
        PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0) + frame(HEADERS, 4, 1, path)
        + frame(DATA, 1, 1, message(b"100000 1000"))
    )
    server.until(running=2)
    server.channel.close()
    server.terminate()
    assert server.wait() == 0
    made.close()


def test_drain_amid_racing_clients(start):
    server = start("--loops", 2, "--grace-ms", 500)
    serve = Racers(server, clients=16)
    until(lambda: serve.rounds > 200)
    server.channel.close()
    server.terminate()
    assert server.wait() == 0
    serve.stop()


def test_drain_closes_idle_and_silent_connections(start):
    server = start()
    raws = [Raw(server) for _ in range(20)]
    for raw in raws:
        assert raw.call(head(PROBE + "Echo"), OK).status == "0"
    server.terminate()
    for raw in raws:
        raw.until_closed()
        assert raw.goaway == (0, b"drain")
    server.channel.close()
    assert server.wait() == 0


def test_drain_serves_what_races_with_the_notice(start):
    server = start()
    with Raw(server) as raw:
        hang = raw.request(head(PROBE + "EchoStream"), OK, end=False)
        raw.until(lambda: raw.answers[hang].data)
        # A stopped server finds signal and stream at once when it goes on, however long this takes.
        server.process.send_signal(signal.SIGSTOP)
        server.terminate()
        stream = raw.request(head(PROBE + "Echo"), OK)
        server.process.send_signal(signal.SIGCONT)
        assert raw.wait(stream).status == "0"
        raw.send(hang, b"", end=True)
        assert raw.wait(hang).status == "0"
        raw.until_closed()
    server.channel.close()
    assert server.wait() == 0


def test_an_idle_connection_is_asked_to_leave(start):
    server = start("--idle-ms", 300)
    raw, stream = called(server, head(PROBE + "Echo"), OK)
    with raw:
        assert raw.answers[stream].status == "0"
        raw.until_closed()
        # The notice, and the GOAWAY behind its PING.
        assert [code for code, _ in raw.goaways] == [0, 0] and raw.goaway == (0, b"idle")
    # A gRPC client, which has been asked as well, connects again by itself.
    until(lambda: server.metrics()['rpc_server_limit_reached_total{limit="max-connection-idle"}'])
    server.serves()


def test_a_connection_with_a_call_is_not_idle(start):
    server = start("--idle-ms", 300)
    raw, hang = called(server, head(PROBE + "EchoStream"), OK, end=False)
    with raw:
        with Raw(server) as idle:  # it comes later, and its time is over
            idle.until(lambda: idle.settings)
            idle.until_closed()
        raw.send(hang, b"", end=True)
        assert raw.wait(hang).status == "0" and not raw.goaways
