"""`/openapi.json` is held to the truth: schemathesis makes requests from it and checks the answers."""
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from conftest import Server

server = None


def document():
    """The description, from a server that lives as long as the tests."""
    global server
    server = server or Server()
    return server.get("/openapi.json").json


schema = schemathesis.openapi.from_dict(document())
schema.config.update(base_url=server.url)


@pytest.fixture(scope="module", autouse=True)
def alive():
    yield
    assert server.process.poll() is None, "the server has died"
    server.stop()


# A fixed seed and number of examples: a failure comes again, and a run takes seconds.
@schema.parametrize()
@settings(max_examples=25, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
          suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case):
    # Dropped by the transport, or sent by it in another way than was meant: no fault of the server.
    response = case.call()
    case.validate_response(response, checks=[
        schemathesis.checks.not_a_server_error, schemathesis.openapi.checks.status_code_conformance
        if hasattr(schemathesis, "openapi") and hasattr(schemathesis.openapi, "checks")
        else schemathesis.checks.not_a_server_error])


def test_every_path_answers_what_it_says():
    described = document()
    assert len(described["paths"]) == 22
    assert json.dumps(described).count("operationId") >= 27
