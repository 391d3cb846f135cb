"""An agent of lists in memory behind a real port, and a user who has no other."""

import pytest

from kronveil.api import answers
from kronveil.model.event import Severity
from tests.api.conftest import served
from tests.api.plain_desk import PlainDesk, event, incident


@pytest.fixture
def nobody_elses_agent(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("KRONVEIL_URL", "KRONVEIL_TOKEN", "KRONVEIL__AGENT__DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk() -> PlainDesk:
    plain = PlainDesk()
    plain.stored = [event(1), event(2, cluster="west", severity=Severity.LOW)]
    plain.known = {"inc-1": incident(1)}
    return plain


@pytest.fixture
async def agent(desk, nobody_elses_agent, monkeypatch):
    # The plain desk changes without a word in its stream, and without one an answer is given again for a moment.
    monkeypatch.setattr(answers, "KEPT_S", -1)
    async with served(desk) as authority:
        yield f"http://{authority}"
