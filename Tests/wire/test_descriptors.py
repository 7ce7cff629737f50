"""File descriptors that run out, and standard streams that the parent closed."""

import os
import resource
import socket
import subprocess

import grpc

from conftest import PATIENCE, PROBE, binary, until
from rawhttp2 import Raw, head, message

OK = message(b"hello")


def test_running_out_of_descriptors_is_told_once_and_passes(start):
    limit = 64
    server = start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    server.stats()
    made = [socket.create_connection((server.host, server.port)) for _ in range(2 * limit)]

    def failures():
        return int(server.metrics()["rpc_server_accept_failures_total"])

    open_now = until(lambda: server.stats()["connections"] + failures() > 2 * limit and server.stats()["connections"])
    # Nobody is left in the queue, where he would make the listener ready for ever.
    assert failures() == 2 * limit + 1 - open_now
    told = server.unary("Refused").decode().splitlines()
    assert len(told) <= 1 + PATIENCE / 10, told  # one in ten seconds at most
    assert told[0].startswith("1 cannot accept a connection: ")
    assert f"all {limit} file descriptors" in told[0] and "ulimit -n" in told[0]
    for each in made:
        each.close()
    server.until(connections=1)
    with Raw(server) as raw:
        assert raw.call(head(PROBE + "Echo"), OK).data == OK
    assert failures() == 2 * limit + 1 - open_now


def test_closed_standard_streams_are_replaced(tmp_path):
    path = f"{tmp_path}/socket"
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", binary(), "--listen", f"unix:{path}"])
    channel = grpc.insecure_channel(f"unix:{path}")
    try:
        echo = channel.unary_unary(PROBE + "Echo")
        assert echo(b"alive", timeout=PATIENCE, wait_for_ready=True) == b"alive"
        links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
        assert links == ["/dev/null"] * 3
        # SIGTERM makes the server print; the connection must carry no word of it.
        process.terminate()
        channel.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        channel.close()
