"""What a container's memory did before it was killed, judged from measured values alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.memory_trend import FEWEST, Trend, usage_of

MI = 2**20
LIMIT = 512 * MI


def points(*values: float, every_s: int = 15) -> list[tuple[int, float]]:
    return [(index * every_s, value * MI) for index, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "trend", "words"),
    [
        ((50, 100, 150, 200, 250, 300, 350, 400, 450, 500), Trend.LEAK, "from 10 % to 98 % of the limit"),
        ((50, 100, 150, 148, 250, 300, 350, 400, 449, 500), Trend.LEAK, "rose steadily"),
        ((60, 62, 61, 60, 63, 61, 60, 62, 61, 500), Trend.SPIKE, "lay at 12 % of the limit and then shot up"),
        ((60, 62, 61, 60, 63, 61, 60, 62, 300, 500), Trend.SPIKE, "shot up"),
        ((450, 460, 455, 470, 450, 465, 480, 500, 490, 505), Trend.TIGHT, "all along"),
        ((60, 450, 100, 480, 80, 460, 120, 500, 90, 470), Trend.UNKNOWN, "too few"),
        ((250, 240, 260, 255, 245, 250, 440, 260, 255, 245), Trend.UNKNOWN, "went between 47 % and 86 %"),
        ((50, 100, 400), Trend.UNKNOWN, "only 3 values"),
        ((30, 31, 30), Trend.UNKNOWN, "no reading was above 6 % of the limit: it was killed between two, 15 s apart"),
        ((), Trend.UNKNOWN, "no memory was measured"),
    ],
)
def test_a_trend_is_named_only_where_values_show_it(values: tuple[float, ...], trend: Trend, words: str) -> None:
    found = usage_of(points(*values), LIMIT, 15.0)
    assert (found.trend, words in found.words) == (trend, True), found


def test_of_several_lives_the_one_watched_longest_counts() -> None:
    short, long = (100, 300, 500), tuple(range(50, 500, 45))
    found = usage_of(points(*short, *long, 60, 100), LIMIT)
    assert (found.trend, found.samples, found.last, found.peak) == (Trend.LEAK, len(long), 100 * MI, 500 * MI)
    assert found.minutes == pytest.approx((len(long) - 1) * 15 / 60, abs=0.1)


def test_without_a_limit_it_is_judged_against_its_own_peak() -> None:
    assert usage_of(points(*range(50, 500, 45)), None).trend is Trend.LEAK


@given(st.lists(st.integers(1, 600), max_size=60))
def test_any_values_are_judged(values: list[int]) -> None:
    found = usage_of(points(*values), LIMIT)
    assert found.words
    if len(values) < FEWEST:
        assert found.trend is Trend.UNKNOWN
