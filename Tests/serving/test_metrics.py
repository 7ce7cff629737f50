"""What /metrics says, read by promtool and a real Prometheus."""
import concurrent.futures
import http.client
import json
import math
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import grpc
import numpy
import pytest
from safetensors.numpy import save_file

from conftest import PATIENCE, ROOT, run

PREDICT, STREAM = 'method="/apus.v1.Inference/Predict"', 'method="/apus.v1.Inference/StreamPredict"'
# Names of others are theirs, whatever the linter says of them.
THEIRS = re.compile(r"(nv_inference_\w+|vllm:\w+) ")


def text(server):
    with urllib.request.urlopen(f"{server.http}/metrics", timeout=PATIENCE) as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return answer.read().decode()


def rows(server, model="rows", **options):
    request = server.apus.PredictRequest(model=model, instances=[{"features": {"values": range(10)}}])
    return server.stub.Predict(request, timeout=PATIENCE, **options)


def attempt(*actions):
    """Calls that may fail."""
    for action in actions:
        try:
            action()
        except grpc.RpcError:
            pass


def counted(server, expected):
    """Returns once the series have these values. An answer may be here before its call is counted: only on a
    server of the test's own, whose calls have all been answered, do they stay so."""
    def found():
        metrics = server.metrics()
        return {name: metrics.get(name, 0) for name in expected}
    try:
        server.until(lambda: found() == expected, "the values")
    except AssertionError:
        assert found() == expected


def refused(server, **fields):
    return lambda: server.stub.Predict(server.apus.PredictRequest(**fields), timeout=PATIENCE)


@pytest.fixture
def own(start, folder):
    """A server whose calls are all the test's."""
    server = start(folder)
    server.wait_for("ready")
    return server


# Other programs read it


def test_promtool_finds_nothing_to_say(server):
    server.texts("minilm", ["a"])
    list(server.stream("storyteller", "Once", max_tokens=3))
    for model in ('quo"te', "back\\slash", "new\nline", "{}"):
        attempt(refused(server, model=model))
    done = subprocess.run(["promtool", "check", "metrics"], input=text(server), capture_output=True, text=True,
                          timeout=PATIENCE)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not THEIRS.match(line)]
    # 3: there is something to say, but it parses.
    assert said == [] and done.returncode in (0, 3), done.stderr


class Prometheus:
    def __init__(self, folder, target):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "apus", "static_configs": [
                {"targets": [target.removeprefix("http://")]}]}]}))
        self.log = folder / "prometheus.log"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.address}"], stderr=open(self.log, "w"))

    def query(self, query):
        """[(labels, value)]; nothing while it starts."""
        url = f"http://{self.address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return []
        return [(each["metric"], float(each["value"][1])) for each in result]

    def until(self, query, condition):
        end = time.monotonic() + PATIENCE
        while not condition(found := self.query(query)):
            assert time.monotonic() < end, f"{query}: {found}; {self.log.read_text()[-2000:]}"
            time.sleep(0.1)
        return found


@pytest.fixture
def prometheus(tmp_path):
    made = []

    def start(server):
        made.append(Prometheus(tmp_path, server.http))
        return made[-1]

    yield start
    for each in made:
        each.process.terminate()
        each.process.wait(PATIENCE)


def test_prometheus_scrapes_and_knows_quantiles_within_5_percent(own, prometheus):
    """Against the times in the log, of the same calls."""
    watcher = prometheus(own)
    watcher.until("up", lambda found: [value for _, value in found] == [1])
    count = 'apus_request_seconds_count{model="minilm"}'
    before = watcher.until(count, lambda found: found)[0][1]
    # Texts of many lengths take times of many lengths.
    for index in range(300):
        own.texts("minilm", ["word " * (index * 7 % 240 + 1)], request_id=f"quantile-{index}")
    watcher.until(count, lambda found: found and found[0][1] == before + 300)
    own.wait_for("call", request_id="quantile-299")
    took = numpy.array([line["ms"] / 1000 for line in own.log()
                        if line["event"] == "call" and line["request_id"].startswith("quantile-")])
    assert len(took) == 300
    for share in (0.5, 0.95, 0.99):
        # The increase since the first scrape.
        since = f'(apus_request_seconds_bucket{{model="minilm"}} @ {first_scrape(watcher, before, count)})'
        # A scrape that took too long leaves no value until the next one.
        found = watcher.until(
            f'histogram_quantile({share}, sum by (le, model) (apus_request_seconds_bucket{{model="minilm"}} - {since}))',
            lambda found: found)
        assert [labels for labels, _ in found] == [{"model": "minilm"}]
        low, high = numpy.quantile(took, [max(0, share - 1 / 300), min(1, share + 1 / 300)], method="nearest")
        assert low / 1.05 <= found[0][1] <= high * 1.05, (share, found, low, high)
    # The example queries of docs/metrics.md, as they stand there.
    for query in documented_queries():
        url = f"http://{watcher.address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            assert json.load(answer)["status"] == "success", query


def first_scrape(watcher, before, count):
    """When the count was still what it had been before the test."""
    now = time.time()
    url = f"http://{watcher.address}/api/v1/query?{urllib.parse.urlencode({'query': f'{count}[10m]'})}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        values = json.load(answer)["data"]["result"][0]["values"]
    return max(at for at, value in values if float(value) == before and at <= now)


def documented_queries():
    page = (ROOT / "docs/metrics.md").read_text()
    blocks = re.findall(r"```promql\n(.*?)```", page, re.S)
    queries = [line.split(" # ")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert len(queries) >= 6
    return queries


def test_the_alerts_of_the_documentation_are_rules(tmp_path):
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", (ROOT / "docs/metrics.md").read_text(), re.S)
    (tmp_path / "rules.yml").write_text(rules)
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_documentation_names_every_metric_and_no_other(start, folder, tmp_path):
    server = start(folder, "--database", tmp_path / "apus.db")
    server.wait_for("ready")
    page = (ROOT / "docs/metrics.md").read_text()
    # Some names are only there once something has failed.
    attempt(refused(server, model="nobody"))
    named = set(re.findall(r"`((?:apus|rpc|http|process|nv_inference|vllm)[_:]\w*[a-z])(?:`|{)", page))
    # Those of TLS are only there with a certificate; test_tls.py reads them.
    named = {name for name in named if not name.startswith("apus_tls_")}
    def told():
        return set(re.findall(r"^# TYPE (\S+)", text(server), re.M))
    # What counts that failure may come behind its answer.
    server.until(lambda: named <= told(), f"{named - told()}, which is documented,")
    assert told() - named == set(), "not documented"


# What is counted


def test_requests_are_counted_by_method_model_version_and_status(own):
    attempt(
        lambda: rows(own), lambda: rows(own), refused(own, model="rows"), refused(own, model="rows", version="9"),
        refused(own, model="nobody"), lambda: list(own.stream("storyteller", "Once", max_tokens=5)))
    story, theirs = 'model="storyteller",version="1"', 'model_name="storyteller",version="1"'
    counted(own, {
        f'apus_requests_total{{{STREAM},{story},status="OK"}}': 1,
        f'apus_requests_total{{{PREDICT},model="rows",version="1",status="OK"}}': 2,
        f'apus_requests_total{{{PREDICT},model="rows",version="1",status="INVALID_ARGUMENT"}}': 1,
        f'apus_requests_total{{{PREDICT},model="rows",version="(unknown)",status="NOT_FOUND"}}': 1,
        f'apus_requests_total{{{PREDICT},model="(unknown)",version="(unknown)",status="NOT_FOUND"}}': 1,
        'apus_request_seconds_count{model="rows",version="1"}': 3,
        'apus_request_instances_total{model="rows",version="1"}': 2,
        f'apus_request_tokens_total{{{story},direction="out"}}': 5,
        f"apus_generate_inter_token_seconds_count{{{story}}}": 4,
        f"apus_generate_first_token_seconds_count{{{story}}}": 1,
        # The same under the names of others.
        'nv_inference_request_success{model="rows",version="1"}': 2,
        'nv_inference_request_failure{model="rows",version="1",reason="OTHER"}': 1,
        f"vllm:generation_tokens_total{{{theirs}}}": 5,
        f"vllm:inter_token_latency_seconds_count{{{theirs}}}": 4,
        f'vllm:request_success_total{{{theirs},finished_reason="length"}}': 1})
    assert own.metrics()[f'apus_request_tokens_total{{{story},direction="in"}}'] >= 1


def test_stages_add_up_to_no_more_than_the_whole(own):
    minilm, calls, share = 'model="minilm",version="1"', 0, 0

    def figures():
        metrics = own.metrics()
        stages = {stage: metrics.get(f'apus_request_stage_seconds_total{{{minilm},stage="{stage}"}}', 0) for stage in (
            "access", "decode", "limits", "routing", "validation", "prepare", "queue", "compute", "format")}
        return metrics, metrics.get(f"apus_request_seconds_sum{{{minilm}}}", 0), stages

    # On a busy machine a call may be held up for long between its last stage and its end; not each of them.
    while share < 0.5:
        _, earlier, parts = figures()
        for _ in range(20):
            own.texts("minilm", ["a text"])
        calls += 20
        # Of what is counted of a call this is the last.
        counted(own, {f"apus_request_queue_seconds_count{{{minilm}}}": calls})
        metrics, whole, stages = figures()
        assert all(seconds > 0 for seconds in stages.values()), stages
        assert sum(stages.values()) <= whole and calls < 1000
        share = (sum(stages.values()) - sum(parts.values())) / (whole - earlier)
    assert math.isclose(metrics[f"nv_inference_compute_infer_duration_us{{{minilm}}}"], stages["compute"] * 1e6,
                        abs_tol=1)


def test_refusals_by_a_limit_are_counted_by_its_name(start, folder, tmp_path):
    made = run("keys", "create", "--owner", "me", "--json", "--requests", 2, "--window", "60s",
               "--database", tmp_path / "apus.db")
    token = json.loads(made.stdout)["token"]
    server = start(folder, "--database", tmp_path / "apus.db")
    server.wait_for("ready")
    for _ in range(5):
        attempt(lambda: rows(server, metadata=[("authorization", f"Bearer {token}")]))
    server.wait_for("call", status="RESOURCE_EXHAUSTED", limit="requests")
    server.until(lambda: server.metrics().get('apus_limit_refusals_total{model="rows",limit="requests"}') == 3,
                 "three refusals")


def test_names_that_callers_make_up_add_no_series(own):
    def fail(name):
        for action in (
                refused(own, model=name, version=name), refused(own, model="rows", version=name),
                lambda: own.channel.unary_unary(f"/made.up/{name}")(b"", timeout=PATIENCE),
                lambda: urllib.request.urlopen(f"{own.http}/{name}?{name}", timeout=PATIENCE)):
            with pytest.raises((grpc.RpcError, urllib.error.HTTPError)):
                action()

    fail("made-up")
    # The last that appear of each.
    first = {f'apus_requests_total{{{PREDICT},model="{model}",version="(unknown)",status="NOT_FOUND"}}'
             for model in ("(unknown)", "rows")} | {'http_server_request_seconds_count{route="none"}'}
    own.until(lambda: first <= own.metrics().keys(), "what is counted of one of each")
    before = own.metrics().keys()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, (f"made-up-{index}" for index in range(10_000))))
    assert own.metrics().keys() == before


def test_a_versions_series_go_with_it(start, tmp_path):
    def add(number):
        making = tmp_path / f"models/.making-{number}"
        making.mkdir(parents=True)
        (making / "head.json").write_text("{}")
        save_file({"classifier.weight": numpy.zeros((1, 10), numpy.float32),
                   "classifier.bias": numpy.zeros(1, numpy.float32)}, making / "head.safetensors")
        (tmp_path / "models/rows").mkdir(exist_ok=True)
        making.rename(tmp_path / f"models/rows/{number}")

    def versions():
        return {match for name in server.metrics() for match in re.findall(r'version="(\d+)"', name)}

    add(1)
    server = start(tmp_path / "models", "--models-period", "100ms")
    server.wait_for("ready")
    counts = []
    # Its connection stays open, and keeps nothing of a version.
    client = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=PATIENCE)
    for number in range(2, 7):
        client.request("POST", "/v1/predict", json.dumps({"model": "rows", "inputs": [list(range(10))]}),
                       {"content-type": "application/json"})
        assert json.loads(client.getresponse().read())["model_version"] == str(number - 1)
        attempt(refused(server, model="rows"))
        assert versions() == {str(number - 1)}
        add(number)
        server.wait_for("unloaded", version=number - 1)
        counts.append(len(server.metrics()))
        assert versions() == {str(number)}
    assert max(counts) <= min(counts) + 3, "series pile up"
    counted(server, {"apus_model_swaps_total": 5})
    client.close()


def test_the_state_of_models_and_process(server):
    metrics = server.metrics()
    assert metrics["apus_ready"] == metrics["apus_live"] == 1
    assert metrics['apus_model_state{model="minilm",version="1",state="ready"}'] == 1
    assert 20e6 < metrics['apus_model_memory_bytes{model="minilm",version="1"}'] < server.memory()
    started = metrics["process_start_time_seconds"]
    assert started <= metrics['apus_model_ready_timestamp_seconds{model="minilm",version="1"}'] + 1 < time.time() + 1
    assert metrics["process_open_fds"] < metrics["process_max_fds"]
