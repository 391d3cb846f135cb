"""Killed at each place of a write, its log cut at any byte: what was acknowledged is there, whole, once."""

import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from kronveil.sdk.storage import EventQuery, IncidentQuery, Store
from kronveil.sdk.testing.samples import moment
from kronveil.sdk.testing.store_victim import writes
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.examining import examine
from tests.stores import first_schema, second_schema

pytestmark = pytest.mark.anyio

FILE = "kronveil.db"
COUNTER = "events:uid-of-east"
CUTS = 30


def killed(what: str, folder: Path, number: int, words: str) -> list[str]:
    """Run until it dies at that place; what it had acknowledged."""
    command = [sys.executable, "-m", "tests.stores.dying", what, str(folder), str(number), *words.split()]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert run.returncode == -signal.SIGKILL, f"it never came to {words}"
    return run.stdout.splitlines()


async def kept(store: Store) -> list[str]:
    """Ids of the incidents, oldest first, after a look that each is whole and counted once."""
    incidents = (await store.incidents(IncidentQuery(limit=10_000))).items
    events = [event.id for event in (await store.events(EventQuery(limit=30_000))).items]
    cited = [event_id for incident in incidents for event_id in incident.evidence]
    assert sorted(events) == sorted(cited), "an incident without its events, or events without their incident"
    assert len(events) == len(set(events)) == (await store.restore(moment(0))).counters.get(COUNTER, 0)
    return [incident.id for incident in reversed(incidents)]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("BEGIN IMMEDIATE", 5),
        ("INSERT INTO events", 9),
        ("INSERT INTO events", 10),
        ("INSERT INTO incidents", 5),
        ("INSERT INTO incident_evidence", 9),
        ("INSERT INTO counters", 5),
        ("COMMIT", 5),
        ("BEGIN IMMEDIATE", 6),
        ("PRAGMA wal_checkpoint", 1),
        ("BEGIN IMMEDIATE", 700),
    ],
)
async def test_a_process_killed_within_a_write_loses_nothing_acknowledged(
    tmp_path: Path, words: str, number: int
) -> None:
    acknowledged = killed("save", tmp_path, number, words)
    async with open_sqlite(tmp_path) as store:
        found = await kept(store)
        assert found[: len(acknowledged)] == acknowledged
        assert len(found) - len(acknowledged) in (0, 1), "more than the one save that was under way"
        await store.save(writes(100_000, "after"))
    assert examine(tmp_path / FILE).is_whole


@pytest.mark.parametrize(
    ("words", "number"),
    [("CREATE TABLE events", 1), ("CREATE INDEX events_kind", 1), ("INSERT INTO alembic_version", 1), ("COMMIT", 1)],
)
async def test_a_first_start_killed_halfway_is_simply_done_again(tmp_path: Path, words: str, number: int) -> None:
    killed("open", tmp_path, number, words)
    async with open_sqlite(tmp_path) as store:
        await store.save(writes(1, "after"))
        assert await kept(store) == ["after-1"]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (first_schema.build, "CREATE INDEX silences_ends"),
        (first_schema.build, "UPDATE alembic_version"),
        (second_schema.build, "ALTER TABLE receipts"),
    ],
)
async def test_a_migration_killed_halfway_is_done_again_from_the_start(
    tmp_path: Path, build: Callable[[Path], None], words: str
) -> None:
    """Really killed, at a few places; ``test_sqlite_migrations`` has all of them."""
    build(tmp_path / FILE)
    killed("open", tmp_path, 1, words)
    async with open_sqlite(tmp_path) as store:
        assert [incident.id for incident in (await store.incidents(IncidentQuery())).items] == ["inc_1"]
    assert examine(tmp_path / FILE).is_whole


async def leave_a_log(folder: Path, saves: int) -> None:
    """A store as a killed agent leaves it: everything still in the log."""
    async with open_sqlite(folder / "living") as store:
        for number in range(saves):
            await store.save(writes(number, "series"))
        for name in (FILE, f"{FILE}-wal"):
            shutil.copy(folder / "living" / name, folder / name)


async def test_a_log_cut_anywhere_leaves_whole_saves_up_to_the_cut(tmp_path: Path) -> None:
    saves = 40
    await leave_a_log(tmp_path, saves)
    log = (tmp_path / f"{FILE}-wal").read_bytes()
    frame = 24 + struct.unpack(">I", log[8:12])[0]
    random = Random(1)
    edges = [32 + frame * n + d for n in (1, 2, len(log) // frame - 1) for d in (-1, 0, 1)]
    cuts = sorted({0, 1, 31, 32, len(log), *edges, *(random.randrange(len(log)) for _ in range(CUTS))})
    most = 0
    for cut in cuts:
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        shutil.copy(tmp_path / FILE, folder / FILE)
        (folder / f"{FILE}-wal").write_bytes(log[:cut])
        async with open_sqlite(folder) as store:
            found = await kept(store)
        assert found == [f"series-{n}" for n in range(len(found))], f"a hole, when cut at byte {cut}"
        assert len(found) >= most, f"fewer saves in a longer log, when cut at byte {cut}"
        assert examine(folder / FILE).is_whole
        most = len(found)
        shutil.rmtree(folder)
    assert most == saves


async def test_a_wrong_byte_in_the_log_ends_it_there_and_invents_nothing(tmp_path: Path) -> None:
    saves = 40
    await leave_a_log(tmp_path, saves)
    log = (tmp_path / f"{FILE}-wal").read_bytes()
    random = Random(2)
    for place in [random.randrange(32, len(log)) for _ in range(CUTS // 2)]:
        folder = tmp_path / f"wrong-{place}"
        folder.mkdir()
        shutil.copy(tmp_path / FILE, folder / FILE)
        (folder / f"{FILE}-wal").write_bytes(log[:place] + bytes([log[place] ^ 0xFF]) + log[place + 1 :])
        async with open_sqlite(folder) as store:
            found = await kept(store)
        assert found == [f"series-{n}" for n in range(len(found))]
        assert examine(folder / FILE).is_whole
        shutil.rmtree(folder)
