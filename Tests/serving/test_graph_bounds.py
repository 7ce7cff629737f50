"""What no graph and no caller may take: time, constants, divisions that have no answer."""
import grpc
import pytest
from onnx import TensorProto, helper

import onnx_models as made
from conftest import PATIENCE
from test_onnx import features, floats


@pytest.fixture(scope="module")
def looping(contract, tmp_path_factory):
    """Models whose run takes as long as the caller says."""
    from conftest import Server
    root = tmp_path_factory.mktemp("loops")
    made.addition(root / "sum/1", 1)
    for name, time in {"short": "200ms", "long": "1h"}.items():
        made.loop(root / name / "1")
        (root / name / "model.yaml").write_text(f"graph_time: {time}\n")
    server = Server(contract, root, log=tmp_path_factory.mktemp("log") / "server.log")
    server.wait_for("ready")
    yield server
    assert server.stop() == 0


def doubled(server, model, times, timeout=PATIENCE):
    tensors = {"count": {"data_type": "INT64", "shape": [1], "longs": [times]}, "x": floats([1], 1)}
    request = server.apus.PredictRequest(model=model, instances=[{"tensors": {"tensors": tensors}}])
    return list(server.stub.Predict(request, timeout=timeout).predictions[0].tensors.tensors["y"].floats)


def in_time(server, model, times):
    """The answer of a short run; on a busy machine even that may be held up for longer than it may take."""
    def attempt():
        try:
            return doubled(server, model, times)
        except grpc.RpcError as error:
            assert "it takes longer than the limit" in error.details()
    return server.until(attempt, "a short run")


def test_a_run_takes_no_longer_than_it_may(looping):
    assert in_time(looping, "short", 3) == [8]
    with pytest.raises(grpc.RpcError) as caught:
        doubled(looping, "short", 1 << 40)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "it takes longer than the limit of 0.2 seconds (graph_time in model.yaml, at most --stuck-after)" in caught.value.details()
    assert in_time(looping, "short", 3) == [8]


def test_a_run_ends_with_its_callers_and_says_nothing_of_its_model(looping):
    # More than a breaker asks for; each of them would go on for long.
    for _ in range(30):
        with pytest.raises(grpc.RpcError) as caught:
            doubled(looping, "long", 1 << 23, timeout=0.05)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert doubled(looping, "long", 3) == [8]
    row = looping.apus.PredictRequest(model="sum", instances=[features([1, 2])])
    assert list(looping.stub.Predict(row, timeout=PATIENCE).predictions[0].values.values) == [2, 3]
    version = looping.stub.GetModel(looping.apus.GetModelRequest(name="long"), timeout=PATIENCE).model.versions[0]
    assert version.breaker.state == looping.apus.Breaker.CLOSED and version.breaker.failure_rate == 0


def test_others_compute_between_the_nodes_of_a_long_run(looping):
    """One call computes until it is cancelled; another model's are answered meanwhile."""
    tensors = {"count": {"data_type": "INT64", "shape": [1], "longs": [1 << 40]}, "x": floats([1], 1)}
    long = looping.apus.PredictRequest(model="long", instances=[{"tensors": {"tensors": tensors}}])
    short = looping.apus.PredictRequest(model="sum", instances=[features([1, 2])])
    call = looping.stub.Predict.future(long)
    looping.until(lambda: looping.metrics()["apus_engine_job_seconds"] > 0, "the long run")
    for _ in range(10):
        looping.stub.Predict(short, timeout=PATIENCE)
    assert not call.done()
    call.cancel()


def test_others_compute_within_a_node_that_takes_long(start, tmp_path):
    """One product of a second or more; another model's calls are answered meanwhile."""
    made.addition(tmp_path / "models/sum/1", 1)
    made.product(tmp_path / "models/product/1")
    (tmp_path / "models/product/model.yaml").write_text("engine_slice: 1ms\ngraph_time: 1h\n")
    server = start(tmp_path / "models", "--threads", "1", "--stuck-after", "1h")
    server.wait_for("ready")
    tensors = {"rows": {"data_type": "INT64", "shape": [1], "longs": [1 << 15]}}
    long = server.apus.PredictRequest(model="product", instances=[{"tensors": {"tensors": tensors}}])
    short = server.apus.PredictRequest(model="sum", instances=[features([1, 2])])
    call = server.stub.Predict.future(long, timeout=PATIENCE)
    answered = 0
    while not call.done():
        server.stub.Predict(short, timeout=PATIENCE)
        answered += not call.done()
    assert list(call.result().predictions[0].tensors.tensors["y"].floats) == [2048]
    assert answered >= 10


def test_constants_that_cost_much_keep_no_server_from_starting(start, tmp_path):
    made.loop(tmp_path / "models/cheap/1", times=3)
    made.loop(tmp_path / "models/dear/1", times=1 << 40)
    (tmp_path / "models/dear/model.yaml").write_text("graph_time: 100ms\n")
    server = start(tmp_path / "models", "--readiness", "any")
    problem = server.wait_for("not loaded", model="dear")["problem"]
    assert "(Loop): it takes longer than the limit of 0.1 seconds (graph_time in model.yaml, at most --stuck-after)" in problem
    request = server.apus.PredictRequest(model="cheap", instances=[{"tensors": {"tensors": {"x": floats([1], 2)}}}])
    assert list(server.stub.Predict(request, timeout=PATIENCE).predictions[0].tensors.tensors["y"].floats) == [16]


@pytest.mark.parametrize("numbers, reason", [
    ([7, 0], "a whole number is divided by 0"),
])
def test_what_a_graph_cannot_compute_is_the_callers(start, tmp_path, numbers, reason):
    two = [made.value("a", ["N", 1], TensorProto.INT64), made.value("b", ["N", 1], TensorProto.INT64)]
    made.save(tmp_path / "models/shares/1", [helper.make_node("Div", ["a", "b"], ["y"], name="share")], two,
              [made.value("y", ["N", 1], TensorProto.INT64)])
    server = start(tmp_path / "models")
    server.wait_for("ready")
    tensors = {name: {"data_type": "INT64", "shape": [1], "longs": [number]} for name, number in zip("ab", numbers)}
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.Predict(server.apus.PredictRequest(model="shares", instances=[{"tensors": {"tensors": tensors}}]),
                            timeout=PATIENCE)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == (
        f"instances[0]: node share (Div), which reads a [1, 1], b [1, 1]: {reason}")
