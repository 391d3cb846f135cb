"""Families of incidents, one with all above and all under it, and which of them are wholly over for long.

Asked on a read connection, so that however large a family is, looking at it holds no save up. Who is under whom is
said by bodies only: it is asked of old incidents, a few at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, func, literal_column, select, tuple_

from kronveil.model.incident import IncidentStatus
from kronveil.stores.sqlite.connections import ReadConnection
from kronveil.stores.sqlite.schema import incidents

FINISHED = (IncidentStatus.RESOLVED.value, IncidentStatus.CLOSED.value)
_AT_ONCE = 500
# SQLite keeps it at the end of each index, so that those of one instant need no sorting.
_row_id: ColumnElement[int] = literal_column("incidents.rowid", type_=Integer)
_ids = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class Relative:
    """An incident as its family knows it."""

    id: str
    parent_id: str | None
    children: tuple[str, ...]
    is_over: bool
    """Whether it is finished, and was before the time asked for."""


@dataclass(frozen=True, slots=True)
class OldFamilies:
    """``families`` are whole, each with its leaves first; ``place`` is where the next look begins, None at the end."""

    families: tuple[tuple[Relative, ...], ...]
    place: tuple[int, int] | None


async def old_families(
    connection: ReadConnection, before_us: int, place: tuple[int, int] | None, limit: int
) -> OldFamilies:
    """Look at ``limit`` incidents finished before then, the longest over first, and at their families."""
    rows = await connection.rows(longest_over(before_us, place, limit))
    known = {row.id: _relative(row) for row in rows}
    looking = _Looking(connection, before_us, known)
    families = await looking.families(tuple(known))
    last = rows[-1] if len(rows) == limit else None
    return OldFamilies(tuple(families), None if last is None else (last.resolved_us, last.row_id))


def longest_over(before_us: int, place: tuple[int, int] | None, limit: int) -> Select[Any, *tuple[Any, ...]]:
    """The candidates after ``place``."""
    statement = _kin(before_us).add_columns(incidents.c.resolved_us, _row_id.label("row_id"))
    statement = statement.where(incidents.c.resolved_us < before_us)
    if place is not None:
        statement = statement.where(incidents.c.resolved_us >= place[0])
        statement = statement.where(tuple_(incidents.c.resolved_us, _row_id) > tuple_(*place))
    return statement.order_by(incidents.c.resolved_us, _row_id).limit(limit)


class _Looking:
    """One look: what was read once is not read again, nor is a family judged twice."""

    def __init__(self, connection: ReadConnection, before_us: int, known: dict[str, Relative]) -> None:
        self._connection = connection
        self._before_us = before_us
        self._known: dict[str, Relative | None] = dict(known)

    async def families(self, candidates: Sequence[str]) -> list[tuple[Relative, ...]]:
        await self._climb(candidates)
        roots = {self._root(each) for each in candidates}
        found = [await self._family(root) for root in sorted(roots)]
        return [family for family in found if family]

    async def _climb(self, candidates: Iterable[str]) -> None:
        """Read all that are above, a generation at a time."""
        above = set(candidates)
        while above:
            parents = {one.parent_id for one in map(self._known.get, above) if one is not None}
            above = {each for each in parents if each is not None and each not in self._known}
            await self._read(above)

    def _root(self, incident_id: str) -> str:
        """The topmost one above it; of a circle, which only a damaged file holds, always the same."""
        passed: dict[str, None] = {}
        while incident_id not in passed:
            passed[incident_id] = None
            one = self._known.get(incident_id)
            if one is None or one.parent_id is None or self._known.get(one.parent_id) is None:
                return incident_id
            incident_id = one.parent_id
        return min(passed)

    async def _family(self, root: str) -> tuple[Relative, ...]:
        """All of it, leaves first; nothing when one of it is not over. A group is over when its children are, so that
        the first look mostly tells."""
        members: dict[str, Relative] = {}
        generation = [root]
        while generation:
            await self._read([each for each in generation if each not in self._known])
            found = [one for one in map(self._known.get, generation) if one is not None]
            if not all(one.is_over for one in found):
                return ()
            members.update((one.id, one) for one in found)
            generation = [child for one in found for child in one.children if child not in members]
        return tuple(reversed(members.values()))

    async def _read(self, ids: Iterable[str]) -> None:
        wanted = list(ids)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            self._known.update(dict.fromkeys(some))
            for row in await self._connection.rows(_kin(self._before_us).where(incidents.c.id.in_(some))):
                self._known[row.id] = _relative(row)


def _kin(before_us: int) -> Select[Any, Any, Any, Any]:
    is_over = (incidents.c.resolved_us < before_us) & incidents.c.status.in_(FINISHED)
    return select(
        incidents.c.id,
        func.json_extract(incidents.c.body, "$.parent_id").label("parent_id"),
        func.json_extract(incidents.c.body, "$.children").label("children"),
        func.coalesce(is_over, False).label("is_over"),
    )


def _relative(row: Any) -> Relative:
    return Relative(row.id, row.parent_id, tuple(_ids.decode(row.children or "[]")), bool(row.is_over))


def parents_outside(slice_: Sequence[Relative]) -> Mapping[str, None]:
    """Who is left of the family when these are gone, and names them."""
    gone = {one.id for one in slice_}
    return dict.fromkeys(one.parent_id for one in slice_ if one.parent_id is not None and one.parent_id not in gone)
