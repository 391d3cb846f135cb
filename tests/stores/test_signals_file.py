"""The file of values: damage is set aside, size and age are bounded, hours follow each other, nothing is invented."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from kronveil.model.signal import Subject, SubjectKind
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.testing.signals import APP, BEGAN, MEMORY, NODE, query, sample, scrape, time
from kronveil.stores.sqlite.signals import FILE_NAME, open_signals
from kronveil.stores.sqlite.signals.opening import SET_ASIDE

pytestmark = pytest.mark.anyio


async def kept(folder: Path, *seconds: int, **narrowed: Any) -> list[tuple[int, float]]:
    """Keep a reading at each of these times, and read all there is."""
    async with open_signals(folder) as store:
        for at in seconds:
            await store.keep("east", scrape(at, sample(APP, at, 0.5, float(at))))
        found = (await store.series(query(-(10**6), 10**6, signals=(MEMORY,), **narrowed))).items
    return [(at - BEGAN, value) for series in found for at, value in series.points]


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def garbage(file: Path) -> None:
    file.write_bytes(b"this was never a database" * 400)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def overwritten(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[4096:] = b"\xa5" * (len(body) - 4096)
    file.write_bytes(bytes(body))


def newer(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=7")
    connection.close()


def another_programs(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", [garbage, cut, overwritten, newer, another_programs])
async def test_a_file_that_cannot_be_used_is_set_aside_and_it_goes_on(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    await kept(tmp_path, *range(0, 6000, 60))
    damage(tmp_path / FILE_NAME)
    found = (tmp_path / FILE_NAME).read_bytes()
    with capture_logs() as logs:
        assert await kept(tmp_path, 7000) == [(7000, 7000.0)]
    (told,) = [each for each in logs if each["event"] == "signals.file_set_aside"]
    assert told["moved_to"] == str(tmp_path / SET_ASIDE)
    assert (tmp_path / SET_ASIDE).read_bytes()[4096:] == found[4096:]


async def test_only_one_file_is_set_aside_at_most(tmp_path: Path) -> None:
    for _ in range(3):
        await kept(tmp_path, 60)
        garbage(tmp_path / FILE_NAME)
    await kept(tmp_path, 60)
    assert names_in(tmp_path) == {FILE_NAME, SET_ASIDE}


async def test_a_file_that_is_damaged_while_it_is_used_is_set_aside_too(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store:
        for at in range(0, 6000, 60):
            await store.keep("east", scrape(at, sample(APP, at), sample(NODE, at)))
    async with open_signals(tmp_path) as store:
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        connection.execute("UPDATE lines SET body = x'00112233'")
        connection.commit()
        connection.close()
        with capture_logs(), pytest.raises(Transient, match="damaged"):
            await store.series(query())
        await store.keep("east", scrape(7000, sample(APP, 7000)))
        assert (await store.series(query(0, 8000, signals=(MEMORY,)))).items[0].points == ((BEGAN + 7000, 1024.0),)


async def test_where_no_new_file_can_be_made_it_is_tried_again(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store:
        await store.keep("east", scrape(60, sample(APP, 60)))
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        connection.execute("UPDATE lines SET body = x'00112233'")
        connection.commit()
        connection.close()
        (tmp_path / SET_ASIDE).mkdir()
        with capture_logs(), pytest.raises(Permanent, match="cannot open"):
            await store.series(query())
        (tmp_path / SET_ASIDE).rmdir()
        with capture_logs(), pytest.raises(Transient, match="damaged"):
            await store.series(query())
        await store.keep("east", scrape(120, sample(APP, 120)))
    assert [at for at, _ in await kept(tmp_path)] == [120]


async def test_what_could_not_be_forgotten_holds_up_nothing_else(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store:
        await store.keep("east", scrape(60, sample(APP, 60)))
        connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        connection.execute("CREATE TRIGGER no BEFORE DELETE ON lines BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(sqlite3.IntegrityError):
            await store.forget(time(10**6))
        connection.execute("DROP TRIGGER no")
        connection.close()
        await store.keep("east", scrape(120, sample(APP, 120)))
    assert [at for at, _ in await kept(tmp_path)] == [60, 120]


async def test_a_file_that_another_program_keeps_locked_is_left_as_it_is(tmp_path: Path) -> None:
    await kept(tmp_path, 60)
    async with open_signals(tmp_path) as store:
        await store.keep("east", scrape(120, sample(APP, 120)))
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match="locked"):
            await store.keep("east", scrape(180, sample(APP, 180)))
        other.execute("ROLLBACK")
        other.close()
        await store.keep("east", scrape(240, sample(APP, 240)))
    assert [at for at, _ in await kept(tmp_path)] == [60, 120, 240]


async def test_what_is_more_than_allowed_goes_the_oldest_first(tmp_path: Path) -> None:
    pods = [Subject("shop", f"api-{number}", "app") for number in range(400)]
    async with open_signals(tmp_path, largest=600_000) as store:
        for at in range(0, 24 * 3600, 300):
            await store.keep("east", scrape(at, *[sample(each, at) for each in pods]))
            if not at % 3600:
                await store.forget(time(-3600))
        use = await store.use()
        (series,) = (await store.series(query(0, 10**6, signals=(MEMORY,), name="api-7"))).items
    assert use.size <= 600_000 + 12 * 4096 + 12 * 400 * 10
    times = [at - BEGAN for at, _ in series.points]
    assert times == list(range(times[0], 24 * 3600, 300))
    assert 3600 < times[0] < 20 * 3600


async def test_an_hour_follows_the_other_without_a_hole_or_a_repeat(tmp_path: Path) -> None:
    seconds = list(range(0, 3 * 3600, 50))
    assert await kept(tmp_path, *seconds) == [(at, float(at)) for at in seconds]


async def test_what_was_read_twice_around_the_hour_is_kept_once(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store:
        kept_of = [await store.keep("east", scrape(at, sample(APP, 3590))) for at in (0, 3595, 3655, 3715)]
        (series,) = (await store.series(query(0, 5000, signals=(MEMORY,)))).items
    assert [each.new for each in kept_of] == [1, 1, 0, 0]
    assert [at - BEGAN for at, _ in series.points] == [0, 3590]


async def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path) -> None:
    assert [at for at, _ in await kept(tmp_path, 5000, 5060, 1000, 1060, 5120)] == [1000, 1060, 5000, 5060, 5120]


async def test_a_pod_whose_bounds_change_stays_one_series(tmp_path: Path) -> None:
    smaller = Subject(APP.namespace, APP.name, APP.part, "node-2", "Deployment", "api")
    async with open_signals(tmp_path) as store:
        await store.keep("east", scrape(60, sample(APP, 60)))
        await store.keep("east", scrape(120, sample(smaller, 120)))
        await store.keep("east", scrape(180, sample(APP, 180)))
        await store.keep("east", scrape(4000, sample(smaller, 4000)))
        (series,) = (await store.series(query(0, 5000, signals=(MEMORY,)))).items
        (pod,) = (await store.series(query(0, 5000, signals=("pod.memory.working_set",)))).items
    assert [at - BEGAN for at, _ in series.points] == [60, 120, 180, 4000]
    assert (series.node, series.bounds.memory_limit) == ("node-2", None)
    assert [value for _, value in pod.points] == [1024.0] * 4


@pytest.mark.parametrize("owner", ["a\tb", "a\nb", "a\t\n\tb"])
async def test_a_name_that_holds_our_own_marks_damages_nothing(owner: str, tmp_path: Path) -> None:
    odd = Subject("shop", "api-1", "app", "node-1", "Deployment", owner)
    async with open_signals(tmp_path) as store:
        await store.keep("east", scrape(60, sample(odd, 60), sample(NODE, 60)))
        (series,) = (await store.series(query(owner="a b", signals=(MEMORY,)))).items
        (node,) = (await store.series(query(signals=("node.memory.working_set",)))).items
    assert (series.key.name, series.owner) == ("api-1", "a b")
    assert node.key.name == NODE.name


async def test_text_of_any_language_is_found_again(tmp_path: Path) -> None:
    odd = Subject("läden", "käse-1", "größe", "knoten-ä", "Deployment", "käse")
    async with open_signals(tmp_path) as store:
        await store.keep("süd", scrape(60, sample(odd, 60)))
        (series,) = (await store.series(query(cluster="süd", owner="käse", signals=(MEMORY,)))).items
    assert (series.key.namespace, series.key.name, series.key.part) == ("läden", "käse-1", "größe")


subjects = st.sampled_from([Subject("a", f"p{n}", part) for n in range(3) for part in ("x", "y")] + [NODE])
values = st.none() | st.floats(0, 1e9, width=32)
readings = st.lists(
    st.tuples(st.integers(1, 2000), st.dictionaries(subjects, st.tuples(st.integers(-100, 30), values, values))),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings)
def test_every_new_sample_and_nothing_else_is_read_back(told: list[tuple[int, dict[Subject, Any]]]) -> None:
    anyio.run(_kept_and_read_back, told)


async def _kept_and_read_back(told: list[tuple[int, dict[Subject, Any]]]) -> None:
    expected: dict[tuple[str, str, str, str], dict[int, float]] = {}
    newest: dict[Subject, int] = {}
    at = 0
    with TemporaryDirectory() as folder:
        async with open_signals(Path(folder)) as store:
            for pause, found in told:
                at += pause
                samples = [sample(each, at + age, cpu, memory) for each, (age, cpu, memory) in found.items()]
                await store.keep("east", scrape(at, *samples))
                for each in samples:
                    when = min(each.at, BEGAN + at)
                    if when <= newest.get(each.subject, 0):
                        continue
                    newest[each.subject] = when
                    kind = "node" if each.subject == NODE else "container"
                    for name, value in (("cpu.usage", each.cpu), ("memory.working_set", each.memory)):
                        if value is not None:
                            key = (each.subject.namespace, each.subject.name, each.subject.part, f"{kind}.{name}")
                            expected.setdefault(key, {})[when] = value
            page = await store.series(query(-(10**6), 10**6))
    read = {
        (one.key.namespace, one.key.name, one.key.part, one.key.signal): dict(one.points)
        for one in page.items
        if one.key.kind is not SubjectKind.POD and one.points
    }
    assert read == expected
