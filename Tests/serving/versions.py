"""A model whose versions answer with their number, what it answers, and calls without a pause."""
import collections
import shutil
import threading
import time

import grpc
import numpy
from safetensors.numpy import save_file

from conftest import PATIENCE


def write_rows(folder, number, damage=None, padding=0):
    """A model on rows that answers with a number; `nan` and `cut` damage it, padding makes it large."""
    folder.mkdir(parents=True)
    (folder / "head.json").write_text("{}")
    weight = numpy.zeros((1, 2), numpy.float32)
    bias = numpy.array([numpy.nan if damage == "nan" else number], numpy.float32)
    save_file({"classifier.weight": weight, "classifier.bias": bias}, folder / "head.safetensors")
    if damage == "cut":
        (folder / "head.safetensors").write_bytes((folder / "head.safetensors").read_bytes()[:-3])
    if padding:
        (folder / "notes.txt").write_bytes(b"." * padding)


class Folder:
    """A folder of models whose `rows` answers with the number of its version."""

    def __init__(self, root):
        self.root = root
        root.mkdir()

    def add(self, number, model="rows", damage=None):
        """The whole version at once, as a careful deployment does it."""
        making = self.root / f".{model}-{number}"
        write_rows(making, number, damage)
        (self.root / model).mkdir(exist_ok=True)
        making.rename(self.root / model / str(number))

    def remove(self, number, model="rows"):
        (self.root / model / str(number)).rename(self.root / f".gone-{number}")
        shutil.rmtree(self.root / f".gone-{number}")


def answer(server, version=""):
    """(number that the model answered, version that the server says it was)"""
    response = server.stub.Predict(
        server.apus.PredictRequest(model="rows", version=version, instances=[{"features": {"values": [0, 0]}}]),
        timeout=PATIENCE)
    return response.predictions[0].values.values[0], response.version


def states(server, model="rows"):
    versions = server.stub.GetModel(server.apus.GetModelRequest(name=model), timeout=PATIENCE).model.versions
    return {v.version: server.apus.State.Name(v.state).removeprefix("STATE_") for v in versions}


class Load(threading.Thread):
    """Calls without a pause until it is stopped, and keeps what came back."""

    def __init__(self, server):
        super().__init__()
        self.server, self.isOver, self.times, self.answers, self.failures = server, False, [], collections.Counter(), []
        self.start()

    def run(self):
        with self.server.open() as channel:
            stub = type(self.server.stub)(channel)
            request = self.server.apus.PredictRequest(model="rows", instances=[{"features": {"values": [0, 0]}}])
            while not self.isOver:
                begin = time.perf_counter()
                try:
                    response = stub.Predict(request, timeout=PATIENCE)
                    self.answers[(response.predictions[0].values.values[0], response.version)] += 1
                except grpc.RpcError as error:
                    self.failures.append(error)
                self.times.append(time.perf_counter() - begin)

    def stop(self):
        self.isOver = True
        self.join()
        return self
