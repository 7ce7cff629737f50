"""Deadlines, cancellation, back-pressure and threads, seen from grpcio."""

import threading

import grpc
import pytest

from conftest import PATIENCE, PROBE, until
from rawhttp2 import Raw, head, message

MIB = 1 << 20


def test_cancellation_reaches_the_handler(start):
    server = start()
    call = server.channel.unary_unary(PROBE + "Hang").future(b"")
    server.until(running=2)
    call.cancel()
    server.until(running=1, cancelled=1)


def test_cancelling_a_stream_reaches_the_handler(start):
    server = start()
    call = server.channel.stream_stream(PROBE + "IgnoreStream")(iter([]))
    next(call)
    call.cancel()
    server.until(running=1, cancelled=1)


def test_the_clients_deadline_reaches_the_handler(start):
    server = start()
    # A deadline may pass before the call has left this process: then a longer one is tried.
    timeouts = iter(0.05 * 2**number for number in range(10))

    def ends_the_handler():
        with pytest.raises(grpc.RpcError) as caught:
            server.unary("Hang", timeout=next(timeouts))
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        return server.stats()["cancelled"]

    until(ends_the_handler)
    server.until(running=1)


def test_a_vanished_client_cancels_its_calls(start):
    server = start()
    raw = Raw(server)
    for _ in range(5):
        raw.request(head(PROBE + "Hang"), message(b""))
    server.until(running=6)
    raw.socket.close()
    server.until(running=1, cancelled=5, connections=1, calls=1)


def test_a_handler_may_outlive_its_connection(start):
    server = start()
    raw = Raw(server)
    raw.request(head(PROBE + "Deaf"), message(b"hello"))
    server.until(running=2)
    raw.socket.close()
    server.until(connections=1, running=2)
    server.unary("Release")
    server.until(running=1, calls=1)


def test_a_slow_reader_stops_its_handler_and_nobody_else(start):
    server = start()
    idle = server.memory()
    with Raw(server, consumes=False) as raw:
        # Half a gigabyte wanted, nothing taken: what leaves the handler is bounded by the client's
        # window and the call's queue.
        raw.request(head(PROBE + "Flood"), message(b"500000 1000"))
        raw.until(lambda: raw.answers[1].data)
        stalled = until(lambda: stands_still(server))
        assert stalled["sent"] * 1000 < 2 * MIB
        assert server.memory() - idle < 8 * MIB
        assert server.unary("Echo", b"others are served") == b"others are served"
    server.until(running=1, cancelled=1)


def stands_still(server):
    """Two readings in a row between which a hundred other calls were served."""
    before = server.stats()
    for _ in range(100):
        server.unary("Echo")
    after = server.stats()
    return after if after["sent"] == before["sent"] else None


def test_a_reader_that_goes_on_gets_everything(start):
    server = start()
    with Raw(server, consumes=False) as raw:
        stream = raw.request(head(PROBE + "Flood"), message(b"2000 1000"))
        raw.until(lambda: raw.answers[stream].data)
        until(lambda: stands_still(server))
        taken = 0
        while not raw.answers[stream].over:
            fresh = len(raw.answers[stream].data) - taken
            taken += fresh
            if fresh:
                raw.h2.acknowledge_received_data(fresh, stream)
                raw.flush()
            raw.step()
        assert len(raw.answers[stream].data) == 2000 * 1005
        assert raw.answers[stream].status == "0"


def test_a_slow_handler_pushes_its_client_back(start):
    server = start("--stream-window", 65535)
    with Raw(server) as raw:
        stream = raw.request(head(PROBE + "HangStream"), message(b"x" * 1000), end=False)
        raw.until(lambda: 4 in raw.settings)
        chunk = message(b"y" * 1000)
        sent = 1005
        # Whole messages wait for a handler that polls none: their bytes are never granted anew.
        while raw.h2.local_flow_control_window(stream) >= len(chunk):
            raw.send(stream, chunk, end=False)
            sent += len(chunk)
        assert sent <= 65535
        assert raw.call(head(PROBE + "Echo"), message(b"others")).status == "0"
        assert raw.h2.local_flow_control_window(stream) < len(chunk)


def test_a_message_larger_than_every_window(start):
    server = start("--stream-window", 65535, "--connection-window", 65535)
    body = bytes(range(256)) * 16000
    assert server.unary("Echo", body) == body


def test_memory_of_one_connection_is_bounded(start):
    server = start("--memory-per-connection", 4 * MIB, "--message-size", 3 * MIB)
    with Raw(server) as raw:
        # Three messages that never end may together pass what one connection may hold.
        streams = []
        for _ in range(3):
            stream = raw.request(head(PROBE + "Echo"), b"\0" + (3 * MIB).to_bytes(4, "big"), end=False)
            streams.append(stream)
        left = {stream: 2 * MIB for stream in streams}
        while any(left.values()) and not any(raw.answers[s].over for s in streams):
            for stream in streams:
                room = min(left[stream], raw.h2.local_flow_control_window(stream), 16384)
                if room:
                    raw.h2.send_data(stream, b"z" * room)
                    left[stream] -= room
            raw.flush()
            raw.h2.ping(b"01234567")
            raw.flush()
            pongs = raw.pongs
            raw.until(lambda: raw.pongs > pongs)
        ended = [raw.answers[s] for s in streams if raw.answers[s].over]
        assert ended and all(answer.status == "8" for answer in ended)
        assert str(4 * MIB) in ended[0].detail
        assert server.unary("Echo", b"others are served") == b"others are served"


def test_sending_from_other_threads(start):
    server = start()
    for _ in range(5):
        messages = list(server.channel.unary_stream(PROBE + "OffLoop")(b"4000 100", timeout=PATIENCE))
        assert len(messages) == 4000
        for worker in range(4):
            assert messages.count(bytes([worker]) * 100) == 1000


def test_many_threads_many_calls(start):
    server = start("--loops", 2)
    failures = []

    def work(number):
        channel = server.open()
        try:
            for index in range(200):
                body = f"{number} {index}".encode() * (index % 50)
                if server.unary("Echo", body, channel) != body:
                    failures.append((number, index))
        except grpc.RpcError as error:
            failures.append(error)
        channel.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    server.until(calls=1)


def test_large_messages_take_turns(start):
    """A long body must not keep the others of its connection waiting until it is through."""
    server = start()
    with Raw(server) as raw:
        long = raw.request(head(PROBE + "Flood"), message(b"200000 1000"))
        raw.until(lambda: len(raw.answers[long].data) > 100_000)
        short = raw.request(head(PROBE + "Flood"), message(b"10 1000"))
        raw.wait(short)
        assert not raw.answers[long].over
        raw.reset(long)
