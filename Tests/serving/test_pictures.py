"""Pictures of several clients at once: whose turn it is, what is taken in, and what no key is needed to send."""
import base64
import concurrent.futures
import http.client
import json
import threading

import grpc
import pytest

import onnx_models as made
from conftest import PATIENCE
from test_accounts import Office

RED, GREEN = (250, 10, 20), (10, 240, 30)
LARGE = 6000
ROOM = 1 << 34  # pixels: for as many large ones as may wait


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    made.colours(root / "colours/1")
    return root


@pytest.fixture(scope="module")
def large():
    """Takes most of a second to decode."""
    return made.png(LARGE, LARGE, RED)


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path / "apus.db")


def request(server, *pictures, **options):
    return server.apus.PredictRequest(
        model="colours", instances=[{"image": {"data": each}} for each in pictures], options=options)


def ask(server, *pictures, key=None, channel=None, **options):
    """The first label of each picture."""
    stub = type(server.stub)(channel) if channel else server.stub
    metadata = [("authorization", f"Bearer {key}")] if key else None
    answer = stub.Predict(request(server, *pictures, **options), metadata=metadata, timeout=PATIENCE)
    return [each.classification.labels[0].label for each in answer.predictions]


def post(server, image, key=None):
    """(status, body) of a Predict with one picture over HTTP."""
    connection = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=PATIENCE)
    headers = {"content-type": "application/json"} | ({"x-api-key": key} if key else {})
    connection.request("POST", "/v1/predict", json.dumps({"model": "colours", "inputs": [{"image": image}]}), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)


def padded(size):
    """A picture in so many bytes, as behind its end anything may stand."""
    picture = made.png(64, 48, RED)
    return picture + bytes(size - len(picture))


# ---- Whose turn it is ---------------------------------------------------------------------------

def test_nobody_waits_for_the_large_pictures_of_another(start, models, office, large):
    greedy, modest = office.key("greedy"), office.key("modest")
    server = start(models, "--database", office.database, "--max-waiting-pixels", ROOM)
    server.wait_for("ready")
    metadata = [("authorization", f"Bearer {greedy}")]
    with server.open() as channel:
        stub = type(server.stub)(channel)
        bulk = [stub.Predict.future(request(server, large), metadata=metadata) for _ in range(30)]

        def figures():
            metrics = server.metrics()
            return metrics["apus_pictures_waiting"], metrics["apus_picture_waiting_pixels"]
        count, pixels = server.until(lambda: (found := figures())[0] >= 8 and found, "the large pictures")
        assert pixels == count * LARGE * LARGE
        for _ in range(20):
            assert ask(server, made.png(100, 100, GREEN), key=modest) == ["green"]
        # First in, first out would have answered all of them before.
        assert not all(each.done() for each in bulk)
        assert bulk[0].result().predictions[0].classification.labels[0].label == "red"
        for each in bulk:
            each.cancel()
        server.until(lambda: figures() == (0, 0), "their end")


def test_one_key_does_not_fill_the_queue_for_another(start, models, office, large):
    greedy, modest = office.key("greedy", "--requests", "0"), office.key("modest")
    server = start(models, "--database", office.database, "--max-waiting-images", 4)
    server.wait_for("ready")
    errors, is_over = [], threading.Event()

    def fill(channel):
        while not is_over.is_set():
            try:
                assert ask(server, large, key=greedy, channel=channel) == ["red"]
            except grpc.RpcError as error:
                errors.append(error)
                is_over.wait(0.02)

    with concurrent.futures.ThreadPoolExecutor(8) as pool, server.open() as channel:
        bulk = [pool.submit(fill, channel) for _ in range(8)]
        try:
            server.until(lambda: errors and server.metrics()["apus_pictures_waiting"] == 4, "a full queue")
            assert ask(server, large, key=modest) == ["red"]
        finally:
            is_over.set()
        for each in bulk:
            each.result()
    assert all(each.code() == grpc.StatusCode.RESOURCE_EXHAUSTED for each in errors)
    assert all("(max-waiting-images)" in each.details() for each in errors)
    refused = server.metrics()['apus_picture_refusals_total{limit="max-waiting-images"}']
    assert refused == len(errors)


def test_what_nobody_waits_for_is_not_decoded(start, models, large):
    server = start(models, "--image-threads", 1, "--max-waiting-pixels", ROOM)
    server.wait_for("ready")
    calls = [server.stub.Predict.future(request(server, large)) for _ in range(30)]
    server.until(lambda: server.metrics()["apus_pictures_waiting"] >= 6, "the pictures")
    for call in calls:
        call.cancel()
    server.until(lambda: server.metrics()["apus_pictures_waiting"] == 0, "their end")
    assert ask(server, made.png(100, 100, GREEN)) == ["green"]
    # In their order all of the large ones would have come before.
    assert server.metrics()["apus_pictures_decoded_total"] < len(calls)


@pytest.mark.parametrize("waiting, most, limit", [
    (40_000, 20_000, "max-request-pixels"),
    # What not even an empty queue takes is not told to come again.
    (15_000, 15_000, "max-waiting-pixels"),
])
def test_pixels_have_bounds(start, models, waiting, most, limit):
    server = start(models, "--max-request-pixels", 20_000, "--max-waiting-pixels", waiting)
    server.wait_for("ready")
    picture = made.png(100, 100, RED)
    assert ask(server, picture) == ["red"]
    with pytest.raises(grpc.RpcError) as caught:
        ask(server, *[picture] * 3)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == \
        f"instances: the pictures have 30000 pixels together; at most {most} are allowed ({limit})"


# ---- What is taken in ---------------------------------------------------------------------------

def test_a_photograph_of_a_telephone_is_taken_as_it_is(start, models):
    server = start(models)
    server.wait_for("ready")
    photograph = padded(12_000_000)
    assert ask(server, photograph) == ["red"]
    for text in (base64.b64encode(photograph).decode(), base64.encodebytes(photograph).decode(),
                 "DATA:image/PNG;BASE64," + base64.b64encode(photograph).decode()):
        status, answer = post(server, text)
        assert status == 200 and answer["predictions"][0]["label"] == "red"


def test_what_is_too_large_names_its_limit(start, models):
    server = start(models, "--http-max-body-size", "64MiB")
    server.wait_for("ready")
    giant = padded(17 << 20)
    with pytest.raises(grpc.RpcError) as caught:
        ask(server, giant)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "(max-message-size)" in caught.value.details()
    status, answer = post(server, base64.b64encode(giant).decode())
    assert status == 413 and answer["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert "over the limit of 16777216 bytes (max-message-size)" in answer["error"]["message"]


def test_of_strangers_little_is_kept(start, models, office):
    key = office.key("somebody")
    server = start(models, "--database", office.database, "--http-max-body-memory", "1MiB")
    server.wait_for("ready")
    body = base64.b64encode(padded(3 << 20)).decode()
    # Whoever shows no key does not even come to where there is no room.
    status, answer = post(server, body)
    assert status == 401 and answer["error"]["code"] == "UNAUTHENTICATED"
    status, answer = post(server, body, key)
    assert status == 503 and "(http-max-body-memory)" in answer["error"]["message"]
    status, answer = post(server, base64.b64encode(padded(200 << 10)).decode(), key)
    assert status == 200


def test_an_address_is_told_what_to_do(start, models):
    server = start(models)
    server.wait_for("ready")
    status, answer = post(server, "HTTPS://example.com/cat.jpg")
    assert status == 400 and answer["error"]["field"] == "inputs[0].image"
    assert "fetches no pictures" in answer["error"]["message"] and "base64" in answer["error"]["message"]
