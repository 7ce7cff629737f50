"""TLS on both fronts: real clients, those that make no handshake, and certificates renewed under load."""
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

import grpc
import pytest

from conftest import PATIENCE, Server, run
from versions import Folder, Load, answer


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=PATIENCE)


class Identity:
    """An authority, and a certificate for localhost and 127.0.0.1 that it has signed and can renew."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", 2,
                "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out", self.ca)
        self.renew(1)

    def make(self, name, serial, *more):
        openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", 1,
                "-CA", self.ca, "-CAkey", self.folder / "ca.key", "-subj", "/CN=localhost", "-set_serial", serial,
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
                "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem", *more)

    def renew(self, serial):
        """New files in the place of the old ones, each at once."""
        self.make("next", serial)
        os.replace(self.folder / "next.key", self.key)
        os.replace(self.folder / "next.pem", self.certificate)

    @property
    def flags(self):
        return ["--tls-certificate", self.certificate, "--tls-key", self.key]

    def trust(self, *protocols):
        context = ssl.create_default_context(cafile=self.ca)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context


class SecureServer(Server):
    """`apus serve` with a certificate of `identity`'s."""

    def __init__(self, identity, contract, folder, *flags, **more):
        self.identity = identity
        super().__init__(contract, folder, *identity.flags, *flags, **more)
        self.http = self.http.replace("http:", "https:")
        self.http_port = int(self.http.rsplit(":", 1)[1])

    def open(self, **more):
        credentials = grpc.ssl_channel_credentials(self.identity.ca.read_bytes(), **more)
        return grpc.secure_channel(self.address, credentials, options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0),
            ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])

    def get(self, path):
        with urllib.request.urlopen(self.http + path, context=self.identity.trust(), timeout=PATIENCE) as reply:
            return reply.read()

    def metrics(self):
        lines = (line.rsplit(" ", 1) for line in self.get("/metrics").decode().splitlines() if line[0] != "#")
        return {name: float(value) for name, value in lines}

    def reach(self, port, context):
        """A connection whose handshake is done."""
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        return context.wrap_socket(plain, server_hostname="localhost")

    def serial(self, port, *protocols):
        with self.reach(port, self.identity.trust(*protocols)) as made:
            return int(made.getpeercert()["serialNumber"], 16)

    def serials(self):
        return {self.serial(int(self.port), "h2"), self.serial(self.http_port, "http/1.1")}

    def curl(self, *words):
        made = subprocess.run(["curl", "-sS", "--cacert", self.identity.ca, *map(str, words)],
                              capture_output=True, timeout=PATIENCE)
        assert made.returncode == 0, made.stderr.decode()
        return made.stdout

    def reload(self, event, serial=None):
        """Has it read its files anew, until it has said what came of it."""
        before = len([1 for line in self.log() if line["event"] == event])
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: len([1 for line in self.log() if line["event"] == event]) > before, event)
        return [line for line in self.log() if line["event"] == event][-1]


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return Identity(tmp_path_factory.mktemp("tls") / "identity")


@pytest.fixture(scope="module")
def secure(identity, contract, folder, tmp_path_factory):
    """One server for what changes nothing about it."""
    made = SecureServer(identity, contract, folder, log=tmp_path_factory.mktemp("log") / "secure.log")
    made.wait_for("ready")
    yield made
    assert made.stop() == 0


@pytest.fixture
def begin(contract, tmp_path):
    """Starts servers of a test's own on a model that answers with its version."""
    made = []

    def make(identity, *flags, models=None):
        if models is None:
            served = Folder(tmp_path / f"served-{len(made)}")
            served.add(1)
            models = served.root
        made.append(SecureServer(identity, contract, models, *flags, log=tmp_path / f"secure-{len(made)}.log"))
        made[-1].wait_for("ready")
        return made[-1]

    yield make
    for each in made:
        each.stop()


def post(server, path, body, *words):
    return server.curl(server.http + path, "-H", "content-type: application/json", "--data-binary", body, *words)


# ---- Clients as they are

def test_calls_and_streams_and_large_messages(secure, server):
    texts = ["one text", "another"]
    assert secure.texts("minilm", texts).predictions == server.texts("minilm", texts).predictions
    words = "".join(each.text for each in secure.stream("storyteller", "Once", max_tokens=40))
    assert words == "".join(each.text for each in server.stream("storyteller", "Once", max_tokens=40))
    with pytest.raises(grpc.RpcError) as refused:
        secure.texts("rows", ["x" * (3 << 20)])  # of which every byte was read
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as refused:
        secure.texts("minilm", ["x" * (17 << 20)])
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "max-message-size" in refused.value.details()


def test_many_calls_at_once(secure):
    request = secure.apus.PredictRequest(model="rows", instances=[{"features": {"values": [0] * 10}}] * 3)
    for channel in [secure.open() for _ in range(4)]:
        with channel:
            stub = type(secure.stub)(channel)
            for future in [stub.Predict.future(request, timeout=PATIENCE) for _ in range(200)]:
                assert len(future.result().predictions) == 3


def test_curl_with_keep_alive_events_and_a_large_body(secure, tmp_path):
    assert json.loads(secure.curl(secure.http + "/v1/models"))["data"]
    two = secure.curl(secure.http + "/health/live", secure.http + "/health/live", "-o", os.devnull, "-o", os.devnull,
                      "-w", "%{num_connects} %{http_version} %{ssl_verify_result}\n")
    assert two.decode().splitlines() == ["1 1.1 0", "0 1.1 0"]
    # Only what HTTP/1.1 is: curl offers h2 first.
    assert secure.curl(secure.http + "/health/live", "--http2", "-o", os.devnull, "-w", "%{http_version}") == b"1.1"
    prompt = {"model": "storyteller", "prompt": "Once", "max_tokens": 30, "stream": True}
    events = post(secure, "/v1/completions", json.dumps(prompt), "-N").decode()
    assert events.count("data: ") > 20 and events.endswith("data: [DONE]\n\n")
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"model": "rows", "inputs": [{"features": [0.123456789] * 10}], "pad": "x" * (5 << 20)}))
    told = json.loads(post(secure, "/v1/predict", f"@{body}"))
    assert "pad" in json.dumps(told)  # no such field, which is said when all of it was read
    over = tmp_path / "over.json"
    over.write_bytes(b" " * (25 << 20))
    assert b"http-max-body-size" in post(secure, "/v1/predict", f"@{over}")


def test_the_command_line_speaks_tls(secure):
    address = f"https://localhost:{secure.port}"
    well = run("health", "--server", address, "--ca", secure.identity.ca)
    assert well.returncode == 0, well.stderr
    assert run("health", "--server", secure.address, "--tls", "--ca", secure.identity.ca).returncode == 0
    named = ["--tls-name", "localhost", "--ca", secure.identity.ca]
    assert run("predict", "minilm", "hello", "--server", secure.address, *named).returncode == 0
    unknown = run("health", "--server", address)
    assert unknown.returncode == 3 and "certificate" in unknown.stderr
    other = run("health", "--server", address, "--ca", secure.identity.ca, "--tls-name", "example.com")
    assert other.returncode == 3 and "hostname mismatch" in other.stderr
    plain = run("health", "--server", secure.address)
    assert plain.returncode == 3 and "TLS" in plain.stderr
    none = run("health", "--server", address, "--ca", secure.identity.folder / "none.pem")
    assert none.returncode == 3 and "none.pem" in none.stderr


# ---- What a handshake must be

def test_grpc_needs_h2_by_alpn(secure):
    for protocols in [(), ("http/1.1",), ("h2c", "grpc")]:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            secure.reach(int(secure.port), secure.identity.trust(*protocols)).recv(1)
    with secure.reach(int(secure.port), secure.identity.trust("http/1.1", "h2")) as made:
        assert made.selected_alpn_protocol() == "h2" and made.version() == "TLSv1.3"
    with secure.reach(secure.http_port, secure.identity.trust()) as made:
        assert made.selected_alpn_protocol() is None
    with secure.reach(secure.http_port, secure.identity.trust("h2", "http/1.1")) as made:
        assert made.selected_alpn_protocol() == "http/1.1"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secure.reach(secure.http_port, secure.identity.trust("h2")).recv(1)


def test_old_versions_and_weak_ciphers_are_refused(secure):
    for port, protocol in [(int(secure.port), "h2"), (secure.http_port, "http/1.1")]:
        context = secure.identity.trust(protocol)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with secure.reach(port, context) as made:
            assert made.version() == "TLSv1.2" and made.cipher()[0].startswith("ECDHE-") and made.compression() is None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(secure.identity.ca)
        context.set_alpn_protocols([protocol])
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            secure.reach(port, context)
        context.maximum_version = context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES256-SHA:ECDHE-ECDSA-AES128-SHA256")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            secure.reach(port, context)


def read_to_end(plain):
    """What comes until the end; a reset is no clean end."""
    taken = b""
    while True:
        more = plain.recv(4096)
        if not more:
            return taken
        taken += more


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 300,
                                   bytes(range(256)), b"\x16\x03\x01\x40\x00" + b"x" * 200, b"\x80\x2e\x01\x00\x02"])
def test_other_words_are_closed_cleanly(secure, words):
    for port in (int(secure.port), secure.http_port):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            assert len(read_to_end(plain)) < 100
    assert secure.get("/health/live")


def test_half_handshakes_are_bounded(begin, identity):
    server = begin(identity, "--handshake-timeout", "500ms", "--http-head-timeout", "500ms")
    # Besides those that a loop's first HTTP connection makes for good.
    before = server.descriptors() + 10
    hello = ssl.MemoryBIO()
    half = identity.trust("h2").wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    words = hello.read()
    sockets = []
    for count in (0, 3, len(words) - 1, len(words)):
        for port in (int(server.port), server.http_port):
            for _ in range(20):
                sockets.append(socket.create_connection(("127.0.0.1", port), PATIENCE))
                with contextlib.suppress(OSError):  # on a slow machine its time may be over
                    sockets[-1].sendall(words[:count])
    ticks = server.cpu_ticks()
    for each in sockets:
        try:
            while each.recv(65536):
                pass
        except ConnectionError:
            pass
        each.close()
    server.until(lambda: server.descriptors() <= before, "the end of all of them")
    assert server.cpu_ticks() - ticks < 100

    def in_time(ask):
        """These clients, too, have only so long."""
        with contextlib.suppress(OSError, grpc.RpcError):
            return ask()
    metrics = server.until(lambda: in_time(server.metrics), "the figures")
    for front, count in [("grpc", 80), ("http", 80)]:
        assert metrics[f'apus_tls_handshakes_total{{front="{front}",outcome="failed"}}'] >= count
    assert server.until(lambda: in_time(lambda: answer(server)), "an answer") == (1, "1")


def test_many_half_handshakes_take_little_memory(begin, identity):
    server = begin(identity, "--handshake-timeout", "1h")
    before = server.memory()
    sockets = [socket.create_connection(("127.0.0.1", int(server.port)), PATIENCE) for _ in range(300)]
    for each in sockets:
        each.sendall(b"\x16\x03\x01\x02\x00")
    server.until(lambda: server.descriptors() >= 300, "all of them")
    assert answer(server) == (1, "1")
    assert (server.memory() - before) / 300 < 64 << 10
    for each in sockets:
        each.close()


# ---- Slow readers

def test_a_slow_reader_gets_everything_and_holds_nobody(begin, identity, endless):
    server = begin(identity, models=endless)
    body = json.dumps({"model": "endless", "prompt": "a", "max_tokens": 8000, "stream": True}).encode()
    head = (f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    with server.reach(server.http_port, identity.trust()) as slow:
        slow.sendall(head + body)
        taken = slow.recv(1000)
        # The stream waits for its reader, and the loop rests.
        server.until(lambda: server.cpu_ticks() == (time.sleep(0.5), server.cpu_ticks())[1], "rest")
        memory = server.memory()
        assert server.get("/health/live")
        stream = server.stream("endless", "a", max_tokens=20)
        assert len(list(stream)) >= 20
        while True:
            more = slow.recv(65536)
            if not more:
                break
            taken += more
        assert b"data: [DONE]" in taken and len(taken) > 1_000_000
    assert server.memory() - memory < 8 << 20


def test_a_reader_that_stops_pauses_its_call_until_the_idle_timeout(begin, identity, lasting):
    server = begin(identity, "--http-idle-timeout", "1s", models=lasting)
    body = json.dumps({"model": "lasting", "prompt": "a", "max_tokens": 199_000, "stream": True}).encode()
    words = (f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def begun():
        """A connection whose answer has begun; that of a slow client may have been idle for too long before."""
        slow = server.reach(server.http_port, identity.trust())
        with contextlib.suppress(OSError):
            slow.sendall(words)
            return slow.recv(1000) and slow
    slow = server.until(begun, "an answer")
    # One that was idle before its answer began may have ended in another way.
    assert server.wait_for("call", status="CANCELLED")["messages_out"] < 150_000
    slow.close()


def test_a_client_that_goes_ends_its_call(begin, identity, lasting):
    server = begin(identity, models=lasting)
    running = 'apus_generate_running{model="lasting",version="1"}'
    body = json.dumps({"model": "lasting", "prompt": "a", "max_tokens": 199_000, "stream": True}).encode()
    gone = server.reach(server.http_port, identity.trust())
    gone.sendall((f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    server.until(lambda: server.metrics()[running] == 1, "the stream")
    gone.close()
    server.until(lambda: server.metrics()[running] == 0, "its end")


def lives(standing):
    """Asks on a connection that stays, and takes the whole answer."""
    standing.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = http.client.HTTPResponse(standing)
    answer.begin()
    return answer.status == 200 and answer.read()


# ---- Certificates that change

def test_a_hundred_reloads_lose_no_call(begin, tmp_path):
    identity = Identity(tmp_path / "own")
    server = begin(identity)
    loads = [Load(server) for _ in range(3)]
    failures, gets, isOver = [], [0], threading.Event()

    def get():
        while not isOver.is_set():
            try:
                server.get("/health/ready")
                gets[0] += 1
            except Exception as error:  # whatever it is, it is a lost request
                failures.append(error)

    reader = threading.Thread(target=get)
    reader.start()
    try:
        for serial in range(2, 102):
            identity.renew(serial)
            line = server.reload("certificate reloaded")
            assert int(line["serial"], 16) == serial
            if serial % 10 == 0:
                assert server.serials() == {serial}
    finally:
        isOver.set()
        reader.join()
        for load in loads:
            load.stop()
    assert not failures and gets[0] > 20
    assert all(not load.failures and sum(load.answers.values()) > 20 for load in loads)
    # Also after a reload gRPC's protocol is agreed on.
    with server.reach(int(server.port), identity.trust("h2")) as made:
        assert made.selected_alpn_protocol() == "h2"
    metrics = server.metrics()
    ends = ssl.cert_time_to_seconds(server.reach(server.http_port, identity.trust()).getpeercert()["notAfter"])
    assert metrics["apus_tls_certificate_expiry_seconds"] == ends
    assert metrics['apus_tls_handshakes_total{front="grpc",outcome="failed"}'] == 0


def test_what_cannot_be_used_leaves_the_old_one_in_force(begin, tmp_path):
    identity = Identity(tmp_path / "own")
    server = begin(identity)
    good = identity.key.read_bytes()
    identity.make("stranger", 9)
    event = "certificate not reloaded: the one before stays in force"
    identity.key.write_bytes((identity.folder / "stranger.key").read_bytes())
    line = server.reload(event)
    assert line["problem"].startswith(f"{identity.key}: is not the key of the certificate in {identity.certificate}")
    identity.key.unlink()
    assert "No such file" in server.reload(event)["problem"]
    identity.key.write_bytes(good)
    chain = identity.certificate.read_bytes()
    identity.certificate.write_bytes(chain[:200])
    assert str(identity.certificate) in server.reload(event)["problem"]
    assert server.serials() == {1} and answer(server) == (1, "1")
    identity.renew(2)
    server.reload("certificate reloaded")
    assert server.serials() == {2}


def test_connections_that_stand_go_on(begin, tmp_path):
    identity = Identity(tmp_path / "own")
    server = begin(identity)
    with server.reach(server.http_port, identity.trust()) as standing:
        assert lives(standing)
        identity.renew(2)
        server.reload("certificate reloaded")
        assert lives(standing) and int(standing.getpeercert()["serialNumber"], 16) == 1
        assert server.serials() == {2}


# ---- Starts

@pytest.mark.parametrize("damage, words", [
    ("missing", "server.pem: cannot be opened: No such file"), ("no key", "holds no private key in PEM"),
    ("other key", "is not the key of the certificate in"), ("half", "OpenSSL refuses it")])
def test_a_start_with_bad_files_says_which_and_why(tmp_path, damage, words):
    identity = Identity(tmp_path / "own")
    identity.make("stranger", 9)
    if damage == "missing":
        identity.certificate.unlink()
    elif damage == "no key":
        identity.key.write_text("nothing")
    elif damage == "other key":
        identity.key.write_bytes((identity.folder / "stranger.key").read_bytes())
    else:
        text = identity.certificate.read_text()
        identity.certificate.write_text(text[:300] + text[-60:])
    (tmp_path / "models").mkdir()
    refused = run("serve", "--models", tmp_path / "models", "--grpc", "127.0.0.1:0", "--http", "off",
                  "--database", "memory", *identity.flags)
    assert refused.returncode == 5 and words in refused.stderr and len(refused.stderr.splitlines()) == 1, refused.stderr


def test_halves_are_refused(tmp_path):
    for flags, words in [(["--tls-key", "k"], "--tls-certificate FILE"), (["--tls-certificate", "c"], "--tls-key FILE"),
                         (["--tls-client-ca", "a"], "needs --tls-certificate and --tls-key")]:
        refused = run("config", "check", *flags)
        assert refused.returncode != 0 and words in refused.stderr


def test_a_unix_socket_stays_plain(begin, identity, tmp_path):
    server = begin(identity, "--grpc", f"unix:{tmp_path / 'apus.sock'}")
    with grpc.insecure_channel(f"unix:{tmp_path / 'apus.sock'}") as channel:
        rpc = type(server.stub)(channel)
        assert rpc.Health(server.apus.HealthRequest(), timeout=PATIENCE).ready


def test_clients_need_a_certificate_where_that_is_said(begin, identity, tmp_path):
    clients = Identity(tmp_path / "clients")
    server = begin(identity, "--tls-client-ca", clients.ca)
    with pytest.raises(grpc.RpcError):
        server.stub.Health(server.apus.HealthRequest(), timeout=5)
    pair = {"private_key": clients.key.read_bytes(), "certificate_chain": clients.certificate.read_bytes()}
    with server.open(**pair) as channel:
        assert type(server.stub)(channel).Health(server.apus.HealthRequest(), timeout=PATIENCE).ready
    own = {"private_key": identity.key.read_bytes(), "certificate_chain": identity.certificate.read_bytes()}
    with server.open(**own) as channel, pytest.raises(grpc.RpcError):
        type(server.stub)(channel).Health(server.apus.HealthRequest(), timeout=5)
    server.curl(server.http + "/health/live", "--cert", clients.certificate, "--key", clients.key)
    with pytest.raises(AssertionError, match="certificate required|alert"):
        server.curl(server.http + "/health/live")


# ---- The end

def test_a_drain_finishes_streams_and_tells_idle_ones(begin, identity, endless):
    server = begin(identity, models=endless)
    idle = server.reach(server.http_port, identity.trust())
    assert lives(idle)
    half = socket.create_connection(("127.0.0.1", server.http_port), PATIENCE)
    words = []
    reading = threading.Thread(target=lambda: words.append(post(server, "/v1/completions", json.dumps(
        {"model": "endless", "prompt": "a", "max_tokens": 300, "stream": True}), "-N")))
    reading.start()
    running = 'apus_generate_running{model="endless",version="1"}'
    server.until(lambda: server.metrics()[running] == 1 or words, "the stream")
    server.process.send_signal(signal.SIGTERM)
    # The session's end, and not only the socket's.
    assert idle.recv(4096) == b""
    reading.join(PATIENCE)
    assert words and words[0].endswith(b"data: [DONE]\n\n")
    assert server.process.wait(PATIENCE) == 0
    idle.close()
    half.close()
