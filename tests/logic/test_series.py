"""A line to draw: every measured point or as many buckets as fit, nothing invented, and gaps where nothing was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.series import line
from kronveil.model.signal import Point

MINUTES = [(60 * minute, float(minute)) for minute in range(10)]


def test_few_points_are_drawn_as_they_were_measured() -> None:
    drawn = line(MINUTES, interval_s=60, until=540, most=10)
    assert drawn.points == tuple(Point(at, value, value, value) for at, value in MINUTES)
    assert (drawn.gaps, drawn.resolution_s) == ((), 60)


def test_more_points_than_asked_for_are_gathered_with_their_mean_least_and_most() -> None:
    drawn = line(MINUTES, interval_s=60, until=540, most=6)
    assert drawn.resolution_s == 120
    assert drawn.points[0] == Point(60, 0.5, 0, 1)
    assert [point.value for point in drawn.points] == [0.5, 2.5, 4.5, 6.5, 8.5]


@pytest.mark.parametrize(
    ("times", "until", "gaps"),
    [
        ([0, 60, 120], 120, ()),
        ([0, 60, 120], 260, ()),
        ([0, 60, 120], 300, ((120, 300),)),
        ([0, 60, 200], 200, ()),
        ([0, 60, 220], 220, ((60, 220),)),
        ([0, 600, 1200], 1400, ((0, 600), (600, 1200), (1200, 1400))),
        ([], 500, ()),
        ([100], 100, ()),
    ],
)
def test_a_gap_is_where_more_than_one_reading_is_missing(times: list[int], until: float, gaps: object) -> None:
    assert line([(at, 1.0) for at in times], interval_s=60, until=until, most=300).gaps == gaps


measured = st.dictionaries(st.integers(0, 100_000), st.floats(0, 1e12), max_size=200).map(lambda d: sorted(d.items()))


@given(measured, st.sampled_from([1.0, 15.0, 60.0, 300.0]), st.integers(1, 50))
def test_no_line_has_more_points_than_asked_for_nor_values_that_were_not_measured(
    points: list[tuple[int, float]], interval_s: float, most: int
) -> None:
    drawn = line(points, interval_s=interval_s, until=100_000, most=most)
    assert len(drawn.points) <= most
    assert bool(drawn.points) == bool(points)
    times = [point.at for point in drawn.points]
    assert times == sorted(set(times))
    values = {value for _, value in points}
    for point in drawn.points:
        assert {point.low, point.high} <= values
        assert point.low * (1 - 1e-9) <= point.value <= point.high * (1 + 1e-9)
    if points:
        assert min(point.low for point in drawn.points) == min(values)
        assert max(point.high for point in drawn.points) == max(values)


@given(measured)
def test_no_gap_has_a_measured_point_within(points: list[tuple[int, float]]) -> None:
    for begin, end in line(points, interval_s=60, until=100_000, most=10).gaps:
        assert not [at for at, _ in points if begin < at < end]
