#!/usr/bin/env python3
"""How soon the server answers and how little it takes: tools/bench start [--rounds N]

Starts `apus serve` without models, again and again, and asks grpc.health.v1 from the moment of the
start until the first answer; then its resident memory. Bytes are written by hand here, because a
client library takes longer to start than the server.
"""
import argparse
import os
import pathlib
import socket
import statistics
import struct
import subprocess
import tempfile
import time

from rpc import ROOT, free_port, resident, write

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    """An HTTP/2 frame (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    """A literal field without indexing, new name, no Huffman code (RFC 7541, section 6.2.2)."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def health_check():
    head = b"".join(header(*pair) for pair in [
        (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"localhost"),
        (b":path", b"/grpc.health.v1.Health/Check"), (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ])
    return PREFACE + frame(4, 0, 0) + frame(1, 4, 1, head) + frame(0, 1, 1, bytes(5))


def answered(connection):
    """Reads until the first DATA frame of the answer."""
    received = b""
    while True:
        chunk = connection.recv(65536)
        if not chunk:
            raise SystemExit("bench: the server closed the connection")
        received += chunk
        while len(received) >= 9:
            size = int.from_bytes(received[:3], "big")
            if len(received) < 9 + size:
                break
            if received[3] == 0:
                return
            received = received[9 + size:]


def first_answer(server, folder):
    """(milliseconds from the start of the process to the answer, resident bytes after it)"""
    port = free_port()
    request = health_check()
    began = time.perf_counter()
    process = subprocess.Popen(
        [server, "serve", "--models", folder, "--grpc", f"127.0.0.1:{port}", "--http", "127.0.0.1:0"],
        stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "the server ended"
        connection.sendall(request)
        answered(connection)
        took = (time.perf_counter() - began) * 1e3
        memory = resident(process.pid)
        connection.close()
        return took, memory
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="starts (20)")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    options = parser.parse_args()
    subprocess.run([ROOT / "tools" / "build"], check=True, stdout=subprocess.DEVNULL)
    server = os.fspath(ROOT / ".build" / "apus")
    with tempfile.TemporaryDirectory() as folder:
        runs = [first_answer(server, folder) for _ in range(options.rounds)]
    times, memories = [each[0] for each in runs], [each[1] / 1e6 for each in runs]
    print(f"first answer of grpc.health.v1 after the start of the process: median "
          f"{statistics.median(times):.1f} ms, best {min(times):.1f}, worst {max(times):.1f}")
    print(f"resident then: median {statistics.median(memories):.1f} MB, most {max(memories):.1f} MB")
    if not options.dry:
        path = write([
            ("apus", "first answer", "ms", statistics.median(times)),
            ("apus", "first answer", "ms worst", max(times)),
            ("apus", "idle without models", "rss_mb", statistics.median(memories)),
        ], "start")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
