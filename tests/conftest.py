"""Shared by every test: one event-loop backend, and no network but loopback."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """AnyIO tests run on asyncio, the backend the agent ships with."""
    return "asyncio"
