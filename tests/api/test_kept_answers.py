"""Answers that are given again: the same bytes for the same question, but never after something changed."""

import pytest

from kronveil.api.answers import KEPT_S, MOST_KEPT, Answers
from kronveil.api.callers import Caller
from tests.api.plain_desk import PlainDesk, event, incident

pytestmark = pytest.mark.anyio
ADA = Caller("ada", ("viewer",), authenticated=True)


class Asked:
    """Counts how often the page had to be made."""

    def __init__(self) -> None:
        self.desk = PlainDesk()
        self.now = 100.0
        self.answers = Answers(self.desk.live, lambda: self.now)
        self.made = 0
        self.sent: list[object] = []

    async def ask(self, query: bytes = b"", caller: Caller = ADA, status: int = 200, *, parts: int = 1) -> int:
        """How often it was made until now."""
        scope = {"path": "/api/v1/incidents", "query_string": query, "method": "GET"}

        async def send(message) -> None:
            self.sent.append(message)

        if not await self.answers.again(scope, caller, send):
            self.made += 1
            sending = self.answers.keeping(scope, caller, send)
            await sending({"type": "http.response.start", "status": status, "headers": []})
            for left in range(parts - 1, -1, -1):
                await sending({"type": "http.response.body", "body": b"{}", "more_body": left > 0})
        return self.made


async def test_the_same_question_gets_the_same_answer_for_a_moment():
    one = Asked()
    assert [await one.ask() for _ in range(3)] == [1, 1, 1]
    assert one.sent[0:2] == one.sent[2:4] == one.sent[4:6]
    one.now += KEPT_S + 0.01
    assert await one.ask() == 2


@pytest.mark.parametrize(
    "changed", [{"query": b"limit=5"}, {"caller": Caller("bo", ("viewer", "admin"), authenticated=True)}]
)
async def test_another_question_or_other_roles_get_an_answer_of_their_own(changed):
    one = Asked()
    assert [await one.ask(), await one.ask(**changed), await one.ask()] == [1, 2, 2]


async def test_what_is_published_or_done_ends_every_answer():
    one = Asked()
    await one.ask()
    one.desk.tell(event(1))
    assert await one.ask() == 2
    one.answers.forget()
    assert await one.ask() == 3


async def test_what_is_published_while_an_answer_is_made_is_not_hidden_by_it():
    one = Asked()
    scope = {"path": "/api/v1/incidents", "query_string": b"", "method": "GET"}

    async def send(_) -> None:
        return

    sending = one.answers.keeping(scope, ADA, send)
    one.desk.tell(event(1))
    await sending({"type": "http.response.start", "status": 200, "headers": []})
    await sending({"type": "http.response.body", "body": b"{}"})
    assert not await one.answers.again(scope, ADA, send)


@pytest.mark.parametrize("bad", [{"status": 503}, {"parts": 2}])
async def test_what_is_no_whole_good_answer_is_not_kept(bad):
    one = Asked()
    assert [await one.ask(**bad), await one.ask(**bad)] == [1, 2]


async def test_only_a_few_are_kept():
    one = Asked()
    for number in range(MOST_KEPT + 1):
        await one.ask(str(number).encode())
    assert await one.ask(b"0") == MOST_KEPT + 2


async def test_who_does_something_sees_at_once_what_came_of_it(desk, client):
    assert len((await client.get("/api/v1/incidents")).json()["items"]) == 2
    desk.known["inc-3"] = incident(3)  # and nothing is published of it
    refused = await client.post("/api/v1/incidents/inc-none/acknowledge", json={})
    assert refused.status_code == 404
    assert len((await client.get("/api/v1/incidents")).json()["items"]) == 3
    again = [await client.get("/api/v1/incidents") for _ in range(2)]
    assert again[0].headers["x-request-id"] != again[1].headers["x-request-id"]
