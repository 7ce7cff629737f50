"""Request messages that begin and do not end: they cost their sender, and nobody else."""
import grpc

from conftest import PATIENCE, run
from half_sent import HalfSender

MIB = 1 << 20
REACHED = 'rpc_server_limit_reached_total{{limit="{}"}}'


def test_without_a_key_the_head_is_refused(start, tmp_path):
    """Before any of the message came: none of it is ever kept."""
    (tmp_path / "models").mkdir()
    database = tmp_path / "keys.db"
    token = run("keys", "create", "--owner", "me", "--database", database).stdout.split()[0]
    server = start(tmp_path / "models", "--database", database)
    client = HalfSender(server)
    for header in ([], [("authorization", "Bearer nonsense")]):
        status, fields = client.until_over(client.begin("Predict", MIB, *header))
        assert status == grpc.StatusCode.UNAUTHENTICATED.value[0] and fields["x-request-id"]
    held = client.begin("Predict", MIB, ("authorization", f"Bearer {token}"))
    while client.step(0.5) and not client.closed:
        pass
    assert held not in client.status and not client.closed, "the rest is awaited"
    client.close()
    assert server.metrics()['apus_key_refusals_total{reason="missing"}'] == 1


def test_a_message_that_does_not_get_on_ends(start, tmp_path):
    (tmp_path / "models").mkdir()
    server = start(tmp_path / "models", "--message-timeout", "500ms")
    client = HalfSender(server)
    stream = client.begin("Health", MIB)
    client.send(stream, 10_000)
    status, fields = client.until_over(stream)
    assert status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    assert "message-timeout" in fields["grpc-message"]
    assert server.metrics()[REACHED.format("message-timeout")] == 1
    client.close()


def test_memory_full_of_half_sent_messages_serves_whole_ones(start, tmp_path):
    (tmp_path / "models").mkdir()
    server = start(tmp_path / "models", "--max-memory", "8MiB", "--message-timeout", "1h")
    clients = [HalfSender(server) for _ in range(3)]
    ended = []
    for round in range(8):
        for client in clients:
            stream = client.begin("Health", 3 * MIB)
            client.send(stream, 2 * MIB)
            # Who is there already and sends little is served at any time.
            server.stub.Health(server.apus.HealthRequest(), timeout=PATIENCE)
    for client in clients:
        while client.step(0.2) and not client.closed:
            pass
        ended += [client.detail[stream] for stream in client.status]
    assert ended and all(fields["grpc-status"] == "8" for fields in ended)
    told = [fields for fields in ended if "unfinished" in fields["grpc-message"]]
    assert told and all("max-memory" in fields["grpc-message"] for fields in told)
    assert all(int(fields["grpc-retry-pushback-ms"]) > 0 for fields in told)
    for client in clients:
        client.close()
    # All of it is given back, that of refused calls included.
    server.until(lambda: server.metrics()["rpc_server_waiting_bytes"] == 0, "an empty memory")


def test_an_answer_that_nobody_reads_ends(start, endless):
    server = start(endless, "--reader-timeout", "1s")
    server.wait_for("ready")
    stream = server.stream("endless", "Once", request_id="unread")
    line = server.wait_for("call", request_id="unread")
    assert line["status"] == "DEADLINE_EXCEEDED" and "reader-timeout" in line["message"]
    assert server.metrics()[REACHED.format("reader-timeout")] == 1
    running = 'apus_generate_running{model="endless",version="1"}'
    waiting = running.replace("running", "waiting")
    server.until(lambda: server.metrics()[running] + server.metrics()[waiting] == 0, "no sequences")
