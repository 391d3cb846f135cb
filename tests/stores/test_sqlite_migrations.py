"""A file of every released schema becomes one of today's with all that is in it; a step that fails changes nothing."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from kronveil.sdk.storage import ChangeQuery, EventQuery, ExecutionQuery, IncidentQuery, Receipt, Writes
from kronveil.sdk.testing.samples import change, event, suspicion
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.codec import event_from, incident_from
from kronveil.stores.sqlite.examining import examine
from kronveil.stores.sqlite.migrate import SCRIPTS, migrate
from kronveil.stores.sqlite.opening import create_schema
from kronveil.stores.sqlite.schema import HEAD
from tests.stores import first_schema, second_schema, third_schema

pytestmark = pytest.mark.anyio

AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
FILE = "kronveil.db"

RELEASED = {"0001": first_schema.build, "0002": second_schema.build, "0003": third_schema.build}
"""Every schema that a version was released with and that is not today's, with what builds a file of it."""

NEXT_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    with op.batch_alter_table("events") as table:
        table.add_column(sa.Column("note", sa.Text, nullable=False, server_default="none"))
        table.alter_column("kind", new_column_name="sort")
    {more}
"""


def schema_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return [(name, "".join(sql.split())) for name, sql in found]


def contents_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of every table of the schemas released, by the columns that it had then."""
    found: dict[str, list[dict[str, object]]] = {}
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for table in ("events", "incidents", "incident_evidence", "counters", "clusters_heard", "receipts", "pulse"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            found[table] = [{key: row[key] for key in row.keys() if row[key] is not None} for row in rows]  # noqa: SIM118
    return found


def longer_history(folder: Path, more: str) -> Path:
    """Our migrations and one step more."""
    scripts = folder / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for part in (SCRIPTS / "env.py", *(SCRIPTS / "versions").glob("r*.py")):
        (scripts / part.relative_to(SCRIPTS)).write_text(part.read_text())
    (scripts / "versions" / "r0005_more.py").write_text(NEXT_STEP.format(more=more))
    return scripts


async def made(folder: Path) -> Path:
    async with open_sqlite(folder) as store:
        await store.save(Writes(events=(event(1),)))
    return folder / FILE


@pytest.mark.parametrize("revision", RELEASED)
def test_each_step_makes_what_was_released_as_that_schema(tmp_path: Path, revision: str) -> None:
    released, stepped = tmp_path / "released.db", tmp_path / "stepped.db"
    RELEASED[revision](released)
    stepped.touch()
    migrate(stepped, to=revision)
    assert schema_of(released) == schema_of(stepped)


def test_every_way_to_the_schema_ends_at_the_same(tmp_path: Path) -> None:
    direct, stepwise = tmp_path / "direct.db", tmp_path / "stepwise.db"
    with closing(sqlite3.connect(direct, isolation_level=None)) as connection:
        create_schema(connection)
    stepwise.touch()
    migrate(stepwise)
    assert schema_of(direct) == schema_of(stepwise)
    for revision, build in RELEASED.items():
        build(tmp_path / revision)
        migrate(tmp_path / revision)
        assert schema_of(tmp_path / revision) == schema_of(direct), revision


def test_every_schema_before_this_one_is_kept_as_it_was_released() -> None:
    """Whoever adds a step adds a file ``tests/stores/<nth>_schema.py`` of the schema that it leaves behind."""
    steps = {path.name[1:5] for path in (SCRIPTS / "versions").glob("r*.py")}
    assert steps == {*RELEASED, HEAD}


@pytest.mark.parametrize("revision", RELEASED)
async def test_killed_before_any_statement_of_a_migration_all_is_done_again_and_all_is_there(
    tmp_path: Path, revision: str
) -> None:
    """What a killed process leaves is what is in its files at that moment: a copy of them before each statement."""
    (tmp_path / "living").mkdir()
    path = tmp_path / "living" / FILE
    RELEASED[revision](path)
    before = contents_of(path)
    left: list[Path] = []

    def leave(*_: object) -> None:
        left.append(tmp_path / f"left-{len(left)}")
        left[-1].mkdir()
        for name in (FILE, f"{FILE}-wal", f"{FILE}-journal"):
            if (path.parent / name).exists():
                shutil.copy(path.parent / name, left[-1] / name)

    listeners = (("before_cursor_execute", leave), ("commit", leave))
    for what, listener in listeners:
        listen(Engine, what, listener)
    try:
        migrate(path)
    finally:
        for what, listener in listeners:
            remove(Engine, what, listener)
    leave()
    assert len(left) > 4, "there is something to be killed in"
    for folder in left:
        async with open_sqlite(folder) as store:
            assert (await store.incident("inc_1")) is not None
        assert schema_of(folder / FILE) == schema_of(path), folder.name
        assert contents_of(folder / FILE) == before, folder.name
        assert examine(folder / FILE).is_whole, folder.name


def test_the_head_that_a_start_compares_with_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_a_file_of_the_first_schema_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    first_schema.build(tmp_path / FILE)
    async with open_sqlite(tmp_path) as store:
        assert [e.id for e in (await store.events(EventQuery(cluster="east"))).items] == ["evt_1"]
        (incident,) = (await store.incidents(IncidentQuery())).items
        assert (incident.evidence, incident.conditions[0].mark) == (("evt_1",), "x")
        assert (incident.parent_id, incident.children, incident.suspects, incident.is_silenced) == (None, (), (), False)
        assert await store.receipt("a key") == Receipt("a key", "digest", "inc_1", AT)
        restored = await store.restore(AT)
        assert restored.incidents == (incident,)
        assert (restored.counters, restored.cluster_heard) == ({"events:uid-of-east": 41}, {"uid-of-east": AT})
        assert (restored.changes, restored.silences) == ((), ())
        assert await store.forget(datetime.now(UTC), 10) == 0, "the evidence of an open incident was forgotten"


async def test_a_file_of_the_second_schema_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    second_schema.build(tmp_path / FILE)
    async with open_sqlite(tmp_path) as store:
        (incident,) = (await store.restore(AT)).incidents
        assert [(each.change_id, each.evidence_for) for each in incident.suspects] == [("chg_1", ("evt_1",))]
        assert (incident.assigned_to, incident.is_silenced) == ("ada", True)
        assert [each.id for each in (await store.changes(ChangeQuery(namespace="shop"))).items] == ["chg_1"]
        assert [each.id for each in await store.silences()] == ["sil_1"]
        assert list(await store.suspecting(["chg_1"])) == ["inc_1"]
        old = await store.receipt("a key")
        assert old is not None
        assert old == Receipt("a key", "digest", "inc_1", AT)
        await store.save(Writes(receipts=(replace(old, key="new", status=201, answer="{}"),)))
        answered = await store.receipt("new")
        assert answered is not None
        assert (answered.status, answered.answer) == (201, "{}")
        assert await store.forget(datetime.now(UTC), 10) == 0, "what an open incident cites was forgotten"


async def test_a_file_of_the_third_schema_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    third_schema.build(tmp_path / FILE)
    async with open_sqlite(tmp_path) as store:
        answered = await store.receipt("k-3")
        assert answered is not None
        assert (answered.status, answered.answer) == (201, third_schema.ANSWER)
        assert (await store.executions(ExecutionQuery())).items == ()


async def test_a_file_of_the_first_schema_takes_what_came_later(tmp_path: Path) -> None:
    first_schema.build(tmp_path / FILE)
    async with open_sqlite(tmp_path) as store:
        old = await store.incident("inc_1")
        assert old is not None
        suspecting = replace(old, suspects=(suspicion(1),), version=2)
        await store.save(Writes(changes=(change(1),), incidents=(suspecting,)))
    async with open_sqlite(tmp_path) as store:
        assert await store.incident("inc_1") == suspecting
        assert (await store.changes(ChangeQuery())).items == (change(1),)


def test_bodies_without_the_fields_of_today_load() -> None:
    assert event_from(json.dumps(first_schema.EVENT)).merged_into is None
    assert incident_from(json.dumps(first_schema.INCIDENT)).children == ()


async def test_a_step_keeps_what_is_stored(tmp_path: Path) -> None:
    path = await made(tmp_path / "data")
    migrate(path, longer_history(tmp_path, more="pass"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, sort, note FROM events").fetchall() == [
            ("event-1", "pod.oom_killed", "none")
        ]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0005",)]


@pytest.mark.parametrize(
    ("more", "error"),
    [("1 / 0", ZeroDivisionError), ('op.execute("INSERT INTO nowhere VALUES (1)")', sqlite3.OperationalError)],
)
async def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, more: str, error: type[Exception]) -> None:
    path = await made(tmp_path / "data")
    before = schema_of(path)
    with pytest.raises(error):
        migrate(path, longer_history(tmp_path, more=more))
    assert schema_of(path) == before
    async with open_sqlite(tmp_path / "data") as store:
        assert (await store.events(EventQuery())).items == (event(1),)
