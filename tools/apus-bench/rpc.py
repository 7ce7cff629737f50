#!/usr/bin/env python3
"""Server CPU per request of nghttpd and of us, side by side in one run: tools/bench rpc [--seconds N]

The server has core 0, the load (h2load) core 1, where there are two. nghttpd sends a static file
with trailers, so it is what the library costs with nothing on top. Judge by CPU per request: the
load generator is the slower side. `stream` is one call per 64 messages of 30 bytes.
"""
import argparse
import datetime
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
REQUEST, RESPONSE, MESSAGES, TOKEN = 53, 101, 64, 30
GRPC = "content-type: application/grpc", "te: trailers"


def message(size):
    return struct.pack(">BI", 0, size) + b"x" * size


def cpu_seconds(pid):
    """User and system time of a process, from its scheduler clock (nanoseconds) where there is one."""
    total = 0.0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except FileNotFoundError:
            pass
    if total:
        return total
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def pinned(core, command):
    return ["taskset", "-c", str(core), *command] if os.cpu_count() > 1 else command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(2000):
        if process.poll() is not None:
            sys.exit(f"bench: {process.args} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.002)
    sys.exit(f"bench: {process.args} does not listen")


class Subject:
    """A server under measurement."""

    def __init__(self, name, command, port, log=subprocess.DEVNULL):
        self.name, self.port = name, port
        self.process = subprocess.Popen(pinned(0, command), stdout=subprocess.DEVNULL, stderr=log)
        wait_for(port, self.process)

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def load(self, path, body, clients, streams, seconds, headers=GRPC, options=()):
        """One run of h2load: requests a second, CPU µs a request."""
        pid = self.process.pid
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            command = [
                "h2load", f"-c{clients}", f"-m{streams}", "-t1", "-w20", "-W24", *options,
                "-D", str(seconds), "-d", file.name, *(f"-H{header}" for header in headers),
                f"http://127.0.0.1:{self.port}{path}",
            ]
            before = cpu_seconds(pid)
            run = subprocess.run(pinned(1, command), capture_output=True, text=True)
            used = cpu_seconds(pid) - before
        done = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", run.stdout)
        if not done or int(done[2]) or not int(done[1]) or re.search(r"[1-9]\d* [45]xx", run.stdout):
            sys.exit(f"bench: {self.name} failed:\n{run.stdout}{run.stderr}")
        count = int(done[1])
        return {"req_per_s": count / seconds, "cpu_us": used / count * 1e6}


def row(report, subject, work, metric, value):
    report.append((subject, work, metric, value))


def cpu_name():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^(?:model name|CPU part)\s*: (.*)$", text, re.M)
    return "-".join(re.findall(r"[a-z0-9]+", found[1].lower())) if found else "unknown"


def write(report, benchmark="rpc"):
    folder = ROOT / "docs" / "benchmarks" / cpu_name()
    folder.mkdir(parents=True, exist_ok=True)
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    path = folder / f"{date}.csv"
    lines = path.read_text().splitlines() if path.exists() else []
    run = int(lines[-1].split(",")[1]) + 1 if len(lines) > 1 else 1
    with path.open("a") as file:
        if not lines:
            file.write("date,run,benchmark,subject,work,threads,metric,value\n")
        for subject, work, metric, value in report:
            file.write(f"{date},{run},{benchmark},{subject},{work},1,{metric},{round(value, 3)}\n")
    return path.relative_to(ROOT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=2, help="length of one run (2)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn (3)")
    parser.add_argument("--server", help="a built rpc-testserver; else it is built")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    options = parser.parse_args()
    for program in ("h2load", "nghttpd"):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is missing; tools/setup --bench installs it")
    server = options.server
    if not server:
        subprocess.run(
            [ROOT / "tools" / "build", "rpc-testserver"], check=True, stdout=subprocess.DEVNULL)
        server = str(ROOT / ".build" / "rpc-testserver")

    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "Echo").write_bytes(message(RESPONSE))
        ports = free_port(), free_port()
        subjects = [
            Subject("nghttpd", [
                "nghttpd", "--no-tls", "-n1", "-d", folder, "--trailer", "grpc-status: 0",
                str(ports[0])], ports[0]),
            Subject("apus", [server, "--listen", f"127.0.0.1:{ports[1]}"], ports[1]),
        ]
        report = []
        try:
            idle = resident(subjects[1].process.pid)
            measure(subjects, options, report)
            row(report, "apus", "idle", "rss_mb", idle / 1e6)
            print(f"\nidle memory of apus: {idle / 1e6:.1f} MB")
        finally:
            for subject in subjects:
                subject.stop()
    if not options.dry:
        print(f"written to {write(report)}")


def measure(subjects, options, report):
    paths = {"nghttpd": "/Echo", "apus": "/apus.testing.Probe/Fixed"}
    print(f"{'unary, c×m':<14}{'server':<10}{'req/s':>10}{'CPU µs/req':>12}{'ratio':>8}")
    for clients, streams in [(8, 32), (64, 1), (1, 1)]:
        runs = {subject.name: [] for subject in subjects}
        for _ in range(options.rounds):
            for subject in subjects:
                runs[subject.name].append(subject.load(
                    paths[subject.name], message(REQUEST), clients, streams, options.seconds))
        # The least disturbed run of each: noise only ever adds.
        best = {name: min(each, key=lambda run: run["cpu_us"]) for name, each in runs.items()}
        ratios = [
            ours["cpu_us"] / theirs["cpu_us"]
            for ours, theirs in zip(runs["apus"], runs["nghttpd"])
        ]
        work = f"unary {clients}x{streams}"
        for name, run in best.items():
            ratio = run["cpu_us"] / best["nghttpd"]["cpu_us"]
            print(f"{clients}×{streams:<11} {name:<10}{run['req_per_s']:>10.0f}"
                  f"{run['cpu_us']:>12.2f}{ratio:>8.2f}")
            row(report, name, work, "req_per_s", run["req_per_s"])
            row(report, name, work, "cpu_us_per_req", run["cpu_us"])
        row(report, "apus", work, "cpu_ratio_to_nghttpd",
            best["apus"]["cpu_us"] / best["nghttpd"]["cpu_us"])
        row(report, "apus", work, "cpu_ratio_median_of_pairs", statistics.median(ratios))
    ours = subjects[1]
    text = f"{MESSAGES} {TOKEN}".encode()
    body = struct.pack(">BI", 0, len(text)) + text
    best = None
    for _ in range(options.rounds):
        run = ours.load("/apus.testing.Probe/Flood", body, 8, 32, options.seconds)
        best = min(best or run, run, key=lambda each: each["cpu_us"])
    rate = MESSAGES * 1e6 / best["cpu_us"]
    print(f"\nstream 8×32, {MESSAGES} × {TOKEN} B: {rate / 1e6:.2f} M messages per CPU second, "
          f"{best['req_per_s'] * MESSAGES / 1e6:.2f} M/s delivered")
    row(report, "apus", f"stream 8x32 {MESSAGES}x{TOKEN}", "messages_per_cpu_s", rate)
    row(report, "apus", f"stream 8x32 {MESSAGES}x{TOKEN}", "messages_per_s",
        best["req_per_s"] * MESSAGES)


if __name__ == "__main__":
    main()
