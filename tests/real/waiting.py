"""Waiting for a real server to get somewhere: ask again until it is so, with an end."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], what: str, *, within_s: float = 60, every_s: float = 0.1) -> T:
    """Return the first truthy answer of `ask`; after `within_s` fail with `what` and the last answer."""
    answer: T | None = None
    with anyio.move_on_after(within_s):
        while True:
            answer = await ask()
            if answer:
                return answer
            await anyio.sleep(every_s)
    raise AssertionError(f"not within {within_s} s: {what}. Last answer: {answer!r}")


async def stays(ask: Callable[[], Awaitable[T]], what: str, *, for_s: float, every_s: float = 0.2) -> None:
    """Fail as soon as `ask` stops answering truthy within `for_s`."""
    with anyio.move_on_after(for_s):
        while True:
            answer = await ask()
            assert answer, f"did not last {for_s} s: {what}. Answer: {answer!r}"
            await anyio.sleep(every_s)
