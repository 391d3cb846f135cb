"""`kronveil db`: the store is backed up while it is written to, put back, checked and migrated; nothing gets lost."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import typer
from typer.testing import CliRunner, Result

from kronveil.cli.db import db
from kronveil.sdk.storage import EventQuery, Writes
from kronveil.sdk.testing.samples import change, event, incident, resolved, silence, suspicion
from kronveil.stores.sqlite import open_sqlite, upkeep
from kronveil.stores.sqlite.examining import examine
from kronveil.stores.sqlite.schema import HEAD
from tests.stores import first_schema

FILE = "kronveil.db"
ALL = Writes(
    events=[event(n) for n in range(300)],
    incidents=(
        replace(incident(1, cites=("event-1",)), key="about something else", suspects=(suspicion(1),)),
        resolved(incident(2, cites=("event-2", "event-3")), event(9).at),
    ),
    changes=(change(1), change(2)),
    silences=(silence(1, ends_at=event(9).at),),
)
TWIN = """INSERT INTO incidents
    SELECT 'twin', key, status, severity, cluster_name, opened_us, updated_us, resolved_us,
    json_set(body, '$.id', 'twin') FROM incidents WHERE id = 'incident-1'"""

app = typer.Typer()
app.add_typer(db, name="db")


@pytest.fixture(autouse=True)
def _nobody_elses_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("KRONVEIL__AGENT__DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    anyio.run(save, tmp_path / "data", ALL)
    return tmp_path / "data"


async def save(folder: Path, writes: Writes) -> None:
    async with open_sqlite(folder) as store:
        await store.save(writes)


async def stored_events(folder: Path) -> list[str]:
    async with open_sqlite(folder) as store:
        return [event.id for event in (await store.events(EventQuery(limit=10_000))).items]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["db", *map(str, arguments)])


def done(*arguments: object) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def changed(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture
def writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder and saves without end, as an agent does."""
    command = [sys.executable, "-m", "kronveil.sdk.testing.store_victim", "kronveil.stores.sqlite:open_sqlite"]
    with subprocess.Popen([*command, str(folder), "busy"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_backup_holds_everything_and_says_so(folder: Path, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "copy.db", "--data-dir", folder)
    assert result.exit_code == 0, result.output
    assert "300 events (newest: 2026-01-02T03:09:04.678Z), 2 incidents (1 not resolved), 2 changes, 1 silence" in (
        result.stdout
    )
    assert f"schema    {HEAD}" in result.stdout
    assert f"kronveil db restore {tmp_path / 'copy.db'}" in result.stdout
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir() if "copy" in file.name] == ["copy.db"], "something was left behind"


def test_a_backup_into_a_folder_gets_a_name_of_its_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    told = done("backup", tmp_path / "backups", "--data-dir", folder)
    (file,) = (tmp_path / "backups").iterdir()
    assert told["backup"] == str(file)
    assert file.name.startswith("kronveil-2")
    assert (told["events"], told["size_bytes"]) == (300, file.stat().st_size)


def test_a_backup_overwrites_only_when_told_to_and_the_store_never(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    refused = run("backup", target, "--data-dir", folder)
    assert (refused.exit_code, target.read_text()) == (2, "precious")
    assert "--force" in refused.stderr
    assert run("backup", target, "--data-dir", folder, "--force").exit_code == 0
    assert run("check", target).exit_code == 0
    assert run("backup", folder / FILE, "--data-dir", folder, "--force").exit_code == 2
    assert len(anyio.run(stored_events, folder)) == 300


def test_a_backup_of_a_running_agent_is_whole_and_does_not_stop_it(
    folder: Path, tmp_path: Path, writing: subprocess.Popen[str]
) -> None:
    assert writing.stdout is not None
    said = [writing.stdout.readline().strip() for _ in range(50)]
    told = done("backup", tmp_path / "copy.db", "--data-dir", folder)
    assert done("check", tmp_path / "copy.db")["findings"] == []
    assert int(str(told["incidents"])) >= 2 + len(said)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        kept = {row_id for (row_id,) in copy.execute("SELECT id FROM incidents")}
        assert kept >= set(said), "acknowledged before the backup, and not in it"
        assert (
            copy.execute("SELECT value FROM counters").fetchone()[0]
            == (copy.execute("SELECT count(*) FROM events WHERE id LIKE 'busy%'").fetchone()[0])
        ), "it is of no single moment"
    assert writing.poll() is None
    assert writing.stdout.readline(), "the agent goes on saving"


def test_what_a_killed_agent_left_in_its_log_is_in_the_backup(
    folder: Path, tmp_path: Path, writing: subprocess.Popen[str]
) -> None:
    assert writing.stdout is not None
    said = [writing.stdout.readline().strip() for _ in range(20)]
    os.kill(writing.pid, signal.SIGKILL)
    writing.wait()
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert {row_id for (row_id,) in copy.execute("SELECT id FROM incidents")} >= set(said)


def test_a_restore_brings_the_backup_and_keeps_what_was_there(folder: Path, tmp_path: Path) -> None:
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    anyio.run(save, folder, Writes(events=(event(1000),)))
    told = done("restore", tmp_path / "copy.db", "--data-dir", folder)
    assert "event-1000" not in anyio.run(stored_events, folder)
    kept = Path(str(told["kept"]))
    assert kept.name.startswith("kronveil.db.before-restore-2")
    assert done("check", kept)["events"] == 301
    assert done("check", "--data-dir", folder)["events"] == 300
    assert done("restore", kept, "--data-dir", folder)["events"] == 301, "and back again"


def test_a_restore_does_not_mix_the_backup_with_the_log_of_a_killed_agent(
    folder: Path, tmp_path: Path, writing: subprocess.Popen[str]
) -> None:
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    assert writing.stdout is not None
    said = [writing.stdout.readline().strip() for _ in range(20)]
    os.kill(writing.pid, signal.SIGKILL)
    writing.wait()
    told = done("restore", tmp_path / "copy.db", "--data-dir", folder)
    assert done("check", "--data-dir", folder)["events"] == told["events"]
    with closing(sqlite3.connect(str(told["kept"]))) as old:
        assert {row_id for (row_id,) in old.execute("SELECT id FROM incidents")} >= set(said)


def test_a_restore_while_an_agent_runs_is_refused_with_its_pid(
    folder: Path, tmp_path: Path, writing: subprocess.Popen[str]
) -> None:
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    result = run("restore", tmp_path / "copy.db", "--data-dir", folder)
    assert result.exit_code == 1
    assert f"an agent (pid {writing.pid}) is using the data folder {folder}" in result.stderr
    assert not list(folder.glob("*before*"))


def test_a_restore_to_a_new_machine_makes_the_folder(folder: Path, tmp_path: Path) -> None:
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    told = done("restore", tmp_path / "copy.db", "--data-dir", tmp_path / "new")
    assert told["kept"] is None
    assert len(anyio.run(stored_events, tmp_path / "new")) == 300
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"not a database at all" * 300, "damaged or is not a SQLite file"), (b"", "is empty")],
)
def test_what_is_no_backup_is_refused_and_the_store_stays(
    folder: Path, tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "odd.db").write_bytes(content)
    result = run("restore", tmp_path / "odd.db", "--data-dir", folder)
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(anyio.run(stored_events, folder)) == 300
    assert sorted(file.name for file in folder.iterdir()) == ["agent.lock", FILE]


def test_a_backup_that_is_damaged_is_refused_and_the_store_stays(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    done("backup", target, "--data-dir", folder)
    content = bytearray(target.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = os.urandom(4096)
    target.write_bytes(content)
    result = run("restore", target, "--data-dir", folder)
    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert len(anyio.run(stored_events, folder)) == 300
    assert run("check", target).exit_code == 1


def test_a_backup_of_a_newer_version_is_refused(folder: Path, tmp_path: Path) -> None:
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    result = run("restore", tmp_path / "copy.db", "--data-dir", folder)
    assert result.exit_code == 1
    assert f"a newer version of Kronveil (schema 9999; this one knows up to {HEAD})" in result.stderr


def test_a_whole_store_is_said_to_be_whole(folder: Path) -> None:
    result = run("check", "--data-dir", folder)
    assert result.exit_code == 0, result.output
    assert f"whole     {folder / FILE}" in result.stdout
    assert done("check", "--data-dir", folder)["whole"] is True


@pytest.mark.parametrize(
    ("harm", "where", "what"),
    [
        ("UPDATE events SET body = '{' WHERE id = 'event-7'", "event event-7", "it cannot be read"),
        ("UPDATE events SET kind = 'x' WHERE id = 'event-7'", "event event-7", "its column kind says 'x', its text"),
        ("UPDATE changes SET at_us = 5 WHERE id = 'change-1'", "change change-1", "its column at_us says 5"),
        ("DELETE FROM events WHERE id = 'event-1'", "incident incident-1", "its evidence event-1 is not there"),
        ("DELETE FROM changes WHERE id = 'change-1'", "incident incident-1", "the change change-1 that it suspects"),
        ("UPDATE incidents SET status = 'open' WHERE id = 'incident-2'", "incident incident-2", "its column status"),
        (
            "DELETE FROM incidents WHERE id = 'incident-2'",
            "table incident_evidence",
            "it speaks of incident incident-2",
        ),
        ("DROP INDEX events_cluster", "events_cluster", "this table or index is missing"),
        ("UPDATE counters SET value = -1", "counter events:x", "less than nothing"),
        (
            "UPDATE incidents SET body = json_set(body, '$.version', 0) WHERE id = 'incident-1'",
            "incident incident-1",
            "its version is 0",
        ),
        (
            "UPDATE incidents SET body = json_set(body, '$.parent_id', 'gone') WHERE id = 'incident-1'",
            "incident incident-1",
            "it names incident gone, which is not there",
        ),
        (
            TWIN,
            "incident twin",
            "it is open at the same time as incident-1",
        ),
    ],
)
def test_what_is_wrong_in_a_store_is_found_and_named(folder: Path, harm: str, where: str, what: str) -> None:
    changed(folder, "INSERT OR IGNORE INTO counters VALUES ('events:x', 1)", harm)
    result = run("check", "--data-dir", folder, "--json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)["findings"]
    assert [finding for finding in found if finding["where"] == where and what in finding["what"]], found
    told = run("check", "--data-dir", folder)
    assert "NOT WHOLE" in told.stderr
    assert "kronveil db restore FILE" in told.stderr


def test_an_index_that_misses_rows_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'events_received'")
        connection.commit()
    changed(folder, "DELETE FROM events WHERE id = 'event-299'")
    result = run("check", "--data-dir", folder)
    assert result.exit_code == 1
    assert "NOT WHOLE" in result.stderr


def test_a_running_agent_can_be_checked(folder: Path, writing: subprocess.Popen[str]) -> None:
    assert done("check", "--data-dir", folder)["whole"] is True
    assert writing.poll() is None


def test_an_old_store_is_migrated_and_kept_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    first_schema.build(folder / FILE)
    told = run("check", "--data-dir", folder)
    assert told.exit_code == 0
    assert "Its schema is an older one" in told.stdout
    result = run("migrate", "--data-dir", folder)
    assert result.exit_code == 0, result.output
    assert f"schema    0001 -> {HEAD}" in result.stdout
    (kept,) = folder.glob("*.before-*")
    assert kept.name.startswith(f"kronveil.db.before-{HEAD}-2")
    assert done("check", kept)["schema"] == "0001"
    assert done("check", "--data-dir", folder)["schema"] == HEAD
    assert anyio.run(stored_events, folder) == ["evt_1"]
    again = run("migrate", "--data-dir", folder)
    assert again.exit_code == 0
    assert f"has schema {HEAD} already" in again.stdout


def test_a_migration_without_a_copy_keeps_none(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    first_schema.build(folder / FILE)
    assert done("migrate", "--data-dir", folder, "--no-copy") == {
        "store": str(folder),
        "from": "0001",
        "to": HEAD,
        "copy": None,
    }
    assert not list(folder.glob("*.before-*"))


def test_an_old_backup_can_be_put_back(tmp_path: Path) -> None:
    first_schema.build(tmp_path / "old.db")
    assert done("restore", tmp_path / "old.db", "--data-dir", tmp_path / "data")["schema"] == "0001"
    assert anyio.run(stored_events, tmp_path / "data") == ["evt_1"]


@pytest.mark.parametrize("command", [("backup", "x.db"), ("check",), ("migrate",)])
def test_where_there_is_no_store_that_is_said(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(*command, "--data-dir", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert f"there is no store at {tmp_path / 'nowhere' / FILE}" in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(folder: Path) -> None:
    result = run("restore", "typo.db", "--data-dir", folder)
    assert result.exit_code == 2
    assert "there is no file typo.db" in result.stderr


def test_a_wrong_page_in_the_middle_is_found_and_a_backup_is_the_way_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    anyio.run(save, folder, Writes(events=[event(n) for n in range(5_000)]))
    done("backup", tmp_path / "copy.db", "--data-dir", folder)
    content = bytearray((folder / FILE).read_bytes())
    page = len(content) // 4096 // 2
    content[page * 4096 : (page + 1) * 4096] = bytes(4096)
    (folder / FILE).write_bytes(content)
    checked = run("check", "--data-dir", folder)
    assert checked.exit_code == 1
    assert f"NOT WHOLE {folder / FILE}" in checked.stderr
    backed_up = run("backup", tmp_path / "second.db", "--data-dir", folder)
    assert backed_up.exit_code == 1, "a damaged store must not pass for a backup"
    assert not (tmp_path / "second.db").exists()
    told = done("restore", tmp_path / "copy.db", "--data-dir", folder)
    assert (told["events"], len(anyio.run(stored_events, folder))) == (5_000, 5_000)
    assert Path(str(told["kept"])).read_bytes() == bytes(content), "what can still be read of it is somebody's to judge"


def test_a_backup_that_finds_no_room_says_so_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        result = run("backup", tmp_path / "copy.db", "--data-dir", folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert "the disk" in result.stderr
    assert str(tmp_path) in result.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data"]


def test_a_backup_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    anyio.run(save, folder, Writes(events=[event(n) for n in range(5_000)]))

    def interrupt(_done: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upkeep.backup(folder, tmp_path / "copy.db", progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == ["data"]
    assert run("check", "--data-dir", folder).exit_code == 0


def test_a_long_work_says_how_far_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    anyio.run(save, folder, Writes(events=[event(n) for n in range(10_000)]))
    told: list[float | None] = []
    upkeep.backup(folder, tmp_path / "copy.db", progress=told.append)
    assert told
    assert told == sorted(told, key=lambda done: done or 0)
    checked: list[float | None] = []
    assert examine(tmp_path / "copy.db", checked.append).is_whole
    assert checked[-1] == 1.0


def test_a_folder_that_is_not_there_is_named(folder: Path, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "no" / "such" / "copy.db", "--data-dir", folder)
    assert result.exit_code == 1
    assert f"cannot write {tmp_path / 'no' / 'such' / 'copy.db'}: No such file or directory" in result.stderr


def test_the_store_is_found_by_the_configuration_or_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.yaml").write_text(f"agent: {{data_dir: {folder}}}\n")
    assert done("check", "-c", tmp_path / "other.yaml")["file"] == str(folder / FILE)
    monkeypatch.setenv("KRONVEIL__AGENT__DATA_DIR", str(folder))
    assert done("check")["file"] == str(folder / FILE)
    monkeypatch.delenv("KRONVEIL__AGENT__DATA_DIR")
    shutil.copytree(folder, tmp_path / "state" / "kronveil")
    assert done("check")["file"] == str(tmp_path / "state" / "kronveil" / FILE)
    (tmp_path / "kronveil.yaml").write_text(f"agent: {{data_dir: {folder}}}\n")
    assert done("check")["file"] == str(folder / FILE)
    assert run("check", "--data-dir", folder, "-c", "kronveil.yaml").exit_code == 2
    (tmp_path / "kronveil.yaml").write_text("agent: {data_dri: x}\n")
    assert run("check").exit_code == 2
