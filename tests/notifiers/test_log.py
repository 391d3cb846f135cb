"""Notices in the agent's own log."""

import pytest
from structlog.testing import capture_logs

from kronveil.notifiers.log import LogConfig, component
from kronveil.sdk.testing.notifiers import NOTICE

pytestmark = pytest.mark.anyio


async def test_a_notice_is_one_line_however_often_it_is_told():
    with capture_logs() as lines:
        async with component.open(LogConfig(level="error")) as notifier:
            assert await notifier.tell(NOTICE) == await notifier.tell(NOTICE) == "the agent's log"
    ((line),) = [each for each in lines if each["event"] == "notice"]
    assert (line["title"], line["log_level"], line["incident"]) == (NOTICE.title, "error", "inc-1")
