"""`/openapi.json` is held to the truth: schemathesis makes requests from it, good and bad ones, and holds
the answers to what it says."""
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance, content_type_conformance, negative_data_rejection, response_headers_conformance,
    response_schema_conformance, status_code_conformance, unsupported_method,
)

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection, unsupported_method, allow_header_conformance,
]
# Names that the description cannot know, so that good requests get past "there is no such model".
MODELS = {"/v1/predict": "embed", "/v1/embeddings": "embed", "/v1/jobs": "embed"}
NAMES = {"name": "embed", "label": "stable", "version": "1"}
TENSORS = [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}]
IDS = {"keys": "key1", "jobs": "job-x", "webhooks": "msg_x"}


def fit(case):
    """Puts names that there are into a good request."""
    if isinstance(case.body, dict) and "model" in case.body:
        case.body["model"] = MODELS.get(case.operation.path, "story")
    if isinstance(case.body, dict) and case.operation.path.endswith("/infer"):
        case.body["inputs"] = TENSORS
    for name in case.path_parameters or {}:
        case.path_parameters[name] = NAMES.get(name) or IDS.get(case.operation.path.split("/")[2])


# The same examples each time: a failure comes again.
bounded = settings(
    max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_answers_are_as_described(server, mode):
    schema = schemathesis.openapi.from_dict(server.get("/openapi.json").json)
    statuses, failures = {}, {}
    for found in schema.get_all_operations():
        operation = found.ok()

        @bounded
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            if mode == GenerationMode.POSITIVE:
                fit(case)
            response = case.call(base_url=server.url)
            statuses.setdefault(operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        try:
            check()
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE, "only what has no parameters has no bad requests"
        except (Exception, BaseExceptionGroup) as error:  # the others are tried all the same
            failures[operation.label] = error
    for label, error in failures.items():
        print(f"==> {label}\n{error}\n")
    assert not failures, f"{len(failures)} operations answer otherwise than described"
    if mode == GenerationMode.POSITIVE:
        unmet = [label for label, seen in statuses.items() if not seen & {200, 201, 202}]
        assert not unmet, f"no good request went well: {unmet}"
