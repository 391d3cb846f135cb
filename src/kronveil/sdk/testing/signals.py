"""The promises of a store of measured values. Subclass ``SignalStoreContract`` and say how to open one.

Each promise has a deliberately bad store that breaks it, in ``tests/sdk/test_signal_contract_counterexamples.py``.
"""

# ruff: noqa: S101 - asserts are what a contract is made of

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from kronveil.model.signal import BY_NAME, Bounds, Sample, Scrape, Subject, SubjectKind
from kronveil.sdk.signals import Series, SeriesKey, SeriesQuery, SignalStore
from kronveil.sdk.testing.opener import opener

SignalOpener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[SignalStore]]
BEGAN = 1_764_000_000
BOUNDS = Bounds(0.1, None, 2.0**26, 2.0**27)
APP = Subject("shop", "api-1", "app", "node-1", "Deployment", "api", BOUNDS)
PROXY = Subject("shop", "api-1", "proxy", "node-1", "Deployment", "api", Bounds(0.1, 1.0, 2.0**20, 2.0**21))
NODE = Subject("", "node-1")
MEMORY = "container.memory.working_set"


def time(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return datetime.fromtimestamp(BEGAN, UTC) + timedelta(seconds=seconds)


def sample(subject: Subject, seconds: int, cpu: float | None = 0.5, memory: float | None = 1024.0) -> Sample:
    """What was measured of a subject then."""
    return Sample(subject, BEGAN + seconds, cpu, memory)


def scrape(seconds: int, *samples: Sample, interval_s: float = 60.0) -> Scrape:
    """A reading at that time."""
    return Scrape("metrics.k8s.io", BEGAN + seconds, interval_s, samples, {})


def query(since: float = 0, until: float = 3600, *, limit: int = 100, **narrowed: Any) -> SeriesQuery:
    """What is asked, in seconds after the beginning."""
    return SeriesQuery(time(since), time(until), limit=limit, **narrowed)


class SignalStoreContract:
    """``opener`` names ``open(folder)``: opened again on the same folder, a store finds what was kept there."""

    opener: str

    @property
    def _open(self) -> SignalOpener:
        return opener(self.opener)

    async def test_what_is_kept_is_found_after_a_reopen(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.keep("east", scrape(60, sample(APP, 55, 0.25, 4096.0), sample(NODE, 50, 2.0, 2.0**30)))
        async with self._open(tmp_path) as store:
            await store.keep("east", scrape(120, sample(APP, 115, 0.5, 8192.0)))
            found = {each.key.signal: each for each in (await store.series(query())).items}
        memory = found[MEMORY]
        assert memory.key == SeriesKey("east", SubjectKind.CONTAINER, "shop", "api-1", "app", MEMORY)
        assert _points(memory) == [(55, 4096.0), (115, 8192.0)]
        assert memory.last == (BEGAN + 115, 8192.0)
        assert (memory.node, memory.owner_kind, memory.owner) == ("node-1", "Deployment", "api")
        assert (memory.bounds, memory.interval_s) == (BOUNDS, 60.0)
        assert _points(found["container.cpu.usage"]) == [(55, 0.25), (115, 0.5)]
        assert _points(found["node.cpu.usage"]) == [(50, 2.0)]
        assert set(found) == set(BY_NAME)

    async def test_what_was_not_measured_is_absent(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.keep("east", scrape(60, sample(APP, 60, None, 1.0)))
            await store.keep("east", scrape(120, sample(NODE, 120)))
            await store.keep("east", scrape(180, sample(APP, 180, 0.0, 3.0)))
            page = await store.series(query(kind=SubjectKind.CONTAINER))
        cpu, memory = page.items
        assert _points(cpu) == [(180, 0.0)]
        assert _points(memory) == [(60, 1.0), (180, 3.0)]

    async def test_what_comes_again_or_late_is_kept_once(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            kept = [
                await store.keep("east", scrape(at, sample(APP, measured, 0.5, float(measured))))
                for at, measured in ((60, 50), (120, 50), (180, 40), (240, 230), (250, 230), (300, 400))
            ]
            (memory,) = (await store.series(query(signals=(MEMORY,)))).items
        assert [(each.new, each.repeated) for each in kept] == [(1, 0), (0, 1), (0, 1), (1, 0), (0, 1), (1, 0)]
        # What comes from the future was measured by a clock that is ahead: it is from now.
        assert _points(memory) == [(50, 50.0), (230, 230.0), (300, 400.0)]

    async def test_a_pod_is_the_sum_of_its_containers(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.keep("east", scrape(60, sample(APP, 60, 0.5, 100.0), sample(PROXY, 60, 0.25, 10.0)))
            await store.keep("east", scrape(120, sample(APP, 120, 0.5, None), sample(PROXY, 120, None, 20.0)))
            cpu, memory = (await store.series(query(kind=SubjectKind.POD))).items
        assert _points(memory) == [(60, 110.0), (120, 20.0)]
        assert _points(cpu) == [(60, 0.75), (120, 0.5)]
        # Without a bound on one of them there is none on the whole.
        assert (memory.bounds.memory_limit, cpu.bounds.cpu_limit) == (2.0**27 + 2.0**21, None)

    async def test_a_page_of_series_goes_on_where_the_last_one_ended(self, tmp_path: Path) -> None:
        subjects = [Subject("shop", f"api-{number}", part) for number in range(7) for part in ("app", "proxy")]
        async with self._open(tmp_path) as store:
            for cluster in ("east", "west"):
                await store.keep(cluster, scrape(60, *[sample(each, 60) for each in subjects], sample(NODE, 60)))
            whole = [each.key for each in (await store.series(query())).items]
            paged: list[SeriesKey] = []
            has_more = True
            while has_more:
                page = await store.series(query(limit=5, after=paged[-1] if paged else None))
                paged += [each.key for each in page.items]
                has_more = page.has_more
        assert paged == whole == sorted(whole, key=lambda key: (key.cluster, key.kind, key.namespace, *_rest(key)))
        assert len(set(paged)) == 2 * (14 * 2 + 7 * 2 + 2)

    async def test_filters_narrow_and_miss_nothing(self, tmp_path: Path) -> None:
        others = (
            Subject("shop", "api-worker-1", "app", "node-2", "Deployment", "api-worker"),
            Subject("bank", "api-1", "app", "node-2", "StatefulSet", "api"),
        )
        async with self._open(tmp_path) as store:
            for cluster in ("east", "west"):
                await store.keep(cluster, scrape(60, *[sample(each, 60) for each in (APP, PROXY, *others, NODE)]))

            async def names(**narrowed: Any) -> list[str]:
                found = (await store.series(query(signals=(MEMORY,), **narrowed))).items
                return [f"{one.key.cluster}/{one.key.namespace}/{one.key.name}/{one.key.part}" for one in found]

            assert len(await names()) == 8
            assert await names(cluster="west", namespace="bank") == ["west/bank/api-1/app"]
            assert await names(cluster="east", name="api-1", part="proxy") == ["east/shop/api-1/proxy"]
            assert await names(cluster="east", name="api-w*") == ["east/shop/api-worker-1/app"]
            assert await names(cluster="east", owner="api") == [
                "east/bank/api-1/app",
                "east/shop/api-1/app",
                "east/shop/api-1/proxy",
            ]
            assert await names(cluster="east", owner="api", owner_kind="StatefulSet") == ["east/bank/api-1/app"]
            assert len(await names(cluster="east", owner="api*")) == 4
            assert len(await names(node="node-2")) == 4
            assert await names(kind=SubjectKind.NODE) == []
            assert await names(name="api") == await names(cluster="north") == []

    async def test_a_range_leaves_out_what_is_outside_and_tells_the_newest(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for at in range(0, 7200, 600):
                await store.keep("east", scrape(at, sample(APP, at, 0.5, float(at))))
            (inside,) = (await store.series(query(1200, 4200, signals=(MEMORY,)))).items
            (later,) = (await store.series(query(6700, 9000, signals=(MEMORY,)))).items
            (only,) = (await store.series(query(0, 9000, signals=(MEMORY,), with_points=False))).items
        assert [at for at, _ in _points(inside)] == [1200, 1800, 2400, 3000, 3600, 4200]
        assert inside.last == (BEGAN + 4200, 4200.0)
        assert (_points(later), later.last) == ([], (BEGAN + 6600, 6600.0))
        assert (_points(only), only.last) == ([], (BEGAN + 6600, 6600.0))

    async def test_forgetting_takes_what_is_old_and_spares_the_rest(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for at in range(0, 36_000, 600):
                await store.keep("east", scrape(at, sample(APP, at)))
            while await store.forget(time(18_000)):
                pass
            (memory,) = (await store.series(query(0, 40_000, signals=(MEMORY,)))).items
            use = await store.use()
        times = [at for at, _ in _points(memory)]
        # An hour is forgotten when all of it is old.
        assert times == list(range(times[0], 36_000, 600))
        assert 18_000 - 3600 - 600 <= times[0] <= 18_000
        assert (use.subjects, use.scrapes) == (1, len(times))
        assert use.size > 0

    async def test_series_are_counted_as_they_are_listed(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for cluster in ("east", "west"):
                await store.keep(cluster, scrape(60, sample(APP, 60), sample(PROXY, 60), sample(NODE, 60)))
            counts = await store.counts(None)
            east = await store.counts("east")
            listed = [each.key.signal for each in (await store.series(query())).items]
            north = await store.counts("north")
        assert {name: listed.count(name) for name in BY_NAME} == counts
        assert east == {name: count // 2 for name, count in counts.items()}
        assert set(north.values()) <= {0}


def _points(series: Series) -> list[tuple[int, float]]:
    return [(at - BEGAN, value) for at, value in series.points]


def _rest(key: SeriesKey) -> Sequence[str]:
    return key.name, key.part, key.signal


def promises() -> list[str]:
    """The names of all promises."""
    return [name for name in vars(SignalStoreContract) if name.startswith("test_")]
