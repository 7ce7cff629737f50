"""The HTTP front on real models: the same answers as over gRPC, to clients that exist."""
import json
import urllib.error
import urllib.request

import numpy
import openai
import pytest

from conftest import PATIENCE


def post(server, path, body):
    request = urllib.request.Request(
        server.http + path, json.dumps(body).encode(), {"content-type": "application/json"})
    return urllib.request.urlopen(request, timeout=PATIENCE)


def get(server, path):
    return urllib.request.urlopen(server.http + path, timeout=PATIENCE).read().decode()


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.http + "/v1", api_key="none", max_retries=0, timeout=PATIENCE) as made:
        yield made


def test_an_embedding_is_bit_for_bit_that_of_grpc(server, client):
    expected = list(server.texts("minilm", ["the same text"]).predictions[0].embedding.values)
    answer = json.load(post(server, "/v1/predict", {"model": "minilm", "inputs": ["the same text"]}))
    # Decimal digits enough to name the float32, read as a double.
    assert numpy.array_equal(numpy.float32(answer["predictions"][0]["embedding"]), numpy.float32(expected))
    # OpenAI's package asks for base64, which keeps every bit.
    assert client.embeddings.create(model="minilm", input=["the same text"]).data[0].embedding == expected


def test_a_stream_is_the_text_of_grpc(server, client):
    prompt = "Once upon a time"
    expected = "".join(each.text for each in server.stream("storyteller", prompt, max_tokens=40))
    stream = client.completions.create(
        model="storyteller", prompt=prompt, max_tokens=40, temperature=0, stream=True,
        stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(each.choices[0].text for each in chunks if each.choices) == expected
    assert chunks[-1].usage.completion_tokens == 40
    told = client.chat.completions.create(
        model="storyteller", messages=[{"role": "user", "content": prompt}], max_tokens=40, temperature=0)
    assert told.choices[0].message.content and told.choices[0].finish_reason == "length"


def test_errors_name_what_was_wrong(server, client):
    with pytest.raises(openai.NotFoundError, match="no model named"):
        client.embeddings.create(model="nobody", input="x")
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server, "/v1/predict", {"model": "minilm", "inputs": [[1, 2]]})
    assert caught.value.code == 400 and "text" in json.load(caught.value)["error"]["message"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server, "/v1/predict", {"model": "minilm", "inputz": ["x"]})
    assert "inputz" in json.load(caught.value)["error"]["message"]


def test_a_client_that_goes_stops_its_generation(start, endless):
    server = start(endless)
    server.wait_for("ready")
    answer = post(server, "/v1/generate", {"model": "endless", "prompt": "word", "stream": True})
    assert answer.readline().startswith(b"data: ")
    answer.close()
    server.wait_for("call", path="/apus.v1.Inference/StreamPredict", status="CANCELLED")


def test_probes_and_figures(server):
    assert json.loads(get(server, "/health/live")) and json.loads(get(server, "/health/ready"))
    server.texts("minilm", ["counted"])
    figures = get(server, "/metrics")
    assert 'rpc_server_calls_total{method="/apus.v1.Inference/Predict",code="OK"}' in figures
    assert 'apus_predict_batch_inputs_count{model="minilm",version="1"}' in figures
    assert json.loads(get(server, "/openapi.json"))["openapi"].startswith("3.1")


def test_a_server_without_models_answers_503(start, tmp_path):
    (tmp_path / "empty").mkdir()
    server = start(tmp_path / "empty")
    server.wait_for("not ready", reason="no model is installed")
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, "/health/ready")
    assert caught.value.code == 503 and "no model is installed" in caught.value.read().decode()
    assert get(server, "/health/live")
