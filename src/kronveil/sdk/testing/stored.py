"""All that a store has, page after page; for its promises."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.incident import Incident
from kronveil.sdk.storage import ChangeQuery, EventQuery, IncidentQuery, Store

Q = TypeVar("Q")


async def all_events(store: Store, limit: int = 200) -> list[Event]:
    """Newest received first."""
    query, found = EventQuery(limit=limit), list[Event]()
    while True:
        page = await store.events(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def all_changes(store: Store, limit: int = 200) -> list[Change]:
    """Newest first."""
    query, found = ChangeQuery(limit=limit), list[Change]()
    while True:
        page = await store.changes(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def all_incidents(store: Store, limit: int = 200) -> list[Incident]:
    """Newest opened first."""
    query, found = IncidentQuery(limit=limit), list[Incident]()
    while True:
        page = await store.incidents(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def expect_unreadable(ask: Callable[[Q], Awaitable[object]], query: Q) -> None:
    """Fail unless the query's cursor is refused."""
    try:
        await ask(query)
    except ValueError:
        return
    raise AssertionError("a cursor that cannot be read must raise ValueError, not answer another page")
