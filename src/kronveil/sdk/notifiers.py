"""What a notifier promises, and what it is handed: words for people who are not looking at the console."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is to know. ``key`` is its identity: a notice that is sent again under it is the same one.

    ``text`` may hold words of a watched system: they are text, never markup or commands. ``incident_id`` and
    ``execution_id`` are empty for a notice that is about neither, as one that tests the way.
    """

    key: str
    title: str
    text: str
    severity: str
    at: datetime
    incident_id: str = ""
    cluster: str = ""
    resource: str = ""


class Notifier(Protocol):
    """One way to tell people."""

    async def tell(self, notice: Notice) -> str:
        """Tell it, once for its key however often it is called; the answer says whom, in words.

        Long text is shortened, not refused. Tries again by itself for a while. Raises Transient when nobody could be
        told now, Permanent when trying again cannot help.
        """
        ...


@dataclass(frozen=True, slots=True)
class NotifierComponent(Generic[C]):
    """A part: its name, what it takes and how it is opened."""

    name: str
    summary: str
    config: type[C]
    open: Callable[[C], AbstractAsyncContextManager[Notifier]]
