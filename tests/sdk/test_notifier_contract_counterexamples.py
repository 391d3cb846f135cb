"""Each promise of the notifier contract fails for a notifier that breaks it: the contract can tell."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.notifiers import Notice, Notifier
from kronveil.sdk.testing.notifiers import NotifierContract, Receiver, promises

LONGEST = 4000


class Letterbox:
    """A receiver in memory that knows a notice by its key."""

    secret = "letterbox-key"

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []
        self.loses = self.is_down = self.refuses = False

    @property
    def told(self) -> Sequence[str]:
        return [text for _, text in self.letters]

    async def lose_next_answer(self) -> None:
        self.loses = True

    async def go_down(self) -> None:
        self.is_down = True

    async def refuse(self) -> None:
        self.refuses = True

    def take(self, key: str, text: str) -> None:
        if self.is_down:
            raise ConnectionRefusedError
        if self.refuses:
            raise PermissionError(self.secret)
        if key not in [known for known, _ in self.letters]:
            self.letters.append((key, text))
        loses, self.loses = self.loses, False
        if loses:
            raise ConnectionResetError


class Postman:
    """Keeps every promise."""

    tries = 3

    def __init__(self, box: Letterbox) -> None:
        self.box = box

    def __repr__(self) -> str:
        return "Postman()"

    async def tell(self, notice: Notice) -> str:
        text = "".join(each if each.isprintable() else " " for each in self.text(notice))
        for _ in range(self.tries):
            try:
                self.box.take(self.key(notice), text)
            except PermissionError:
                raise Permanent("it refuses") from None
            except OSError:
                continue
            return "the letterbox"
        raise Transient("nobody answers")

    def key(self, notice: Notice) -> str:
        return notice.key

    def text(self, notice: Notice) -> str:
        return notice.text[:LONGEST]


class TellsNobody(Postman):
    async def tell(self, notice: Notice) -> str:
        return "the letterbox"


class Doubles(Postman):
    sent = 0

    def key(self, notice: Notice) -> str:
        Doubles.sent += 1
        return f"{notice.key}/{Doubles.sent}"


class SendsUnderAnotherKey(Postman):
    async def tell(self, notice: Notice) -> str:
        try:
            self.box.take(notice.key, notice.text)
        except OSError:
            self.box.take(f"{notice.key}/again", notice.text)
        return "the letterbox"


class TellsAllOfIt(Postman):
    def text(self, notice: Notice) -> str:
        return notice.text


class TellsRaw(Postman):
    async def tell(self, notice: Notice) -> str:
        self.box.take(notice.key, notice.text)
        return "the letterbox"


class GivesUpForGood(Postman):
    async def tell(self, notice: Notice) -> str:
        try:
            return await super().tell(notice)
        except Transient as error:
            raise Permanent(str(error)) from None


class NeverGivesUp(Postman):
    async def tell(self, notice: Notice) -> str:
        try:
            return await super().tell(notice)
        except Permanent as error:
            raise Transient(str(error)) from None


class SaysTheSecret(Postman):
    def __repr__(self) -> str:
        return f"Postman({self.box.secret})"


COUNTEREXAMPLES: dict[str, type[Postman]] = {
    "test_a_notice_arrives_and_it_says_where": TellsNobody,
    "test_a_notice_that_is_sent_again_is_not_doubled": Doubles,
    "test_a_notice_whose_answer_was_lost_is_not_doubled": SendsUnderAnotherKey,
    "test_long_text_is_shortened_not_refused": TellsAllOfIt,
    "test_hostile_text_stays_text": TellsRaw,
    "test_who_cannot_be_reached_is_transient": GivesUpForGood,
    "test_who_refuses_is_permanent": NeverGivesUp,
    "test_a_planted_secret_shows_nowhere": SaysTheSecret,
}


class PostmanContract(NotifierContract):
    postman: type[Postman] = Postman

    @asynccontextmanager
    async def receiver(self) -> AsyncIterator[Receiver]:
        yield Letterbox()

    @asynccontextmanager
    async def open(self, receiver: Any) -> AsyncIterator[Notifier]:
        yield self.postman(receiver)


@pytest.mark.anyio
class TestPostman(PostmanContract):
    """One that keeps every promise passes all of them."""


@pytest.mark.anyio
@pytest.mark.parametrize("promise", COUNTEREXAMPLES)
async def test_a_notifier_that_breaks_a_promise_is_found_out(promise: str) -> None:
    contract = PostmanContract()
    contract.postman = COUNTEREXAMPLES[promise]
    with pytest.raises(AssertionError):
        await getattr(contract, promise)()


def test_every_promise_has_a_counterexample() -> None:
    assert set(promises()) == set(COUNTEREXAMPLES)
