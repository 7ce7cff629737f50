"""An HTTP/2 client that may break rules: h2 for what is legal, bytes for what is not."""

import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from conftest import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def message(payload, flag=0):
    return struct.pack(">BI", flag, len(payload)) + payload


def head(path, **more):
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "test",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    for name, value in more.items():
        name = name.replace("_", "-").replace("pseudo-", ":")
        if value is None:
            fields.pop(name)
        else:
            fields[name] = value
    return list(fields.items())


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.headers = {}
        self.trailers = {}
        self.data = b""
        self.ended = False
        self.reset = None

    @property
    def status(self):
        return self.trailers.get("grpc-status", self.headers.get("grpc-status"))

    @property
    def detail(self):
        return self.trailers.get("grpc-message", self.headers.get("grpc-message", ""))

    @property
    def over(self):
        return self.ended or self.reset is not None


class Raw:
    def __init__(self, server, consumes=True):
        self.socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.consumes = consumes
        self.answers = {}
        self.pending = b""
        self.goaways = []
        self.last_stream = None
        self.settings = {}
        self.pongs = 0
        self.closed = False
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.write(data)

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def request(self, headers, body=None, end=True):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=body is None and end)
        if body is not None:
            self.send(stream, body, end)
        self.answers[stream] = Answer()
        self.flush()
        return stream

    def send(self, stream, body, end=True):
        while len(body) > 16384:
            self.h2.send_data(stream, body[:16384])
            body = body[16384:]
        self.h2.send_data(stream, body, end_stream=end)
        self.flush()

    def reset(self, stream, code=8):
        self.h2.reset_stream(stream, code)
        self.flush()

    def step(self, timeout=PATIENCE):
        """Takes what has come; False once the connection is closed."""
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise AssertionError("nothing came from the server") from error
            data = b""
        if not data:
            self.closed = True
            return False
        self.pending += data
        while len(self.pending) >= 9:
            size = int.from_bytes(self.pending[:3], "big") + 9
            if len(self.pending) < size:
                break
            self.take_frame(self.pending[:size])
            self.pending = self.pending[size:]
        self.flush()
        return True

    def take_frame(self, frame):
        if frame[3] == GOAWAY:
            # Kept from h2, which takes it for the connection's end; streams go on.
            self.goaways.append((int.from_bytes(frame[13:17], "big"), frame[17:]))
            self.last_stream = int.from_bytes(frame[9:13], "big")
            return
        try:
            for event in self.h2.receive_data(frame):
                self.take(event)
        except h2.exceptions.ProtocolError:
            pass  # frames of streams that a test handles by hand

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None), Answer())
        match event:
            case h2.events.ResponseReceived():
                answer.headers = dict(event.headers)
            case h2.events.TrailersReceived():
                answer.trailers = dict(event.headers)
            case h2.events.DataReceived():
                answer.data += event.data
                if self.consumes:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                answer.ended = True
            case h2.events.StreamReset():
                answer.reset = int(event.error_code)
            case h2.events.RemoteSettingsChanged():
                for code, change in event.changed_settings.items():
                    self.settings[int(code)] = change.new_value
            case h2.events.PingAckReceived():
                self.pongs += 1

    @property
    def goaway(self):
        """Code and debug data of the last GOAWAY."""
        return self.goaways[-1] if self.goaways else None

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert not self.closed, "the server closed the connection"
            assert time.monotonic() < end, "the server did not do what was waited for"
            self.step()

    def wait(self, stream):
        answer = self.answers[stream]
        self.until(lambda: answer.over)
        return answer

    def call(self, headers, body=None, end=True):
        return self.wait(self.request(headers, body, end))

    def until_closed(self):
        while not self.closed:
            self.step()


def called(server, headers, body, end=True):
    """A connection on which a call was answered, or has begun to be, and its stream; where time is short, that of a
    client that is held up may be over before, and another one tries."""
    deadline = time.monotonic() + PATIENCE
    while True:
        raw = Raw(server)
        try:
            stream = raw.request(headers, body, end)
            raw.until(lambda: raw.answers[stream].over if end else raw.answers[stream].data)
            if not raw.goaways:
                return raw, stream
        except AssertionError:
            pass
        raw.socket.close()
        assert time.monotonic() < deadline, "no call was answered"
