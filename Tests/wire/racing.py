"""Clients that behave well and badly at random, many at once."""

import random
import socket
import struct
import threading

from conftest import PROBE
from rawhttp2 import GOAWAY, PREFACE, SETTINGS, Raw, frame, head, message

ECHO = PROBE + "Echo"


def vanish(raw):
    """RST instead of FIN."""
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def call(raw, choice):
    body = message(choice.randbytes(choice.randrange(0, 3000)))
    answer = raw.call(head(ECHO), body)
    assert answer.status == "0" and answer.data == body


def cancel(raw, choice):
    streams = [raw.request(head(PROBE + "HangStream"), message(b"x" * 1000), end=False) for _ in range(5)]
    if choice.random() < 0.5:
        raw.until(lambda: raw.settings)
    for stream in streams:
        raw.reset(stream)


def cancel_after_response(raw, choice):
    stream = raw.request(head(PROBE + choice.choice(["Flood", "OffLoop"])), message(b"4000 1000"))
    raw.until(lambda: raw.answers[stream].data)
    raw.reset(stream)
    call(raw, choice)


def leave_unread(raw, choice):
    raw.request(head(PROBE + choice.choice(["Flood", "OffLoop"])), message(b"4000 1000"))
    vanish(raw)


def leave_half_sent(raw, choice):
    raw.request(head(PROBE + "EchoStream"), message(b"y" * 5000)[: choice.randrange(1, 5000)], end=False)


def pass_the_deadline(raw, choice):
    answer = raw.call(head(PROBE + "HangStream", grpc_timeout="1m"), message(b""), end=False)
    assert answer.status == "4" or answer.reset is not None


def pass_a_limit(raw, choice):
    answer = raw.call(head(ECHO), struct.pack(">BI", 0, 1 << 30) + b"z" * 100, end=False)
    assert answer.status == "8"


def say_goodbye(raw, choice):
    raw.request(head(ECHO), message(b"last words"))
    raw.write(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0)))


def say_nothing(raw, choice):
    if choice.random() < 0.5:
        vanish(raw)


KINDS = [
    call, cancel, cancel_after_response, leave_unread, leave_half_sent, pass_the_deadline,
    pass_a_limit, say_goodbye, say_nothing,
]


class Racers:
    """Runs from the start; without `rounds` until stopped. A client's failure is raised by `join`."""

    def __init__(self, server, clients, rounds=None):
        self.server = server
        self.limit = rounds
        self.rounds = 0
        self.failures = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(seed,)) for seed in range(clients)]
        for thread in self.threads:
            thread.start()

    @property
    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def run(self, seed):
        choice = random.Random(seed)
        done = 0
        while not self.stopped.is_set() and (self.limit is None or done < self.limit):
            done += 1
            try:
                self.one(choice)
            except (OSError, AssertionError) as error:
                if self.limit is not None:
                    self.failures.append(error)
                    return
            self.rounds += 1

    def one(self, choice):
        if choice.random() < 0.1:
            with socket.create_connection((self.server.host, self.server.port)) as half:
                opening = PREFACE + frame(SETTINGS, 0, 0)
                half.sendall(opening[: choice.randrange(0, len(opening))])
            return
        with Raw(self.server) as raw:
            for _ in range(choice.randrange(1, 4)):
                kind = choice.choice(KINDS)
                kind(raw, choice)
                if kind in (leave_unread, leave_half_sent, say_goodbye, say_nothing):
                    return

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures[:3]
