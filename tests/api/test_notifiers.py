"""Who is told: listed, and tried out; that nobody was reached is an answer."""

import pytest

from kronveil.api.options import ApiOptions, NamedNotifier
from kronveil.sdk.errors import Permanent
from kronveil.sdk.notifiers import Notice
from tests.api.conftest import client_of

pytestmark = pytest.mark.anyio


class Keeps:
    """A way to tell people that keeps what it is told, or refuses it."""

    def __init__(self, *, refuses: str = "") -> None:
        self.refuses = refuses
        self.notices: list[Notice] = []

    async def tell(self, notice: Notice) -> str:
        if self.refuses:
            raise Permanent(self.refuses)
        self.notices.append(notice)
        return "the team"


def options(notifier: Keeps) -> ApiOptions:
    return ApiOptions(notifiers={"webhook": NamedNotifier("An address", notifier)})


async def test_a_test_notice_says_who_asked_and_whom_it_reached(desk):
    notifier = Keeps()
    async with client_of(desk, options(notifier)) as client:
        assert (await client.get("/api/v1/notifiers")).json()["items"] == [{"name": "webhook", "summary": "An address"}]
        answer = await client.post("/api/v1/notifiers/webhook/test")
        assert answer.json() == {"name": "webhook", "told": True, "message": "the team"}
        (notice,) = notifier.notices
        assert "local asked for it" in notice.text


async def test_one_request_that_is_sent_again_tells_once(desk):
    notifier = Keeps()
    async with client_of(desk, options(notifier)) as client:
        for _ in range(2):
            await client.post("/api/v1/notifiers/webhook/test", headers={"idempotency-key": "once"})
        assert len(notifier.notices) == 1


async def test_that_nobody_was_reached_is_an_answer_with_the_reason(desk):
    async with client_of(desk, options(Keeps(refuses="it says 403"))) as client:
        answer = await client.post("/api/v1/notifiers/webhook/test")
        assert (answer.status_code, answer.json()["told"], answer.json()["message"]) == (200, False, "it says 403")


async def test_a_notifier_that_is_not_there_is_named_with_those_that_are(client):
    answer = await client.post("/api/v1/notifiers/pager/test")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "No notifier is configured as 'pager'; configured: log.",
    )
