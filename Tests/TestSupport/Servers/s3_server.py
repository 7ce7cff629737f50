"""A real S3-speaking server (moto) that checks signatures, behind a proxy that can be told to fail.

Argument: JSON {"buckets": {name: {key: size}}}. It prints one line of JSON when it is ready: the
proxy's port, that of the store itself, and the access and secret keys of a user who may use the
bucket `models` only. It ends when its standard input does.

POST /_fault?kind=K&times=N on the proxy lets the next N requests for objects go wrong, and no more:
  cut     half of the body, then the end of the connection
  slow    503 SlowDown, as S3 says it
  swap    the whole of another object
  hang    silence until it is told of faults again
  slowly  half of the body, a second's pause, then the rest

POST /_down?now=1 lets every request find nobody until now=0: connections end without an answer.
"""
import json
import os
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000"
os.environ.setdefault("AWS_ACCESS_KEY_ID", "setup")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "setup")
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

SLOW = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]}]}

lock = threading.Lock()
faults: list[str] = []
silence = threading.Event()
down = threading.Event()


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = 0

    def log_message(self, *arguments):
        pass

    def answer(self, status: int, body: bytes, headers=(), cut: int | None = None, slowly=False):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if slowly:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(1)
            body = body[len(body) // 2:]
        self.wfile.write(body if cut is None else body[:cut])
        self.close_connection = cut is not None

    def do_POST(self):
        query = parse_qs(urlsplit(self.path).query)
        if self.path.startswith("/_down"):
            (down.set if query["now"] == ["1"] else down.clear)()
            return self.answer(200, b"")
        global silence
        with lock:
            silence.set()
            silence = threading.Event()
            faults.clear()
            faults.extend(query.get("kind", []) * int(query["times"][0]))
        self.answer(200, b"")

    def do_GET(self):
        fault = None
        if down.is_set():
            self.close_connection = True
            return None
        if "list-type" not in self.path:
            with lock:
                fault, told = faults.pop(0) if faults else None, silence
        if fault == "hang":
            told.wait()
        if fault == "slow":
            return self.answer(503, SLOW)
        connection = HTTPConnection("127.0.0.1", self.store)
        connection.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        headers = response.getheaders()
        if fault == "swap":
            headers = [(n, '"0123456789abcdef0123456789abcdef"' if n.lower() == "etag" else v) for n, v in headers]
        self.answer(response.status, body, headers, len(body) // 2 if fault == "cut" else None, fault == "slowly")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


def main():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    iam = boto3.client("iam", endpoint_url=endpoint)
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    s3 = boto3.client("s3", endpoint_url=endpoint)
    for bucket, objects in json.loads(sys.argv[1])["buckets"].items():
        s3.create_bucket(Bucket=bucket)
        for name, size in objects.items():
            s3.put_object(Bucket=bucket, Key=name, Body=bytes(i % 251 for i in range(size)))
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/moto-api/reset-auth", body="0")
    connection.getresponse().read()

    Proxy.store = port
    proxy = Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    print(json.dumps({"port": proxy.server_address[1], "store": port, "access": key["AccessKeyId"],
                      "secret": key["SecretAccessKey"]}), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
