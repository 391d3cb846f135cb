"""Pages of lines that are kept nowhere in order: the worst first, read in steps so that nobody else waits."""

import base64
import binascii
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import anyio.lowlevel
import msgspec

Line = TypeVar("Line")
Place: TypeAlias = tuple[int, str, str, str, str, str]
LINES_PER_STEP = 1000
_places: msgspec.json.Decoder[Place] = msgspec.json.Decoder(Place)


@dataclass(frozen=True, slots=True)
class Worst(Generic[Line]):
    """A page, where the next one begins (None on the last), and how many lines there are in all."""

    items: tuple[Line, ...]
    next_cursor: str | None
    total: int


async def worst_first(
    lines: Iterable[Line], place_of: Callable[[Line], Place], *, limit: int, after: str | None
) -> Worst[Line]:
    """The ``limit`` first by their places after a cursor. Raises ValueError for one that is none.

    A line that got worse or better between two pages may come twice or not at all; the others come once.
    """
    begin = None if after is None else _place_in(after)
    total = 0
    best: list[tuple[Place, int, Line]] = []
    end: Place | None = None  # of what can still be on the page
    step: list[tuple[Place, int, Line]] = []
    for number, line in enumerate(lines):
        total += 1
        place = place_of(line)
        if (begin is None or place > begin) and (end is None or place < end):
            step.append((place, number, line))
        if not total % LINES_PER_STEP:
            if step:
                best = heapq.nsmallest(limit + 1, best + step)
                end = best[-1][0] if len(best) > limit else None
                step.clear()
            await anyio.lowlevel.checkpoint()
    best = heapq.nsmallest(limit + 1, best + step)
    shown = best[:limit]
    cursor = _cursor_at(shown[-1][0]) if len(best) > limit else None
    return Worst(tuple(line for _, _, line in shown), cursor, total)


def _cursor_at(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _place_in(cursor: str) -> Place:
    try:
        return _places.decode(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise ValueError("not a cursor of this list") from error
