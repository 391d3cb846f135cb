"""A tool that others wrote reads the published schema and tries to catch the agent at breaking it."""

from collections.abc import Iterator

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kronveil.api import ApiOptions
from tests.api.conforming import PUBLISHED
from tests.api.conftest import served, tokens_in
from tests.api.test_any_request import a_desk

EXAMPLES = 8
# Not that all the schema allows is taken: what belongs together (a window and what it is around) no schema says.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# The stream never ends; its frames have tests of their own.
schema = schemathesis.openapi.from_path(str(PUBLISHED)).exclude(path_regex="/stream$")


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Where a whole API is served."""
    options = ApiOptions(tokens=tokens_in(tmp_path_factory.mktemp("tokens")))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(served(a_desk(), options)) as authority:
        yield f"http://{authority}"


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))  # pyright: ignore[reportArgumentType] - its metaclass iterates
def test_every_answer_is_what_the_schema_says(case, address):
    case.call_and_validate(base_url=address, checks=CHECKS)
