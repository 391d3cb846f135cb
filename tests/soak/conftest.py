"""How long the long forms last, and what they tell at the end whether they pass or not."""

import os

import pytest

TOLD = pytest.StashKey[list[str]]()
DEFAULT_MINUTES = 4


@pytest.fixture(scope="session")
def minutes() -> float:
    """How long the run of the whole agent lasts: `make soak MINUTES=240`."""
    return float(os.environ.get("KRONVEIL_SOAK_MINUTES") or DEFAULT_MINUTES)


@pytest.fixture
def summary(request: pytest.FixtureRequest) -> list[str]:
    """Lines to show at the end of the session."""
    return request.config.stash.setdefault(TOLD, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show them: a soak is read by people, and most of all when it passes."""
    if lines := config.stash.get(TOLD, []):
        terminalreporter.section("soak")
        for line in lines:
            terminalreporter.line(line)
