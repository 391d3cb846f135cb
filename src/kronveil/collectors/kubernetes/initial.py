"""A list that comes as the first part of a watch (streaming list): what was seen of it so far, and when it ends."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from kronveil.collectors.kubernetes.wire import Metadata

END = b'"k8s.io/initial-events-end":"true"'
PARAMETERS = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
OFFERED_SINCE = (1, 32)
"""Older servers may take the question for another one, and never say where the list ends."""


@dataclass(slots=True)
class Initial:
    """The objects of a list that is under way. ``turn`` is given back when it is complete."""

    turn: AsyncExitStack
    seen: set[str] = field(default_factory=set[str])
    news: int = 0
    unread: int = 0
    version: str = ""
    is_complete: bool = False

    def saw(self, metadata: Metadata) -> None:
        """An object is there."""
        self.seen.add(metadata.uid)

    def lost(self, metadata: Metadata) -> None:
        """It was deleted while the list was under way."""
        self.seen.discard(metadata.uid)


class StreamingLists:
    """Whether to ask a cluster for them: when wanted, known by its version to be offered, and until it refuses."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.is_refused = not is_wanted

    def are_offered(self, version: str | None) -> bool:
        """Whether to ask for one."""
        return not self.is_refused and _parsed(version) >= OFFERED_SINCE


def is_end(line: bytes | memoryview) -> bool:
    """Whether a bookmark ends the list. Servers write it without spaces; others are taken as they come."""
    text = bytes(line)
    return END in text or END in text.replace(b" ", b"")


def _parsed(version: str | None) -> tuple[int, ...]:
    """``v1.32.1-eks-1`` as (1, 32); nothing for what is no version."""
    words = (version or "").removeprefix("v").split(".")[:2]
    return tuple(int(word) for word in words) if all(word.isdecimal() for word in words) else ()
