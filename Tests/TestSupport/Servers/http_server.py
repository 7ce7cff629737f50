"""An HTTP server that behaves as badly as its paths ask for; only the standard library is needed.

It prints `{"port": N}` once it listens and ends when its standard input does. Paths:

  /echo                what came, as JSON
  /bytes/N             N bytes; with ?drop=M the connection ends after M of them
  /stall/N             a head that promises more, N bytes, then silence
  /hang                silence
  /garbage             something that is not HTTP
  /head/N              N bytes of headers
  /status/S            that status; with ?after=K only the first K times for the path, then 200
  /redirect?to=URL     302
  /log                 the POSTs so far, as JSON: path, headers, body (base64)

Options: --tls CERTIFICATE KEY.
"""
import base64
import json
import os
import ssl
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

silence = threading.Event()
lock = threading.Lock()
log: list[dict] = []
seen: Counter = Counter()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.command == "POST":
            with lock:
                log.append({"path": self.path, "headers": dict(self.headers.items()),
                            "body": base64.b64encode(body).decode()})
        _, action, *rest = parts.path.split("/")
        number = int(rest[0]) if rest and rest[0].isdigit() else 0
        getattr(self, f"do_{action}")(number, query, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def do_echo(self, number, query, body):
        self.answer(200, json.dumps({
            "method": self.command, "path": self.path, "body": body.decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()}}).encode())

    def do_bytes(self, number, query, body):
        self.send_response(200)
        self.send_header("Content-Length", str(number))
        self.end_headers()
        self.wfile.write(b"x" * int(query.get("drop", number)))
        self.close_connection = "drop" in query

    def do_stall(self, number, query, body):
        self.send_response(200)
        self.send_header("Content-Length", str(number + 1))
        self.end_headers()
        self.wfile.write(b"x" * number)
        self.wfile.flush()
        silence.wait()

    def do_hang(self, number, query, body):
        silence.wait()

    def do_garbage(self, number, query, body):
        self.wfile.write(b"SSH-2.0-nobody speaks HTTP here\r\n\r\n")
        self.close_connection = True

    def do_head(self, number, query, body):
        line = {f"X-Filler-{index}": "y" * 1000 for index in range(number // 1000)}
        self.answer(200, b"", line)

    def do_status(self, number, query, body):
        with lock:
            seen[self.path] += 1
            done = "after" in query and seen[self.path] > int(query["after"])
        self.answer(200 if done else number, b"body of the answer")

    def do_redirect(self, number, query, body):
        self.answer(302, b"", {"Location": query["to"]})

    def do_log(self, number, query, body):
        with lock:
            text = json.dumps(log).encode()
        self.answer(200, text)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        pass


def main():
    server = Server(("127.0.0.1", 0), Handler)
    if sys.argv[1:2] == ["--tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
