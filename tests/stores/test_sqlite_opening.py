"""Opening the embedded store: its folder, its lock, and everything that can be wrong with a file."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from kronveil.sdk.errors import Permanent
from kronveil.sdk.storage import EventQuery, Writes
from kronveil.sdk.testing.samples import event
from kronveil.stores.sqlite import open_sqlite

pytestmark = pytest.mark.anyio


def database(folder: Path) -> Path:
    return folder / "kronveil.db"


async def made(folder: Path) -> Path:
    async with open_sqlite(folder) as store:
        await store.save(Writes(events=(event(1),)))
    return database(folder)


async def test_folder_and_file_are_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "kronveil"
    path = await made(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    async with open_sqlite(folder) as store:
        await store.check()
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


async def test_a_second_agent_on_the_folder_is_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path):
        with pytest.raises(Permanent) as refusal:
            async with open_sqlite(tmp_path):
                pass
        text = str(refusal.value)
        assert f"pid {os.getpid()}" in text
        assert str(tmp_path) in text
        assert "agent.data_dir" in text
    async with open_sqlite(tmp_path) as store:
        await store.check()


async def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from kronveil.stores.sqlite.lock import locked_folder\n"
        "with locked_folder(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    async with await anyio.open_process([sys.executable, "-c", hold, str(tmp_path)]) as holder:
        assert holder.stdout is not None
        assert (await holder.stdout.receive()).startswith(b"held")
        with pytest.raises(Permanent, match=f"pid {holder.pid}"):
            async with open_sqlite(tmp_path):
                pass
        holder.kill()
    async with open_sqlite(tmp_path) as store:
        await store.check()


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = await made(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(Permanent, match="made by a newer version") as refusal:
        async with open_sqlite(tmp_path):
            pass
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = database(tmp_path)
    path.write_bytes(b"these are not the bytes you are looking for" * 100)
    with pytest.raises(Permanent, match="damaged or is not a SQLite file") as refusal:
        async with open_sqlite(tmp_path):
            pass
    assert f"move {path}" in str(refusal.value)
    assert path.read_bytes().startswith(b"these are not")


async def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(n) for n in range(500)]))
    path = database(tmp_path)
    content = bytearray(path.read_bytes())
    content[8192 : len(content) // 2] = b"\xff" * (len(content) // 2 - 8192)
    path.write_bytes(content)
    with pytest.raises(Permanent, match="damaged") as refusal:
        async with open_sqlite(tmp_path):
            pass
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
async def test_of_a_long_file_what_a_start_needs_is_checked(tmp_path: Path, is_damaged: bool) -> None:  # noqa: FBT001
    path = await made(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'counters'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    os.truncate(path, 200 * 1024 * 1024)  # a hole: it takes no room on the disk
    if is_damaged:
        with path.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\x99" * size)
        with pytest.raises(Permanent, match="damaged"):
            await made(tmp_path)
    else:
        assert await made(tmp_path) == path


@pytest.mark.parametrize("cut", [100, 4096, 5000, 0.5, 0.9])
async def test_a_file_that_ends_too_early_is_named_and_left_alone(tmp_path: Path, cut: float) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(n) for n in range(500)]))
    path = database(tmp_path)
    content = path.read_bytes()
    content = content[: int(cut if cut > 1 else cut * len(content))]
    path.write_bytes(content)
    with pytest.raises(Permanent, match="damaged") as refusal:
        async with open_sqlite(tmp_path):
            pass
    assert "kronveil db restore FILE" in str(refusal.value)
    assert path.read_bytes() == content


async def test_damage_met_later_is_permanent_too(tmp_path: Path) -> None:
    path = await made(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE events SET body = '{\"id\": 1}'")
        connection.commit()
    async with open_sqlite(tmp_path) as store:
        with pytest.raises(Permanent, match="damaged"):
            await store.events(EventQuery())


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(database(tmp_path))) as connection:
        connection.execute("CREATE TABLE songs (title)")
    with pytest.raises(Permanent, match=r"not of Kronveil \(its tables: songs\)"):
        async with open_sqlite(tmp_path):
            pass


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(Permanent, match="taken"):
        async with open_sqlite(tmp_path / "taken" / "kronveil"):
            pass


def test_a_start_does_not_import_alembic(tmp_path: Path) -> None:
    start = (
        "import sys, anyio; from pathlib import Path; from kronveil.stores.sqlite import open_sqlite\n"
        "async def main():\n    async with open_sqlite(Path(sys.argv[1])) as store: await store.check()\n"
        "anyio.run(main); sys.exit('alembic' in sys.modules)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", start, str(tmp_path)], check=True)
