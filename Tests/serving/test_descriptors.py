"""File descriptors that run out, and standard streams that the parent closed."""
import os
import resource
import socket
import subprocess

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import APUS, PATIENCE


def test_running_out_of_descriptors_is_logged_and_passes(start, tmp_path):
    (tmp_path / "models").mkdir()
    limit = 64
    server = start(tmp_path / "models")
    server.stub.Health(server.apus.HealthRequest())
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    host, port = server.address.rsplit(":", 1)
    made = [socket.create_connection((host, int(port))) for _ in range(2 * limit)]
    # The last to come are closed on arrival.
    made[-1].settimeout(PATIENCE)
    while made[-1].recv(4096):
        pass
    line = server.wait_for("connections refused")
    assert line["level"] == "warning" and f"all {limit} file descriptors" in line["reason"]
    assert "ulimit -n" in line["reason"]
    for each in made:
        each.close()
    server.until(lambda: server.descriptors() < 32, "the descriptors to come back")
    channel = server.open()
    check = health_pb2_grpc.HealthStub(channel).Check
    check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=PATIENCE)
    channel.close()
    # At most one line in ten seconds, however slow this machine: not one for each of the refused.
    assert [line["event"] for line in server.log()].count("connections refused") <= 1 + PATIENCE / 10


def test_closed_standard_streams_do_not_become_sockets(tmp_path):
    (tmp_path / "models").mkdir()
    target = f"unix:{tmp_path}/socket"
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', APUS, "serve", "--models", tmp_path / "models", "--grpc", target,
         "--http", "off"])
    channel = grpc.insecure_channel(target)
    check = health_pb2_grpc.HealthStub(channel).Check
    try:
        for _ in range(100):  # each leaves a line in the log
            check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=PATIENCE)
        links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
        assert links == ["/dev/null"] * 3
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        channel.close()
