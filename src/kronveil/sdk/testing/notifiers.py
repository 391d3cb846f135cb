"""The promises of a notifier. Subclass ``NotifierContract``, supply a receiver with moods, mark the class for AnyIO."""

# ruff: noqa: S101 - asserts are what a contract is made of

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import anyio

from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.notifiers import Notice, Notifier

LATE_S = 30.0
NOTICE = Notice(
    "exe-1/1", "checkout runs out of memory", "words", "high", datetime(2026, 11, 25, tzinfo=UTC), "inc-1", "east"
)


class Receiver(Protocol):
    """Who is told, with moods."""

    secret: str

    @property
    def told(self) -> Sequence[str]:
        """The texts that arrived, one for each time that somebody was told."""
        ...

    async def lose_next_answer(self) -> None:
        """Take the next notice, and let the answer get lost."""

    async def go_down(self) -> None:
        """Answer nobody any more."""

    async def refuse(self) -> None:
        """Say no to everything, for good."""


class NotifierContract:
    """``receiver`` opens one that answers, ``open`` the notifier that tells it."""

    longest: int = 4000

    def receiver(self) -> AbstractAsyncContextManager[Receiver]:
        """A fresh one."""
        raise NotImplementedError

    def open(self, receiver: Any) -> AbstractAsyncContextManager[Notifier]:
        """The notifier, with credentials that hold the receiver's secret."""
        raise NotImplementedError

    @asynccontextmanager
    async def _telling(self) -> AsyncGenerator[tuple[Receiver, Notifier]]:
        async with self.receiver() as receiver, self.open(receiver) as notifier:
            with anyio.fail_after(LATE_S):
                yield receiver, notifier

    async def test_a_notice_arrives_and_it_says_where(self) -> None:
        async with self._telling() as (receiver, notifier):
            where = await notifier.tell(NOTICE)
            assert [text for text in receiver.told if NOTICE.text in text] == list(receiver.told) != []
            assert where.strip(), "it does not say whom it told"

    async def test_a_notice_that_is_sent_again_is_not_doubled(self) -> None:
        async with self._telling() as (receiver, notifier):
            await notifier.tell(NOTICE)
            await notifier.tell(NOTICE)
            await notifier.tell(replace(NOTICE, key="exe-2/1"))
            assert len(receiver.told) == 2, f"told {len(receiver.told)} times"

    async def test_a_notice_whose_answer_was_lost_is_not_doubled(self) -> None:
        async with self._telling() as (receiver, notifier):
            await receiver.lose_next_answer()
            await notifier.tell(NOTICE)
            assert len(receiver.told) == 1, f"told {len(receiver.told)} times"

    async def test_long_text_is_shortened_not_refused(self) -> None:
        async with self._telling() as (receiver, notifier):
            await notifier.tell(replace(NOTICE, text="x" * 100_000, title="t" * 10_000))
            (text,) = receiver.told
            assert text.count("x") <= self.longest

    async def test_hostile_text_stays_text(self) -> None:
        async with self._telling() as (receiver, notifier):
            hostile = 'ab"}\r\nX-Evil: 1\r\n\r\n\x1b[2J<!channel>\u202e'
            await notifier.tell(replace(NOTICE, text=hostile))
            (text,) = receiver.told
            assert "\x1b" not in text, "a terminal would obey it"

    async def test_who_cannot_be_reached_is_transient(self) -> None:
        async with self._telling() as (receiver, notifier):
            await receiver.go_down()
            error = await _error(notifier)
            assert isinstance(error, Transient), f"said {error!r}"

    async def test_who_refuses_is_permanent(self) -> None:
        async with self._telling() as (receiver, notifier):
            await receiver.refuse()
            error = await _error(notifier)
            assert isinstance(error, Permanent), f"said {error!r}"

    async def test_a_planted_secret_shows_nowhere(self) -> None:
        async with self._telling() as (receiver, notifier):
            where = await notifier.tell(NOTICE)
            await receiver.refuse()
            error = await _error(notifier)
            shown = f"{where}{notifier!r}{error!r}{error}{receiver.told}"
            assert receiver.secret not in shown, "the secret shows"


def promises() -> Sequence[str]:
    """The names of every promise of the contract."""
    return [name for name in vars(NotifierContract) if name.startswith("test_")]


async def _error(notifier: Notifier) -> Exception | None:
    try:
        await notifier.tell(replace(NOTICE, key="exe-3/1"))
    except (Transient, Permanent) as error:
        return error
    return None
