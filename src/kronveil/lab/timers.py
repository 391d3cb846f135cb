"""Named timers in time order: setting one again moves it; equal times ring in the order they were set."""

import heapq
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from itertools import count


class Timers:
    """What is to happen later in one simulated cluster."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Hashable]] = []
        self._set: dict[Hashable, tuple[int, Callable[[], None]]] = {}
        self._order = count()

    def set(self, name: Hashable, at: datetime, act: Callable[[], None]) -> None:
        """Let ``act`` be called at ``at``, in place of what the name stood for before."""
        order = next(self._order)
        self._set[name] = (order, act)
        heapq.heappush(self._heap, (at, order, name))

    def cancel(self, name: Hashable) -> None:
        """Forget a timer, set or not."""
        self._set.pop(name, None)

    def shift(self, by: timedelta) -> None:
        """Let everything ring so much later: the clock itself was set."""
        self._heap = [(at + by, order, name) for at, order, name in self._heap]

    def is_set(self, name: Hashable) -> bool:
        """Whether the timer still has to ring."""
        return name in self._set

    @property
    def next_at(self) -> datetime | None:
        """When the next timer rings, if one is set."""
        while self._heap:
            at, order, name = self._heap[0]
            if self._set.get(name, (None,))[0] == order:
                return at
            heapq.heappop(self._heap)
        return None

    def pop(self) -> Callable[[], None]:
        """Take the next timer off and answer what it does. Only after ``next_at`` answered a time."""
        _, _, name = heapq.heappop(self._heap)
        return self._set.pop(name)[1]
