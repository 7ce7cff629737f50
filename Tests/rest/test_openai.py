"""OpenAI's own Python package, unmodified, against the server."""
import base64
import struct

import openai
import pytest


@pytest.fixture(scope="module")
def client(site):
    with openai.OpenAI(base_url=site[0] + "/v1", api_key="user", max_retries=0) as made:
        yield made


HELLO = [{"role": "user", "content": "Hello there"}]


def test_models(client, site):
    names = [m.id for m in client.models.list()]
    assert set(site[1].values()) <= set(names)
    assert client.models.retrieve(names[0]).id == names[0]
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("no-such-model")
    assert error.value.body["message"] and error.value.body["code"]


def test_chat(client, model):
    answer = client.chat.completions.create(model=model("story"), messages=HELLO, max_completion_tokens=5)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert 1 <= answer.usage.completion_tokens <= 5
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat_streams_what_it_answers(client, model):
    asked = dict(model=model("story"), messages=HELLO, max_tokens=6, temperature=0)
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    assert len({(c.id, c.created, c.object) for c in chunks}) == 1
    assert chunks[0].object == "chat.completion.chunk"
    assert all(c.usage is None for c in chunks)


def test_usage_comes_last(client, model):
    chunks = list(client.chat.completions.create(
        model=model("story"), messages=HELLO, max_tokens=3, stream=True, stream_options={"include_usage": True}))
    assert all(c.usage is None for c in chunks[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens <= 3


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices(client, model, stream):
    answer = client.chat.completions.create(
        model=model("story"), messages=HELLO, max_tokens=4, n=3, seed=7, stream=stream)
    if stream:
        texts = {}
        for chunk in answer:
            for choice in chunk.choices:
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        assert sorted(texts) == [0, 1, 2]
    else:
        assert [c.index for c in answer.choices] == [0, 1, 2]
        assert answer.usage.completion_tokens <= 12


def test_seeds_repeat_themselves(client, model):
    asked = dict(model=model("story"), messages=HELLO, max_tokens=8, seed=3)
    one, two = (client.chat.completions.create(**asked).choices[0].message.content for _ in range(2))
    assert one == two


def test_stop_strings(client, model):
    asked = dict(model=model("story"), messages=HELLO, max_tokens=20, temperature=0)
    whole = client.chat.completions.create(**asked).choices[0].message.content
    stop = whole.split()[len(whole.split()) // 2]
    cut = client.chat.completions.create(**asked, stop=[stop]).choices[0]
    assert cut.finish_reason == "stop" and stop not in cut.message.content
    assert whole.startswith(cut.message.content.rstrip())


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs(client, model, stream):
    asked = dict(model=model("story"), messages=HELLO, max_tokens=3, logprobs=True, top_logprobs=2, temperature=0)
    if stream:
        entries = [e for c in client.chat.completions.create(**asked, stream=True)
                   if c.choices[0].logprobs for e in c.choices[0].logprobs.content]
    else:
        entries = client.chat.completions.create(**asked).choices[0].logprobs.content
    assert entries
    for entry in entries:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 2
        assert bytes(entry.bytes).decode() == entry.token
        assert entry.top_logprobs[0].logprob >= entry.top_logprobs[1].logprob


def test_completions(client, model):
    answer = client.completions.create(model=model("story"), prompt="Once upon", max_tokens=4, temperature=0)
    assert answer.object == "text_completion" and answer.choices[0].text
    echoed = client.completions.create(model=model("story"), prompt="Once upon", max_tokens=4, temperature=0, echo=True)
    assert echoed.choices[0].text == "Once upon" + answer.choices[0].text
    chunks = client.completions.create(model=model("story"), prompt="Once upon", max_tokens=4, temperature=0, stream=True)
    assert "".join(c.choices[0].text for c in chunks) == answer.choices[0].text


def test_completions_of_several_prompts(client, model):
    answer = client.completions.create(model=model("story"), prompt=["One", "Two"], n=2, max_tokens=2, logprobs=2)
    assert [c.index for c in answer.choices] == [0, 1, 2, 3]
    logprobs = answer.choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.text_offset) == 2
    assert logprobs.text_offset == [0, len(logprobs.tokens[0])]


def test_embeddings(client, model):
    # The package asks for base64 unless told otherwise, and decodes it itself.
    packed = client.embeddings.create(model=model("embed"), input=["a", "longer text"])
    plain = client.embeddings.create(model=model("embed"), input=["a", "longer text"], encoding_format="float")
    assert [d.index for d in packed.data] == [0, 1]
    for one, other in zip(packed.data, plain.data):
        assert one.embedding == pytest.approx(other.embedding, rel=1e-6)
    assert packed.usage.prompt_tokens == packed.usage.total_tokens > 0
    raw = client.embeddings.with_raw_response.create(model=model("embed"), input="a", encoding_format="base64")
    data = base64.b64decode(raw.http_response.json()["data"][0]["embedding"])
    assert struct.unpack(f"<{len(data) // 4}f", data)[0] == pytest.approx(plain.data[0].embedding[0])


@pytest.mark.parametrize("more, param", [
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ({"presence_penalty": 0.5}, "presence_penalty"), ({"logit_bias": {"1": 2}}, "logit_bias"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"extra_body": {"unheard_of": 1}}, "unheard_of"), ({"temperature": 9}, "temperature"),
])
def test_what_is_not_supported_is_refused_by_name(client, model, more, param):
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model=model("story"), messages=HELLO, **more)
    assert error.value.param == param and error.value.type == "invalid_request_error"


def test_errors_are_the_package_s_own(client, model):
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert error.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=model("story"), input="a")
    assert error.value.request_id


# ---- Only the test server ----------------------------------------------------------------------------------


def test_limits_and_keys(start):
    server = start("--keys")
    with openai.OpenAI(base_url=server.url + "/v1", api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as error:
            client.models.list()
        assert error.value.code == "UNAUTHENTICATED", "models answer in both dialects"
        with pytest.raises(openai.AuthenticationError) as error:
            client.embeddings.create(model="embed", input="a")
        assert error.value.code == "invalid_api_key"
    with openai.OpenAI(base_url=server.url + "/v1", api_key="user", max_retries=0) as client:
        assert client.models.list().data
        with pytest.raises(openai.RateLimitError) as error:
            client.embeddings.create(model="limited", input="a")
        assert error.value.response.headers["retry-after"] == "7"


def test_a_stream_that_fails_says_so(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="user", max_retries=0) as client:
        with pytest.raises(openai.APIError) as error:
            list(client.chat.completions.create(
                model="story", messages=[{"role": "user", "content": "fail"}], stream=True))
        assert "the model broke" in error.value.message


def test_closing_a_stream_ends_the_generation(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="user", max_retries=0) as client:
        stream = client.chat.completions.create(
            model="story", messages=[{"role": "user", "content": "forever"}], stream=True)
        for _ in range(5):
            next(stream)
        stream.close()
    server.until("probe_running", 0)


def test_text_offsets_and_tokens(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="user", max_retries=0) as client:
        asked = dict(model="story", prompt="ab", max_tokens=3, logprobs=1, echo=True)
        whole = client.completions.create(**asked).choices[0]
        assert whole.text == "ab word0 word1 word2" and whole.logprobs.text_offset == [2, 8, 14]
        chunks = list(client.completions.create(**asked, stream=True))
        assert "".join(c.choices[0].text for c in chunks) == whole.text
        offsets = [o for c in chunks if c.choices[0].logprobs for o in c.choices[0].logprobs.text_offset]
        assert offsets == [2, 8, 14]
