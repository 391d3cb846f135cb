"""Shared by every test: one event-loop backend, and no network but loopback."""

import os

import pytest
from hypothesis import settings

# A gate gives one answer for one commit: the same examples each time, however busy the machine is. HYPOTHESIS=search
# looks for new ones.
settings.register_profile("gate", derandomize=True, database=None, print_blob=True, deadline=None)
settings.register_profile("search", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS", "gate"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """AnyIO tests run on asyncio, the backend the agent ships with."""
    return "asyncio"
