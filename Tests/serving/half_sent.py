"""A client that begins request messages and does not go on."""
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events

from conftest import PATIENCE


class HalfSender:
    def __init__(self, server):
        self.socket = socket.create_connection((server.host, int(server.port)), timeout=PATIENCE)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.status, self.detail = {}, {}
        self.closed = False
        self.flush()
        self.step()

    def flush(self):
        try:
            self.socket.sendall(self.h2.data_to_send())
        except OSError:
            self.closed = True

    def step(self, timeout=PATIENCE):
        """Takes what has come; False if nothing did in that time."""
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return True
        for event in self.h2.receive_data(data):
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                fields = dict(event.headers)
                if "grpc-status" in fields:
                    self.status[event.stream_id] = int(fields["grpc-status"])
                    self.detail[event.stream_id] = fields
        self.flush()
        return True

    def begin(self, method, size, *headers):
        """A call whose message is to have `size` bytes, none of which is sent."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "http"), (":path", f"/apus.v1.Inference/{method}"),
            (":authority", "test"), ("content-type", "application/grpc"), ("te", "trailers"), *headers])
        self.h2.send_data(stream, b"\0" + struct.pack(">I", size))
        self.flush()
        return stream

    def send(self, stream, count):
        """So many bytes of the message, as the windows allow; fewer where the call has ended."""
        while count > 0 and stream not in self.status and not self.closed:
            piece = min(count, 16384, self.h2.local_flow_control_window(stream))
            if piece > 0:
                self.h2.send_data(stream, b"x" * piece)
                self.flush()
                count -= piece
            elif not self.step(1):
                return
            else:
                continue
            while self.step(0.0001) and not self.closed:
                pass

    def until_over(self, stream):
        end = time.monotonic() + PATIENCE
        while stream not in self.status:
            assert not self.closed and time.monotonic() < end
            self.step(1)
        return self.status[stream], self.detail[stream]

    def close(self):
        self.socket.close()
