"""Starts the server under test for the REST tests: tools/rest-testserver, whose models need no weights.

APUS_REST_TESTSERVER names another binary. Tests that use `site` ask only for what any server with
the right models answers: with APUS_REST_URL (and APUS_REST_MODELS, such as
`embed=minilm,story=tinystories`) they run against one that stands already.
"""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until a condition that never comes fails its test


def binary():
    named = os.environ.get("APUS_REST_TESTSERVER")
    if named:
        return named
    built = ROOT / ".build" / "rest-testserver"
    if not built.exists():
        pytest.exit("build it first: tools/build rest-testserver", 2)
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


class Answer:
    """One HTTP answer: status, header fields in lower case, and the body."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        return json.loads(self.body)


class Raw:
    """A client of bare bytes: what libraries would not send, and when."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, path, body=None, fields=(), version="1.1"):
        head = f"{method} {path} HTTP/{version}\r\nHost: x\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.send(head.encode() + b"\r\n" + (body or b""))

    def more(self):
        """False at the end."""
        data = self.socket.recv(65536)
        self.rest += data
        return bool(data)

    def take(self, mark):
        """Everything up to a mark, which is taken too."""
        while mark not in self.rest:
            assert self.more(), f"the connection ended before {mark!r}: {self.rest[:500]!r}"
        taken, self.rest = self.rest.split(mark, 1)
        return taken

    def head(self):
        lines = self.take(b"\r\n\r\n").decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), fields

    def answer(self, has_body=True):
        """The next answer; interim ones are passed over."""
        status, fields = self.head()
        while status == 100:
            status, fields = self.head()
        body = b""
        if not has_body or status == 204:
            pass
        elif fields.get("transfer-encoding") == "chunked":
            while size := int(self.take(b"\r\n"), 16):
                while len(self.rest) < size + 2:
                    assert self.more(), "the connection ended within a chunk"
                body, self.rest = body + self.rest[:size], self.rest[size + 2:]
            self.take(b"\r\n")
        else:
            size = int(fields["content-length"])
            while len(self.rest) < size:
                assert self.more(), "the connection ended within a body"
            body, self.rest = self.rest[:size], self.rest[size:]
        return Answer(status, fields, body)

    def drain(self):
        """Reads until the server has closed."""
        try:
            while self.more():
                pass
        except ConnectionError:
            pass
        return self.rest


class Server:
    """The test server on a port of its own."""

    def __init__(self, *flags):
        command = [binary(), *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("listening on "), f"{command} said {line!r}"
        self.address, self.grpc = line.split()[-2:]
        self.host, port = self.address.rsplit(":", 1)
        self.port = int(port)
        self.url = f"http://{self.address}"

    def raw(self):
        return Raw(self)

    def call(self, method, path, body=None, fields=()):
        """One request on a connection of its own. A body that is no bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        with self.raw() as raw:
            raw.request(method, path, body, fields)
            return raw.answer(method != "HEAD")

    def post(self, path, body, fields=()):
        return self.call("POST", path, body, fields)

    def get(self, path, fields=()):
        return self.call("GET", path, None, fields)

    def metric(self, name):
        """The value of one series in /metrics; 0 when there is none."""
        for line in self.get("/metrics").body.decode().splitlines():
            if line.rsplit(" ", 1)[0] == name:
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def until(self, name, value):
        until(lambda: self.metric(name) == value, f"{name} == {value}, last {self.metric(name)},")

    def memory(self):
        """Resident bytes."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def counts(self, name):
        """Waits until something was counted there. Where time is short, that of this client's own requests may be
        over too, and is counted."""
        def counted():
            try:
                return self.metric(name) >= 1
            except (AssertionError, OSError):
                return False

        until(counted, f"{name} >= 1")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
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

    def make(*flags):
        made.append(Server(*flags))
        return made[-1]

    yield make
    for each in made:
        died = each.process.poll() not in (None, 0)
        each.stop()
        assert not died, "the server has died"


@pytest.fixture(scope="module")
def site(request):
    """(base URL, models by role) of the server that tests of any server run against."""
    url = os.environ.get("APUS_REST_URL")
    if not url:
        return request.getfixturevalue("server").url, {name: name for name in ("embed", "story")}
    named = os.environ.get("APUS_REST_MODELS", "")
    return url, dict(pair.split("=", 1) for pair in named.split(",") if pair)


@pytest.fixture(scope="module")
def model(site):
    """A model's name by its role; skips, saying so, where the server has none for it."""
    def find(role):
        if role not in site[1]:
            pytest.skip(f"the server has no model for {role}: name one in APUS_REST_MODELS")
        return site[1][role]
    return find
