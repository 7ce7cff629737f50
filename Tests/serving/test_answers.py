"""The served models give the right answers: against fp32, against llama.cpp, alone and in company."""
import concurrent.futures
import json
import struct

import numpy
import pytest

from conftest import MODELS, ROOT, SHARED, needs
from reference_bert import ReferenceBert, spearman


def floats(vector) -> bytes:
    return struct.pack(f"{len(vector)}f", *vector)


@pytest.fixture(scope="module")
def pairs():
    path = needs(SHARED / "data/sts-dev.tsv")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if len(row) >= 7 and row[4].replace(".", "", 1).isdigit()]
    assert len(rows) == 750
    return [(float(row[4]), row[5], row[6]) for row in rows]


def test_minilm_is_as_good_as_fp32(server, pairs):
    sentences = sorted({s for _, a, b in pairs for s in (a, b)})
    reference = ReferenceBert(MODELS / "minilm/1")
    exact = {s: reference.embed(s) for s in sentences}
    served = {}
    for start in range(0, len(sentences), 50):
        chunk = sentences[start:start + 50]
        for text, prediction in zip(chunk, server.texts("minilm", chunk).predictions):
            served[text] = numpy.array(prediction.embedding.values)
    cosines = [float(exact[s] @ served[s] / numpy.linalg.norm(served[s])) for s in sentences]
    scores = [score for score, _, _ in pairs]
    fp32 = spearman(scores, [exact[a] @ exact[b] for _, a, b in pairs])
    int8 = spearman(scores, [served[a] @ served[b] for _, a, b in pairs])
    print(f"Spearman fp32 {100 * fp32:.2f}, served {100 * int8:.2f}; worst cosine {min(cosines):.4f} of {len(sentences)}")
    assert min(cosines) >= 0.98
    assert abs(100 * fp32 - 100 * int8) <= 0.5


def test_sentiment_is_as_accurate_as_its_card_says(server):
    reviews, labels = [], []
    for label, name in (("positive", "rt-polarity.pos"), ("negative", "rt-polarity.neg")):
        lines = needs(SHARED / "data" / name).read_text(encoding="latin-1").split("\n")
        lines = [line for line in lines if line.strip()][-500:]
        reviews += lines
        labels += [label] * len(lines)
    right = 0
    for start in range(0, 1000, 100):
        answer = server.texts("sentiment", reviews[start:start + 100])
        for label, prediction in zip(labels[start:start + 100], answer.predictions):
            right += prediction.classification.labels[0].label == label
    print(f"accuracy on the held-out reviews: {right / 10:.1f} %")
    # The card says 77.8 % with fp32 embeddings and 77.6 % as served: one sentence flips for another.
    assert right >= 770


@pytest.mark.parametrize("kind,cases", [("f32", 4), ("q8_0", 1)])
def test_stories_reproduce_llama_cpp(server, kind, cases):
    expected = json.loads(needs(SHARED / "models/stories260K.expected.json").read_text())["cases"][:cases]
    for case in expected:
        messages = list(server.stream(f"stories-{kind}", case["prompt"], max_tokens=96))
        # The reference stopped a few tokens early in one case, so its text is a prefix of ours.
        text = "".join(m.text for m in messages)
        assert text.startswith(case["greedy_96_tokens"]), case["prompt"]
        assert len(text) - len(case["greedy_96_tokens"]) < 60
        assert messages[-1].usage.prompt_tokens == len(case["prompt_ids"])
        assert [m.index for m in messages[:-1]] == list(range(96))
        assert messages[-1].finish_reason == 2 and messages[-1].usage.completion_tokens == 96


def test_storyteller_writes_what_llama_cpp_writes(server):
    cases = json.loads((ROOT / "tools/models/storyteller/expected.json").read_text())["cases"]
    for case in cases:
        messages = list(server.stream("storyteller", case["prompt"], max_tokens=48))
        ids = [m.token_id for m in messages[:-1]]
        wrong = next((i for i, pair in enumerate(zip(ids, case["greedy_ids"])) if pair[0] != pair[1]), None)
        # Where two tokens are nearly level, another way to round activations may take the other.
        assert wrong is None or case["margins"][wrong] < 0.3, f"{case['prompt']}: token {wrong}"
        if wrong is None:
            assert "".join(m.text for m in messages) == case["greedy_48_tokens"]


def test_company_changes_no_bit(server):
    """64 streams and 64 Predicts at once give bit for bit the answers given alone."""
    golden = json.loads((ROOT / "Tests/Fixtures/minilm-golden.json").read_text())["cases"]
    texts = [golden[i % len(golden)]["text"] + f" {i}" for i in range(64)]
    prompts = [f"Once upon a time {'there was ' * (i % 7)}a cat number {i}" for i in range(64)]

    def predict(text):
        return floats(server.texts("minilm", [text]).predictions[0].embedding.values)

    def story(job):
        number, prompt = job
        sampling = {"max_tokens": 24, "temperature": 0.9 if number % 2 else 0.0, "top_p": 0.95, "seed": number}
        return [(m.token_id, m.text) for m in server.stream("storyteller", prompt, **sampling)]

    alone = [predict(text) for text in texts], [story(job) for job in enumerate(prompts)]
    with concurrent.futures.ThreadPoolExecutor(128) as pool:
        stories = [pool.submit(story, job) for job in enumerate(prompts)]
        predictions = [pool.submit(predict, text) for text in texts]
        together = [f.result() for f in predictions], [f.result() for f in stories]
    assert together == alone


def test_a_batch_of_instances_equals_single_ones(server):
    texts = ["one", "two words", "a much longer sentence than the others, with commas", "one"]
    together = [floats(p.embedding.values) for p in server.texts("minilm", texts).predictions]
    assert together == [floats(server.texts("minilm", [t]).predictions[0].embedding.values) for t in texts]
    assert together[0] == together[3]


def test_rows_are_computed(server):
    request = server.apus.PredictRequest(model="rows", instances=[{"features": {"values": range(10)}}])
    values = server.stub.Predict(request).predictions[0].values.values
    weight = numpy.arange(20).reshape(2, 10) / 10
    assert numpy.allclose(values, weight @ numpy.arange(10) + [1, -1], rtol=1e-2)


def test_a_seed_repeats_and_another_differs(server):
    def text(seed):
        return "".join(m.text for m in server.stream("storyteller", "Once", max_tokens=40, temperature=1.2, seed=seed))
    assert text(7) == text(7)
    assert len({text(seed) for seed in range(4)}) > 1


def test_stop_strings_end_the_text_and_are_not_sent(server):
    whole = "".join(m.text for m in server.stream("storyteller", "Once upon a time", max_tokens=60))
    word = whole.split()[8]
    messages = list(server.stream("storyteller", "Once upon a time", max_tokens=60, stop=[word]))
    assert "".join(m.text for m in messages) == whole[: whole.index(word)]
    assert messages[-1].finish_reason == 1
