"""The benchmark's quick form runs, balances its counts, and writes down everything that is needed to judge it."""

import json
from pathlib import Path

import pytest

from kronveil.bench import run
from kronveil.bench.frames import PodName, frame
from kronveil.bench.measure import Sample, Variant, interleaved, spread
from kronveil.bench.record import Circumstances, Counts, Measure, Record, as_json

CALM = Circumstances(0.0, 0.0)
REQUIRED = {
    "stage",
    "variant",
    "unit",
    "n",
    "cpu_us",
    "wall_per_s",
    "latency_ms",
    "peak_rss_kib",
    "lost",
    "duplicated",
    "rejected",
    "rounds",
    "ratio_to_bare",
    "ratio_to_peer",
    "floor",
    "goal",
    "seed",
    "commit",
    "python",
    "libraries",
    "cores",
    "load_before",
    "load_after",
    "valid",
}


def rounds_of(*microseconds: float) -> list[Sample]:
    return [Sample(1_000, us / 1_000, us / 1_000) for us in microseconds]


@pytest.mark.parametrize("stage", ["decode", "path", "dedup", "correlate", "store"])
def test_the_quick_form_of_a_stage_runs_and_its_counts_balance(stage: str, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    assert run([stage], file, quick=True) in (0, 1)
    records = json.loads(file.read_text())["records"]
    assert records
    assert all(record.keys() >= REQUIRED for record in records)
    counted = [record for record in records if record["balanced"] is not None]
    assert counted
    assert all(record["balanced"] and not record["lost"] and not record["duplicated"] for record in counted), counted
    compared = [record for record in records if record["ratio_to_bare"]]
    assert compared
    assert all(record["ratio_to_bare"]["median"] > 0 and record["rounds"] >= 5 for record in compared)


def test_every_failure_on_the_path_is_stored_counted_and_published(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run(["path"], file, quick=True)
    few, every = [record for record in json.loads(file.read_text())["records"] if "incidents" in record]
    assert few["events"] == few["incidents"] == 6 * 2_000 / 50
    assert every["events"] == every["incidents"] == 6 * 500
    for record in (few, every):
        assert record["taken"] == record["stored"] + record["deduplicated"]
        assert record["published"] >= record["events"] + record["incidents"]


def test_an_unknown_stage_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["decoed"], None, quick=True) == 2
    assert "no such stage: decoed. There are: decode, path" in capsys.readouterr().err


def test_the_frames_are_the_same_each_time_and_of_the_real_size() -> None:
    frames = [frame(PodName(7, 10), 11, is_failing=is_failing) for is_failing in (False, True)]
    assert frames == [frame(PodName(7, 10), 11, is_failing=is_failing) for is_failing in (False, True)]
    assert all(9_000 < len(line) < 10_000 for line in frames), [len(line) for line in frames]
    assert json.loads(frames[0])["object"]["metadata"]["resourceVersion"] == "11"


@pytest.mark.anyio
async def test_variants_take_turns_and_the_first_round_is_thrown_away() -> None:
    turns: list[str] = []

    async def work(name: str) -> int:
        turns.append(name)
        return 1

    taken = await interleaved([Variant("a", lambda: work("a")), Variant("b", lambda: work("b"))], rounds=3)
    assert turns == ["a", "b"] * 4
    assert [len(samples) for samples in taken.values()] == [3, 3]


@pytest.mark.parametrize(
    ("kind", "ratio", "bound", "is_kept"),
    [("speed", 0.6, 0.5, True), ("speed", 0.4, 0.5, False), ("cost", 1.2, 1.5, True), ("cost", 1.6, 1.5, False)],
)
def test_more_speed_and_less_cost_is_better(kind: str, ratio: float, bound: float, is_kept: bool) -> None:  # noqa: FBT001
    assert Measure(kind).holds(ratio, bound) is is_kept  # type: ignore[arg-type]


def test_the_ratio_is_taken_round_by_round() -> None:
    record = Record("s", "v", "u", rounds_of(20, 40, 60), Measure("cost"), rounds_of(10, 20, 30), "bare")
    assert record.ratio == spread([2.0, 2.0, 2.0])
    assert record.is_steady


def test_a_measurement_under_load_or_with_unsteady_rounds_is_not_valid() -> None:
    steady = Record("s", "v", "u", rounds_of(10, 10, 10))
    unsteady = Record("s", "v", "u", rounds_of(10, 15, 20, 30))
    assert as_json(steady, CALM)["valid"]
    assert not as_json(steady, Circumstances(0.0, 1_000.0))["valid"]
    assert not as_json(unsteady, CALM)["valid"]


@pytest.mark.parametrize(
    "counts",
    [Counts(10, 9), Counts(10, 9, lost=1), Counts(10, 10, duplicated=1), Counts(10, 5, deduplicated=4)],
)
def test_counts_that_do_not_add_up_are_found(counts: Counts) -> None:
    assert not counts.is_balanced
    assert Counts(10, 5, deduplicated=4, rejected=1).is_balanced
