"""Starts the real server on real models for the tests beside this file."""
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import grpc
import pytest

from random_llama import write_endless_llama

ROOT = pathlib.Path(__file__).resolve().parents[2]
APUS = ROOT / ".build/apus"
# Taken out of the environment: servers would note that it is no setting of theirs.
SHARED = pathlib.Path(os.environ.pop("APUS_SHARED", ROOT.parent / "shared"))
MODELS = ROOT / "models"
PATIENCE = 60.0  # seconds until a condition that never comes fails its test


def needs(path: pathlib.Path) -> pathlib.Path:
    """Skips, saying so, where a clone stands alone without the test data."""
    if not path.exists():
        pytest.skip(f"{path.name} is not there: set APUS_SHARED to a folder with the test data")
    return path


@pytest.fixture(scope="session")
def contract(tmp_path_factory):
    """Python code of the public contract: (messages, service)."""
    out = tmp_path_factory.mktemp("contract")
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}",
                    f"--grpc_python_out={out}", "apus/v1/inference.proto", "apus/v1/accounts.proto", "apus/v1/jobs.proto",
                    "apus/v1/control.proto", "inference/grpc_predict_v2.proto"], check=True)
    sys.path.insert(0, str(out))
    return importlib.import_module("apus.v1.inference_pb2"), importlib.import_module("apus.v1.inference_pb2_grpc")


@pytest.fixture(scope="session")
def control(contract):
    """The same of the service for models."""
    return importlib.import_module("apus.v1.control_pb2"), importlib.import_module("apus.v1.control_pb2_grpc")


@pytest.fixture(scope="session")
def accounts(contract):
    """The same of the service for keys and usage."""
    return importlib.import_module("apus.v1.accounts_pb2"), importlib.import_module("apus.v1.accounts_pb2_grpc")


@pytest.fixture(scope="session")
def jobs(contract):
    """The same of the service for long work."""
    return importlib.import_module("apus.v1.jobs_pb2"), importlib.import_module("apus.v1.jobs_pb2_grpc")


@pytest.fixture(scope="session")
def open_inference(contract):
    """The same of the Open Inference Protocol."""
    return (importlib.import_module("inference.grpc_predict_v2_pb2"),
            importlib.import_module("inference.grpc_predict_v2_pb2_grpc"))


def run(*words, before=(), **more):
    """The program with these words, to its end; `before` is a command that runs it, such as `prlimit`."""
    return subprocess.run([*before, APUS, *map(str, words)], capture_output=True, text=True, **{"timeout": PATIENCE, **more})


class Server:
    """`apus serve` on a free port."""

    def __init__(self, contract, folder, *flags, log, program=APUS, before=(), **process):
        self.apus, rpc = contract
        self.log_path, self.log_read, self.log_lines = log, 0, []
        self.process = subprocess.Popen(
            [*before, program, "serve", "--models", folder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0",
             "--database", "memory", "--log-format", "json", *map(str, flags)],
            stderr=open(log, "w"), **process)
        listening = self.wait_for("listening")
        self.address, self.http = listening["grpc"], f"http://{listening['http']}"
        self.host, self.port = self.address.rsplit(":", 1)
        self.channel = self.open()
        self.stub = rpc.InferenceStub(self.channel)

    def open(self):
        """A connection of its own. Its windows do not grow, so that the server is never more than
        128 KiB (window and send queue) ahead of a reader."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
        return grpc.insecure_channel(self.address, options=options)

    def log(self):
        """All lines so far; only new ones are read and parsed, as waiting looks again and again."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_read)
            whole, end, _ = file.read().rpartition(b"\n")
        self.log_read += len(whole) + len(end)
        self.log_lines += [json.loads(line) for line in whole.split(b"\n") if line]
        return self.log_lines

    def wait_for(self, event, **fields):
        """The first log line of that event with those fields."""
        def found():
            for line in self.log():
                if line["event"] == event and all(line.get(k) == v for k, v in fields.items()):
                    return line
            assert self.process.poll() is None, f"the server ended: {self.log_path.read_text()}"
            return None
        return self.until(found, f"the log line {event} {fields}")

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < end, f"{what} did not come within {PATIENCE} s: {self.log_path.read_text()}"
            time.sleep(0.01)

    def texts(self, model, texts, **more):
        return self.stub.Predict(self.apus.PredictRequest(
            model=model, instances=[{"text": t} for t in texts], **more), timeout=PATIENCE)

    def stream(self, model, prompt, request_id="", channel=None, **sampling):
        request = self.apus.StreamPredictRequest(
            model=model, prompt=prompt, sampling=sampling, request_id=request_id)
        stub = type(self.stub)(channel) if channel else self.stub
        return stub.StreamPredict(request, timeout=PATIENCE)

    def metrics(self):
        """The Prometheus text by series, such as `apus_generate_running{model="…",version="1"}`."""
        with urllib.request.urlopen(f"{self.http}/metrics", timeout=PATIENCE) as answer:
            series = (line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
            return {name: float(value) for name, value in series}

    def memory(self):
        """Resident bytes."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def stop(self):
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The demo's models, the tiny stories models where they are, and a linear model on rows."""
    import numpy
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("models")
    assert (MODELS / "minilm").exists(), "run tools/prepare-models first"
    for model in MODELS.iterdir():
        (folder / model.name).symlink_to(model)
    for kind in ("f32", "q8_0"):
        source = SHARED / f"models/stories260K-{kind}.gguf"
        if source.exists():
            (folder / f"stories-{kind}/1").mkdir(parents=True)
            (folder / f"stories-{kind}/1/model.gguf").symlink_to(source)
    rows = folder / "rows/1"
    rows.mkdir(parents=True)
    (rows / "head.json").write_text("{}")
    weight = numpy.arange(20, dtype=numpy.float32).reshape(2, 10) / 10
    save_file({"classifier.weight": weight, "classifier.bias": numpy.array([1, -1], numpy.float32)},
              rows / "head.safetensors")
    return folder


@pytest.fixture(scope="session")
def server(contract, folder, tmp_path_factory):
    """One server for the whole session; it must end cleanly."""
    made = Server(contract, folder, log=tmp_path_factory.mktemp("log") / "server.log")
    made.wait_for("ready")
    yield made
    assert made.process.poll() is None, f"the server has died: {made.log_path.read_text()[-2000:]}"
    assert made.stop() == 0


@pytest.fixture
def start(contract, tmp_path):
    """Starts servers of a test's own."""
    made = []

    def make(folder, *flags, **process):
        made.append(Server(contract, folder, *flags, log=tmp_path / f"server-{len(made)}.log", **process))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def endless(tmp_path):
    """A folder with one language model, `endless`, that runs four streams at once. A whole answer has
    1.7 MB: a stream of which a test has read less than 1.5 MB is certainly still under way."""
    write_endless_llama(tmp_path / "models/endless/1/model.gguf")
    (tmp_path / "models/endless/model.yaml").write_text("max_sequences: 4\n")
    return tmp_path / "models"


@pytest.fixture
def lasting(tmp_path):
    """A folder with one language model, `lasting`, whose whole answer takes longer than any test waits:
    200,000 tokens, each after all that are before it. A job of it needs `--jobs-result-size 64MiB`."""
    write_endless_llama(tmp_path / "models/lasting/1/model.gguf", context=200_000)
    (tmp_path / "models/lasting/model.yaml").write_text("max_context: 200000\nkv_cache: 256MiB\n")
    return tmp_path / "models"


@pytest.fixture
def copy_model(tmp_path):
    """Copies one version of a model into a folder of the test's own, to be broken there."""
    def copy(name, as_name=None):
        target = tmp_path / "models" / (as_name or name) / "1"
        shutil.copytree((MODELS / name / "1").resolve(), target)
        return target
    return copy
