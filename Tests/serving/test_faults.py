"""Disks that are full and databases that others lock: calls go on, errors say what it is, nothing is lost."""
import contextlib
import errno
import json
import sqlite3
import subprocess

import grpc
import pytest

from conftest import run
from test_accounts import Office, code_of, fetch, known, request, until
from test_jobs import Desk, Receiver, receiver, refusal

Code = grpc.StatusCode


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True)
    if mount.returncode != 0:
        pytest.skip(f"this user may not mount a small file system: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk):
    """Leaves no byte of it."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError) as caught:
        while True:
            file.write(bytes(4096))
    assert caught.value.errno == errno.ENOSPC
    return filler


@contextlib.contextmanager
def locked(path):
    """Holds a database as another process would that writes to it."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


class Site:
    """A server with two keys, its usage and its jobs in one folder."""

    def __init__(self, start, models, folder, accounts, jobs, *flags):
        self.office = Office(folder / "apus.db")
        self.boss = self.office.key("boss", "--admin", "--requests", "0")
        self.token = self.office.key("caller", "--requests", "0")
        self.server = start(models, "--database", self.office.database, *flags)
        self.server.wait_for("ready")
        self.desk = Desk(self.server, jobs, known(self.token))
        self.messages, rpc = accounts
        self.usage = rpc.AccountsStub(self.server.channel)

    def predict(self, count):
        for _ in range(count):
            self.server.stub.Predict(request(self.server), **known(self.token))

    def counted(self):
        """(calls of the model that the report has, calls that it says are missing)"""
        report = self.usage.GetUsage(self.messages.GetUsageRequest(), **known(self.token))
        calls = sum(each.usage.requests for each in report.models if each.model == "rows")
        return calls, report.missing


@pytest.fixture
def site(start, folder, accounts, jobs):
    return lambda where, *flags: Site(start, folder, where, accounts, jobs, *flags)


def test_a_full_disk_stops_no_call_and_loses_no_usage(site, small_disk):
    here = site(small_disk)
    here.predict(5)
    until(lambda: here.counted() == (5, 0))
    filler = fill(small_disk)
    here.predict(200)
    def is_told():
        return [line for line in here.server.log() if line["level"] in ("warning", "error")
                and "apus.db" in json.dumps(line) and "free space on the disk" in json.dumps(line)]
    until(is_told)
    # What cannot be written down is no key.
    made = run("keys", "create", "--owner", "new", "--database", here.office.database)
    assert made.returncode == 3 and "the database is busy or full" in made.stderr, made.stderr
    filler.unlink()
    here.predict(1)
    until(lambda: here.counted() == (206, 0))
    assert here.server.stop() == 0


def test_a_full_disk_takes_no_job_and_loses_none(site, small_disk, refusal):
    here = site(small_disk)
    done = [here.desk.rows() for _ in range(3)]
    for job in done:
        here.desk.reaches(job, "SUCCEEDED")
    filler = fill(small_disk)
    # The journal of the database may still have room for some.
    taken = []

    def submit():
        while True:
            taken.append(here.desk.submit(generate=here.server.apus.StreamPredictRequest(
                model="storyteller", prompt="a" * 2000, sampling={"max_tokens": 1})))
            assert len(taken) < 1000
    code, words = refusal(submit)
    assert code == Code.UNAVAILABLE and "database of jobs cannot be used just now" in words
    assert "apus-jobs" not in words, "files are the log's"
    status, _, text = fetch(here.server, "POST", "/v1/jobs", {"predict": {"model": "rows", "inputs": [[0] * 10]}},
                            x_api_key=here.token)
    assert status == 503 and "just now" in json.loads(text)["error"]["message"]
    until(lambda: any("apus-jobs.db" in json.dumps(line) and "free space" in json.dumps(line)
                      for line in here.server.log()))
    here.predict(3)
    filler.unlink()
    for job in taken:
        here.desk.reaches(job, "SUCCEEDED")
    here.desk.reaches(here.desk.rows(), "SUCCEEDED")
    assert here.desk.get(done[0]).prediction.model == "rows"


def test_a_locked_database_of_usage_delays_and_loses_nothing(site, tmp_path):
    here = site(tmp_path)
    here.predict(5)
    until(lambda: here.counted() == (5, 0))
    with locked(here.office.database):
        here.predict(200)
        until(lambda: any("apus.db" in json.dumps(line) and "another process" in json.dumps(line)
                          for line in here.server.log()))
        made = run("keys", "create", "--owner", "new", "--database", here.office.database)
        assert made.returncode == 3 and "the database is busy or full" in made.stderr
    until(lambda: here.counted() == (205, 0))


def test_a_locked_database_of_jobs_delays_and_loses_nothing(site, tmp_path, receiver, refusal):
    here = site(tmp_path, "--webhook-allow", "127.0.0.1")
    job = here.desk.story(tokens=5, webhook_url=receiver.url + "/done")
    here.desk.told(job, "DELIVERED")
    with locked(tmp_path / "apus-jobs.db"):
        code, words = refusal(here.desk.rows)
        assert code == Code.UNAVAILABLE and "just now" in words
        # Who reads is not held up.
        assert here.desk.get(job).generation.text
        until(lambda: any("apus-jobs.db" in json.dumps(line) and "another process" in json.dumps(line)
                          for line in here.server.log()))
        here.predict(3)
    again = here.desk.rows(webhook_url=receiver.url + "/again")
    here.desk.told(again, "DELIVERED")
    assert len(receiver.at("/again")) == 1


def test_results_wait_in_memory_until_the_database_takes_them(start, endless, accounts, jobs, tmp_path):
    here = Site(start, endless, tmp_path, accounts, jobs)
    messages = here.desk.messages
    with contextlib.ExitStack() as lock:
        while True:
            job = here.desk.story("endless", 8_000)
            here.desk.reaches(job, "RUNNING", "SUCCEEDED")
            lock.enter_context(locked(tmp_path / "apus-jobs.db"))
            if here.desk.get(job).state == messages.JOB_STATE_RUNNING:
                break
            # It was over before the database was locked.
            lock.pop_all().close()
        here.server.wait_for("call", request_id=job.id, path="/apus.v1.Inference/StreamPredict", status="OK")
        until(lambda: any(line["event"].startswith("the database of jobs cannot be used") for line in here.server.log()))
        assert here.desk.get(job).state == messages.JOB_STATE_RUNNING
    assert here.desk.reaches(job, "SUCCEEDED").generation.usage.completion_tokens == 8_000
    assert here.server.metrics()["apus_jobs_database_failures_total"] >= 1
    ended = [line for line in here.server.log() if line["event"] == "job ended" and line["job"] == job.id]
    assert len(ended) == 1
