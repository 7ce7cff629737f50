"""The demo's calls: a Python client made from the public .proto alone, and the command line.

Every answer is shown as a person would like to read it and checked; exit 0 only if all were right.
"""
import argparse
import base64
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import grpc
import numpy
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

ROOT = Path(__file__).resolve().parents[2]
APUS = ROOT / ".build/apus"


def stubs():
    """Python code for the contract, generated as any user would do it."""
    out = ROOT / ".build/demo-python"
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}",
                    f"--grpc_python_out={out}", "apus/v1/inference.proto"], check=True)
    sys.path.insert(0, str(out))
    return importlib.import_module("apus.v1.inference_pb2"), importlib.import_module("apus.v1.inference_pb2_grpc")


def wait_for(log: Path, pid: int, event: str, seconds: float = 60) -> dict:
    """The first log line of that event."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in log.read_text().splitlines():
            if line.startswith("{") and json.loads(line)["event"] == event:
                return json.loads(line)
        if not Path(f"/proc/{pid}").exists():
            sys.exit(f"demo: the server ended before it was {event}; its log:\n{log.read_text()}")
        time.sleep(0.02)
    sys.exit(f"demo: the server was not {event} within {seconds:.0f} s; its log:\n{log.read_text()}")


class Checks:
    """Collects what was wrong, so that one run shows all of it."""

    def __init__(self):
        self.wrong: list[str] = []

    def that(self, condition: bool, what: str) -> None:
        print(f"   {'✓' if condition else '✗ WRONG:'} {what}")
        if not condition:
            self.wrong.append(what)


def embeddings(check, server, apus) -> None:
    sentences = ["A man is playing a guitar.", "Someone plays an instrument.", "The stock market fell sharply today."]
    print("\n1. Embeddings from minilm (a BERT encoder, int8), over gRPC from Python")
    answer = server.Predict(apus.PredictRequest(
        model="minilm", instances=[{"text": text} for text in sentences], request_id="demo-1"))
    vectors = numpy.array([p.embedding.values for p in answer.predictions])
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    for other, value in ((1, near), (2, far)):
        print(f'   "{sentences[0]}" ~ "{sentences[other]}": {value:.3f}')
    print(f"   {answer.model}/{answer.version}, {answer.latency_ms:.1f} ms, of which computing {answer.timing.compute_ms:.1f} ms")
    check.that(vectors.shape == (3, 384), "three embeddings of 384 values")
    check.that(bool(numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1, atol=1e-3)), "each of length 1")
    check.that(near > 0.4 > far + 0.2, "near meanings are near, far ones are far")
    check.that(answer.request_id == "demo-1", "the request id came back")
    golden = ROOT / "Tests/Fixtures/minilm-golden.json"
    cases = [c for c in json.loads(golden.read_text())["cases"] if c.get("embedding")]
    texts = [{"text": c["text"]} for c in cases]
    served = server.Predict(apus.PredictRequest(model="minilm", instances=texts)).predictions
    worst = min(float(numpy.dot(c["embedding"], p.embedding.values)) for c, p in zip(cases, served))
    check.that(worst >= 0.98, f"cosine to the fp32 model is at least 0.98 on every golden sentence (worst {worst:.4f})")


def sentiment(check, server, apus) -> None:
    print("\n2. Sentiment (a head on minilm's embedding)")
    cases = [("a gripping, beautifully shot film with a great cast", "positive"),
             ("dull, predictable and far too long", "negative")]
    answer = server.Predict(apus.PredictRequest(model="sentiment", instances=[{"text": t} for t, _ in cases]))
    for (text, expected), prediction in zip(cases, answer.predictions):
        best = prediction.classification.labels[0]
        print(f'   "{text}": {best.label} ({best.score:.0%})')
        check.that(best.label == expected, f"{expected} it is")


def stories(check, server, apus) -> None:
    print("\n3. A story from storyteller (our own small Llama, Q8_0), token by token")
    golden = json.loads((ROOT / "tools/models/storyteller/expected.json").read_text())["cases"][0]
    request = apus.StreamPredictRequest(model="storyteller", prompt=golden["prompt"],
                                        sampling={"max_tokens": 96, "temperature": 0})
    text, ids, last = "", [], None
    print(f"   {golden['prompt']}", end="", flush=True)
    for last in server.StreamPredict(request):
        print(last.text.replace("\n", "\n   "), end="", flush=True)
        text += last.text
        if last.finish_reason == 0:
            ids.append(last.token_id)
    print(f"\n   {len(ids)} tokens, first after {last.timing.time_to_first_token_ms:.1f} ms, "
          f"then {last.timing.tokens_per_second:.0f} a second")
    pairs = zip(ids, golden["greedy_ids"], golden["margins"])
    wrong = next(((place, lead) for place, (ours, theirs, lead) in enumerate(pairs) if ours != theirs), None)
    # Where two tokens are nearly level, another way to round may take the other, and both go on from there.
    alike = f"the first {wrong[0]}, up to where two words are level" if wrong else f"all {len(golden['greedy_ids'])}"
    check.that(wrong is None or wrong[1] < 0.3, f"the tokens of the reference implementation: {alike}")
    check.that(len(ids) == last.usage.completion_tokens, "one message a token, and the usage agrees")
    again = "".join(m.text for m in server.StreamPredict(request))
    check.that(again == text, "greedy text is the same again")


def pictures_and_tables(check, server, apus, url: str) -> None:
    print("\n4. A picture and a row of a table (ONNX models: our own digits, int8, and wine of scikit-learn)")
    path = ROOT / "tools/models/digits/example.jpg"
    answer = server.Predict(apus.PredictRequest(
        model="digits", instances=[{"image": {"data": path.read_bytes()}}], options={"top_k": 5}))
    labels = answer.predictions[0].classification.labels
    print(f"   {path.name}: {', '.join(f'{l.label} ({l.score:.1%})' for l in labels)}; {answer.latency_ms:.1f} ms")
    check.that(labels[0].label == "9" and len(labels) == 5, "a nine it is, and four others that it might be")
    barolo = [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065]
    best = server.Predict(apus.PredictRequest(
        model="wine", instances=[{"features": {"values": barolo}}])).predictions[0].classification.labels[0]
    print(f"   {barolo}: {best.label} ({best.score:.1%})")
    check.that(best.label == "barolo", "barolo it is")
    try:
        server.Predict(apus.PredictRequest(model="wine", instances=[{"features": {"values": barolo[1:]}}]))
        check.that(False, "a row that lacks a number is refused")
    except grpc.RpcError as error:
        print(f"   {error.code().name}: {error.details()}")
        check.that(error.code() == grpc.StatusCode.INVALID_ARGUMENT, "a row that lacks a number is refused")
    body = ROOT / ".build/demo-picture.json"
    body.write_text(json.dumps({"model": "digits", "options": {"top_k": 5},
                                "inputs": [{"image": base64.b64encode(path.read_bytes()).decode()}]}))
    answer = json.loads(curl(url + "/v1/predict", "-H", "content-type: application/json", "-d", f"@{body}"))
    said = [(label["label"], round(label["score"], 4)) for label in answer["predictions"][0]["labels"]]
    print(f"   {said}")
    check.that(said == [(label.label, round(label.score, 4)) for label in labels], "the same over HTTP, in base 64")


def probes(check, channel, server, apus) -> None:
    print("\n5. What orchestrators and tools ask")
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    check.that(health.status == health_pb2.HealthCheckResponse.SERVING, "grpc.health.v1 says SERVING")
    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    check.that("apus.v1.Inference" in services, f"reflection lists {', '.join(sorted(services))}")
    try:
        server.Predict(apus.PredictRequest(model="nobody", instances=[{"text": "x"}]))
        check.that(False, "an unknown model is refused")
    except grpc.RpcError as error:
        print(f"   {error.code().name}: {error.details()}")
        check.that(error.code() == grpc.StatusCode.NOT_FOUND, "an unknown model is refused, and the answer names the known ones")


def curl(*words: str) -> str:
    """What curl says, shown as a person would type it."""
    shown = [f"'{w}'" if re.search(r"[ {]", w) else w for w in words]
    print(f"   $ curl {' '.join(shown)}")
    return subprocess.run(["curl", "--silent", "--show-error", "--no-buffer", "--max-time", "60", *words],
                          capture_output=True, text=True, check=True).stdout


def over_http(check, url: str) -> None:
    print("\n6. The same over HTTP, with curl")
    json_type = "content-type: application/json"
    answer = json.loads(curl(url + "/v1/predict", "-H", json_type, "-d",
                             json.dumps({"model": "sentiment", "inputs": ["a warm and funny film"]})))
    best = answer["predictions"][0]
    print(f"   {best['label']} ({best['score']:.0%}), {answer['latency_ms']:.1f} ms")
    check.that(best["label"] == "positive", "positive it is")
    body = {"model": "storyteller", "messages": [{"role": "user", "content": "Once upon a time"}],
            "max_tokens": 24, "stream": True}
    said = curl(url + "/v1/chat/completions", "-H", json_type, "-d", json.dumps(body))
    events = [line[6:].strip() for line in said.split("\n") if line.startswith("data: ")]
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    print(f"   {len(events)} server-sent events: {text.strip()}")
    check.that(events[-1] == "[DONE]" and len(text) > 20, "a story as OpenAI's clients are told one, then [DONE]")


def figures(check, url: str) -> None:
    print("\n7. What a Prometheus scrapes")
    lines = curl(url + "/metrics").splitlines()
    shown = [line for line in lines if re.match(
        r'rpc_server_calls_total\{method="[^"]*/(Predict|StreamPredict)"'
        r'|vllm:generation_tokens_total|nv_inference_request_success|process_resident_memory_bytes', line)]
    for line in shown:
        print(f"     {line}")
    print(f"     … and {len(lines) - len(shown)} lines more")
    counted = [line for line in shown if re.search(r'/Predict",code="OK"\} [1-9]', line)]
    check.that(len(counted) == 1, "/metrics counts the calls")


def swap(check, server, apus, models: Path, key: str) -> None:
    """A second version beside the first, while four clients call without a pause."""
    print("\n9. A new version under calls")
    source, target = models / "sentiment/1", models / "sentiment/2"
    metadata = [("x-api-key", key)]
    answered, failed, isOver = Counter(), [], threading.Event()

    def call():
        while not isOver.is_set():
            try:
                answer = server.Predict(apus.PredictRequest(
                    model="sentiment", instances=[{"text": "a warm and funny film"}]), metadata=metadata, timeout=60)
                answered[answer.version, answer.predictions[0].classification.labels[0].label] += 1
            except grpc.RpcError as error:
                failed.append(f"{error.code().name}: {error.details()}")

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    end = time.monotonic() + 60
    until = lambda done: [time.sleep(0.02) for _ in iter(lambda: done() or time.monotonic() > end, True)]
    until(lambda: answered["1", "positive"] >= 100)
    print(f"   $ cp -r {source} {target}")
    shutil.copytree(source, target)
    until(lambda: answered["2", "positive"] >= 100)
    isOver.set()
    for caller in callers:
        caller.join()
    for (version, label), count in sorted(answered.items()):
        print(f"   version {version}: {count} calls, {label}")
    check.that(not failed and {label for _, label in answered} == {"positive"},
               f"{sum(answered.values())} calls, not one failed{': ' + failed[0] if failed else ''}")
    check.that(answered["2", "positive"] >= 100, "version 2 took over without a pause")


def keys(check, url: str, database: Path) -> str:
    """From the first key on nobody calls without one. Returns an administrator's key."""
    def make(owner, *flags):
        words = ["keys", "create", "--owner", owner, *flags, "--database", database]
        print(f"   $ apus {' '.join(map(str, words))}")
        made = subprocess.run([APUS, *words, "--json"], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(made.stdout)["token"]

    def call(key=None):
        request = urllib.request.Request(
            url + "/v1/predict", json.dumps({"model": "sentiment", "inputs": ["a warm and funny film"]}).encode(),
            {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {}))
        try:
            answer = urllib.request.urlopen(request, timeout=60)
            return answer.status, json.load(answer)["predictions"][0]["label"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]["message"]

    print("\n8. With keys: who may call, and how much")
    boss = make("me", "--admin", "--requests", "100000")
    status, said = call()
    check.that(status == 401, f"without a key: {status}, {said}")
    poor = make("trial", "--requests", "2", "--window", "1h")
    check.that([call(poor)[0] for _ in range(2)] == [200, 200], "with a key for two requests an hour: 200, 200")
    status, said = call(poor)
    check.that(status == 429, f"and a third time: {status}, {said}")
    print("   $ apus usage")
    def told():
        return subprocess.run([APUS, "usage", "--database", database], capture_output=True, text=True, timeout=60).stdout
    end = time.monotonic() + 60
    while "sentiment" not in told() and time.monotonic() < end:
        time.sleep(0.05)
    for line in (text := told()).splitlines():
        print(f"     {line}")
    check.that(bool(re.search(r"^all +[1-9]", text, re.M)), "every call is written down")
    return boss


def command_line(check, address: str, key: str) -> None:
    print("\n10. The same from the command line")
    for words in (["predict", "sentiment", "what a waste of two hours"],
                  ["generate", "storyteller", "Once upon a time", "--max-tokens", "24", "--quiet"],
                  ["predict", "digits", "--image", "tools/models/digits/example.jpg", "--top", "5"],
                  ["models"], ["health"]):
        shown = " ".join(f'"{w}"' if " " in w else w for w in words)
        print(f"   $ apus {shown}")
        run = subprocess.run([APUS, *words, "--server", address], capture_output=True, text=True, timeout=60,
                             env={**os.environ, "APUS_KEY": key})
        for line in (run.stdout + run.stderr).rstrip().splitlines():
            print(f"     {line}")
        check.that(run.returncode == 0 and bool(run.stdout.strip()), f"apus {words[0]} exits 0")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--log", type=Path, required=True)
    arguments.add_argument("--pid", type=int, required=True)
    arguments.add_argument("--database", type=Path, required=True)
    arguments.add_argument("--models", type=Path, required=True)
    options = arguments.parse_args()
    listening = wait_for(options.log, options.pid, "listening")
    address = listening["grpc"]
    wait_for(options.log, options.pid, "ready")
    print(f"   ready at {address}")
    apus, rpc = stubs()
    check = Checks()
    with grpc.insecure_channel(address) as channel:
        server = rpc.InferenceStub(channel)
        embeddings(check, server, apus)
        sentiment(check, server, apus)
        stories(check, server, apus)
        pictures_and_tables(check, server, apus, f"http://{listening['http']}")
        probes(check, channel, server, apus)
        over_http(check, f"http://{listening['http']}")
        figures(check, f"http://{listening['http']}")
        key = keys(check, f"http://{listening['http']}", options.database)
        Path(f"{options.database}.key").write_text(key)
        swap(check, server, apus, options.models, key)
    command_line(check, address, key)
    if check.wrong:
        sys.exit("demo: wrong: " + "; ".join(check.wrong))


if __name__ == "__main__":
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    main()
