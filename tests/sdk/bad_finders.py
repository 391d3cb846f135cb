"""Stores that find what was not asked for, or not all of it. Each breaks one promise, as somebody might well do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kronveil.model.change import Suspect
from kronveil.sdk.storage import ChangePage, ChangeQuery, EventPage, EventQuery, IncidentCount
from tests.sdk.bad_stores import Good, opening

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class PagesChangesByTimeAlone(Good):
    """Continues after the last row's time, and so skips whatever shares it."""

    async def changes(self, query: ChangeQuery) -> ChangePage:
        before = datetime.fromisoformat(query.before) if query.before else None
        everything = (await self.store.changes(replace(query, limit=10_000, before=None))).items
        rest = [change for change in everything if before is None or change.at < before]
        page = tuple(rest[: query.limit])
        return ChangePage(page, page[-1].at.isoformat() if len(rest) > len(page) else None)


class LooksOnlyBack(Good):
    """Takes "around" for "before"."""

    async def changes(self, query: ChangeQuery) -> ChangePage:
        page = await self.store.changes(query)
        return replace(page, items=tuple(c for c in page.items if query.around is None or c.at <= query.around))


class PagesByOffset(Good):
    """Counts rows to find the next page, so that every arrival shifts it."""

    async def events(self, query: EventQuery) -> EventPage:
        start = int(query.before or 0)
        everything = (await self.store.events(replace(query, limit=10_000, before=None))).items
        end = start + query.limit
        return EventPage(everything[start:end], str(end) if len(everything) > end else None)


class PagesByTimeAlone(Good):
    """Continues after the last row's time, and so skips whatever shares it."""

    async def events(self, query: EventQuery) -> EventPage:
        before = datetime.fromisoformat(query.before) if query.before else None
        everything = (await self.store.events(replace(query, limit=10_000, before=None))).items
        rest = [event for event in everything if before is None or event.received_at < before]
        page = tuple(rest[: query.limit])
        return EventPage(page, page[-1].received_at.isoformat() if len(rest) > len(page) else None)


class FiltersThePage(Good):
    """Takes a page first and filters it afterwards."""

    async def events(self, query: EventQuery) -> EventPage:
        page = await self.store.events(EventQuery(limit=min(query.limit, 2), before=query.before))
        kept = tuple(e for e in page.items if query.cluster in (None, e.origin.cluster_name))
        return replace(page, items=kept)


class CountsEverything(Good):
    """Narrows its lists by words and forgets to narrow its counts."""

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        return await self.store.incident_counts(None)


class ForgivesCursors(Good):
    """Answers the first page when it does not understand which was asked for."""

    async def events(self, query: EventQuery) -> EventPage:
        try:
            return await self.store.events(query)
        except ValueError:
            return await self.store.events(replace(query, before=None))


class AsksTheOpenOnly(Good):
    """Looks at what is open now."""

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        now = {one.id: one.suspects for one in (await self.store.restore(LONG_AGO)).incidents if not one.resolved_at}
        return {key: value for key, value in (await self.store.suspecting(change_ids)).items() if key in now}


open_pages_changes_by_time_alone = opening(PagesChangesByTimeAlone)
open_looks_only_back = opening(LooksOnlyBack)
open_pages_by_offset = opening(PagesByOffset)
open_pages_by_time_alone = opening(PagesByTimeAlone)
open_filters_the_page = opening(FiltersThePage)
open_counts_everything = opening(CountsEverything)
open_forgives_cursors = opening(ForgivesCursors)
open_asks_the_open_only = opening(AsksTheOpenOnly)
