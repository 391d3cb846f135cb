"""What comes and goes: nodes that lose and regain readiness, and incidents whose symptoms clear and return."""

from collections import Counter, deque
from datetime import datetime, timedelta

from kronveil.logic.lifecycle import Case

NODE_WINDOW = timedelta(minutes=10)
NODE_TURNS = 4
RETURNS_WINDOW = timedelta(minutes=15)
MANY_RETURNS = 5


class _Turns:
    __slots__ = ("at", "is_ready", "last_at")

    def __init__(self, when: datetime, *, is_ready: bool) -> None:
        self.is_ready = is_ready
        self.last_at = when
        self.at: deque[datetime] = deque(maxlen=NODE_TURNS)


class NodeFlaps:
    """How often each node has lately turned from ready to not, or back."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], _Turns] = {}
        self._flapping: dict[tuple[str, str], None] = {}

    def note(self, node: tuple[str, str], when: datetime, *, is_ready: bool) -> bool:
        """Whether the node has turned too often within the window that ends now."""
        turns = self._of.get(node)
        if turns is None:
            turns = self._of[node] = _Turns(when, is_ready=is_ready)
        elif turns.is_ready is not is_ready:
            turns.is_ready = is_ready
            turns.last_at = max(when, turns.last_at)
            turns.at.append(when)
            if len(turns.at) == NODE_TURNS and when - turns.at[0] <= NODE_WINDOW:
                self._flapping[node] = None
                return True
        return False

    def watch(self, node: tuple[str, str]) -> None:
        """It was flapping before this start."""
        self._flapping[node] = None

    def forget(self, node: tuple[str, str]) -> None:
        """The node is gone."""
        self._of.pop(node, None)
        self._flapping.pop(node, None)

    def calm(self, now: datetime) -> list[tuple[str, str]]:
        """Those that were flapping and have been ready, without a turn, for a whole window."""
        return [node for node in self._flapping if self._is_calm(node, now)]

    def settled(self, node: tuple[str, str]) -> None:
        """Its flapping was told to be over."""
        self._flapping.pop(node, None)

    def _is_calm(self, node: tuple[str, str], now: datetime) -> bool:
        turns = self._of.get(node)
        return turns is not None and turns.is_ready and now - turns.last_at >= NODE_WINDOW


def returns_of(case: Case) -> int:
    """How often the one of its conditions that cleared most did so in the quarter of an hour before it was last well.

    Read from its story, which a restart keeps: the line of a recovery is the same each time it is that condition's.
    """
    until = case.healed_at
    if until is None:
        return 0
    lately = Counter(
        moment.message for moment in case.story if moment.what == "recovered" and until - moment.at <= RETURNS_WINDOW
    )
    return max(lately.values(), default=0)
