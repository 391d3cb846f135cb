"""The stages that measure a whole agent, each at a tiny scale: they end, balance, and write down a whole record."""

from collections.abc import Sequence

import pytest

from kronveil.bench.fit import exponent, slope
from kronveil.bench.measure import Spread
from kronveil.bench.record import Circumstances, Counts, Measure, Record, Value, as_json
from kronveil.bench.stages import growth, http, idle, memory, query, recover, relist, runs, soak, watch, ws

CALM = Circumstances(0.0, 0.0)


def judged(records: Sequence[Record]) -> dict[str, Record]:
    """By variant, once each is found whole."""
    for record in records:
        found = as_json(record, CALM)
        assert found["n"] > 0
        assert found["cpu_us"]["median"] > 0
        assert found["balanced"] in (True, None), found
        if record.measure is not None:
            assert record.figure is not None
            assert (found["value"] is None) != (found["ratio_to_bare"] is None) or found["value_unit"]
            assert found["goal_met"] is (None if record.measure.goal is None else not record.misses("goal"))
    assert any(record.counts is not None for record in records)
    return {record.variant: record for record in records}


@pytest.mark.anyio
async def test_a_relist_storm_reads_every_pod_again_and_never_more_than_four_lists_at_once() -> None:
    records = judged(await relist.measured(relist.Plan(clusters=2, pods=600, rounds=1)))
    storm, at_once = records["2 x 600 pods"], records["lists at once"]
    assert storm.counts is not None
    assert storm.counts.taken >= 2 * 600
    assert storm.latency_ms is not None
    assert at_once.figure is not None
    assert 1 <= at_once.figure.median <= relist.MOST_LISTS


@pytest.mark.anyio
async def test_memory_is_told_for_each_further_pod_and_for_none() -> None:
    records = judged(await memory.measured(memory.Plan(fleets=((1, 100), (1, 300)), rounds=1)))
    assert set(records) == {"each further 10,000 pods", "nothing to watch"}
    assert records["nothing to watch"].value is not None
    assert records["nothing to watch"].value.spread.median > 10


@pytest.mark.anyio
async def test_every_client_of_the_stream_hears_every_event_of_ours_and_of_the_reference() -> None:
    case = ws.Case("one at a time", 5, ws.Load(3, 2, 0.05), Measure("speed"))
    records = judged(await ws.against_broadcast(case, rounds=2))
    ours, reference = records["5 clients, one at a time"], records["5 clients, one at a time, broadcast()"]
    assert ours.counts is not None
    assert ours.counts == reference.counts
    assert ours.counts.taken == 5 * 3 * 2 * 3  # clients, turns, events, rounds and the one that is thrown away


@pytest.mark.anyio
async def test_pages_are_compared_with_the_same_bytes_from_a_bare_server() -> None:
    records = judged(await http.measured(http.Plan(incidents=60, asks=8, rounds=2)))
    assert "bare ASGI, the same bytes" in records
    assert records["50 incidents of 60 open"].ratio is not None
    assert records["50 incidents, each after a change of 60 open: asked to answered"].latency_ms is not None


@pytest.mark.anyio
async def test_each_pod_that_fails_is_seen_on_a_screen() -> None:
    records = judged(await watch.measured(watch.Plan(clusters=2, pods=60, fails=3, rounds=2, burst_s=0.1)))
    assert [record.counts for record in records.values() if record.counts] == [Counts(6, 6)] * 2


@pytest.mark.anyio
async def test_idling_is_told_as_a_part_of_a_core() -> None:
    records = judged(await idle.measured(idle.Plan(clusters=2, few=10, many=50, seconds=0.2, rounds=2)))
    share = records["2 quiet clusters"].figure
    assert share is not None
    assert 0 <= share.median < 200


@pytest.mark.anyio
async def test_pages_of_a_history_are_full_in_the_store_and_over_http() -> None:
    records = judged(await query.measured(query.Plan(events=3_000, pages=3, rounds=2)))
    for variant in ("newest, 3,000 events", "deep, 3,000 events", "one kind, 3,000 events", "by HTTP, 3,000 events"):
        assert variant in records
    by_http = records["by HTTP, 3,000 events"].counts
    assert by_http is not None
    assert by_http.stored == 3 * 3 * query.PAGE


@pytest.mark.anyio
async def test_each_series_of_growth_has_an_exponent() -> None:
    tiny = growth.Plan(clusters=1, pods=20, incidents=10, keys=500, subscribers=2, history=2_000, work=100, rounds=2)
    records = judged(await growth.measured(tiny))
    assert len(records) == 8
    assert all(record.value is not None and "exponent" in record.value.unit for record in records.values())


@pytest.mark.anyio
async def test_runs_are_carried_out_and_found_again_whatever_their_history() -> None:
    records = judged(await runs.measured(runs.Plan(runs=2, history=20, rounds=2)))
    alone = records["a run of one step, alone"]
    assert alone.counts is not None
    assert alone.counts.stored > 0
    assert records["a further step"].ratio is not None
    assert records["a run after a history"].value is not None


@pytest.mark.anyio
async def test_a_killed_writer_loses_nothing_and_a_long_past_is_started_on() -> None:
    records = judged(await recover.measured(recover.Plan(kills=2, events=2_000, rounds=1)))
    kills = records["2 random kills"]
    assert kills.counts is not None
    assert kills.counts.is_balanced
    assert kills.more["acknowledged"] > 0


@pytest.mark.anyio
async def test_lives_of_pods_open_and_close_incidents_and_leave_nothing() -> None:
    (record,) = judged(await soak.measured(soak.Plan(seconds=1.5, speed=2_000, pods=20))).values()
    assert record.more["incidents"] > 0
    assert record.more["open_at_the_end"] == 0


def test_lines_and_powers_are_found_again() -> None:
    assert slope([1, 2, 3], [5, 7, 9]) == pytest.approx(2)
    assert exponent([1, 2, 4, 8], [3, 6, 12, 24]) == pytest.approx(1)
    assert exponent([1, 2, 4, 8], [3, 3, 3, 3]) == pytest.approx(0)


@pytest.mark.parametrize(
    ("median", "within", "is_kept"), [(0.05, 0.02, True), (0.15, 0.02, False)], ids=["flat", "grows"]
)
def test_a_value_is_held_against_its_bounds(median: float, within: float, is_kept: bool) -> None:  # noqa: FBT001
    value = Value("exponent", Spread(median, median - within, median + within), narrow_within=0.1)
    record = Record("growth", "v", "u", [], Measure("limit", floor=0.1, goal=0.1), value=value)
    assert record.misses("goal") is not is_kept
    assert record.is_steady


def test_rounds_that_all_keep_the_goal_agree_on_what_is_asked() -> None:
    wide = Value("ms", Spread(10, 5, 40))
    assert wide.is_steady(Measure("limit", goal=100))
    assert not wide.is_steady(Measure("limit", goal=20))
