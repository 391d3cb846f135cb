"""What is usual for a series: from its own past, never from what it is about to judge, and never from too little."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.usual import LEAST_KNOWN, SETTLED_S, WINDOW_S, Usual, usual

STEP = 15


def noisy(count: int, level: float = 100.0, *, begin: int = 0, seed: int = 1) -> list[tuple[float, float]]:
    dice = Random(seed)
    return [(begin + STEP * n, level + dice.uniform(-3, 3)) for n in range(count)]


def spans(found: Usual) -> list[tuple[float, float | None]]:
    return [(each.since, each.until) for each in found.anomalies]


def test_with_too_few_values_nothing_is_called_usual() -> None:
    found = usual(noisy(LEAST_KNOWN))
    assert (found.band, found.anomalies) == ((), ())
    assert len(usual(noisy(LEAST_KNOWN + 3)).band) == 3


def test_a_steady_series_stays_in_its_band() -> None:
    found = usual(noisy(900))
    assert found.anomalies == ()
    assert all(85 < each.low < 100 < each.high < 115 for each in found.band)


def test_a_jump_is_an_anomaly_from_its_first_value_to_the_first_that_is_usual_again() -> None:
    before, after = noisy(100), noisy(100, begin=STEP * 110, seed=2)
    jump = [(STEP * (100 + n), 300.0 + n) for n in range(10)]
    (one,) = usual([*before, *jump, *after]).anomalies
    assert (one.since, one.until, one.observed) == (STEP * 100, STEP * 110, 309.0)
    assert one.usual.high < 115
    assert 0.9 < one.score < 1


def test_a_single_value_outside_is_no_anomaly() -> None:
    values = noisy(200)
    values[120] = (values[120][0], 500.0)
    assert usual(values).anomalies == ()


def test_what_is_strange_does_not_make_itself_usual_until_it_stays() -> None:
    stays = int(SETTLED_S / STEP) + 200
    found = usual([*noisy(100), *noisy(stays, level=200.0, begin=STEP * 100)])
    assert spans(found) == [(STEP * 100, STEP * 100 + SETTLED_S)]
    assert found.band[-1].low < 200 < found.band[-1].high


def test_an_anomaly_that_lasts_has_no_end_yet() -> None:
    (one,) = usual([*noisy(100), *noisy(5, level=0.0, begin=STEP * 100)]).anomalies
    assert (one.since, one.until) == (STEP * 100, None)


def test_a_series_that_never_changed_may_move_a_little() -> None:
    flat = [(float(STEP * n), 1000.0) for n in range(100)]
    assert usual([*flat, (STEP * 100.0, 1050.0), (STEP * 101.0, 1050.0)]).anomalies == ()
    assert len(usual([*flat, (STEP * 100.0, 1100.0), (STEP * 101.0, 1100.0)]).anomalies) == 1


def test_after_a_long_silence_what_is_usual_is_learnt_anew() -> None:
    late = int(STEP * 100 + 2 * WINDOW_S)
    found = usual([*noisy(100), *noisy(LEAST_KNOWN, level=900.0, begin=late)])
    assert found.anomalies == ()
    assert found.at([float(STEP * 99), float(late - 1), float(late)])[1:] == [None, None]


def test_a_moment_has_the_band_of_the_newest_value_before_it() -> None:
    found = usual(noisy(40))
    first = found.band[0]
    assert found.at([0.0, first.at, first.at + STEP - 1]) == [None, first, first]


@given(st.lists(st.floats(0, 1e12), max_size=200), st.integers(1, 600))
def test_a_band_is_never_made_of_what_comes_after_it(values: list[float], step: int) -> None:
    measured = [(float(step * n), value) for n, value in enumerate(values)]
    whole = usual(measured).band
    for cut in range(0, len(measured), 17):
        begun = usual(measured[:cut]).band
        assert begun == whole[: len(begun)]


@pytest.mark.parametrize("value", [0.0, 50.0, 100.0, 150.0, 1e6])
def test_a_score_is_half_at_the_edge_and_grows_beyond_it(value: float) -> None:
    band = usual(noisy(40)).band[-1]
    score = band.score(value)
    assert (score == 0) == (band.low < value < band.high)
    assert score < 1
    assert band.score(band.high) == pytest.approx(0.5)
