"""The audit of the embedded store: whatever is changed in its file afterwards, its chain tells, and names where."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal
from kronveil.sdk.chain import Verified, verified
from kronveil.sdk.storage import AuditQuery, Store, Unstorable, Writes
from kronveil.sdk.testing.samples import event
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.examining import examine
from kronveil.stores.sqlite.looking import audit_in

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FILE = "kronveil.db"


def note(number: int, actor: str = "ada", act: str = "execution.approved") -> AuditNote:
    return AuditNote(NOON + timedelta(days=number), actor, act, f"exe_{number}", "because", '{"a": 1}', None)


async def check(store: Store, known: AuditSeal | None = None) -> Verified:
    return verified(await store.audit_from(0, 10_000), await store.audit_seal(), known=known)


async def filled(folder: Path, number: int = 6) -> Path:
    async with open_sqlite(folder) as store:
        for each in range(number):
            await store.save(Writes(audit=(note(each),)))
        assert await check(store) == await check(store)
        assert (await check(store)).broken_at is None
    return folder / FILE


def audit_of(path: Path) -> tuple[list[AuditEntry], AuditSeal]:
    with audit_in(path) as (entries, seal):
        return list(entries), seal


def altered(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


async def test_entries_saved_at_once_by_many_are_one_chain_without_holes(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(store.save, Writes(audit=(note(number), note(number + 100))))
        found = await check(store)
        assert (found.entries, found.first_seq, found.last_seq, found.broken_at) == (100, 1, 100, None)
        entries = await store.audit_from(0, 1000)
        pairs = [(a.note.target, b.note.target) for a, b in zip(entries[::2], entries[1::2], strict=True)]
        assert all(int(b[4:]) == int(a[4:]) + 100 for a, b in pairs), "what was saved together stands together"


async def test_what_could_not_be_saved_left_no_entry(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        bad = AuditNote(NOON, "ada", "note.added", "inc", "half of a character: \ud800")
        with pytest.raises(Unstorable):
            await store.save(Writes(events=(event(1),), audit=(note(1), bad)))
        assert await store.audit_from(0, 10) == ()
        await store.save(Writes(audit=(note(2),)))
        assert (await check(store)).last_seq == 1


@pytest.mark.parametrize(
    ("sql", "broken_at", "why"),
    [
        ("UPDATE audit SET why = 'another reason' WHERE seq = 3", 3, "something else"),
        ("UPDATE audit SET actor = 'eve' WHERE seq = 1", 1, "something else"),
        ("UPDATE audit SET before = NULL WHERE seq = 6", 6, "something else"),
        ("DELETE FROM audit WHERE seq = 4", 5, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 2, "missing"),
        ("UPDATE audit SET seq = 40 WHERE seq = 4", 5, "missing"),
        ("UPDATE audit SET hash = prev_hash WHERE seq = 2", 2, "something else"),
        ("INSERT INTO audit_seal VALUES (1, 2, 'f', 0)", 1, "missing"),
    ],
)
async def test_whatever_is_altered_the_first_entry_that_does_not_fit_is_named(
    tmp_path: Path, sql: str, broken_at: int, why: str
) -> None:
    path = await filled(tmp_path)
    altered(path, sql)
    found = verified(*audit_of(path))
    assert (found.broken_at, why in found.why) == (broken_at, True)
    assert any(finding.where == f"audit {broken_at}" for finding in examine(path).findings)


async def test_entries_cut_off_at_the_end_are_missed_by_who_noted_the_place_down(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    entries, seal = audit_of(path)
    place = AuditSeal(6, entries[-1].hash)
    altered(path, "DELETE FROM audit WHERE seq > 4")
    assert verified(*audit_of(path)).broken_at is None
    cut = verified(*audit_of(path), known=place)
    assert (cut.broken_at, "noted down" in cut.why) == (5, True)
    assert verified(entries, seal, known=AuditSeal(3, entries[2].hash)).broken_at is None
    assert verified(entries, seal, known=AuditSeal(3, "f" * 64)).broken_at == 3


async def test_what_is_forgotten_seals_the_chain_and_it_goes_on(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(audit=[note(each) for each in range(6)]))
        assert await store.forget_audit(NOON + timedelta(days=2), 1) == 1
        assert await store.forget_audit(NOON + timedelta(days=2), 1000) == 1
        assert await store.forget_audit(NOON + timedelta(days=2), 1000) == 0
        assert (await store.audit_seal()).seq == 2
        assert (await check(store)).broken_at is None
        assert await store.forget_audit(NOON + timedelta(days=99), 1000) == 3
        assert [each.seq for each in await store.audit_from(0, 10)] == [6], "the newest is always kept"
        await store.save(Writes(audit=(note(9),)))
        assert (await check(store)).last_seq == 7
    assert verified(*audit_of(tmp_path / FILE)).broken_at is None


async def test_pages_are_newest_first_and_narrowed_by_who_what_and_when(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        acts = ["execution.approved", "execution.rejected", "executions.stopped", "token.created"]
        notes = [note(n, actor="ada" if n % 2 else "bob", act=acts[n % 4]) for n in range(12)]
        await store.save(Writes(audit=notes))

        async def seqs(**asked: Any) -> list[int]:
            found, query = [], AuditQuery(limit=2, **asked)
            while True:
                page = await store.audit(query)
                found += [each.seq for each in page.items]
                if page.next_cursor is None:
                    return found
                query = AuditQuery(limit=2, before=page.next_cursor, **asked)

        assert await seqs() == list(range(12, 0, -1))
        assert await seqs(act="execution") == [10, 9, 6, 5, 2, 1]
        assert await seqs(act="token.created", actor="ada") == [12, 8, 4]
        assert await seqs(target="exe_3") == [4]
        assert await seqs(since=NOON + timedelta(days=2), until=NOON + timedelta(days=5)) == [5, 4, 3]
        with pytest.raises(ValueError, match="cursor"):
            await store.audit(AuditQuery(before="nonsense"))
