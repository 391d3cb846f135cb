"""The books of one source: received = delivered + merged + dropped (by reason) + in flight, at any moment.

Each number has its own counter, written where the thing happens, so that a frame lost in silence shows as an imbalance.
"""

from collections import Counter

from kronveil.model.fleet import Books


class Ledger:
    """Counts frames and list items of one source, since this agent started. ``landed``: those that were in flight and
    are not any more."""

    def __init__(self) -> None:
        self._received = 0
        self._delivered = 0
        self._merged = 0
        self._in_flight = 0
        self._dropped: Counter[str] = Counter()
        self.landed = 0

    def receive(self, count: int) -> None:
        """Frames that the source sent."""
        self._received += count

    def merge(self, count: int) -> None:
        """Frames that said nothing new."""
        self._merged += count

    def drop(self, reason: str, count: int) -> None:
        """Frames that were given up, and why."""
        self._dropped[reason] += count

    def depart(self, count: int) -> None:
        """Frames handed over and not yet settled."""
        self._in_flight += count

    def settle(self, *, delivered: int = 0, merged: int = 0) -> None:
        """Frames that were in flight and are durable now, as an event or as the repeat of one."""
        self._in_flight -= delivered + merged
        self.landed += delivered + merged
        self._delivered += delivered
        self._merged += merged

    def abandon(self, reason: str, count: int) -> None:
        """Frames that were in flight and are given up."""
        self._in_flight -= count
        self.landed += count
        self._dropped[reason] += count

    def snapshot(self) -> Books:
        """The numbers as they are now."""
        return Books(self._received, self._delivered, self._merged, self._in_flight, dict(self._dropped))


def summed(books: list[Books]) -> Books:
    """The books of several sources as one."""
    dropped: Counter[str] = Counter()
    for each in books:
        dropped.update(each.dropped)
    return Books(
        received=sum(each.received for each in books),
        delivered=sum(each.delivered for each in books),
        merged=sum(each.merged for each in books),
        in_flight=sum(each.in_flight for each in books),
        dropped=dict(dropped),
    )
