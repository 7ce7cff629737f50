"""File descriptors that run out, and standard streams that the parent closed."""
import os
import re
import resource
import socket
import subprocess

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import APUS, PATIENCE, run


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
    assert server.metrics()["rpc_server_accept_failures_total"] > 0
    # At most one line in ten seconds, however slow this machine: not one for each of the refused.
    assert [line["event"] for line in server.log()].count("connections refused") <= 1 + PATIENCE / 10


def limited(count):
    # Not `preexec_fn`: that forks, and gRPC's threads in the child write into the server's log.
    return {"before": ["prlimit", f"--nofile={count}:{count}"]}


def test_too_few_descriptors_are_refused_at_start_and_enough_of_them_serve(start, tmp_path, folder):
    address = f"unix:{tmp_path}/socket"
    refused = run("serve", "--models", folder, "--grpc", address, "--http", "127.0.0.1:0", **limited(15))
    assert refused.returncode == 5 and len(refused.stderr.splitlines()) == 1
    told = re.search(r"may have 15 file descriptors, and the server needs at least (\d+): .*ulimit -n", refused.stderr)
    least = int(told[1])
    assert run("serve", "--models", folder, "--grpc", address, **limited(least - 1)).returncode == 5
    # With just as many it loads its models and serves both fronts and some connections.
    server = start(folder, **limited(least))
    server.wait_for("ready")
    warned = server.wait_for("few file descriptors, and each connection takes one")
    assert warned["limit"] == least and "ulimit -n" in warned["advice"]
    channels = [server.open() for _ in range(8)]
    for channel in channels:
        check = health_pb2_grpc.HealthStub(channel).Check
        check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=PATIENCE)
        assert server.metrics()["rpc_server_accept_failures_total"] == 0
    for channel in channels:
        channel.close()


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
