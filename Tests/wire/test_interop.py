"""The official interoperability cases, with grpcio as the client.

https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
Compressed cases: this server speaks identity only, so it must say so properly.
"""

import pathlib
import sys
import threading
import time

import grpc
import pytest
from grpc_tools import protoc

from conftest import PATIENCE, ROOT


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    """Python code for grpc.testing, made from proto/."""
    out = tmp_path_factory.mktemp("generated")
    names = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
    # Under a package of their own: `grpc` is the name of the library.
    tree = out / "proto"
    for name in names:
        text = (ROOT / "proto" / name).read_text().replace('"grpc/testing/', '"interop/')
        target = tree / "interop" / pathlib.Path(name).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    files = [f"interop/{pathlib.Path(name).name}" for name in names]
    code = protoc.main(
        ["protoc", f"-I{tree}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    )
    assert code == 0
    sys.path.insert(0, str(out))
    import interop.empty_pb2 as empty
    import interop.messages_pb2 as messages
    import interop.test_pb2_grpc as stubs

    class Api:
        pass

    made = Api()
    made.Empty, made.m, made.stubs = empty.Empty, messages, stubs
    return made


@pytest.fixture
def stub(server, api):
    return api.stubs.TestServiceStub(server.channel)


def zeros(count, api):
    return api.m.Payload(body=b"\0" * count)


def test_empty_unary(stub, api):
    assert stub.EmptyCall(api.Empty(), timeout=PATIENCE) == api.Empty()


def test_large_unary(stub, api):
    request = api.m.SimpleRequest(response_size=314159, payload=zeros(271828, api))
    assert stub.UnaryCall(request, timeout=PATIENCE).payload == zeros(314159, api)


def test_client_compressed_unary(stub, api):
    probe = api.m.SimpleRequest(
        response_size=314159, payload=zeros(271828, api), expect_compressed={"value": True}
    )
    with pytest.raises(grpc.RpcError) as caught:
        stub.UnaryCall(probe, timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as caught:
        stub.UnaryCall(probe, timeout=PATIENCE, compression=grpc.Compression.Gzip)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "gzip" in caught.value.details()
    probe.expect_compressed.value = False
    assert stub.UnaryCall(probe, timeout=PATIENCE).payload == zeros(314159, api)


def test_server_compressed_unary(stub, api):
    """A server need not compress; what it sends must be readable."""
    for wanted in (True, False):
        request = api.m.SimpleRequest(
            response_size=314159, payload=zeros(271828, api), response_compressed={"value": wanted}
        )
        assert stub.UnaryCall(request, timeout=PATIENCE).payload == zeros(314159, api)


def test_client_streaming(stub, api):
    requests = (
        api.m.StreamingInputCallRequest(payload=zeros(size, api))
        for size in (27182, 8, 1828, 45904)
    )
    assert stub.StreamingInputCall(requests, timeout=PATIENCE).aggregated_payload_size == 74922


def test_client_compressed_streaming(stub, api):
    def requests():
        yield api.m.StreamingInputCallRequest(
            payload=zeros(27182, api), expect_compressed={"value": True}
        )

    with pytest.raises(grpc.RpcError) as caught:
        stub.StreamingInputCall(requests(), timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as caught:
        stub.StreamingInputCall(requests(), timeout=PATIENCE, compression=grpc.Compression.Gzip)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


SIZES = (31415, 9, 2653, 58979)


def test_server_streaming(stub, api):
    request = api.m.StreamingOutputCallRequest(
        response_parameters=[api.m.ResponseParameters(size=size) for size in SIZES]
    )
    got = [len(response.payload.body) for response in stub.StreamingOutputCall(request, timeout=PATIENCE)]
    assert tuple(got) == SIZES


def test_server_compressed_streaming(stub, api):
    request = api.m.StreamingOutputCallRequest(
        response_parameters=[
            api.m.ResponseParameters(size=31415, compressed={"value": True}),
            api.m.ResponseParameters(size=92653, compressed={"value": False}),
        ]
    )
    got = [len(response.payload.body) for response in stub.StreamingOutputCall(request, timeout=PATIENCE)]
    assert got == [31415, 92653]


class Requests:
    """An iterator that is fed as the test goes on."""

    def __init__(self):
        self.items = []
        self.closed = False
        self.change = threading.Condition()

    def __iter__(self):
        return self

    def __next__(self):
        with self.change:
            self.change.wait_for(lambda: self.items or self.closed)
            if not self.items:
                raise StopIteration
            return self.items.pop(0)

    def put(self, item):
        with self.change:
            self.items.append(item)
            self.change.notify()

    def close(self):
        with self.change:
            self.closed = True
            self.change.notify()


def duplex(api, size, body):
    return api.m.StreamingOutputCallRequest(
        response_parameters=[api.m.ResponseParameters(size=size)], payload=zeros(body, api)
    )


def test_ping_pong(stub, api):
    requests = Requests()
    responses = stub.FullDuplexCall(requests, timeout=PATIENCE)
    for size, body in zip(SIZES, (27182, 8, 1828, 45904)):
        requests.put(duplex(api, size, body))
        assert next(responses).payload == zeros(size, api)
    requests.close()
    assert list(responses) == [] and responses.code() is grpc.StatusCode.OK


def test_empty_stream(stub, api):
    responses = stub.FullDuplexCall(iter([]), timeout=PATIENCE)
    assert list(responses) == [] and responses.code() is grpc.StatusCode.OK


def test_half_duplex(stub, api):
    requests = [duplex(api, size, 10) for size in SIZES]
    got = [len(r.payload.body) for r in stub.HalfDuplexCall(iter(requests), timeout=PATIENCE)]
    assert tuple(got) == SIZES


METADATA = (
    ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
    ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"),
)


def test_custom_metadata(stub, api):
    request = api.m.SimpleRequest(response_size=314159, payload=zeros(271828, api))
    response, call = stub.UnaryCall.with_call(request, metadata=METADATA, timeout=PATIENCE)
    assert response.payload == zeros(314159, api)
    assert METADATA[0] in call.initial_metadata()
    assert METADATA[1] in call.trailing_metadata()
    responses = stub.FullDuplexCall(
        iter([duplex(api, 314159, 271828)]), metadata=METADATA, timeout=PATIENCE
    )
    assert len(list(responses)) == 1
    assert METADATA[0] in responses.initial_metadata()
    assert METADATA[1] in responses.trailing_metadata()


@pytest.mark.parametrize(
    "text", ["test status message", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"]
)
def test_status_code_and_message(stub, api, text):
    """Also special_status_message."""
    status = api.m.EchoStatus(code=2, message=text)
    with pytest.raises(grpc.RpcError) as caught:
        stub.UnaryCall(api.m.SimpleRequest(response_status=status), timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN and caught.value.details() == text
    request = api.m.StreamingOutputCallRequest(response_status=status)
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.FullDuplexCall(iter([request]), timeout=PATIENCE))
    assert caught.value.code() is grpc.StatusCode.UNKNOWN and caught.value.details() == text


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]])
def test_every_status_code(stub, api, code):
    status = api.m.EchoStatus(code=code.value[0], message=code.value[1])
    with pytest.raises(grpc.RpcError) as caught:
        stub.UnaryCall(api.m.SimpleRequest(response_status=status), timeout=PATIENCE)
    assert caught.value.code() is code and caught.value.details() == code.value[1]


def test_unimplemented_method(stub, api):
    with pytest.raises(grpc.RpcError) as caught:
        stub.UnimplementedCall(api.Empty(), timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(server, api):
    with pytest.raises(grpc.RpcError) as caught:
        api.stubs.UnimplementedServiceStub(server.channel).UnimplementedCall(api.Empty(), timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(stub, api):
    requests = Requests()
    call = stub.StreamingInputCall.future(requests)
    call.cancel()
    requests.close()
    assert call.cancelled() and call.code() is grpc.StatusCode.CANCELLED


def test_cancel_after_first_response(stub, api):
    requests = Requests()
    responses = stub.FullDuplexCall(requests)
    requests.put(duplex(api, 31415, 27182))
    next(responses)
    responses.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        next(responses)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    requests.close()


def test_timeout_on_sleeping_server(stub, api):
    requests = Requests()
    responses = stub.FullDuplexCall(requests, timeout=0.001)
    requests.put(
        api.m.StreamingOutputCallRequest(
            payload=zeros(27182, api),
            response_parameters=[api.m.ResponseParameters(size=1, interval_us=1_000_000)],
        )
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(responses)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    requests.close()


def test_concurrent_large_unary(server, stub, api):
    request = api.m.SimpleRequest(response_size=314159, payload=zeros(271828, api))
    calls = [stub.UnaryCall.future(request, timeout=PATIENCE) for _ in range(1000)]
    for call in calls:
        assert call.result().payload == zeros(314159, api)
    server.until(calls=1)
