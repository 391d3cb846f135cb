"""Which events repeat one another within a window of event time. Decides what is recorded, never what is judged."""

from collections import deque
from datetime import timedelta
from typing import TypeAlias

# In what order reports of one object were made: by event time, by the source's version, or as its end.
Order: TypeAlias = tuple[int, int]
BY_TIME, BY_VERSION, BY_END = range(3)

KEPT_REPEATS = 10
_COUNT_BITS = 4
_TIME_BITS = 42  # milliseconds since 1970, good for 139 years
_COUNT_MASK = (1 << _COUNT_BITS) - 1
_TIME_MASK = (1 << _TIME_BITS) - 1
_ID_SHIFT = _COUNT_BITS + _TIME_BITS


class Window:
    """Finds the first received event with the same fingerprint at most ``width`` of event time away.

    Order does not matter: an event may come before or after the one it repeats, up to one width late. Two first
    events of one fingerprint are more than a width apart, so each has a slot (event time divided by the width) of its
    own, and three look-ups find every candidate. An entry is two integers, forgotten two widths after it was received:
    by arrival and not by event time, so that one cluster with a wrong clock cannot make the others forget.
    """

    def __init__(self, width: timedelta) -> None:
        self._width_ms = max(1, int(width.total_seconds() * 1000))
        self._kept_s = 2 * self._width_ms // 1000 + 1
        self._firsts: dict[int, int] = {}
        self._second = -1
        self._bucket: list[int] = []
        self._buckets: deque[tuple[int, list[int]]] = deque()

    def __len__(self) -> int:
        return len(self._firsts)

    def note(self, fingerprint: int, number: int, at_ms: int, now_s: int) -> tuple[int, bool] | None:
        """None when the event is a first one; else the number of the first, and whether this repeat is worth a row."""
        if now_s != self._second:
            self.forget(now_s)
        firsts = self._firsts
        key = fingerprint + at_ms // self._width_ms
        # In its own slot a first is always near enough; in the slots beside it, it may be.
        if key in firsts:
            return self._repeat(key, number)
        for beside in (key - 1, key + 1):
            if beside in firsts and self._is_near(firsts[beside], at_ms):
                return self._repeat(beside, number)
        firsts[key] = number << _ID_SHIFT | at_ms << _COUNT_BITS
        self._bucket.append(key)
        return None

    def _is_near(self, first: int, at_ms: int) -> bool:
        return abs((first >> _COUNT_BITS & _TIME_MASK) - at_ms) <= self._width_ms

    def _repeat(self, key: int, number: int) -> tuple[int, bool]:
        first = self._firsts[key]
        into = first >> _ID_SHIFT
        # The very same report again: it has its row already.
        if into == number:
            return into, False
        count = first & _COUNT_MASK
        if count >= KEPT_REPEATS:
            return into, False
        self._firsts[key] = first + 1
        return into, True

    def forget(self, now_s: int) -> None:
        """Let go of what was received more than two widths ago."""
        if now_s != self._second:
            self._second = now_s
            self._bucket = []
            self._buckets.append((now_s, self._bucket))
        while self._buckets[0][0] < now_s - self._kept_s:
            for key in self._buckets.popleft()[1]:
                self._firsts.pop(key, None)


class Latest:
    """The newest report seen of each object lately, so that an older one that comes late undoes nothing.

    "Newer" is the source's own order where it gives one (see ``naming.order_of``), not event time: a source tells
    times in whole seconds, by the clocks of other machines. Two orders of different kind cannot be compared.

    Two generations, swapped once a width: an object is remembered for one to two widths after its last report.
    """

    def __init__(self, width: timedelta) -> None:
        self._width_s = max(1, int(width.total_seconds()))
        self._turned_s = 0
        self._new: dict[tuple[str, str], Order] = {}
        self._old: dict[tuple[str, str], Order] = {}

    def is_late(self, subject: tuple[str, str], order: Order, now_s: int) -> bool:
        """Whether a newer report of this object was seen before this one; remembers it when not."""
        if abs(now_s - self._turned_s) > self._width_s:
            self._old, self._new, self._turned_s = self._new, {}, now_s
        newest = self._new.get(subject) or self._old.get(subject)
        if newest is not None and (newest[0] == BY_END or newest[0] == order[0]) and order < newest:
            return True
        self._new[subject] = order
        return False
