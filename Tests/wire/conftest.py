"""Starts the test server (tools/rpc-testserver) for the wire tests, one process per set of flags."""

import os
import pathlib
import select
import signal
import subprocess
import sys
import time

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = "/apus.testing.Probe/"
PATIENCE = 60.0  # seconds until a condition that never comes fails its test


def binary():
    named = os.environ.get("APUS_TESTSERVER")
    if named:
        return named
    built = ROOT / ".build" / "rpc-testserver"
    if not built.exists():
        pytest.exit("build it first: tools/build rpc-testserver", 2)
    return str(built)


def until(condition, what="the condition"):
    """Polls until `condition` is truthy and returns that value."""
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE} s"
        time.sleep(0.005)


class Server:
    def __init__(self, *flags, address="127.0.0.1:0", **process):
        command = [binary(), "--listen", address, "--observe", *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **process)
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("listening on "), f"{command} said {line!r}"
        self.address = line.split()[-1]
        self.target = self.address
        if not self.address.startswith("unix:"):
            self.host, port = self.address.rsplit(":", 1)
            self.port = int(port)
        self.channel = self.open()

    def open(self, **options):
        defaults = {
            "grpc.max_receive_message_length": -1,
            "grpc.max_send_message_length": -1,
            "grpc.use_local_subchannel_pool": 1,
        }
        defaults.update(options)
        return grpc.insecure_channel(self.target, options=list(defaults.items()))

    def unary(self, name, body=b"", channel=None, timeout=PATIENCE, **more):
        return (channel or self.channel).unary_unary(PROBE + name)(body, timeout=timeout, **more)

    def serves(self):
        """Waits for an answer: where time is short, grpcio's own connection may have been too slow before."""

        def answers():
            try:
                return self.unary("Echo", b"alive") == b"alive"
            except grpc.RpcError:
                return False

        until(answers, "an answer")

    def stats(self):
        lines = self.unary("Stats").decode().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def until(self, **wanted):
        """Polls the server's own counters until they read as wanted; `Stats` itself runs once."""

        def reads():
            stats = self.stats()
            return all(stats.get(name.replace("_", "-"), 0) == value for name, value in wanted.items())

        until(reads, f"{wanted}, last {self.stats()},")

    def ended(self):
        """The calls that ended, oldest first: (path, status, request id)."""
        return [tuple(line.split(" ", 2)) for line in self.unary("Ended").decode().splitlines()]

    def metrics(self):
        """The Prometheus text by series, such as `rpc_server_calls_total{method="…",code="OK"}`."""
        lines = self.unary("Metrics").decode().splitlines()
        series = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in series}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self):
        """Seconds of CPU used so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def server():
    """One server with default limits for a whole module; it must be alive at the end."""
    made = Server()
    yield made
    assert made.process.poll() is None, "the server has died"
    made.stop()


@pytest.fixture
def start():
    """Starts servers with flags of their own; each must be alive at the end unless told to end."""
    made = []

    def make(*flags, **more):
        made.append(Server(*flags, **more))
        return made[-1]

    yield make
    for each in made:
        died = each.process.poll() not in (None, 0)
        each.stop()
        assert not died, "the server has died"


sys.path.insert(0, str(pathlib.Path(__file__).parent))
