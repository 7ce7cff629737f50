"""Long work and its webhooks on the real server, over both fronts, through ends of the process."""
import http.server
import json
import signal
import threading
import urllib.parse

import grpc
import pytest
from standardwebhooks.webhooks import Webhook

from conftest import PATIENCE, run
from test_accounts import Office, code_of, fetch, known, office, request, until

Code = grpc.StatusCode
NOBODY = {"timeout": PATIENCE}
# Room for what jobs of the model `lasting` write before a test is done with them.
LONG_RESULTS = ("--jobs-result-size", "64MiB")


class Receiver:
    """Takes webhooks on loopback. `/500` answers so until it is mended, `/500-once` the first time, `/hang` not at all."""

    def __init__(self):
        self.calls, self.open, self.mended, receiver = [], threading.Event(), False, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                earlier = sum(path == self.path for path, _, _ in receiver.calls)
                receiver.calls.append((self.path, dict(self.headers.items()), body))
                if self.path == "/hang":
                    receiver.open.wait()
                    return
                broken = self.path == "/500" and not receiver.mended or self.path == "/500-once" and not earlier
                self.send_response(500 if broken else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def at(self, path):
        """Headers, in lower case, and bodies of the calls so far."""
        return [({k.lower(): v for k, v in headers.items()}, body)
                for where, headers, body in list(self.calls) if where == path]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.open.set()
    made.server.shutdown()
    made.server.server_close()


class Desk:
    """Submits jobs over gRPC, and looks after them."""

    def __init__(self, server, jobs, options=NOBODY):
        self.apus, (self.messages, rpc) = server.apus, jobs
        self.stub, self.options = rpc.JobsStub(server.channel), options

    def submit(self, **fields):
        return self.stub.SubmitJob(self.messages.SubmitJobRequest(**fields), **self.options).job

    def rows(self, **fields):
        predict = self.apus.PredictRequest(model="rows", instances=[{"features": {"values": range(10)}}])
        return self.submit(predict=predict, **fields)

    def story(self, model="storyteller", tokens=5, **fields):
        return self.submit(generate=self.apus.StreamPredictRequest(
            model=model, prompt="a", sampling={"max_tokens": tokens, "seed": 1}), **fields)

    def get(self, job):
        return self.stub.GetJob(self.messages.GetJobRequest(id=getattr(job, "id", job)), **self.options).job

    def cancel(self, job):
        return self.stub.CancelJob(self.messages.CancelJobRequest(id=job.id), **self.options).job

    def list(self, **fields):
        return self.stub.ListJobs(self.messages.ListJobsRequest(**fields), **self.options)

    def reaches(self, job, *states):
        """The job, once it is in one of these states."""
        values = [self.messages.JobState.Value(f"JOB_STATE_{state}") for state in states]
        until(lambda: self.get(job).state in values)
        return self.get(job)

    def told(self, job, state):
        """The job, once its webhook is in this state."""
        value = self.messages.WebhookState.Value(f"WEBHOOK_STATE_{state}")
        until(lambda: self.get(job).webhook.state == value)
        return self.get(job)


@pytest.fixture
def working(start, tmp_path, jobs):
    """A server that keeps jobs and has no keys, and its desk."""
    def make(folder, *flags):
        server = start(folder, "--database", tmp_path / "apus.db", "--key-requests", "0", *flags)
        server.wait_for("ready")
        return server, Desk(server, jobs)
    return make


@pytest.fixture
def refusal():
    """(code, words) of a call that must fail."""
    def make(call):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        return caught.value.code(), caught.value.details()
    return make


def test_jobs_over_grpc(working, folder, tmp_path):
    server, desk = working(folder)
    job = desk.rows()
    assert job.id.startswith("job_") and job.created_at > 0 and job.key_id == "anonymous"
    done = desk.reaches(job, "SUCCEEDED")
    same = server.stub.Predict(request(server), timeout=PATIENCE)
    assert done.prediction.predictions == same.predictions and done.prediction.model == "rows"
    assert done.created_at <= done.started_at <= done.ended_at
    # Its call's log line has the job's name.
    server.wait_for("call", request_id=job.id, path="/apus.v1.Inference/Predict", peer="job")

    story = desk.reaches(desk.story(), "SUCCEEDED").generation
    streamed = list(server.stream("storyteller", "a", max_tokens=5, seed=1))
    assert story.text == "".join(part.text for part in streamed)
    assert (story.usage, story.model, story.version) == (streamed[-1].usage, "storyteller", "1")
    assert story.finish_reason == streamed[-1].finish_reason != 0

    first = desk.list(limit=1)
    assert len(first.jobs) == 1 and first.jobs[0].WhichOneof("result") is None
    rest = desk.list(page=first.next_page)
    assert [each.id for each in rest.jobs] == [job.id] and rest.next_page == ""
    assert len(desk.list(state="JOB_STATE_SUCCEEDED").jobs) == 2 and not desk.list(state="JOB_STATE_FAILED").jobs
    assert desk.cancel(job).state == done.state
    until(lambda: server.metrics().get('apus_jobs{state="succeeded"}') == 2)
    assert (tmp_path / "apus-jobs.db").exists()


def test_jobs_over_http(working, folder):
    server, _ = working(folder)
    body = {"predict": {"model": "rows", "inputs": [list(range(10))]}}
    status, headers, text = fetch(server, "POST", "/v1/jobs", body, idempotency_key="one")
    job = json.loads(text)
    assert status == 202 and headers["location"] == f"/v1/jobs/{job['id']}" and job["state"] in ("queued", "running")
    look = lambda: json.loads(fetch(server, "GET", headers["location"])[2])
    until(lambda: look()["state"] == "succeeded")
    assert look()["prediction"]["model"] == "rows" and "error" not in look()
    assert json.loads(fetch(server, "POST", "/v1/jobs", body, idempotency_key="one")[2])["id"] == job["id"]
    assert [each["id"] for each in json.loads(fetch(server, "GET", "/v1/jobs?limit=5")[2])["jobs"]] == [job["id"]]
    assert fetch(server, "DELETE", headers["location"])[0] == 200
    assert fetch(server, "GET", "/v1/jobs/job_none")[0] == 404
    status, _, text = fetch(server, "POST", "/v1/jobs", {**body, "webhook_url": "ftp://example.com"})
    assert status == 400 and json.loads(text)["error"]["field"] == "webhook_url"


def test_an_idempotency_key_names_one_job(working, folder, refusal):
    _, desk = working(folder)
    job = desk.rows(idempotency_key="mine")
    assert desk.rows(idempotency_key="mine").id == job.id != desk.rows(idempotency_key="other").id
    code, words = refusal(lambda: desk.story(idempotency_key="mine"))
    assert code == Code.ALREADY_EXISTS and "idempotency key" in words


def test_what_is_wrong_is_said_at_submit(working, folder, refusal):
    server, desk = working(folder)
    predict, generate = server.apus.PredictRequest, server.apus.StreamPredictRequest
    good = {"predict": predict(model="rows", instances=[{"features": {"values": range(10)}}])}
    for fields, code, words in (
            ({}, Code.INVALID_ARGUMENT, "predict: expected either"),
            ({"predict": predict(model="nothing")}, Code.NOT_FOUND, "no model named `nothing`"),
            ({"predict": predict(model="rows", version="9")}, Code.NOT_FOUND, "no version `9`"),
            ({"predict": predict(model="rows")}, Code.INVALID_ARGUMENT, "instances: expected 1 to"),
            ({"predict": predict(model="storyteller")}, Code.INVALID_ARGUMENT, "predict: model storyteller generates"),
            ({"generate": generate(model="rows")}, Code.INVALID_ARGUMENT, "generate: model rows does not"),
            ({"generate": generate(model="storyteller", prompt="a", sampling={"temperature": -1})},
             Code.INVALID_ARGUMENT, "temperature"),
            ({"generate": generate(model="storyteller", prompt="a", sampling={"max_tokens": 0})},
             Code.INVALID_ARGUMENT, "sampling.max_tokens: expected at least 1"),
            ({"generate": generate(model="storyteller", prompt="a", sampling={"stop": [""]})},
             Code.INVALID_ARGUMENT, "stop"),
            ({**good, "idempotency_key": "x" * 256}, Code.INVALID_ARGUMENT, "idempotency_key: 1 to 255"),
            ({**good, "webhook_url": "example.com"}, Code.INVALID_ARGUMENT, "webhook_url: "),
            ({**good, "webhook_url": "http://127.0.0.1/x"}, Code.INVALID_ARGUMENT, "webhook_url: the webhook's address is loopback"),
            ({**good, "webhook_url": "http://[::ffff:10.0.0.1]/"}, Code.INVALID_ARGUMENT, "address is private")):
        assert refusal(lambda: desk.submit(**fields)) == (code, Holding(words))
    assert refusal(lambda: desk.list(limit=1001)) == (Code.INVALID_ARGUMENT, Holding("limit: expected 1 to 1000"))
    assert refusal(lambda: desk.list(page="x")) == (Code.INVALID_ARGUMENT, Holding("page: expected next_page"))
    assert refusal(lambda: desk.get("job_x")) == (Code.NOT_FOUND, Holding("no job 'job_x'"))
    # What only the run can tell fails the job.
    job = desk.submit(predict=predict(model="rows", instances=[{"features": {"values": [1]}}]))
    error = desk.reaches(job, "FAILED").error
    assert error.code == "INVALID_ARGUMENT" and "expected 10 values" in error.message


class Holding(str):
    """Equal to every text that it is a part of."""
    def __eq__(self, other):
        return str(self) in other
    __hash__ = str.__hash__


def test_a_job_is_seen_by_its_key_alone_and_charged_to_it(start, folder, office, accounts, jobs, refusal):
    made = {name: json.loads(office("create", "--owner", name, "--json", *flags)) for name, flags in (
        ("boss", ["--admin"]), ("alice", ["--requests", "0"]), ("bob", ["--models", "minilm"]))}
    token = {name: each["token"] for name, each in made.items()}
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    desks = {name: Desk(server, jobs, known(each)) for name, each in token.items()}
    assert refusal(Desk(server, jobs).rows)[0] == Code.UNAUTHENTICATED
    job = desks["alice"].rows(idempotency_key="same")
    assert job.key_id == made["alice"]["key"]["id"]
    desks["alice"].reaches(job, "SUCCEEDED")
    for name in ("bob", "boss"):
        assert refusal(lambda: desks[name].get(job))[0] == Code.NOT_FOUND
        assert refusal(lambda: desks[name].cancel(job))[0] == Code.NOT_FOUND
        assert not desks[name].list().jobs
        assert fetch(server, "GET", f"/v1/jobs/{job.id}", x_api_key=token[name])[0] == 404
    assert desks["boss"].rows(idempotency_key="same").id != job.id
    code, words = refusal(desks["bob"].rows)
    assert code == Code.PERMISSION_DENIED and "does not open model rows" in words

    messages, rpc = accounts
    def used():
        usage = rpc.AccountsStub(server.channel).GetUsage(messages.GetUsageRequest(), **known(token["alice"]))
        return [(each.usage.requests, each.usage.instances) for each in usage.models if each.model == "rows"]
    until(lambda: used() == [(1, 1)])
    server.wait_for("call", request_id=job.id, key=job.key_id, model="rows")


def test_nobody_from_outside_passes_for_a_jobs_owner(start, folder, office, jobs, refusal):
    boss = json.loads(office("create", "--owner", "boss", "--json"))
    server = start(folder, "--database", office.database)
    server.wait_for("ready")
    for name in ("job-owner", "x-job-owner", "key-id", "x-key-id", "apus-job-owner", "attachment"):
        metadata = [(name, boss["key"]["id"]), ("x-request-id", "job_1")]
        call = lambda: server.stub.Predict(request(server), metadata=metadata, timeout=PATIENCE)
        assert refusal(call)[0] == Code.UNAUTHENTICATED


def test_a_key_that_was_revoked_fails_its_jobs(start, endless, office, jobs, receiver):
    boss = office.key("boss", "--requests", "0")
    gone = json.loads(office("create", "--owner", "gone", "--json"))
    flags = ["--database", office.database, "--jobs-at-once", "1", "--webhook-allow", "127.0.0.1"]
    server = start(endless, *flags)
    server.wait_for("ready")
    # A long job runs, so that the key's own still waits when the server ends.
    long = Desk(server, jobs, known(boss)).story("endless", 100_000)
    waiting = Desk(server, jobs, known(gone["token"])).story("endless", 1, webhook_url=receiver.url + "/gone")
    server.process.kill()
    server.process.wait(PATIENCE)
    office("revoke", gone["key"]["id"])
    again = start(endless, *flags)
    until(lambda: receiver.at("/gone"))
    body = json.loads(receiver.at("/gone")[0][1])
    assert (body["type"], body["data"]["id"]) == ("job.failed", waiting.id)
    assert body["data"]["error"]["code"] == "UNAUTHENTICATED"
    assert f"key {gone['key']['id']} has been revoked since the job was submitted" in body["data"]["error"]["message"]
    Desk(again, jobs, known(boss)).reaches(long, "SUCCEEDED")


def test_cancelling_ends_the_work(working, lasting):
    server, desk = working(lasting, "--jobs-at-once", "1", *LONG_RESULTS)
    running, waiting = desk.story("lasting", 200_000), desk.story("lasting", 200_000)
    desk.reaches(running, "RUNNING")
    for job in (running, waiting):
        assert desk.cancel(job).state == desk.messages.JOB_STATE_CANCELLED
    server.wait_for("call", request_id=running.id, status="CANCELLED")
    assert desk.reaches(desk.story("lasting", 1), "SUCCEEDED").generation.usage.completion_tokens == 1
    assert desk.get(running).state == desk.get(waiting).state == desk.messages.JOB_STATE_CANCELLED


def test_a_full_queue_is_said(working, lasting, refusal):
    server, desk = working(lasting, "--jobs-at-once", "1", "--jobs-waiting-per-key", "3", *LONG_RESULTS)
    # Far quicker than the jobs are done.
    submit = lambda: [desk.story("lasting", 200_000) for _ in range(100)]
    code, words = refusal(submit)
    assert code == Code.RESOURCE_EXHAUSTED and "3 jobs of this key wait already" in words
    for job in desk.list().jobs:
        desk.cancel(job)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_jobs_survive_the_end_of_the_process_and_end_once(working, endless, receiver, end):
    flags = ["--webhook-allow", "127.0.0.1", "--drain-grace", "100ms"]
    server, desk = working(endless, *flags)
    made = []

    def stands_amid_jobs():
        """Stopped, the process ends none of them before its signal, however slow this one is."""
        made.extend(desk.story("endless", 6_000, webhook_url=receiver.url + "/done") for _ in range(8))
        until(lambda: desk.list(state="JOB_STATE_RUNNING").jobs or
              len(desk.list(state="JOB_STATE_SUCCEEDED").jobs) == len(made))
        server.process.send_signal(signal.SIGSTOP)
        if len([line for line in server.log() if line["event"] == "job ended"]) < len(made):
            return True
        server.process.send_signal(signal.SIGCONT)
    until(stands_amid_jobs)
    server.process.send_signal(end)
    server.process.send_signal(signal.SIGCONT)
    assert server.process.wait(PATIENCE) == (0 if end == signal.SIGTERM else -signal.SIGKILL)
    before = [line["job"] for line in server.log() if line["event"] == "job ended"]
    assert len(before) < len(made)

    again, desk = working(endless, *flags)
    for job in made:
        done = desk.told(desk.reaches(job, "SUCCEEDED", "FAILED", "CANCELLED"), "DELIVERED")
        assert done.state == desk.messages.JOB_STATE_SUCCEEDED, done.error
        assert done.generation.usage.completion_tokens == 6_000
    after = [line["job"] for line in again.log() if line["event"] == "job ended"]
    # A process that is killed may have no time for the line of a job that it has just ended.
    assert len(set(before + after)) == len(before + after)
    if end == signal.SIGTERM:
        assert sorted(before + after) == sorted(job.id for job in made)
    else:
        again.wait_for("jobs that were running when the process before ended are begun again")
    assert len({headers["webhook-id"] for headers, _ in receiver.at("/done")}) == len(made)


def test_a_webhook_is_signed_and_made_again_after_a_500(start, folder, office, jobs, receiver):
    made = json.loads(office("create", "--owner", "alice", "--requests", "0", "--json"))
    server = start(folder, "--database", office.database, "--webhook-allow", "127.0.0.1", "--webhook-delays", "10ms")
    server.wait_for("ready")
    desk = Desk(server, jobs, known(made["token"]))
    job = desk.told(desk.rows(webhook_url=receiver.url + "/500-once"), "DELIVERED")
    assert (job.webhook.attempts, job.webhook.last_error, job.webhook.next_attempt_at) == (2, "", 0)
    shown = run("jobs", "secret", job.key_id, "--jobs-database", office.database.parent / "apus-jobs.db")
    assert shown.returncode == 0, shown.stderr
    (refused, body), (taken, again) = receiver.at("/500-once")
    assert refused["webhook-id"] == taken["webhook-id"] and body == again
    told = Webhook(shown.stdout.split()[0]).verify(body, taken)
    assert told["type"] == "job.succeeded" and told["data"]["id"] == job.id and "prediction" not in told["data"]
    strange = run("jobs", "secret", "abcdefgh", "--jobs-database", office.database.parent / "apus-jobs.db")
    with pytest.raises(Exception, match="signature"):
        Webhook(strange.stdout.split()[0]).verify(body, taken)


@pytest.mark.parametrize("path, timeout, words", [
    ("/500", "60s", "answered 500"), ("/hang", "200ms", "no complete response within")])
def test_webhooks_that_never_succeed_end_as_dead_letters(working, folder, receiver, path, timeout, words):
    server, desk = working(folder, "--webhook-allow", "127.0.0.1", "--webhook-delays", "10ms,10ms",
                           "--webhook-timeout", timeout)
    dead = desk.told(desk.rows(webhook_url=receiver.url + path), "DEAD")
    assert dead.state == desk.messages.JOB_STATE_SUCCEEDED
    assert dead.webhook.attempts == 3 and "given up after 3 calls" in dead.webhook.last_error
    assert words in dead.webhook.last_error
    if path == "/500":
        assert len(receiver.at("/500")) == 3
    server.wait_for("webhook given up: a dead letter", host="127.0.0.1")
    until(lambda: server.metrics().get('apus_webhooks{state="dead"}') == 1)
    assert server.metrics()['apus_webhook_calls_total{outcome="dead"}'] == 1
    assert server.metrics()['apus_webhook_calls_total{outcome="retry"}'] == 2


def test_a_webhook_that_hangs_does_not_hold_up_another_hosts(working, folder, receiver):
    _, desk = working(folder, "--webhook-allow", "127.0.0.1,localhost", "--webhook-timeout", "60s")
    hung = desk.rows(webhook_url=receiver.url + "/hang")
    until(lambda: receiver.at("/hang"))
    fine = desk.rows(webhook_url=f"http://localhost:{urllib.parse.urlsplit(receiver.url).port}/fine")
    assert desk.told(fine, "DELIVERED").webhook.attempts == 1
    assert desk.get(hung).webhook.state == desk.messages.WEBHOOK_STATE_PENDING


def test_an_administrator_sends_dead_letters_again(start, folder, office, jobs, receiver, refusal):
    boss = office.key("boss", "--requests", "0")
    made = json.loads(office("create", "--owner", "alice", "--requests", "0", "--json"))
    admin = json.loads(office("create", "--owner", "admin", "--admin", "--json"))["token"]
    server = start(folder, "--database", office.database, "--webhook-allow", "127.0.0.1",
                   "--webhook-delays", "10ms")
    server.wait_for("ready")
    alice, admins = Desk(server, jobs, known(made["token"])), Desk(server, jobs, known(admin))
    messages = alice.messages
    job = alice.told(alice.rows(webhook_url=receiver.url + "/500"), "DEAD")
    dead = lambda **fields: admins.stub.ListDeadLetters(messages.ListDeadLettersRequest(**fields), **known(admin))
    letter, = dead().dead_letters
    assert (letter.job_id, letter.key_id, letter.url) == (job.id, made["key"]["id"], receiver.url + "/500")
    assert letter.attempts == 2 and "answered 500" in letter.last_error and letter.created_at == job.ended_at
    assert letter.id == receiver.at("/500")[0][0]["webhook-id"]
    assert dead(key_id=letter.key_id).dead_letters and not dead(key_id="abcdefgh").dead_letters
    # Nobody else lists, sends or rotates.
    for call in (lambda: alice.stub.ListDeadLetters(messages.ListDeadLettersRequest(), **known(made["token"])),
                 lambda: alice.stub.ResendDeadLetter(messages.ResendDeadLetterRequest(id=letter.id), **known(boss)),
                 lambda: alice.stub.RotateWebhookSecrets(messages.RotateWebhookSecretsRequest(), **known(boss))):
        assert refusal(call)[0] == Code.PERMISSION_DENIED
    for method, path in (("GET", "/v1/webhooks/dead-letters"), ("POST", "/v1/webhooks/secrets/rotate"),
                         ("POST", f"/v1/webhooks/dead-letters/{letter.id}/resend")):
        assert fetch(server, method, path)[0] == 401
        status, headers, _ = fetch(server, method, path, x_api_key=made["token"])
        assert status == 403 and headers["content-type"] == "application/problem+json"

    listed = json.loads(fetch(server, "GET", "/v1/webhooks/dead-letters?limit=5", x_api_key=admin)[2])
    assert [each["id"] for each in listed["dead_letters"]] == [letter.id] and listed["next_page"] is None
    receiver.mended = True
    status, _, text = fetch(server, "POST", f"/v1/webhooks/dead-letters/{letter.id}/resend", x_api_key=admin)
    assert status == 202 and json.loads(text) == {"id": letter.id, "state": "pending"}
    alice.told(job, "DELIVERED")
    assert not dead().dead_letters
    assert {headers["webhook-id"] for headers, _ in receiver.at("/500")} == {letter.id}
    code, words = refusal(lambda: admins.stub.ResendDeadLetter(
        messages.ResendDeadLetterRequest(id=letter.id), **known(admin)))
    assert code == Code.NOT_FOUND and letter.id in words


def test_secrets_rotate_and_the_old_ones_sign_along(start, folder, office, jobs, receiver, refusal):
    made = json.loads(office("create", "--owner", "alice", "--requests", "0", "--json"))
    admin = json.loads(office("create", "--owner", "admin", "--admin", "--json"))["token"]
    server = start(folder, "--database", office.database, "--webhook-allow", "127.0.0.1")
    server.wait_for("ready")
    desk = Desk(server, jobs, known(made["token"]))
    file = office.database.parent / "apus-jobs.db"
    secrets = lambda: run("jobs", "secret", made["key"]["id"], "--jobs-database", file).stdout.split()

    def signed(path):
        desk.told(desk.rows(webhook_url=receiver.url + path), "DELIVERED")
        (headers, body), = receiver.at(path)
        right = []
        for secret in secrets():
            right.append(Webhook(secret).verify(body, headers)["type"] == "job.succeeded")
        return headers["webhook-signature"].split(), right
    assert len(signed("/one")[0]) == 1
    old, = secrets()
    shown = run("jobs", "rotate-secret", "--overlap", "1h", "--server", server.address, "--key", admin)
    assert shown.returncode == 0 and "until 2" in shown.stdout, shown.stderr
    new = secrets()
    assert len(new) == 2 and new[1] == old != new[0]
    signatures, right = signed("/two")
    assert len(signatures) == 2 and right == [True, True]
    # Those of before end at once where no overlap is wanted.
    status, _, text = fetch(server, "POST", "/v1/webhooks/secrets/rotate", {"overlap_seconds": 0}, x_api_key=admin)
    assert status == 200 and json.loads(text)["retires_at"].endswith("Z")
    newest, = secrets()
    assert newest not in new and len(signed("/three")[0]) == 1
    status, headers, text = fetch(server, "POST", "/v1/webhooks/secrets/rotate", {"overlap_seconds": -1}, x_api_key=admin)
    assert status == 400 and json.loads(text)["field"] == "overlap_seconds"
    code, words = refusal(lambda: desk.stub.RotateWebhookSecrets(
        desk.messages.RotateWebhookSecretsRequest(overlap_seconds=1e9), **known(admin)))
    assert code == Code.INVALID_ARGUMENT and "overlap_seconds: expected 0 to 31536000" in words


def test_a_key_of_one_call_polls_the_job_that_it_runs(start, lasting, office, jobs, refusal):
    token = office.key("single", "--concurrent", "1", "--requests", "0")
    server = start(lasting, "--database", office.database, *LONG_RESULTS)
    server.wait_for("ready")
    desk = Desk(server, jobs, known(token))
    job = desk.reaches(desk.story("lasting", 200_000), "RUNNING")
    server.until(lambda: server.metrics().get('apus_generate_running{model="lasting",version="1"}'), "its work")
    # The job has the key's one place: other work is refused, and polls are answered.
    ask = server.apus.StreamPredictRequest(model="lasting", prompt="a", sampling={"max_tokens": 1})
    code, words = refusal(lambda: list(server.stub.StreamPredict(ask, **known(token))))
    assert code == Code.RESOURCE_EXHAUSTED and "1 calls at the same time" in words
    assert desk.get(job).state == desk.messages.JOB_STATE_RUNNING and len(desk.list().jobs) == 1
    assert desk.cancel(job).state == desk.messages.JOB_STATE_CANCELLED


def test_jobs_on_the_command_line(working, folder, receiver):
    server, desk = working(folder, "--webhook-allow", "127.0.0.1", "--webhook-delays", "10ms")

    def apus(*words, code=0):
        done = run("jobs", *words, "--server", server.address)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr
    row = ",".join(map(str, range(10)))
    made = json.loads(apus("submit", "rows", "--features", row, "--idempotency-key", "one", "--json",
                           "--webhook", receiver.url + "/500"))
    assert made["state"] in ("JOB_STATE_QUEUED", "JOB_STATE_RUNNING") and made["webhook"]["url"].endswith("/500")
    again = apus("submit", "rows", "--features", row, "--idempotency-key", "one", "--webhook", receiver.url + "/500")
    assert again.startswith(f"{made['id']}  ")
    desk.reaches(made["id"], "SUCCEEDED")
    done = json.loads(apus("get", made["id"], "--json"))
    assert done["prediction"]["model"] == "rows" and done["state"] == "JOB_STATE_SUCCEEDED"
    assert "succeeded, submitted 20" in apus("get", made["id"]) and "(rows/1," in apus("get", made["id"])

    story = apus("submit", "storyteller", "--prompt", "a", "--max-tokens", "5", "--seed", "1").split()[0]
    generation = desk.reaches(story, "SUCCEEDED").generation
    assert generation.text in apus("get", story) and "+ 5 tokens; length reached)" in apus("get", story)
    assert json.loads(apus("get", story, "--json"))["generation"]["text"] == generation.text
    listed = json.loads(apus("list", "--limit", "1", "--json"))
    assert [each["id"] for each in listed["jobs"]] == [story]
    assert made["id"] in apus("list", "--page", listed["next_page"]) and "older ones" in apus("list", "--limit", "1")
    assert apus("list", "--state", "failed") == "there are no such jobs\n"
    assert apus("cancel", story).startswith(f"{story}  succeeded")
    assert "NOT_FOUND" in apus("get", "job_none", code=1)

    desk.told(made["id"], "DEAD")
    letter, = json.loads(apus("dead", "--json"))["dead_letters"]
    assert letter["job_id"] == made["id"] and letter["id"] in apus("dead")
    assert "answered 500" in apus("dead") and apus("dead", "--key-id", "abcdefgh") == "no webhook was given up\n"
    receiver.mended = True
    assert apus("resend", letter["id"]) == f"{letter['id']} is called again\n"
    desk.told(made["id"], "DELIVERED")
    assert "NOT_FOUND" in apus("resend", letter["id"], code=1)
    for words, said in ((["submit", "rows"], "give at least one TEXT"),
                        (["submit", "rows", "a", "--seed", "1"], "--seed goes with --prompt"),
                        (["submit", "m", "a", "--prompt", "b"], "either --prompt or"),
                        (["list", "--state", "done"], "expected queued, running"),
                        (["rotate-secret", "--overlap", "2y"], "--overlap 2y")):
        assert said in apus(*words, code=2)
    for command in ("submit", "get", "list", "cancel", "dead", "resend", "rotate-secret", "secret"):
        assert run("jobs", command, "--help").stdout.splitlines()[2].startswith(f"Usage: apus jobs {command}")


def test_a_name_with_an_internal_address_is_not_called(working, folder, receiver):
    _, desk = working(folder)
    job = desk.rows(webhook_url=f"http://localhost:{urllib.parse.urlsplit(receiver.url).port}/in")
    dead = desk.told(job, "DEAD")
    assert "loopback" in dead.webhook.last_error and dead.webhook.attempts == 1 and not receiver.calls


def test_without_a_file_there_are_no_jobs(server, jobs, refusal):
    desk = Desk(server, jobs)
    for call in (desk.rows, desk.list, lambda: desk.get("job_x")):
        code, words = refusal(call)
        assert code == Code.FAILED_PRECONDITION and "--jobs-database" in words
    status, _, text = fetch(server, "GET", "/v1/jobs")
    assert status == 400 and "--jobs-database" in json.loads(text)["error"]["message"]


def test_a_database_of_jobs_that_cannot_be_used_is_named(working, folder, tmp_path):
    working(folder, "--jobs-database", tmp_path / "one.db")
    serve = ["serve", "--models", folder, "--grpc", "127.0.0.1:0", "--http", "off", "--database", "memory"]
    taken = run(*serve, "--jobs-database", tmp_path / "one.db")
    assert taken.returncode == 5 and "another server works on" in taken.stderr and "one.db" in taken.stderr
    absent = run(*serve, "--jobs-database", tmp_path / "no/where.db")
    assert absent.returncode == 5 and "where.db" in absent.stderr
    wrong = run(*serve, "--webhook-allow", "10.1.2.3/8")
    assert wrong.returncode == 2 and "10.1.2.3/8" in wrong.stderr
    assert "there is no database of jobs" in run("jobs", "secret", "abcdefgh", "--jobs-database", "none.db").stderr
