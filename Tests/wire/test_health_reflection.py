"""grpc.health.v1 and server reflection, with the official clients."""

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from conftest import PATIENCE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


def test_check(server):
    stub = health_pb2_grpc.HealthStub(server.channel)
    assert stub.Check(health_pb2.HealthCheckRequest()).status == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="no.Such"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_watch_tells_of_changes(start):
    server = start()
    stub = health_pb2_grpc.HealthStub(server.channel)
    whole = stub.Watch(health_pb2.HealthCheckRequest())
    some = stub.Watch(health_pb2.HealthCheckRequest(service="some.Service"))
    assert next(whole).status == SERVING
    assert next(some).status == UNKNOWN
    server.unary("SetHealth", b"some.Service serving")
    assert next(some).status == SERVING
    server.unary("SetHealth", b"some.Service not-serving")
    assert next(some).status == NOT_SERVING
    assert (
        stub.Check(health_pb2.HealthCheckRequest(service="some.Service")).status == NOT_SERVING
    )
    server.unary("SetHealth", b" not-serving")
    assert next(whole).status == NOT_SERVING
    some.cancel()
    whole.cancel()
    server.until(calls=1)


def test_reflection_lists_and_resolves(server):
    database = ProtoReflectionDescriptorDatabase(server.channel)
    services = set(database.get_services())
    assert {
        "apus.testing.Probe",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    } <= services
    pool = descriptor_pool.DescriptorPool(database)
    health = pool.FindServiceByName("grpc.health.v1.Health")
    assert [method.name for method in health.methods] == ["Check", "Watch"]
    assert health.FindMethodByName("Watch").server_streaming
    assert pool.FindMessageTypeByName("grpc.health.v1.HealthCheckRequest").fields[0].name == "service"
    v1 = pool.FindServiceByName("grpc.reflection.v1.ServerReflection")
    assert v1.methods[0].client_streaming and v1.methods[0].server_streaming


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_answers_errors_in_band(server, version):
    call = server.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    requests = [
        reflection_pb2.ServerReflectionRequest(file_by_filename="no/such.proto"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.Such"),
        reflection_pb2.ServerReflectionRequest(),
        reflection_pb2.ServerReflectionRequest(host="h", list_services="*"),
        reflection_pb2.ServerReflectionRequest(file_by_filename="grpc/health/v1/health.proto"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="grpc.health.v1.Health.Check"),
    ]
    answers = list(call(iter(requests), timeout=PATIENCE))
    assert [answer.error_response.error_code for answer in answers] == [5, 5, 3, 0, 0, 0]
    assert answers[3].valid_host == "h" and answers[3].original_request == requests[3]
    assert len(answers[3].list_services_response.service) >= 4
    files = answers[4].file_descriptor_response.file_descriptor_proto
    assert files and files == answers[5].file_descriptor_response.file_descriptor_proto
